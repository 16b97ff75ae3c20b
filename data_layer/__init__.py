"""The data layer: opens forecast archives and answers with labelled data and frames.

It knows xarray and HTTP, and nothing of Panel, HoloViews or Bokeh. Its public
names are those of :mod:`data_layer.api` and :mod:`data_layer.errors`; an
application picks a source from :mod:`data_layer.local` (in this process) or
:mod:`data_layer.client` (over HTTP).
"""

__version__ = "0.1.0"
