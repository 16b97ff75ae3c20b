"""The peer for large grids: a HoloViews DynamicMap with ``rasterize``.

Serve with ``panel serve rasterize_app.py --args FILE WIDTH HEIGHT``.
"""

import sys

import holoviews as hv
import xarray as xr
from holoviews.operation.datashader import rasterize

hv.extension("bokeh")
path, width, height = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
t2m = xr.open_dataset(path, decode_timedelta=False)["t2m"]
lon, lat = t2m.longitude.values, t2m.latitude.values


def image(lead: int, member: int) -> hv.Image:
    """One map, read from the file."""
    values = t2m.isel(forecast_period=lead, realization=member).values
    return hv.Image((lon, lat, values), ["longitude", "latitude"], "t2m")


leads, members = range(t2m.sizes["forecast_period"]), range(t2m.sizes["realization"])
maps = hv.DynamicMap(image, kdims=["lead", "member"]).redim.values(lead=leads, member=members)
shown = rasterize(maps).opts(
    cmap="turbo",
    clim=(240, 310),
    frame_width=width,
    frame_height=height,
    active_tools=["wheel_zoom"],
)
hv.renderer("bokeh").server_doc(shown)
