"""Indices of sea-surface temperature: El Niño's and the Indian Ocean Dipole's."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import xarray as xr

from data_layer.errors import BadRequest
from data_layer.indices.regions import TROPICS, Region, area_mean, box

# What differences of temperature in kelvins may be labelled with.
_KELVINS = {
    "K", "kelvin", "kelvins", "Kelvin", "degK", "deg_K",
    "C", "°C", "degC", "deg_C", "celsius", "Celsius", "degree_C", "degrees_C",
    "degree_Celsius", "degrees_Celsius", "degree_celsius", "degrees_celsius",
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Definition:
    """An index of SST anomalies, as data.

    Attributes
    ----------
    name: as a request writes it.
    title: as a person reads it.
    parts: what is summed, each the mean over a region with its factor.
    thresholds: who speaks of an event beyond which ± value (K).
    categories: names of what lies below, between and above the two.
    source: where the definition stands.
    """

    name: str
    title: str
    parts: tuple[tuple[float, Region], ...]
    thresholds: Mapping[str, float]
    categories: tuple[str, str, str]
    source: str


_ENSO = MappingProxyType({"BoM": 0.8, "NOAA": 0.5})
_DIPOLE = MappingProxyType({"BoM": 0.4})
_STATES = ("cool", "neutral", "warm")
_SIGNS = ("negative", "neutral", "positive")
_TRENBERTH = "Trenberth (1997), doi:10.1175/1520-0477(1997)078<2771:TDOENO>2.0.CO;2"
_SAJI = "Saji et al. (1999), doi:10.1038/43854"
_OLDENBORGH = "van Oldenborgh et al. (2021), doi:10.1088/1748-9326/abe9ed"

NINO12 = box("nino12", "Niño 1+2 (10°S-0°, 90°W-80°W)", -10, 0, -90, -80)
NINO3 = box("nino3", "Niño 3 (5°S-5°N, 150°W-90°W)", -5, 5, -150, -90)
NINO34 = box("nino34", "Niño 3.4 (5°S-5°N, 170°W-120°W)", -5, 5, -170, -120)
NINO4 = box("nino4", "Niño 4 (5°S-5°N, 160°E-150°W)", -5, 5, 160, -150)
IOD_WEST = box("iod_west", "Western pole of the IOD (10°S-10°N, 50°E-70°E)", -10, 10, 50, 70)
IOD_EAST = box("iod_east", "Eastern pole of the IOD (10°S-0°, 90°E-110°E)", -10, 0, 90, 110)


def _of_region(
    region: Region, thresholds: Mapping[str, float], categories: tuple[str, str, str], source: str
) -> Definition:
    return Definition(region.name, region.title, ((1.0, region),), thresholds, categories, source)


INDICES: Mapping[str, Definition] = MappingProxyType(
    {
        d.name: d
        for d in (
            _of_region(NINO12, _ENSO, _STATES, _TRENBERTH),
            _of_region(NINO3, _ENSO, _STATES, _TRENBERTH),
            _of_region(NINO34, _ENSO, _STATES, _TRENBERTH),
            _of_region(NINO4, _ENSO, _STATES, _TRENBERTH),
            Definition(
                "relative_nino34",
                "Relative Niño 3.4 (less the mean of 20°S-20°N)",
                ((1.0, NINO34), (-1.0, TROPICS)),
                _ENSO,
                _STATES,
                _OLDENBORGH,
            ),
            Definition(
                "dmi",
                "Dipole Mode Index of the IOD (west less east)",
                ((1.0, IOD_WEST), (-1.0, IOD_EAST)),
                _DIPOLE,
                _SIGNS,
                _SAJI,
            ),
            _of_region(IOD_WEST, MappingProxyType({}), _STATES, _SAJI),
            _of_region(IOD_EAST, MappingProxyType({}), _STATES, _SAJI),
        )
    }
)


def definition(name: str) -> Definition:
    """The definition of that name.

    Raises
    ------
    BadRequest: listing the names there are.
    """
    try:
        return INDICES[name]
    except KeyError:
        raise BadRequest(
            f"There is no SST index {name!r}.",
            asked=name,
            exists=INDICES,
            advice="Choose one of them.",
        ) from None


def sst_index(
    anomalies: xr.DataArray, of: Definition, *, scale: xr.DataArray | float | None = None
) -> xr.DataArray:
    """An index from anomalies of sea-surface temperature.

    Parameters
    ----------
    anomalies: dims ``lat``, ``lon`` and any others; in kelvins or degrees Celsius.
        Land is missing (NaN), or it counts as sea.
    of: one of :data:`INDICES`.
    scale: the index is multiplied by it; see :func:`scale_to`. Dims among the others.

    Returns
    -------
    The other dims, in their order, float64, in K. A mean over a region of which less
    than half is there is missing. ``attrs`` hold the ``method`` and the ``references``.

    Raises
    ------
    BadRequest: of other units, or of a grid outside of a region.
    """
    units = anomalies.attrs.get("units", "K")
    if units not in _KELVINS:
        raise BadRequest(
            f"{of.title} is of anomalies of temperature, not of something in {units!r}.",
            asked=f"{anomalies.name} in {units}",
            advice="Give them in K or degC.",
        )
    means = [factor * area_mean(anomalies, region) for factor, region in of.parts]
    out = sum(means[1:], means[0])
    name, title = of.name, of.title
    method = "; ".join(f"{factor:+g} × mean over {region.title}" for factor, region in of.parts)
    if scale is not None:
        out = (out * scale).transpose(*out.dims, ...)
        name, title = f"{name}_rescaled", f"{title}, rescaled"
        method += "; rescaled to the standard deviation of another index"
    out = out.drop_vars("region", errors="ignore").rename(name)
    out.attrs = {
        "long_name": title,
        "units": "K",
        "method": f"SST anomaly: {method}; cells weighted by cos(latitude)",
        "references": of.source,
    }
    return out


def scale_to(
    relative: xr.DataArray, absolute: xr.DataArray, over: Hashable | Iterable[Hashable]
) -> xr.DataArray:
    """The factor that gives a relative index the standard deviation of the absolute one.

    σ(absolute) / σ(relative), because the tropical mean takes with it a part of what
    El Niño does (van Oldenborgh et al. 2021, doi:10.1088/1748-9326/abe9ed). Of the
    hindcast or of observations over a long period, separately for what is forecast:
    the calendar month or the lead.

    Parameters
    ----------
    relative, absolute: indices with the same dims. A pair of which either is missing
        is left out.
    over: dims to take the standard deviations over, such as ``("init", "member")``.

    Returns
    -------
    The other dims, float64; missing where fewer than two pairs are there or the
    relative index does not vary.

    Raises
    ------
    BadRequest: of a dim that they lack.
    """
    dims = [over] if isinstance(over, str) or not isinstance(over, Iterable) else list(over)
    for dim in dims:
        if dim not in relative.dims or dim not in absolute.dims:
            raise BadRequest(
                f"An index has no dim {dim!r} to vary over.",
                asked=str(dim),
                exists=relative.dims,
                advice="Choose among its dims.",
            )
    both = relative.notnull() & absolute.notnull()
    spread = [a.where(both).astype(np.float64).std(dims, ddof=1) for a in (absolute, relative)]
    ratio = (spread[0] / spread[1]).where(spread[1] > 0)
    ratio.attrs = {
        "long_name": "factor of the relative index",
        "units": "1",
        "method": "ratio of the standard deviations of the absolute and the relative index",
    }
    return ratio.rename("scale")
