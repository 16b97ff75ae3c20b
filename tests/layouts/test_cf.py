"""Generic CF: a file for each start, with everything said in standard names."""

from __future__ import annotations

import xarray as xr

from data_layer.layouts.cf import LAYOUT
from tests.layouts.suite import LayoutTests


class TestCf(LayoutTests):
    layout = LAYOUT

    def write(self, folder, truth):
        for i, init in enumerate(truth.da["init"].values):
            there = [m for m in range(truth.da.sizes["member"]) if truth.has(i, m)]
            da = xr.concat([truth.as_written(i, m) for m in there], "member")
            da = da.astype("f4").rename(self.variable)
            da.attrs = {"units": self.units, "standard_name": "air_temperature"}
            ds = da.drop_vars("init").to_dataset()
            ds = ds.assign_coords(reftime=((), init, {"standard_name": "forecast_reference_time"}))
            for name, attrs in {
                "member": {"standard_name": "realization"},
                "lead": {"standard_name": "forecast_period", "units": truth.unit},
                "lat": {"standard_name": "latitude", "units": "degrees_north"},
                "lon": {"standard_name": "longitude", "units": "degrees_east"},
            }.items():
                ds[name].attrs = attrs
            ds[self.variable].encoding = truth.encoding(*da.shape)
            ds.to_netcdf(folder / f"tas_{str(init)[:10].replace('-', '')}.nc", engine="netcdf4")
