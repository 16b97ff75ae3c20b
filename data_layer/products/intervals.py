"""How sure a score is: bootstrap intervals, and where a correlation is significant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from data_layer.errors import BadRequest
from data_layer.offers import Asked, Option, ProductInfo
from data_layer.products.base import Inputs, Product, without_single_cell
from data_layer.products.categories import TERCILE_CHOICE
from data_layer.products.choices import WINDOW, YEARS
from data_layer.products.skill import SCORE, VALIDATION

if TYPE_CHECKING:
    import xarray as xr


def compute_interval(inputs: Inputs, asked: Asked) -> xr.DataArray:
    """Bootstrap interval of a score at a place or of a region.

    The hindcast is corrected with cross-validation first, and its years are drawn after that;
    a score that is cross-validated itself would be judged with copies of the year judged.

    Returns
    -------
    Dims ``bound`` (``low``, ``high``) and any ``lead``.

    Raises
    ------
    BadRequest: for a map; intervals of each cell of it would take minutes.
    """
    import xarray as xr

    from data_layer.schema import along
    from data_layer.verification.correction import cross_validated
    from data_layer.verification.folds import IN_SAMPLE, Scheme
    from data_layer.verification.resampling import bootstrap
    from data_layer.verification.scores import Past, score_of

    if "lat" in without_single_cell(inputs.members).dims:
        raise BadRequest(
            "An interval is of a place or a region, not of a map.",
            asked=asked.text,
            advice="Give lat and lon, or a region.",
        )
    name, category = asked["score"], asked["category"]
    hindcast, observed = map(without_single_cell, (inputs.hindcast(), inputs.observed()))
    past = cross_validated(hindcast, observed, Scheme.parse(asked["validation"]), "mean")

    def score(h: xr.DataArray, o: xr.DataArray) -> xr.DataArray:
        return score_of(name, Past(h, o, IN_SAMPLE), category)

    found = bootstrap(score, past, observed, level=asked.number("level") / 100)
    out = along([found["low"], found["high"]], xr.Variable("bound", ["low", "high"]))
    method = f"{found['low'].attrs['method']}; of the hindcast after {past.attrs['method']}"
    return out.assign_attrs(found["low"].attrs | {"method": method})


def compute_p_values(inputs: Inputs, asked: Asked) -> xr.DataArray:
    """p-values of the anomaly correlation in each cell."""
    from data_layer.products.skill import PRODUCT

    chosen = dict(asked.chosen) | {"score": "p_value"}
    return PRODUCT.compute(inputs, Asked.of(PRODUCT.info, chosen))


def discovered(p_values: xr.DataArray, asked: Asked) -> xr.DataArray:
    """Where a correlation is significant, false discoveries controlled over the whole map.

    1: it is not; 2: it is. Of all cells called significant, no more than a given share is
    expected to be so by chance (Wilks 2016, doi:10.1175/BAMS-D-15-00267.1).
    """
    from data_layer.verification.resampling import discoveries

    found = discoveries(p_values, alpha=asked.number("rate") / 100)
    out = (1.0 + found.astype("f4")).where(p_values.notnull()).astype("f4")
    method = f"{found.attrs.get('method', '')} of: {p_values.attrs.get('method', '')}"
    attrs = {**p_values.attrs, "method": method, "units": "1"}
    return p_values.copy(data=out.values).assign_attrs(attrs)


INTERVAL = Product(
    ProductInfo(
        name="skill_interval",
        title="Interval of skill",
        method="bootstrap over the years",
        kind="diagram",
        units="1",
        min_members=2,
        needs=("hindcast", "observations"),
        of_past=True,
        options=(
            SCORE,
            TERCILE_CHOICE,
            Option("level", "Level (%)", default="90", least=50, most=99),
            VALIDATION,
            WINDOW,
            YEARS,
        ),
    ),
    compute_interval,
    whole=True,
)
SIGNIFICANT = Product(
    ProductInfo(
        name="significant_skill",
        title="Significant correlation",
        method="p-values with false discoveries controlled",
        kind="category",
        units="1",
        span=(1.0, 2.0),
        classes=("not significant", "significant"),
        min_members=2,
        needs=("hindcast", "observations"),
        of_past=True,
        options=(
            Option("rate", "False discoveries (%)", default="10", least=1, most=50),
            VALIDATION,
            WINDOW,
            YEARS,
        ),
    ),
    compute_p_values,
    finish=discovered,
)
