"""The ocean of ACCESS-S, on NEMO's own grid (ORCA025, with three poles).

Named as the atmosphere's files are, one variable, member and start each, with
``nav_lat`` and ``nav_lon`` on ``(y, x)``, ``time_counter``, one depth, and a variable
that need not be called as the file is: ``temp`` in the files of ``sst``. Source: public
code that reads the files.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr

from data_layer.errors import UnreadableFile
from data_layer.layouts.access_names import AccessName, parse_name
from data_layer.layouts.access_s import AccessSLayout
from data_layer.layouts.labelled import with_attributes

_PLACES = {
    "nav_lat": {"standard_name": "latitude", "units": "degrees_north"},
    "nav_lon": {"standard_name": "longitude", "units": "degrees_east"},
}


class OceanLayout(AccessSLayout):
    """One variable, member and start of ACCESS-S, with two-dimensional coordinates."""

    name = "ocean"

    def matches(self, raw: xr.Dataset, path: Path) -> bool:
        """Whether the name is of ACCESS-S, and the grid is NEMO's."""
        return raw.variables.keys() >= _PLACES.keys() and parse_name(path) is not None

    def repair(self, raw: xr.Dataset, path: Path) -> xr.Dataset:
        """See :meth:`Repaired.repair`."""
        said = dict(_PLACES)
        if "time_counter" in raw.variables:
            said["time_counter"] = {"standard_name": "time"}
        name = parse_name(path)
        if name is not None and name.member is not None:
            raw = _called(with_attributes(raw, said), name)
        return super().repair(raw, path)


def _called(raw: xr.Dataset, name: AccessName) -> xr.Dataset:
    """With the variable called as its file is; anomalies are told from values."""
    grid = set(raw["nav_lat"].dims)
    maps = [
        str(n)
        for n, v in raw.data_vars.items()
        if set(v.dims) > grid and np.issubdtype(v.dtype, np.number)
    ]
    if name.variable not in maps and len(maps) == 1:
        raw = raw.rename({maps[0]: name.variable})
        maps = [name.variable]
    if name.variable not in maps:
        raise UnreadableFile(
            f"its name says {name.variable!r}, and it holds {', '.join(maps) or 'nothing'} "
            "on its latitudes and longitudes"
        )
    if name.anomaly:
        da = raw[name.variable]
        title = str(da.attrs.get("long_name") or name.variable)
        known = title if "anomal" in title.lower() else f"{title} anomaly"
        # CF has no such names for anomalies; that of the values would give them their colours.
        raw = with_attributes(raw, {name.variable: {"long_name": known, "standard_name": ""}})
    return raw


LAYOUT = OceanLayout()
