"""Write src/poama_panel/assets/palettes.json from the package cmcrameri.

The product ships the colours and not the package, which would bring matplotlib
into every dashboard process for a few lists of numbers.

    pip install cmcrameri && python scripts/make_palettes.py
"""

import json
from importlib.metadata import version
from pathlib import Path

import cmcrameri.cm as scientific
import matplotlib as mpl
import matplotlib.colors as mcolors

PALETTES = {
    "Blue–red": "RdYlBu_r",
    "Blue–white–red": "RdBu_r",
    "Brown–green": "BrBG",
    "Purple–green": "PRGn",
    "Roma": "roma_r",
    "Vik": "vik",
    "Batlow": "batlow",
    "Lajolla": "lajolla_r",
    "Davos": "davos_r",
    "Oslo": "oslo_r",
    "Acton": "acton_r",
    "Hawaii": "hawaii_r",
    "Grey": "grayC",
}


def find(key):
    """A map of Crameri's, or one of ColorBrewer's that matplotlib holds."""
    return getattr(scientific, key, None) or mpl.colormaps[key]


OUT = Path(__file__).parents[1] / "src/poama_panel/assets/palettes.json"

colours = {
    name: [mcolors.to_hex(c) for c in find(key)(range(256))] for name, key in PALETTES.items()
}
OUT.write_text(
    json.dumps(
        {
            "source": "Scientific colour maps, F. Crameri, doi:10.5281/zenodo.1243862, MIT "
            f"licence, by way of cmcrameri {version('cmcrameri')}; Blue–red, Blue–white–red, "
            "Brown–green and Purple–green: RdYlBu, RdBu, BrBG and PRGn of ColorBrewer, C. Brewer, "
            "Apache-2.0 licence",
            "palettes": colours,
        },
        separators=(",", ":"),
    )
    + "\n",
    encoding="utf-8",
)
print(OUT, OUT.stat().st_size, "bytes")
