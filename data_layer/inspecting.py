"""Says what is recognised in a file or a folder, why, and how to correct it.

``python -m data_layer.inspecting PATH``; a process of its own, which a damaged file
may bring down.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from data_layer.api import DatasetInfo
from data_layer.described import FILE_NAME, NOTHING_SAID, Description, Entry, read_description
from data_layer.errors import DataLayerError, LeftOut, UnreadableFile
from data_layer.layouts.base import Repaired
from data_layer.layouts.files import decoded, open_raw
from data_layer.layouts.recognise import coordinates, reasons
from data_layer.opening import correction_of, inspect, layout_named, scan
from data_layer.records import FileSummary
from data_layer.stores import is_store
from data_layer.timing import describe_day, parse_init

SHOWN = 8
PARTS = ("init", "lead", "member", "valid", "lat", "lon")


def report(path: Path) -> tuple[str, bool]:
    """The report on a file or a folder, and whether nothing in it is refused.

    Raises
    ------
    DataLayerError: when there is no such place, or its description cannot be understood.
    """
    if path.is_dir() and not is_store(path.name):
        return _on_folder(path)
    folder, description = _archive_of(path)
    name = path.relative_to(folder).as_posix()
    entry = description.entry_for(name) or NOTHING_SAID
    lines = [str(path), *_on_file(entry.place(folder, name), entry)]
    good = not any(line.startswith("  refused") for line in lines)
    return "\n".join([*lines, *_how_to_correct(name)]), good


def _archive_of(path: Path) -> tuple[Path, Description]:
    """The nearest folder above a file that has a description, else the file's own."""
    for folder in path.parents:
        if (folder / FILE_NAME).exists():
            return folder, read_description(folder)
    return path.parent, Description()


def _on_file(path: Path, entry: Entry) -> Iterator[str]:
    if entry.written():
        yield f"  {FILE_NAME} says  {entry.written()}"
    try:
        summary = inspect(path, entry)
    except LeftOut as error:
        yield f"  left out: {error.message}"
        return
    except UnreadableFile as error:
        yield f"  refused: {error.message}"
        yield from _parts(path, entry, "cf")
        return
    yield f"  layout     {summary.layout}"
    yield from _parts(path, entry, summary.layout)
    yield from _contents(summary)


def _parts(path: Path, entry: Entry, layout_name: str) -> Iterator[str]:
    """Which variable plays which part, and why."""
    layout = layout_named(layout_name)
    if not isinstance(layout, Repaired):
        return
    try:
        raw = open_raw(path)
        with raw:
            ds = decoded(layout.repair(correction_of(entry)(raw), path))
            found, why = coordinates(ds), reasons(ds)
    except Exception:
        # What cannot be opened was refused above, with its reason.
        return
    for part in PARTS:
        if part in found:
            yield f"  {part:<9}  {found[part]}: {why[part]}"
        else:
            yield f"  {part:<9}  not found"
    others = sorted(str(n) for n in ds.coords if n not in found.values())
    if others:
        yield f"  unused     {', '.join(others[:SHOWN])}"


def _contents(s: FileSummary | DatasetInfo) -> Iterator[str]:
    yield f"  role       {s.role}{' of ' + s.of if s.of else ''}"
    if isinstance(s, FileSummary) and s.series:
        yield f"  series     {s.series}"
    for v in s.variables:
        yield f"  variable   {v.name}: {v.title}, in {v.units}"
    grid = s.grid
    yield (
        "  grid       none: an index"
        if grid.nowhere
        else f"  grid       {grid.ny} x {grid.nx}, latitudes {grid.lat[0]:g} to {grid.lat[1]:g}, "
        f"longitudes {grid.lon[0]:g} to {grid.lon[1]:g}{', all round' if grid.wraps else ''}"
    )
    if isinstance(s, DatasetInfo) and s.inits:
        yield f"  compared   with the hindcast {s.hindcast or '(none)'}"
        yield f"             and the observations {s.observations or '(none)'}"
    if s.inits:
        yield f"  starts     {_some([describe_day(parse_init(i)) for i in s.inits])}"
        yield f"  members    {_some(s.members)}"
        yield f"  leads      {_some(s.leads)} {s.lead_unit}{_means(s)}"
    else:
        yield f"  times      {_some([describe_day(parse_init(t)) for t in s.times])}"
    for note in s.notes:
        yield f"  note       {note}"


def _means(s: FileSummary | DatasetInfo) -> str:
    return f", each a mean of {s.width} {s.lead_unit}" if s.width > 1 else ""


def _some(values: Sequence[object]) -> str:
    if len(values) <= SHOWN:
        return ", ".join(map(str, values))
    return f"{values[0]}, {values[1]}, … {values[-1]} ({len(values)})"


def _on_folder(folder: Path) -> tuple[str, bool]:
    index = scan(folder)
    lines = [str(folder)]
    described = "is understood" if index.description else "is not there; none is needed"
    lines.append(f"  {FILE_NAME} {described}")
    for dataset in index.datasets:
        info = dataset.info
        lines += ["", f"{info.id}: {info.title}", f"  files      {info.files}"]
        lines += [f"  layout     {info.layout}", *_contents(info)]
        if info.scope:
            lines.append(f"  for        whoever has the scope {info.scope}")
    for title, files in (("Refused", index.refused), ("Left out", index.left_out)):
        if files:
            lines += ["", f"{title} ({len(files)})"]
            lines += [f"  {f.path}: {f.reason}" for f in files]
    if not index.datasets and not index.refused:
        lines += ["", "No forecast files were found here."]
    return "\n".join([*lines, *_how_to_correct("PATTERN")]), not index.refused


def _how_to_correct(pattern: str) -> list[str]:
    return [
        "",
        f"Where this is wrong, say so in {FILE_NAME} in the archive's folder, for instance",
        "  datasets:",
        f'    - files: "{pattern}"',
        "      id: a-short-name",
        "      role: hindcast",
        "      coordinates: {lead: name-in-the-file}",
        "      variables: {name-in-the-file: {units: K, standard_name: air_temperature}}",
    ]


def main() -> None:
    """Report on the path given; exit status 1 when something is refused, 2 when nothing can be."""
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    path = Path(sys.argv[1]).expanduser().absolute()
    if not path.exists():
        print(f"There is nothing at {path}.", file=sys.stderr)
        sys.exit(2)
    try:
        text, good = report(path)
    except DataLayerError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    print(text)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
