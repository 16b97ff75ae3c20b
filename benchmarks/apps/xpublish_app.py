"""The peer: the same file behind xpublish, with the plug-in for WMS or that for tiles.

python xpublish_app.py FILE PORT wms|tiles
"""

import sys

import xpublish
from peer_file import opened

path, port, kind = sys.argv[1], int(sys.argv[2]), sys.argv[3]
ds = opened(path)
if kind == "wms":
    from xpublish_wms import CfWmsPlugin

    plugins = {"wms": CfWmsPlugin()}
else:
    from xpublish_tiles.config import config
    from xpublish_tiles.xpublish.tiles.plugin import TilesPlugin

    # The file's library allows one reader at a time.
    config.set(async_load=False)
    ds.attrs["_xpublish_id"] = "forecast"
    plugins = {"tiles": TilesPlugin()}
rest = xpublish.Rest({"forecast": ds}, plugins=plugins)
rest.serve(host="127.0.0.1", port=port, log_level="warning")
