"""Labelled arrays as bytes, and back; and as plain JSON.

``application/vnd.poama.array`` is::

    4 bytes   b"PMA1"
    u32       length of the header, little-endian
    header    JSON: name, attrs, and for the data and each coordinate
              name, dims, shape, dtype, attrs
    payload   the values one after another, C order, little-endian,
              the data first and the coordinates in the header's order

Values (NaN patterns included), dtypes, attributes, the name, the order of dims
and scalar and multi-dimensional coordinates come back as they were. Indexes
are made anew; ``encoding`` is not carried. Byte order comes back native.
"""

from __future__ import annotations

import base64
import json
import math
import struct
from collections.abc import Hashable, Iterator, Mapping
from typing import Any

import numpy as np
import xarray as xr

MAGIC = b"PMA1"
MEDIA_TYPE = "application/vnd.poama.array"

_PREFIX = struct.Struct("<4sI")
_KINDS = "biufcmMUS"


def encode(array: xr.DataArray) -> bytes:
    """A labelled array as ``application/vnd.poama.array``.

    Raises
    ------
    TypeError: for values or attributes the format has no word for, such as
        Python objects.
    """
    variables = [(None, array.variable), *((n, c.variable) for n, c in array.coords.items())]
    entries: list[dict[str, Any]] = []
    payload: list[bytes] = []
    for name, variable in variables:
        values = _little_endian(np.asarray(variable.values), name)
        entries.append(
            {
                "name": name,
                "dims": list(variable.dims),
                "shape": list(values.shape),
                "dtype": values.dtype.str,
                "attrs": _pack_attrs(variable.attrs),
            }
        )
        payload.append(values.tobytes())
    header = {"name": array.name, "data": entries[0], "coords": entries[1:]}
    text = json.dumps(header, separators=(",", ":"), allow_nan=False).encode()
    return b"".join([_PREFIX.pack(MAGIC, len(text)), text, *payload])


def decode(data: bytes) -> xr.DataArray:
    """The array that :func:`encode` wrote; its values are a writable copy.

    Raises
    ------
    ValueError: when the bytes are not exactly one such array.
    """
    try:
        return _decode(data)
    except (KeyError, TypeError, AttributeError, ValueError, struct.error, RecursionError) as error:
        raise ValueError(f"This is not a {MEDIA_TYPE}: {error}") from error


def to_json(array: xr.DataArray) -> bytes:
    """A small array as plain JSON, for programs without our libraries.

    ``{"name", "dims", "shape", "attrs", "coords": {name: {"dims", "values"}},
    "values"}`` with nested lists, missing values as ``null`` and instants as
    ISO 8601.
    """
    document = {
        "name": array.name,
        "dims": list(array.dims),
        "shape": list(array.shape),
        "attrs": {str(k): _plain(v) for k, v in array.attrs.items()},
        "coords": {
            str(name): {"dims": list(c.dims), "values": _plain(c.values)}
            for name, c in array.coords.items()
        },
        "values": _plain(array.values),
    }
    return json.dumps(document, separators=(",", ":"), allow_nan=False).encode()


def _little_endian(values: np.ndarray[Any, Any], name: Hashable) -> np.ndarray[Any, Any]:
    if values.dtype.kind not in _KINDS:
        raise TypeError(f"Cannot send {name or 'the values'} of type {values.dtype}.")
    return np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("<")).reshape(values.shape)


def _pack_attrs(attrs: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(k): _pack(v, str(k)) for k, v in attrs.items()}


def _pack(value: object, name: str) -> object:
    """JSON's own types as they are; numpy's and non-finite floats marked by a one-key object."""
    if value is None or (isinstance(value, str | bool | int) and not isinstance(value, np.generic)):
        return value
    if isinstance(value, np.ndarray | np.generic):
        array = _little_endian(np.asarray(value), name)
        text = base64.b64encode(array.tobytes()).decode()
        shape = list(array.shape) if isinstance(value, np.ndarray) else None
        return {"numpy": [array.dtype.str, shape, text]}
    if isinstance(value, float):
        return value if math.isfinite(value) else {"float": repr(value)}
    if isinstance(value, list):
        return [_pack(v, name) for v in value]
    if isinstance(value, tuple):
        return {"tuple": [_pack(v, name) for v in value]}
    raise TypeError(f"Cannot send the attribute {name!r} of type {type(value).__name__}.")


def _unpack(value: Any) -> Any:
    if isinstance(value, list):
        return [_unpack(v) for v in value]
    if not isinstance(value, dict):
        return value
    ((mark, content),) = value.items()
    if mark == "float":
        return float(content)
    if mark == "tuple":
        return tuple(_unpack(v) for v in content)
    if mark == "numpy":
        dtype, shape, text = content
        array = np.frombuffer(base64.b64decode(text, validate=True), _dtype(dtype))
        return array[0] if shape is None else array.reshape(shape).copy()
    raise ValueError(f"an attribute marked {mark!r}")


def _dtype(text: object) -> np.dtype[Any]:
    dtype = np.dtype(text) if isinstance(text, str) else None
    if dtype is None or dtype.kind not in _KINDS or dtype.hasobject or dtype.itemsize == 0:
        raise ValueError(f"values of type {text!r}")
    return dtype


def _decode(data: bytes) -> xr.DataArray:
    magic, length = _PREFIX.unpack_from(data)
    if magic != MAGIC:
        raise ValueError("it begins otherwise")
    start = _PREFIX.size + length
    if start > len(data):
        raise ValueError("the header is cut short")
    header = json.loads(data[_PREFIX.size : start])
    entries = [header["data"], *header["coords"]]
    if not all(type(entry["dims"]) is list for entry in entries):
        raise ValueError("dims that are no list")
    variables = [
        (entry["dims"], values, {k: _unpack(v) for k, v in entry["attrs"].items()})
        for entry, values in zip(entries, _values(entries, data, start), strict=True)
    ]
    dims, values, attrs = variables[0]
    coords = {e["name"]: v for e, v in zip(entries[1:], variables[1:], strict=True)}
    return xr.DataArray(values, coords, dims, header["name"], attrs)


def _values(
    entries: list[dict[str, Any]], data: bytes, start: int
) -> Iterator[np.ndarray[Any, Any]]:
    for entry in entries:
        dtype, shape = _dtype(entry["dtype"]), entry["shape"]
        if not all(type(n) is int and n >= 0 for n in shape):
            raise ValueError(f"a shape of {shape}")
        count = math.prod(shape)
        if start + count * dtype.itemsize > len(data):
            raise ValueError("the values are cut short")
        # A copy, because callers may write to what they asked for.
        yield np.frombuffer(data, dtype, count, start).reshape(shape).copy()
        start += count * dtype.itemsize
    if start != len(data):
        raise ValueError("something follows the values")


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        return _plain_array(np.asarray(value))
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return value


def _plain_array(array: np.ndarray[Any, Any]) -> Any:
    kind = array.dtype.kind
    objects = np.empty(array.shape, object)
    if kind == "M":
        objects[...] = np.datetime_as_string(array, unit="s")
        objects[np.isnat(array)] = None
    elif kind == "m":
        objects[...] = array / np.timedelta64(1, "h")
        objects[np.isnat(array)] = None
    elif kind == "f":
        # float32 as the shortest decimal that reads back to it, not as its double.
        objects[...] = np.array([float(str(v)) for v in array.flat], object).reshape(array.shape)
        objects[~np.isfinite(array)] = None
    elif kind == "S":
        objects[...] = np.char.decode(array, "utf-8", "replace")
    else:
        objects[...] = array
    return objects.tolist()
