"""The numbers behind what is shown, as text that any spreadsheet opens."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
import xarray as xr

from data_layer.api import DatasetInfo, ProductRequest


def csv_of(info: DatasetInfo, request: ProductRequest, arrays: Sequence[xr.DataArray]) -> str:
    """Every value in a row of its own, under what it is.

    Columns: ``product``, ``value``, ``units``, and a column for each coordinate that any of
    the arrays has. Before them stand lines that begin with ``#``: dataset, version, start,
    and how each product was made.
    """
    names = sorted({str(n) for da in arrays for n in da.coords}, key=_rank)
    out = io.StringIO()
    out.write(f"# dataset: {info.title} ({info.id}, version {info.version})\n")
    if info.synthetic:
        out.write("# SYNTHETIC DATA, not a forecast\n")
    if info.licence:
        out.write(f"# licence: {_line(info.licence)}\n")
    out.write(f"# variable: {request.variable}; start: {request.init}\n")
    for da in arrays:
        told = [da.attrs.get(name) for name in ("method", "climatology")]
        method = "; ".join(_line(str(t)) for t in told if t)
        out.write(f"# {da.attrs.get('product', da.name)}: {method}\n")
    out.write(",".join(["product", *names, "value", "units"]) + "\n")
    for da in arrays:
        product = _quoted(str(da.attrs.get("product", da.name)))
        units = _quoted(str(da.attrs.get("units", "")))
        columns = {n: da.coords[n].broadcast_like(da).values.ravel() for n in da.coords}
        for i, value in enumerate(da.values.ravel()):
            row = [_text(columns[n][i]) if n in columns else "" for n in names]
            out.write(",".join([product, *row, _text(value), units]) + "\n")
    return out.getvalue()


_ORDER = ("init", "lead", "valid_time", "member", "lat", "lon")


def _rank(name: str) -> tuple[int, str]:
    return (_ORDER.index(name) if name in _ORDER else len(_ORDER), name)


def _text(value: object) -> str:
    if isinstance(value, np.datetime64):
        return str(value.astype("datetime64[s]")) + "Z"
    if isinstance(value, np.floating | float):
        return "" if np.isnan(value) else f"{value:.7g}"
    return _quoted(str(value))


def _quoted(text: str) -> str:
    text = _line(text)
    return '"' + text.replace('"', '""') + '"' if set(text) & set(',"') else text


def _line(text: str) -> str:
    return " ".join(text.split())
