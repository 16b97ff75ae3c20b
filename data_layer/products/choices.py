"""Options that many products share."""

from __future__ import annotations

from data_layer.offers import Option

WINDOW = Option("window", "Averaged over leads", default="1", least=1, most=93, whole=True)
YEARS = Option("years", "Climatology of the years", years=True)
SIDE = Option("side", "Side", default="above", choices=(("above", "above"), ("below", "below")))
COUNT_OR_GAUSSIAN = Option(
    "method",
    "Method",
    default="count",
    choices=(("count", "members counted"), ("gaussian", "Gaussian fit")),
)
CORRECTION = Option(
    "correction",
    "Bias correction",
    default="none",
    choices=(
        ("none", ""),
        ("mean", "mean corrected"),
        ("mean_std", "mean and spread corrected"),
        ("quantile", "quantile mapped"),
    ),
)
