"""Puts right what an archive's owner knows to be wrong or unsaid in its files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import xarray as xr

from data_layer.errors import UnreadableFile
from data_layer.layouts.lazy import with_all_attributes
from data_layer.layouts.recognise import STANDARD_NAMES

Correct = Callable[[xr.Dataset], xr.Dataset]


def unchanged(raw: xr.Dataset) -> xr.Dataset:
    """The file as it is."""
    return raw


def correction(
    coordinates: Mapping[str, str], variables: Mapping[str, Mapping[str, str]]
) -> Correct:
    """What makes a corrected dataset of an undecoded one; both stay lazy.

    Parameters
    ----------
    coordinates: the part played (``init lead member valid lat lon``) → the name of the
        variable that plays it. It alone will have that part's standard name.
    variables: name → attributes (``long_name``, ``units``, ``standard_name``,
        ``cell_methods``) in place of the file's. Names that a file lacks are passed over:
        one entry may describe files of one variable each.
    """
    if not coordinates and not variables:
        return unchanged
    return partial(_corrected, coordinates=coordinates, variables=variables)


def _corrected(
    raw: xr.Dataset, coordinates: Mapping[str, str], variables: Mapping[str, Mapping[str, str]]
) -> xr.Dataset:
    attrs = {str(name): dict(v.attrs) for name, v in raw.variables.items()}
    for part, name in coordinates.items():
        if name not in attrs:
            raise UnreadableFile(
                f"the catalogue file says that {name!r} is its {part}, and it holds no such "
                f"variable, but {', '.join(sorted(attrs)) or 'none at all'}"
            )
        for other in attrs.values():
            if other.get("standard_name") in STANDARD_NAMES[part]:
                del other["standard_name"]
        attrs[name]["standard_name"] = next(iter(STANDARD_NAMES[part]))
    for name, said in variables.items():
        if name in attrs:
            attrs[name].update(said)
    changed = {k: attrs[str(k)] for k, v in raw.variables.items() if attrs[str(k)] != v.attrs}
    out = with_all_attributes(raw, changed)
    out.set_close(raw.close)
    return out
