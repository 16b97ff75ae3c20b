"""Write docs/products.md from the products that are installed.

    python scripts/make_product_page.py

A test compares the page with what this writes.
"""

from __future__ import annotations

import inspect
from pathlib import Path

from data_layer.offers import Option
from data_layer.products import registry
from data_layer.products.base import Product

PAGE = Path(__file__).parents[1] / "docs/products.md"

HEAD = """\
# Products

A product is asked for by its name and what differs from the defaults:
`anomaly`, `tercile_probability:category=below,window=3`. It is computed from the members at the
moment of asking. The answer's attribute `method` names the estimator, the window, the years and
the size of the climatology, and for scores the cross-validation.

What is compared, is compared like with like: the climatology is that of the hindcast which
started on the same day of the year, at the same lead, averaged over the same window, in the same
cell; years and members are one pool. First is averaged, then compared. Which hindcast and which
observations belong to a forecast, `poama-panel inspect` says, and `catalogue.yml` corrects it
([archives.md](archives.md)).

Instead of cells, a request may name a `region`: an area (`australia`, `victoria`, `tropics`, a box
`south,north,west,east`, corners `lon lat;lon lat;lon lat`) or an index (`nino12`, `nino3`,
`nino34`, `nino4`, `relative_nino34`, `dmi`, `iod_west`, `iod_east`). The field is averaged over it
first, each cell with its area, and the product is that of the mean: `anomaly` of `nino34` is the
Niño 3.4 index. Of `skill`, `area_skill`, `reliability` and the other products of the past, a
request without a start gives one answer for each start of the year: a matrix of start and lead.

Climatologies and skill maps are kept on disk (`POAMA_DATA_INDEX_DIR`) until the hindcast changes.
`poama-panel build FOLDER` makes them before anybody asks, with `--processes` or on a Dask cluster
with `--scheduler`.

This page is written by `scripts/make_product_page.py`.
"""


def page() -> str:
    """The whole page."""
    parts = [HEAD, *(section(product) for product in registry().values())]
    return "\n".join(parts)


def section(product: Product) -> str:
    """One product."""
    info = product.info
    lines = [f"## {info.title}", "", f"`{info.name}`: {info.method}.", ""]
    text = inspect.getdoc(product.compute)
    if text:
        lines += [paragraphs(text), ""]
    facts = []
    if info.needs:
        facts.append(f"needs {' and '.join(info.needs)}")
    if info.min_members > 1:
        facts.append(f"at least {info.min_members} members")
    if info.units:
        facts.append(f"in {info.units}" if info.units != "1" else "without unit")
    if facts:
        lines += [f"*{'; '.join(facts)}.*", ""]
    if info.options:
        lines += ["| option | | default | can be |", "|---|---|---|---|"]
        lines += [row(option) for option in info.options]
        lines.append("")
    return "\n".join(lines)


def row(option: Option) -> str:
    """An option in a table."""
    if option.choices:
        can_be = ", ".join(
            f"`{value}` ({title})" if title and title != value else f"`{value}`"
            for value, title in option.choices
        )
    elif option.years:
        can_be = "a span such as `1991-2020`"
    else:
        kind = "a whole number" if option.whole else "a number"
        ends = (
            f" from {option.least:g} to {option.most:g}"
            if option.least is not None and option.most is not None
            else ""
        )
        unit = " in the variable's unit" if option.units == "variable" else ""
        can_be = f"{kind}{ends}{unit}"
    unsaid = "all" if option.years else "must be given"
    default = f"`{option.default}`" if option.default else unsaid
    return f"| `{option.name}` | {option.title} | {default} | {can_be} |"


def paragraphs(docstring: str) -> str:
    """What a docstring says, without the markup that is for its own page."""
    kept = []
    lines = docstring.split("\n")
    for number, line in enumerate(lines):
        underlined = number + 1 < len(lines) and set(lines[number + 1].strip()) == {"-"}
        if underlined:
            kept.append(f"**{line.strip()}**")
        elif line.strip() and set(line.strip()) == {"-"}:
            kept.append("")
        else:
            kept.append(line.strip())
    text = "\n".join(kept)
    for role in (":mod:", ":func:", ":class:", ":data:", ":attr:", ":meth:"):
        text = text.replace(role, "")
    return text.replace("``", "`").replace("`~", "`").strip()


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(PAGE)
