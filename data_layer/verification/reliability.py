"""Reliability: how often did what was forecast with a probability of p happen?

Pairs of all years and of a region's cells are pooled, as the few years of one cell do not
fill the bins. With the lines of the attributes diagram and Murphy's terms of the Brier score
(Murphy 1973, doi:10.1175/1520-0450(1973)012<0595:ANVPOT>2.0.CO;2; Hsu and Murphy 1986,
doi:10.1016/0169-2070(86)90048-8).
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from data_layer.errors import BadRequest
from data_layer.verification.categories import ensemble_size, events, is_counts
from data_layer.verification.pairs import Floats, at_least, described, labelled, pooled

# Probabilities in single precision that lie on an edge of a bin may fall short of it.
_EDGE = 1e-6

_SAID = {
    "forecast_probability": "mean forecast probability",
    "observed_frequency": "observed relative frequency",
    "share": "share of the forecasts (sharpness)",
    "samples": "pairs of forecast and observation",
    "no_skill": "no-skill line, midway between climatology and the diagonal",
    "climatology": "observed relative frequency of the event",
    "brier": "Brier score",
    "reliability": "reliability term of the Brier score",
    "resolution": "resolution term of the Brier score",
    "uncertainty": "uncertainty term of the Brier score",
    "within_bins": "what bins of unlike probabilities leave out of the Brier score",
}


def reliability_curve(
    forecast: xr.DataArray,
    observed: xr.DataArray,
    weights: xr.DataArray | None = None,
    *,
    bins: int | None = None,
) -> xr.Dataset:
    """Reliability with sharpness and the terms of the Brier score.

    Parameters
    ----------
    forecast: (init, category, cells…) counts or probabilities; (init, cells…) probabilities of
        a single event.
    observed: (init, cells…) category numbers; of a single event 1, 0 or NaN.
    weights: over the cells of a region, such as the cosine of latitude on (lat, lon), whose
        pairs are pooled; without them each cell has a curve.
    bins: how many of equal width; a probability on an edge belongs to the bin above, 1 to
        the last. ``None``: one for each number of members, which needs counts from ensembles
        of one size.

    Returns
    -------
    Over (bin, …), with the bins' centres as coordinate: ``forecast_probability``,
    ``observed_frequency``, ``share``, ``samples`` and ``no_skill``. Over (…): ``climatology``,
    ``brier``, ``reliability``, ``resolution``, ``uncertainty`` and ``within_bins``, with
    brier = reliability - resolution + uncertainty + within_bins, the last 0 when all
    probabilities of a bin are the same. NaN in bins without pairs.

    Raises
    ------
    BadRequest: for bins that cannot be made; for other years, cells or weights.
    """
    at_least(1, forecast.sizes["init"], "years", "Reliability")
    p, o = events(forecast, observed)
    many, scale, centres, said = _bins(forecast, bins)
    chance, happened, weight, frame = pooled(p, o, weights)
    terms = [
        _terms(c.astype(np.float64), h, weight, many, scale)
        for c, h in zip(chance, happened, strict=True)
    ]
    where = "years" if weights is None else "years and cells, weighted"
    method = f"{said}; plain probabilities; pairs pooled over {where}"
    out = {}
    for name, long_name in _SAID.items():
        values = np.stack([t[name] for t in terms], axis=-1)
        dims = ("bin", *frame.dims) if values.ndim == 2 else frame.dims
        shape = values.shape[:-1] + frame.shape
        extra = {"bin": centres} if values.ndim == 2 else {}
        out[name] = described(
            labelled(values.reshape(shape), dims, frame, **extra), long_name, method
        )
    return xr.Dataset(out)


def _bins(forecast: xr.DataArray, bins: int | None) -> tuple[int, int, Floats, str]:
    """How many, what a probability is multiplied with to number its bin, centres, and words."""
    if bins is not None:
        if bins < 1:
            raise BadRequest(
                "There must be a bin.", asked=f"{bins} bins", advice="Ask for 1 or more."
            )
        return bins, bins, (np.arange(bins) + 0.5) / bins, f"{bins} bins of equal width"
    if "category" in forecast.dims and is_counts(forecast):
        sizes = np.unique(ensemble_size(forecast).values)
        sizes = sizes[sizes > 0].astype(int)
        if sizes.size == 1:
            size = int(sizes[0])
            return size + 1, size, np.arange(size + 1) / size, "one bin a number of members"
        found = [f"ensembles of {m}" for m in sizes]
    else:
        found = ["probabilities"]
    raise BadRequest(
        "One bin for each number of members needs counts from ensembles of one size.",
        asked="bins by number of members",
        exists=found,
        advice="Say how many bins of equal width to use.",
    )


def _terms(p: Floats, o: Floats, weight: Floats, many: int, scale: int) -> dict[str, Floats]:
    there = ~np.isnan(p) & (weight > 0)
    p, o, w = p[there], o[there], weight[there]
    place = np.minimum(np.floor(p * scale + _EDGE).astype(np.int64), many - 1)
    total = w.sum()
    in_bin = np.bincount(place, w, minlength=many)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = in_bin / total
        forecast = np.bincount(place, w * p, minlength=many) / in_bin
        frequency = np.bincount(place, w * o, minlength=many) / in_bin
        climatology = (w * o).sum() / total
        brier = (w * (p - o) ** 2).sum() / total
    if total == 0:
        reliability = resolution = np.nan
    else:
        reliability = np.nansum(share * (forecast - frequency) ** 2)
        resolution = np.nansum(share * (frequency - climatology) ** 2)
    uncertainty = climatology * (1 - climatology)
    return {
        "forecast_probability": forecast,
        "observed_frequency": frequency,
        "share": share,
        "samples": np.bincount(place, minlength=many).astype(np.float64),
        "no_skill": (forecast + climatology) / 2,
        "climatology": np.asarray(climatology),
        "brier": np.asarray(brier),
        "reliability": np.asarray(reliability),
        "resolution": np.asarray(resolution),
        "uncertainty": np.asarray(uncertainty),
        "within_bins": np.asarray(brier - reliability + resolution - uncertainty),
    }
