"""The peer: the same forecast shown by hvPlot with ``rasterize=True``.

Written as hvPlot's documentation does it: the dimensions that are not drawn become sliders.
Serve with ``panel serve hvplot_app.py --args FILE WIDTH HEIGHT``.
"""

import sys

import hvplot.xarray  # noqa: F401
import xarray as xr

path, width, height = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
t2m = xr.open_dataset(path, decode_timedelta=False)["t2m"]
t2m.hvplot.image(
    x="longitude",
    y="latitude",
    rasterize=True,
    cmap="turbo",
    clim=(240, 310),
    frame_width=width,
    frame_height=height,
    widget_location="top",
).servable()
