"""Which hindcast and which observations belong to a forecast.

What the archive says (``of`` in its description) counts. Where it says nothing, a hindcast
is that of a forecast when both are of one system, on one grid, with leads of one kind, and
no other hindcast is; and observations belong to whatever they share a variable with, when
no others do. Nothing is guessed between two.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace

from data_layer.api import DatasetInfo, VariableInfo

# What the id of a dataset's lagged ensembles ends with.
LAGGED = "-lagged"

_STAND_INS = {"02-28": "02-29", "02-29": "02-28"}


def link(datasets: Sequence[DatasetInfo]) -> list[DatasetInfo]:
    """The datasets with ``hindcast`` and ``observations`` filled in where they are known.

    A product compares with them, so a change in one of them gives the dataset another
    version. A dataset is linked to none that fewer people may see, and maps are not compared
    with indices.
    """
    return [_linked(d, datasets) for d in datasets]


def same_variable(variable: VariableInfo, there: Sequence[VariableInfo]) -> VariableInfo | None:
    """The variable that is of the same quantity: of that name, or alone of its standard name."""
    for v in there:
        if v.name == variable.name:
            return v
    if not variable.standard_name:
        return None
    found = [v for v in there if v.standard_name == variable.standard_name]
    return found[0] if len(found) == 1 else None


def same_day(inits: Sequence[str], init: str) -> list[str]:
    """Of ``inits``, those on the day and hour of the year of ``init``.

    A climatology is of one start of the year. The 28th and the 29th of February stand in
    for each other in years that have only the other one: each year counts once.
    """
    day, hour = init[5:10], init[10:]
    years = {i[:4] for i in inits if i[5:] == day + hour}
    other = _STAND_INS.get(day, day) + hour
    return [i for i in inits if i[5:] == day + hour or (i[5:] == other and i[:4] not in years)]


def _linked(info: DatasetInfo, datasets: Sequence[DatasetInfo]) -> DatasetInfo:
    if info.role == "observations" or not info.inits:
        return info
    open_to_all = [
        d for d in datasets if d.scope in ("", info.scope) and d.gridless == info.gridless
    ]
    hindcast = info if info.role == "hindcast" else _hindcast(info, open_to_all)
    belongs = _ids(info) | {info.of} | (set() if hindcast is None else _ids(hindcast))
    observed = _only(
        [d for d in open_to_all if d.role == "observations" and _shares(info, d)],
        lambda d: d.of in belongs - {""},
        lambda d: not d.of and d.synthetic == info.synthetic and d.grid == info.grid,
        lambda d: not d.of and d.synthetic == info.synthetic,
    )
    others = [d for d in (hindcast, observed) if d is not None and d.id != info.id]
    version = info.version
    if others:
        told = "\0".join([info.version, *(f"{d.id} {d.version}" for d in others)])
        version = hashlib.sha256(told.encode()).hexdigest()[:16]
    return replace(
        info,
        version=version,
        hindcast=hindcast.id if hindcast else "",
        observations=observed.id if observed else "",
    )


def _hindcast(info: DatasetInfo, datasets: Sequence[DatasetInfo]) -> DatasetInfo | None:
    alike = [
        d
        for d in datasets
        if d.role == "hindcast"
        and d.grid == info.grid
        and (d.lead_unit, d.width) == (info.lead_unit, info.width)
        and _shares(info, d)
    ]
    return _only(
        alike,
        lambda d: d.of in _ids(info) and d.pooled == info.pooled,
        lambda d: d.of == info.id,
        lambda d: (
            not d.of
            and bool(info.system)
            and d.system == info.system
            and d.synthetic == info.synthetic
            and d.pooled == info.pooled
        ),
    )


def _ids(info: DatasetInfo) -> set[str]:
    """What it may be called in ``of``: lagged ensembles also as what they are made of."""
    return {info.id, info.id.removesuffix(LAGGED)} if info.pooled > 1 else {info.id}


def _shares(one: DatasetInfo, other: DatasetInfo) -> bool:
    return any(same_variable(v, other.variables) is not None for v in one.variables)


def _only(
    candidates: Sequence[DatasetInfo], *tests: Callable[[DatasetInfo], bool]
) -> DatasetInfo | None:
    """The one that passes the first test which any passes; ``None`` when several do."""
    for test in tests:
        found = [d for d in candidates if test(d)]
        if found:
            return found[0] if len(found) == 1 else None
    return None
