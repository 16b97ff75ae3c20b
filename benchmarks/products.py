"""Products and scores against the libraries that have them, on one hindcast.

    python benchmarks/products.py [--rounds 3] [--cells 325 432]

33 members, 23 years and 325 × 432 cells of single-precision noise, in memory: 432 MB. Each
pair is computed in the same run on one thread, ours and the peer's by turns, and must agree;
times are medians, ratios are of medians. "One pass" is the time that adding the hindcast up
takes: nothing that looks at all of it can be faster.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
import warnings
from collections.abc import Callable
from typing import Any

for name in ("OMP", "OPENBLAS", "MKL", "NUMBA"):
    os.environ.setdefault(f"{name}_NUM_THREADS", "1")  # before they are loaded

import dask  # noqa: E402
import numpy as np  # noqa: E402
import xarray as xr  # noqa: E402

dask.config.set(scheduler="synchronous")
warnings.simplefilter("ignore")

YEARS, MEMBERS = 23, 33


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cells", type=int, nargs=2, default=(325, 432))
    given = parser.parse_args()
    world = World(*given.cells)
    one_pass = median(lambda: world.hindcast.values.sum(), given.rounds)
    print(f"One pass over the hindcast: {1e3 * one_pass:.0f} ms\n")
    print("| what | ours, ms | passes | peer | peer, ms | times faster | greatest difference |")
    print("|---|---|---|---|---|---|---|")
    for what, ours, peers in world.contests():
        for peer, theirs in peers:
            a, b = ours(), theirs()
            apart = float(np.nanmax(np.abs(np.asarray(a) - np.asarray(b))))
            mine, other = by_turns(ours, theirs, given.rounds)
            print(
                f"| {what} | {1e3 * mine:.1f} | {mine / one_pass:.2f} | {peer} "
                f"| {1e3 * other:.0f} | {other / mine:.1f} | {apart:.1e} |",
                flush=True,
            )


def by_turns(ours: Callable[[], Any], theirs: Callable[[], Any], n: int) -> tuple[float, float]:
    """Median seconds of each."""
    pairs = [(timed(ours), timed(theirs)) for _ in range(n)]
    return statistics.median(p[0] for p in pairs), statistics.median(p[1] for p in pairs)


def median(work: Callable[[], Any], n: int) -> float:
    """Median seconds."""
    return statistics.median(timed(work) for _ in range(n))


def timed(work: Callable[[], Any]) -> float:
    """Seconds that it takes once."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


class World:
    """A forecast, a hindcast and observations of known correlation."""

    def __init__(self, ny: int, nx: int) -> None:
        rng = np.random.default_rng(20261124)
        cells = {"lat": np.linspace(-44.5, -10, ny), "lon": np.linspace(112, 156, nx)}
        init = np.array([f"{1990 + y}-11-01" for y in range(YEARS)], "datetime64[ns]")
        truth = rng.standard_normal((YEARS, ny, nx), np.float32)
        noise = rng.standard_normal((YEARS, MEMBERS, ny, nx), np.float32)
        noise *= np.float32(0.8)
        noise += np.float32(0.6) * truth[:, None]
        self.hindcast = xr.DataArray(
            noise,
            {"init": init, "member": np.arange(MEMBERS), **cells},
            ("init", "member", "lat", "lon"),
            attrs={"units": "K"},
        )
        self.observed = xr.DataArray(truth, {"init": init, **cells}, ("init", "lat", "lon"))
        self.forecast = self.hindcast.isel(init=-1).copy()

    def contests(self) -> list[tuple[str, Callable[[], Any], list[tuple[str, Callable[[], Any]]]]]:
        """What is computed, by us, and by whom else."""
        import xskillscore as xs

        from data_layer.climatology import climatology_of
        from data_layer.counting import counts_above
        from data_layer.moments import mean
        from data_layer.quantiles import quantiles
        from data_layer.verification.categories import category_counts, category_numbers
        from data_layer.verification.crps import crps
        from data_layer.verification.deterministic import correlation
        from data_layer.verification.probabilistic import rps
        from data_layer.verification.roc import roc_area

        h, o, f = self.hindcast, self.observed, self.forecast
        third = (1 / 3, 2 / 3)
        pool = h.values.reshape(YEARS * MEMBERS, *h.shape[2:])
        climatology = climatology_of(h, third)
        bounds = climatology.quantiles
        kth = sorted({int(p * (len(pool) - 1)) + up for p in third for up in (0, 1)})

        def partitioned() -> Any:
            ordered = np.partition(pool, kth, axis=0)
            place = [p * (len(pool) - 1) for p in third]
            return np.stack(
                [
                    ordered[int(x)] + (ordered[int(x) + 1] - ordered[int(x)]) * np.float32(x % 1)
                    for x in place
                ]
            )

        seen_bounds = o.quantile(third, "init").astype("f4")
        event = (o > seen_bounds.isel(quantile=1, drop=True)).astype("f4")
        upper = (h > bounds.isel(quantile=1, drop=True)).mean("member").astype("f4")
        mean_of = h.mean("member")
        edges = np.linspace(-1e-9, 1 + 1e-9, MEMBERS + 2)

        def probabilities() -> Any:
            present, above = counts_above(f.values, bounds.values)
            return above / present

        return [
            (
                "anomaly, climatology kept",
                lambda: mean(f.values) - climatology.mean.values,
                [
                    (
                        "xarray, with the climatology",
                        lambda: f.mean("member") - h.mean(("init", "member")),
                    ),
                    ("xarray, climatology kept", lambda: f.mean("member") - climatology.mean),
                ],
            ),
            (
                "tercile bounds",
                lambda: quantiles(pool, third),
                [
                    ("xarray quantile", lambda: h.quantile(third, ("init", "member"))),
                    ("numpy partition", partitioned),
                ],
            ),
            (
                "tercile chances, bounds kept",
                probabilities,
                [
                    (
                        "xarray",
                        lambda: np.stack([(f > b).mean("member") for b in bounds]),
                    )
                ],
            ),
            (
                "CRPS",
                lambda: crps(h, o).mean("init"),
                [
                    (
                        "xskillscore crps_ensemble",
                        lambda: xs.crps_ensemble(o, h, member_dim="member", dim="init"),
                    )
                ],
            ),
            (
                "ROC area, upper tercile",
                lambda: roc_area(upper, event),
                [
                    (
                        "xskillscore roc",
                        lambda: xs.roc(event == 1, upper, edges, dim="init", return_results="area"),
                    )
                ],
            ),
            (
                "RPS of terciles, members counted",
                lambda: rps(category_counts(h, bounds), category_numbers(o, seen_bounds)).mean(
                    "init"
                ),
                [
                    (
                        "xskillscore rps",
                        lambda: xs.rps(
                            o.rename(init="time"),
                            h.rename(init="time"),
                            category_edges=(
                                seen_bounds.rename(quantile="category_edge"),
                                bounds.rename(quantile="category_edge"),
                            ),
                            dim="time",
                            member_dim="member",
                        ),
                    )
                ],
            ),
            (
                "ACC",
                lambda: correlation(h, o),
                [
                    (
                        "xskillscore pearson_r, with the mean",
                        lambda: xs.pearson_r(h.mean("member"), o, dim="init"),
                    ),
                    (
                        "xskillscore pearson_r, mean given",
                        lambda: xs.pearson_r(mean_of, o, dim="init"),
                    ),
                ],
            ),
        ]


if __name__ == "__main__":
    main()
