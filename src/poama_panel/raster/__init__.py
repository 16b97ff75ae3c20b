"""The map component: a HoloViews figure and the browser-side frame loader that feeds it."""

from poama_panel.raster.frame_map import FrameMap

__all__ = ["FrameMap"]
