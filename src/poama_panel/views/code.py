"""The selection as Python: what gives the same numbers in a notebook."""

from __future__ import annotations

from data_layer.api import ProductRequest
from data_layer.offers import Asked


def python_of(request: ProductRequest, asked: Asked) -> str:
    """Lines that fetch the map shown, with ``{lead}`` and ``{member}`` to be filled in.

    Every choice is in them, those that are as by default too: they outlive another default.
    The version is said and not asked for, since an archive goes on.
    """
    return f"""from data_layer.api import ProductRequest
from data_layer.local import LocalSource

source = LocalSource.open("the archive's folder")
array = source.fetch(
    ProductRequest(
        dataset={request.dataset!r},  # version {request.version} when this was copied
        variable={request.variable!r},
        product={asked.full_text!r},
        init={request.init!r},
        lead={{lead}},
        member={{member}},
    )
)
"""
