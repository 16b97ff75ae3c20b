"""GRIB files as lazy datasets: headers are read at opening, a message when its map is asked for.

The messages are indexed and described by cfgrib, an optional dependency. What it would
pass over in silence is looked for here: parameters whose levels have one name and other
values, and messages that take the same place, of which it shows the first.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr
from xarray.core.indexing import LazilyIndexedArray

from data_layer import integrity_grib
from data_layer.errors import LeftOut, UnreadableFile
from data_layer.layouts.lazy import LazyArray

_TIMES = ("time", "step", "indexing_time", "forecastMonth")
_MORE_KEYS = ("begin", "system", "class", "type")
_LEVELS = ("typeOfLevel", "stepType")
# What to name when messages take the same place.
_TOLD_APART_BY = ("system", "type", "centre")
UNSAID = "undef"

# MARS types computed from members: means, spreads, probabilities of the ensemble.
DERIVED = ("em", "es", "ep", "taem", "taes", "cm", "cd")
# Cells of a map; as many as LARGEST_AT_ONCE of data_layer.storage holds.
LARGEST_MAP = 64_000_000


def is_grib(path: Path) -> bool:
    """Whether the file begins as a GRIB message does (NULs before it included)."""
    if path.is_dir():
        return False
    with open(path, "rb") as f:
        return integrity_grib.begins(f)


def open_grib(path: Path) -> xr.Dataset:
    """The file as a lazy, undecoded dataset.

    Dims are ``number``, the levels' and ``latitude``, ``longitude``, with either
    ``forecastMonth`` and the start or the start and ``step`` (hours). The start is
    ``indexing_time``, the nominal one, of monthly messages that all have one, else
    ``time``. With one nominal start, ``time`` lies on ``number`` where members have one
    each. Variables have cfgrib's attributes and ``window_hours``
    (:mod:`data_layer.layouts.grib_words`).

    Raises
    ------
    UnreadableFile: without cfgrib, or when the messages make no array.
    LeftOut: when all were computed from members.
    """
    try:
        import cfgrib  # noqa: F401
    except (ImportError, RuntimeError) as error:  # RuntimeError: no ecCodes library
        raise UnreadableFile(
            "it is GRIB, and what reads GRIB is not installed: "
            "install poama-panel[grib], or cfgrib with ecCodes"
        ) from error
    stat = os.stat(path)
    return _dataset(_index(str(path), stat.st_size, stat.st_mtime_ns))


# A file is opened more than once in a row: to choose its layout, to look at it, to read.
@lru_cache(4)
def _index(path: str, _size: int, _mtime_ns: int) -> Any:
    import cfgrib
    from cfgrib.cfmessage import from_grib_step

    keys = [k for k in cfgrib.compute_index_keys(_TIMES) if k != "dataType"]
    computed = dict(cfgrib.COMPUTED_KEYS)
    computed["begin"] = (partial(from_grib_step, step_key="startStep:int"), _never_set)
    try:
        return cfgrib.FieldsetIndex.from_fieldset(
            cfgrib.FileStream(path, errors="raise"), sorted({*keys, *_MORE_KEYS}), computed
        )
    except Exception as error:
        raise UnreadableFile(f"its messages cannot be read ({error})") from error


def _never_set(message: object, value: object) -> None:
    raise NotImplementedError


def _dataset(index: Any) -> xr.Dataset:
    cells = max(int(n) for n in index["numberOfPoints"] if n != UNSAID)
    if cells > LARGEST_MAP:
        raise UnreadableFile(f"a map of it has {cells} cells; up to {LARGEST_MAP} are read")
    members = [t for t in index["type"] if t not in DERIVED]
    if not members:
        kinds = ", ".join(sorted(map(str, index["type"])))
        raise LeftOut(f"it holds what was computed from members ({kinds}), not the members")
    index = index.subindex(type=members)
    times = _time_dims(index)
    fields: dict[str, xr.Variable] = {}
    coords: dict[str, xr.Variable] = {}
    described: dict[str, Any] = {}
    for param in index["paramId"]:
        of_param = index.subindex(paramId=param)
        for level, kind in _pairs(of_param, *_LEVELS):
            part = of_param.subindex(typeOfLevel=level, stepType=kind)
            name, field, axes, attrs = _field(part, times)
            names = (name, f"{name}_{level}", f"{name}_{kind}", f"{name}_{param}_{level}_{kind}")
            name = next(n for n in names if n not in fields)
            _agree(coords, axes, name)
            coords |= axes
            fields[name] = field
            described |= attrs
    if own := _own_starts(index, times):
        coords["time"] = xr.Variable(
            ("number",),
            [own[n] for n in coords["number"].values.tolist()],
            {"units": "seconds since 1970-01-01", "standard_name": "forecast_reference_time"},
        )
    described.pop("history", None)  # the moment of opening, which is no part of the file
    described |= {
        f"GRIB_{key}": ",".join(str(x) for x in index[key])
        for key in ("system", "class")
        if index[key] != [UNSAID]
    }
    return xr.Dataset(fields, coords, described)


def _time_dims(index: Any) -> tuple[str, str]:
    if UNSAID in index["forecastMonth"]:
        return ("time", "step")
    return ("forecastMonth", "time" if UNSAID in index["indexing_time"] else "indexing_time")


def _pairs(index: Any, *keys: str) -> list[tuple[Any, ...]]:
    """The combinations of those keys' values that messages have, in the file's order."""
    at = [index.index_keys.index(k) for k in keys]
    return list(dict.fromkeys(tuple(v[i] for i in at) for v, _ in index.iter_index()))


def _field(
    index: Any, times: Sequence[str]
) -> tuple[str, xr.Variable, dict[str, xr.Variable], dict[str, Any]]:
    """One parameter: its name, the lazy variable, its axes, and what is said of the file."""
    import cfgrib

    try:
        made = cfgrib.open_from_index(index, time_dims=times, errors="raise", squeeze=False)
    except (ValueError, KeyError) as error:
        raise UnreadableFile(f"its messages make no array: {error}") from error
    (name,) = [n for n, v in made.variables.items() if not isinstance(v.data, np.ndarray)]
    field = made.variables[name]
    messages = sum(len(ids) for _, ids in index.iter_index())
    if messages > len(field.data.field_id_index):
        several = {k: index[k] for k in _TOLD_APART_BY if len(index[k]) > 1}
        differ = "; ".join(f"{k} {', '.join(map(str, v[:4]))}" for k, v in several.items())
        raise UnreadableFile(
            f"it holds {messages} messages of {name!r} for {len(field.data.field_id_index)} places"
            + (f", which differ in {differ}; a file for each can be read" if differ else "")
        )
    data = LazilyIndexedArray(_Messages(field.data))
    attrs = dict(field.attributes, window_hours=_window(index))
    attrs.pop("coordinates", None)
    kinds = index["type"]
    if kinds != [UNSAID]:
        attrs["GRIB_dataType"] = ",".join(map(str, kinds))
    axes = {
        n: xr.Variable(v.dimensions, v.data, dict(v.attributes))
        for n, v in made.variables.items()
        if n != name and n != "valid_time" and v.dimensions == (n,)
    }
    return name, xr.Variable(field.dimensions, data, attrs), axes, made.attributes


def _window(index: Any) -> float:
    """How long before its step a message's window begins; 0 for sums since the start."""
    windows = _pairs(index, "begin", "step")
    if index["stepType"] == ["accum"] and {begin for begin, _ in windows} == {0}:
        return 0.0
    lengths = {end - begin for begin, end in windows if UNSAID not in (begin, end)}
    if len(lengths) > 1:
        said = ", ".join(f"{x:g} h" for x in sorted(lengths))
        raise UnreadableFile(f"its windows of time are of different lengths ({said})")
    return float(lengths.pop()) if lengths else 0.0


def _agree(known: dict[str, xr.Variable], axes: dict[str, xr.Variable], name: str) -> None:
    for dim in set(known) & set(axes):
        one, other = known[dim].values, axes[dim].values
        if np.array_equal(one, other):
            continue
        if one.size == other.size == 1 and dim not in (*_TIMES, "number", "latitude", "longitude"):
            axes[dim] = known[dim]  # one level each, which no map shows
            continue
        raise UnreadableFile(
            f"its variable {name!r} has another {dim} than those before it; "
            "a file of each variable can be read"
        )


def _own_starts(index: Any, times: Sequence[str]) -> dict[int, int]:
    """Member → its own start, where one nominal start has members of several."""
    if "indexing_time" not in times or len(index["indexing_time"]) > 1 or len(index["time"]) == 1:
        return {}
    own = _pairs(index, "number", "time")
    return dict(own) if len({number for number, _ in own}) == len(own) else {}


class _Messages(LazyArray):
    """cfgrib's array of messages, for any index: one message is read for each map."""

    def __init__(self, messages: Any) -> None:
        self._messages = messages
        self.shape = messages.shape
        self.dtype = messages.dtype

    def _read(self, key: tuple[Any, ...]) -> npt.NDArray[Any]:
        listed = [
            np.atleast_1d(np.arange(n)[k]).tolist() for k, n in zip(key, self.shape, strict=True)
        ]
        whole = (slice(None),) * 2
        values: npt.NDArray[Any] = self._messages[(*listed[:-2], *whole)]
        values = values[..., listed[-2], :][..., listed[-1]]
        # A number, unlike a slice or an array of one, takes its dim away.
        return values[tuple(0 if isinstance(k, int | np.integer) else slice(None) for k in key)]
