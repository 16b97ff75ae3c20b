"""Data to try the product on: one real forecast, and a made-up archive with its hindcast.

``glosea4/``
    the Met Office's GloSea4 ensemble of July 2011 (see ``LICENCE-DATA.md``);
``synthetic_s2/``
    numbers made in code, labelled SYNTHETIC (:mod:`data_layer.demo.synthetic`).
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

# Part of the marker: raise it when the synthetic numbers change.
SYNTHETIC_EDITION = 1

GLOSEA4 = "glosea4_201107.nc"


def write(folder: Path, *, report: Callable[[str], None] = lambda _: None, **recipe: Any) -> None:
    """Put the demo data under ``folder``, but for what is already there, whole.

    Parameters
    ----------
    folder: made if need be. The whole takes about 40 MB.
    report: is told, in a sentence, what is being done.
    recipe: anything that :func:`data_layer.demo.synthetic.write_archive` takes,
        to have another synthetic archive than its own defaults make.
    """
    _write_glosea4(folder / "glosea4", report)
    _write_synthetic(folder / "synthetic_s2", report, recipe)


def _write_glosea4(folder: Path, report: Callable[[str], None]) -> None:
    with as_file(files(__package__) / GLOSEA4) as source:
        target = folder / GLOSEA4
        if target.exists() and target.stat().st_size == source.stat().st_size:
            report(f"{target} is there already.")
            return
        report(f"Copying GloSea4's forecast of July 2011 to {target}.")
        folder.mkdir(parents=True, exist_ok=True)
        temporary = folder / f".{GLOSEA4}.part"
        shutil.copyfile(source, temporary)
        os.replace(temporary, target)


def _write_synthetic(folder: Path, report: Callable[[str], None], recipe: dict[str, Any]) -> None:
    marker = folder / ".complete"
    edition = json.dumps([SYNTHETIC_EDITION, recipe])
    if _is_complete(marker, edition):
        report(f"The synthetic archive in {folder} is there already.")
        return
    report(f"Making the synthetic archive in {folder}; this takes some ten seconds.")
    # The netCDF library is needed for this alone, and whoever only asks for
    # `write` may run where it must not be loaded.
    from data_layer.demo.synthetic import write_archive

    paths = write_archive(folder, **recipe)
    names = [path.relative_to(folder).as_posix() for path in paths]
    temporary = folder / ".complete.part"
    temporary.write_text(json.dumps({"edition": edition, "files": names}))
    os.replace(temporary, marker)
    report(f"{len(names)} files written.")


def _is_complete(marker: Path, edition: str) -> bool:
    """Whether every file that the marker lists is there, and of this edition."""
    try:
        made = json.loads(marker.read_text())
    except FileNotFoundError:
        return False
    whole = all((marker.parent / name).exists() for name in made["files"])
    return whole and bool(made["edition"] == edition)
