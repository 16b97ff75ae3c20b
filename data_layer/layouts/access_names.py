"""How ACCESS-S files are called: what their names and folders say and the files do not.

``[s_|w_]{type}_{variable}_{YYYYMMDD}_{eNN|emn}.nc``, for example
``s_daq5_pr_20210701_e03.nc`` or ``mo_sst_19960623_e01.nc``. ``s`` is the seasonal and
``w`` the multi-week run of the real-time system; hindcasts have neither. ``type`` is
put together of the period (``d`` day, ``w`` week, ``m`` month, ``m3`` three months), the
realm (``a`` atmosphere, ``o`` ocean, ``i`` ice), ``a`` for anomalies and ``q5`` for
values calibrated by quantiles on the 5 km grid. ``emn`` is the mean of the members.
Around the files lie folders such as ``access-s2/hindcast/calibrated/atmos/pr/daily/e01``.
Source: the Bureau of Meteorology's data server page and public code that reads it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from data_layer.timing import Moment, parse_digits

_NAME = re.compile(
    r"^(?:(?P<run>[sw])_)?"
    r"(?P<period>d|w|m3?)(?P<realm>[aoi])(?P<anomaly>a)?(?P<calibrated>q5)?"
    r"_(?P<variable>[A-Za-z][A-Za-z0-9_]*)"
    r"_(?P<init>\d{8})_(?P<member>e\d{2}|em[nm])$"
)
_SYSTEM = re.compile(r"^access-(s\d?)$", re.IGNORECASE)
_HINDCASTS = ("hc", "hindcast")
_CALIBRATION = ("raw_model", "calibrated", "biascorrected")


@dataclass(frozen=True)
class AccessName:
    """What the name of one file says.

    Attributes
    ----------
    run: ``s`` seasonal, ``w`` multi-week, empty for hindcasts.
    period: ``d``, ``w``, ``m`` or ``m3``.
    realm: ``a`` atmosphere, ``o`` ocean, ``i`` ice.
    anomaly: whether the values are departures from the hindcast's mean.
    calibrated: whether by quantiles, on the 5 km grid.
    variable: of the archive, which the variable inside need not be called.
    init: the start.
    member: its number, ``None`` for the mean of the members.
    """

    run: str
    period: str
    realm: str
    anomaly: bool
    calibrated: bool
    variable: str
    init: Moment
    member: int | None

    @property
    def type(self) -> str:
        """``daq5``, ``moa``, …, as in the name."""
        anomaly, calibrated = "a" if self.anomaly else "", "q5" if self.calibrated else ""
        return f"{self.period}{self.realm}{anomaly}{calibrated}"


@dataclass(frozen=True)
class AccessPlace:
    """What the folders around a file say.

    Attributes
    ----------
    system: ``ACCESS-S1``, ``ACCESS-S2``, or ``ACCESS-S`` where none says which.
    hindcast: whether one is called so.
    calibration: ``raw_model``, ``calibrated_5km_v3``, … or empty.
    """

    system: str
    hindcast: bool
    calibration: str


def parse_name(path: Path) -> AccessName | None:
    """What the file's name says; ``None`` when it is not such a name, or names no day."""
    match = _NAME.match(path.stem)
    init = parse_digits(match["init"]) if match is not None else None
    if match is None or init is None:
        return None
    member = match["member"][1:]
    return AccessName(
        run=match["run"] or "",
        period=match["period"],
        realm=match["realm"],
        anomaly=bool(match["anomaly"]),
        calibrated=bool(match["calibrated"]),
        variable=match["variable"],
        init=init,
        member=int(member) if member.isdigit() else None,
    )


def parse_place(path: Path) -> AccessPlace:
    """What the names of the folders around the file say, the nearest first."""
    folders = [part.lower() for part in path.parts[-2::-1]]
    systems = (match[1].upper() for part in folders if (match := _SYSTEM.match(part)))
    return AccessPlace(
        system=f"ACCESS-{next(systems, 'S')}",
        hindcast=any(part in _HINDCASTS for part in folders),
        calibration=next((part for part in folders if part.startswith(_CALIBRATION)), ""),
    )


def series_of(path: Path) -> str:
    """The name of the dataset that the file belongs to: one of all variables, starts and members.

    Parameters
    ----------
    path: one that :func:`parse_name` reads.

    Raises
    ------
    ValueError: for another.
    """
    name, place = parse_name(path), parse_place(path)
    if name is None:
        raise ValueError(f"{path.name!r} is not named as ACCESS-S files are")
    role = (
        "hindcast"
        if is_hindcast(name, place)
        else {"s": "seasonal", "w": "multi-week"}.get(name.run, "forecast")
    )
    return " ".join(p for p in (place.system, role, place.calibration, name.type) if p)


def is_hindcast(name: AccessName, place: AccessPlace) -> bool:
    """Whether the run was made for a start long past."""
    return place.hindcast and not name.run
