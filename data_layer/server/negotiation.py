"""Which of our offers a client prefers (RFC 9110 §12.4, §12.5)."""

from __future__ import annotations

from collections.abc import Sequence

ENCODINGS = ("zstd", "gzip", "identity")


def _weights(header: str) -> dict[str, float]:
    weights: dict[str, float] = {}
    for item in header.split(","):
        name, *parameters = (part.strip().lower() for part in item.split(";"))
        weight = 1.0
        for parameter in parameters:
            if parameter.startswith("q="):
                try:
                    weight = float(parameter[2:])
                except ValueError:
                    weight = 0.0
        if name:
            weights[name] = weight if 0.0 <= weight <= 1.0 else 0.0
    return weights


def choose_encoding(accept_encoding: str) -> str:
    """The content coding for an ``Accept-Encoding``: ours of highest preference among theirs.

    Of those with q > 0 we take zstd before gzip before identity, whatever the
    client's order, because all of them mean less work for both. A client that
    refuses everything gets identity.
    """
    weights = _weights(accept_encoding)
    for name in ENCODINGS[:-1]:
        if weights.get(name, weights.get("*", 0.0)) > 0:
            return name
    return "identity"


def choose_type(accept: str, offers: Sequence[str]) -> str | None:
    """The media type for an ``Accept``; the first of ``offers`` wins ties, ``None``: none will do.

    The most specific range that matches an offer gives its weight.
    """
    weights = _weights(accept) or {"*/*": 1.0}

    def weight(offer: str) -> float:
        ranges = (offer, offer.split("/")[0] + "/*", "*/*")
        return next((weights[r] for r in ranges if r in weights), 0.0)

    best = max(offers, key=weight)
    return best if weight(best) > 0 else None
