"""The peer: the same file behind titiler-xarray, with the dataset kept open.

By itself titiler opens the file for each request, which only makes it slower.

python titiler_app.py FILE PORT
"""

import sys
from typing import Any

import attr
import uvicorn
import xarray as xr
from fastapi import FastAPI
from peer_file import opened
from titiler.core.errors import DEFAULT_STATUS_CODES, add_exception_handlers
from titiler.xarray.factory import TilerFactory
from titiler.xarray.io import Reader

path, port = sys.argv[1], int(sys.argv[2])
DATASET = opened(path).rename(latitude="y", longitude="x")


def kept_open(_path: str, **_options: Any) -> xr.Dataset:
    """The one file there is."""
    return DATASET


@attr.s
class KeptOpen(Reader):
    """Reads what is open, and leaves it so."""

    opener = attr.ib(default=kept_open)

    def close(self) -> None:
        """Not now."""


app = FastAPI()
app.include_router(TilerFactory(reader=KeptOpen).router)
add_exception_handlers(app, DEFAULT_STATUS_CODES)
uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning")
