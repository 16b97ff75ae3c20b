"""Computes climatologies and skill maps before anybody asks for them.

``python -m data_layer.building FOLDER``. What is made is kept where the service finds it
(:mod:`data_layer.planes`). Each map is a job of its own, so jobs go to as many processes as
are given, or to the workers of a Dask cluster that see the same disks; each works within the
same memory (:mod:`data_layer.comparing`), however large the hindcast is, and the answers are
the same.
"""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import cache, partial
from pathlib import Path
from typing import Any

import click

from data_layer.api import Catalogue, ProductRequest
from data_layer.errors import DataLayerError, UnknownLead
from data_layer.settings import default_index_dir


def jobs(
    catalogue: Catalogue,
    datasets: Sequence[str] = (),
    variables: Sequence[str] = (),
    windows: Sequence[int] = (1,),
    scores: Sequence[str] = (),
) -> Iterator[ProductRequest]:
    """A request for each map to be made: each start of the year, lead and window of hindcasts.

    Parameters
    ----------
    datasets, variables: ids and names of those wanted; all if empty.
    windows: leads that are averaged.
    scores: of which skill maps are made, where there are observations.
    """
    for info in catalogue.datasets:
        if info.role != "hindcast" or (datasets and info.id not in datasets):
            continue
        days = {init[5:]: init for init in info.inits}
        for variable in info.variables:
            if variables and variable.name not in variables:
                continue
            for init in days.values():
                for window in windows:
                    told = f"window={window}" if window > 1 else ""
                    products = [":".join(filter(None, ("climatology", told)))]
                    if info.observations:
                        products += [
                            "skill:" + ",".join(filter(None, (f"score={score}", told)))
                            for score in scores
                        ]
                    for lead in info.leads[: len(info.leads) - window + 1]:
                        for product in products:
                            yield ProductRequest(
                                info.id, variable.name, product=product, init=init, lead=lead
                            )


def make(folder: str, index_dir: str, request: ProductRequest) -> str:
    """Have one map made and kept; what went wrong, or nothing.

    Runs in a process of its own or in a worker of a cluster.
    """
    try:
        _source(folder, index_dir).fetch(request)
    except UnknownLead:
        return ""  # a start shorter than others
    except DataLayerError as error:
        return f"{request.dataset} {request.variable} {request.product}: {error}"
    return ""


@cache
def _source(folder: str, index_dir: str) -> Any:
    from data_layer.local import LocalSource

    return LocalSource.open(folder, index_dir)


def carry_out(
    folder: Path,
    index_dir: Path,
    requests: Sequence[ProductRequest],
    *,
    processes: int = 1,
    scheduler: str = "",
) -> Iterator[str]:
    """Make them all; yields what each came to, as they are done.

    Parameters
    ----------
    processes: on this machine.
    scheduler: address of a Dask scheduler whose workers see ``folder`` and ``index_dir``
        under the same names; used in their stead.
    """
    one = partial(make, str(folder.resolve()), str(index_dir.resolve()))
    if scheduler:
        yield from _on_cluster(one, requests, scheduler)
    elif processes == 1:
        yield from map(one, requests)
    else:
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(processes, mp_context=context) as pool:
            for done in as_completed([pool.submit(one, request) for request in requests]):
                yield done.result()


def _on_cluster(
    one: Callable[[ProductRequest], str], requests: Iterable[ProductRequest], scheduler: str
) -> Iterator[str]:
    try:
        from distributed import Client
        from distributed import as_completed as completed
    except ImportError:
        sys.exit("A Dask cluster needs the extra 'cluster': pip install 'poama-panel[cluster]'.")
    with Client(scheduler) as client:
        # Never from a worker's memory: whether a file is there, the disk says.
        futures = client.map(one, list(requests), pure=False)
        for future in completed(futures):
            yield future.result()


@click.command("build")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--index-dir",
    type=click.Path(path_type=Path),
    envvar="POAMA_DATA_INDEX_DIR",
    default=default_index_dir,
    help="Where the service keeps its index.",
)
@click.option("--dataset", "datasets", multiple=True, help="Id of a hindcast; all if left out.")
@click.option("--variable", "variables", multiple=True, help="Name of a variable.")
@click.option("--window", "windows", multiple=True, type=int, default=(1,), show_default=True)
@click.option("--score", "scores", multiple=True, help="A score to make skill maps of.")
@click.option("--processes", type=click.IntRange(1, 256), default=1, show_default=True)
@click.option("--scheduler", default="", help="Address of a Dask scheduler.")
def main(
    folder: Path,
    index_dir: Path,
    datasets: tuple[str, ...],
    variables: tuple[str, ...],
    windows: tuple[int, ...],
    scores: tuple[str, ...],
    processes: int,
    scheduler: str,
) -> None:
    """Compute the climatologies of FOLDER's hindcasts, so that the first to ask does not wait."""
    catalogue = _source(str(folder.resolve()), str(index_dir.resolve())).catalogue()
    wanted = list(jobs(catalogue, datasets, variables, windows, scores))
    if not wanted:
        sys.exit("There is no hindcast to make climatologies of.")
    done = carry_out(folder, index_dir, wanted, processes=processes, scheduler=scheduler)
    with click.progressbar(done, length=len(wanted), label=f"{len(wanted)} maps") as bar:
        failed = [problem for problem in bar if problem]
    for problem in failed:
        click.echo(problem, err=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
