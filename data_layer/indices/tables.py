"""Shares of members below, between and above thresholds: the tables under an index plume."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import xarray as xr

from data_layer.errors import BadRequest


def shares(
    members: xr.DataArray, bounds: xr.DataArray, labels: Sequence[str] | None = None
) -> xr.DataArray:
    """Share of the members in each category between bounds.

    Category k holds ``bound[k-1] < x ≤ bound[k]``: open below, closed above.

    Parameters
    ----------
    members: dim ``member`` and any others, such as ``lead``. Missing ones are left out.
    bounds: dim ``bound``, ascending, and any of the others, such as ``lead``.
    labels: names of the categories, one more than there are bounds; by default ``below``,
        ``between``, ``above`` and the like.

    Returns
    -------
    The dims of ``members`` but ``member``, and ``category``, float64, from 0 to 1;
    missing where no member or a bound is missing. Coordinates ``count`` (whole numbers,
    same dims) and ``of`` (members there, dims without ``category``).

    Raises
    ------
    BadRequest: without members or bounds, of bounds that descend, or of another number
        of labels.
    """
    _check(members, bounds)
    names = default_labels(bounds.sizes["bound"]) if labels is None else tuple(labels)
    if len(names) != bounds.sizes["bound"] + 1:
        raise BadRequest(
            f"{bounds.sizes['bound']} bounds part {bounds.sizes['bound'] + 1} categories.",
            asked=", ".join(names),
            advice="Name each once.",
        )
    rest = [d for d in members.dims if d != "member"]
    there = members.notnull()
    known = bounds.notnull().all("bound")
    # One bound at a time: with all at once, the comparison is as many times the members.
    at_most = [
        (members <= bounds.isel(bound=k, drop=True)).where(there & known, False).sum("member")
        for k in range(bounds.sizes["bound"])
    ]
    of = there.sum("member").where(known, 0)
    reached = [xr.zeros_like(of), *at_most, of]
    count = xr.concat(
        [upper - lower for lower, upper in pairwise(reached)],
        xr.DataArray(list(names), dims="category", name="category"),
        coords="minimal",
        compat="override",
        join="exact",
    ).transpose(*rest, "category")
    out = (count / of.where(of > 0)).transpose(*rest, "category").rename("share")
    out.attrs = {
        "long_name": f"share of members: {members.attrs.get('long_name', members.name)}",
        "units": "1",
        "method": "members counted, each bound belonging to the category below it",
    }
    return out.assign_coords(
        count=count.drop_vars("category").astype(np.int64),
        of=of.transpose(*rest).astype(np.int64),
    )


def threshold_table(
    index: xr.DataArray, thresholds: Sequence[float], labels: Sequence[str] | None = None
) -> xr.DataArray:
    """How probable it is that an index lies below, between and above thresholds.

    Parameters
    ----------
    index: dims ``member`` and any others, such as ``lead``.
    thresholds: ascending, in the units of ``index``; for a definition with a threshold
        t in :mod:`data_layer.indices.nino` they are (-t, t).
    labels: names of the categories, such as ``cool``, ``neutral``, ``warm``.

    Returns
    -------
    As :func:`shares`, for a plume dims (lead, category); ``attrs["thresholds"]`` tells
    the bounds.

    Raises
    ------
    BadRequest: see :func:`shares`.
    """
    bounds = xr.DataArray(np.asarray(thresholds, np.float64), dims="bound")
    out = shares(index, bounds, labels)
    units = index.attrs.get("units", "1")
    told = ", ".join(f"{t:g}" for t in thresholds)
    out.attrs["thresholds"] = told if units == "1" else f"{told} {units}"
    return out


def in_words(table: xr.DataArray) -> xr.DataArray:
    """``23 of 33``, for each number of a table; ``no members`` where there are none.

    Parameters
    ----------
    table: from :func:`shares` or :func:`threshold_table`.
    """
    of = table["of"].broadcast_like(table["count"]).transpose(*table["count"].dims)
    words = [
        f"{count} of {size}" if size else "no members"
        for count, size in zip(table["count"].values.flat, of.values.flat, strict=True)
    ]
    return table.copy(data=np.reshape(np.array(words, np.str_), table.shape)).drop_attrs()


def default_labels(bounds: int) -> tuple[str, ...]:
    """Names of the categories that so many bounds part."""
    if bounds == 1:
        return ("below", "above")
    if bounds == 2:
        return ("below", "between", "above")
    return ("below", *(f"between {k}" for k in range(1, bounds)), "above")


def _check(members: xr.DataArray, bounds: xr.DataArray) -> None:
    if "member" not in members.dims or members.sizes["member"] == 0:
        raise BadRequest(
            "Shares of members need members.",
            asked=f"{members.name}({', '.join(map(str, members.dims))})",
            advice="Give the ensemble, not its mean.",
        )
    if "bound" not in bounds.dims or bounds.sizes["bound"] == 0:
        raise BadRequest(
            "Categories need a bound between them.",
            asked="no bound",
            advice="Give one threshold at the least.",
        )
    extra = set(bounds.dims) - set(members.dims) - {"bound"}
    if extra or "member" in bounds.dims:
        raise BadRequest(
            "The bounds have dims that the members' shares cannot have.",
            asked=", ".join(map(str, bounds.dims)),
            exists=[d for d in members.dims if d != "member"],
            advice="Choose one for each of the other dims first.",
        )
    if (bounds.diff("bound") < 0).any():
        raise BadRequest(
            "Thresholds must ascend.",
            asked=", ".join(f"{b:g}" for b in bounds.values.flat[:6]),
            advice="Write the lowest first.",
        )
