"""How good past forecasts were: of the same variable, start of the year, lead and window."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from data_layer.offers import Asked, Option, ProductInfo, Scale
from data_layer.products.base import Inputs, Product
from data_layer.products.categories import TERCILE_CHOICE
from data_layer.products.choices import WINDOW, YEARS

if TYPE_CHECKING:
    import xarray as xr

# Names, titles and spans as in data_layer.verification.scores, which a test compares: the
# front process lists products and loads no array library.
SCORES = (
    ("acc", "anomaly correlation"),
    ("spearman", "rank correlation"),
    ("p_value", "p-value of the correlation"),
    ("msss", "mean squared skill score"),
    ("rmse", "root mean squared error of anomalies"),
    ("mae", "mean absolute error of anomalies"),
    ("bias", "bias"),
    ("spread_error", "spread over error"),
    ("consistent", "past accuracy, percent consistent"),
    ("roc", "ROC area"),
    ("rpss", "RPSS of terciles, fair"),
    ("rpss_plain", "RPSS of terciles, plain"),
    ("crpss", "CRPSS, fair"),
    ("bss", "Brier skill score"),
    ("hits", "hit score of terciles"),
    ("heidke", "Heidke skill score"),
    ("gerrity", "Gerrity skill score"),
    ("discrimination", "generalised discrimination"),
    ("ignorance", "ignorance (bits)"),
    ("interest", "effective interest rate"),
)

_SKILL = Scale(0.0, (-1.0, 1.0), "1", "more")
_AREA = Scale(0.5, (0.0, 1.0), "1", "more")
_ERROR = Scale(better="less")
SCALES = (
    ("acc", _SKILL),
    ("spearman", _SKILL),
    ("p_value", Scale(None, (0.0, 1.0), "1", "less")),
    ("msss", _SKILL),
    ("rmse", _ERROR),
    ("mae", _ERROR),
    ("bias", Scale(0.0)),
    # Neither too wide nor too narrow.
    ("spread_error", Scale(1.0, (0.0, 2.0), "1")),
    ("consistent", Scale(50.0, (0.0, 100.0), "%", "more")),
    ("roc", _AREA),
    ("rpss", _SKILL),
    ("rpss_plain", _SKILL),
    ("crpss", _SKILL),
    ("bss", _SKILL),
    ("hits", Scale(1 / 3, (0.0, 1.0), "1", "more")),
    ("heidke", _SKILL),
    ("gerrity", _SKILL),
    ("discrimination", _AREA),
    ("ignorance", Scale(1.5849625, (0.0, 3.2), "1", "less")),
    ("interest", _SKILL),
)
_OF_A_TERCILE = ("roc", "bss")


def compute(inputs: Inputs, asked: Asked) -> xr.DataArray:
    """A score of the hindcast against observations in each cell.

    See :mod:`data_layer.verification.scores`. Dims of the members without ``member``.
    """
    from data_layer.verification.folds import Scheme
    from data_layer.verification.scores import Past, score_of

    past = Past(inputs.hindcast(), inputs.observed(), Scheme.parse(asked["validation"]))
    out = score_of(asked["score"], past, asked["category"])
    years = past.hindcast["init"].dt.year.values
    told = f"hindcast {years.min()}-{years.max()}, {out.attrs['sample_size']} years observed"
    dims = [d for d in inputs.members.dims if d != "member"]
    out = out.transpose(*dims).astype("f4").rename(inputs.members.name)
    return out.assign_coords(init=inputs.members["init"]).assign_attrs(climatology=told)


SCORE = Option("score", "Score", default="acc", choices=SCORES, scales=SCALES)
CATEGORY = replace(TERCILE_CHOICE, when=("score", _OF_A_TERCILE))
VALIDATION = Option(
    "validation",
    "Cross-validation",
    default="loo",
    choices=(
        ("loo", "leaving one year out"),
        ("l3o", "leaving three years out"),
        ("l5o", "leaving five years out"),
        ("split", "split sample"),
        ("none", "none"),
    ),
)

PRODUCT = Product(
    ProductInfo(
        name="skill",
        title="Skill",
        method="hindcast against observations",
        kind="score",
        min_members=2,
        needs=("hindcast", "observations"),
        of_past=True,
        options=(SCORE, CATEGORY, VALIDATION, WINDOW, YEARS),
    ),
    compute,
)
