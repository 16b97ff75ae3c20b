"""NMME as the Climate Prediction Center distributes it.

``NMME/realtime_anom/2026030800/CFSv2.tmp2m.202603.anom.nc`` holds
``fcst(ensmem, target, lat, lon)``, with ``target`` in months since January 1960. What
the variable is, of which model and from which start, only the path says. The models
start with the month, and the 8th in the folder's name is the day by which all of them
have been delivered.
"""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import numpy as np
import xarray as xr

from data_layer.errors import LeftOut, UnreadableFile
from data_layer.layouts.base import Repaired
from data_layer.layouts.months import in_months, month_starts
from data_layer.schema import moments
from data_layer.timing import Moment, add_months, lead_of

_FOLDER = re.compile(r"^(\d{6})\d{4}$")
# CFSv2.tmp2m.202603.anom, and GEM5.2_NEMO.prate.2026030800.anom: models have dots.
_NAME = re.compile(
    r"^(?P<model>.+)\.(?P<quantity>[A-Za-z]\w*)\.(?P<month>\d{6})(?:\d{2}|\d{4})?"
    r"(?:\.(?P<kind>[\w.]+))?$"
)
_MONTH = re.compile(r"(?:^|[._\-])(\d{6})(?:\d{2}|\d{4})?(?=[._\-]|$)")


class CpcLayout(Repaired):
    """One model, quantity and start per file; all members and months."""

    name = "cpc"

    def matches(self, raw: xr.Dataset, path: Path) -> bool:
        """Whether a dim ``target`` counts months, below the names CPC gives its variables."""
        target = raw.variables.get("target")
        return (
            target is not None
            and target.dims == ("target",)
            and in_months(target)
            and bool({"fcst", "clim"} & set(raw.data_vars))
        )

    def repair(self, raw: xr.Dataset, path: Path) -> xr.Dataset:
        """The start from the path, leads from the targets, names from the file's."""
        if "fcst" not in raw.data_vars:
            raise LeftOut("it holds the mean of a model's hindcasts, and no forecast")
        if "ensmem" not in raw["fcst"].dims:
            raise LeftOut("it holds the mean of an ensemble; products make it of the members")
        init = _start(path)
        targets = moments(month_starts(raw.variables["target"]).values)
        leads = [lead_of(init, target, "months") for target in targets]
        if min(leads) < 0:
            raise UnreadableFile(
                f"its first month, {min(targets):%Y-%m}, lies before {init:%Y-%m}, "
                "its start as the path has it"
            )
        attrs = {"standard_name": "forecast_period", "units": "months"}
        ds = raw.drop_vars(["target", "initial_time"], errors="ignore").rename(target="lead")
        ds = ds.assign_coords(
            lead=("lead", leads, attrs),
            forecast_reference_time=(
                (),
                np.datetime64(init, "ns"),
                {"standard_name": "forecast_reference_time"},
            ),
        )
        if "ensmem" in ds.variables:
            ds["ensmem"].attrs = {"standard_name": "realization"}
        return _named(ds, path)


def _start(path: Path) -> Moment:
    """The first of the month that the folder or the file's name begins with."""
    folders = [m[1] for part in reversed(path.parent.parts) if (m := _FOLDER.match(part))][:1]
    names = [m[1] for m in _MONTH.finditer(path.stem)]
    months = {month: _first_of(month) for month in folders + names}
    starts = {start for start in months.values() if start is not None}
    if len(starts) > 1:
        raise UnreadableFile(
            "its folder and its name disagree on the start: "
            + " and ".join(f"{start:%Y-%m}" for start in sorted(starts))
        )
    if not starts:
        raise UnreadableFile(
            "neither a folder (YYYYMM0800) nor the file's name (MODEL.quantity.YYYYMM.anom.nc) "
            "tells the start of its forecast"
        )
    return starts.pop()


def _first_of(month: str) -> Moment | None:
    try:
        return add_months(dt.datetime.strptime(month, "%Y%m"), 0)
    except ValueError:
        return None


def _named(ds: xr.Dataset, path: Path) -> xr.Dataset:
    """With what the file's name tells of the variable and the model."""
    name = _NAME.match(path.stem)
    if name is None:
        return ds
    quantity, kind = name["quantity"], name["kind"] or "fcst"
    title = f"{quantity} anomaly" if kind.startswith("anom") else quantity
    ds = ds.rename(fcst=quantity)
    ds[quantity].attrs = {"long_name": title, **ds[quantity].attrs}
    return ds.assign_attrs(
        series=f"nmme {name['model']} {kind}",
        title=f"NMME {name['model']}" + (", anomalies" if kind.startswith("anom") else ""),
        system=name["model"],
    )


LAYOUT = CpcLayout()
