"""What is needed is written in three places; they must say the same."""

from __future__ import annotations

import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
REQUIRED = [Requirement(text) for text in PROJECT["dependencies"]]

# What conda-forge calls otherwise.
CONDA_NAMES = {"isal": "python-isal"}
PYPI_NAMES = {conda: pypi for pypi, conda in CONDA_NAMES.items()}

# conda-forge has no extras: what one brings is a package of its own there.
OF_EXTRA = {("pyjwt", "crypto"): "cryptography"}


def environment() -> list[object]:
    """The dependencies that environment.yml lists, as they stand there."""
    return yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]


def conda_specs() -> dict[str, SpecifierSet]:
    """Name → range of every conda package of environment.yml."""
    words = [item.partition(" ") for item in environment() if isinstance(item, str)]
    specs = {name: SpecifierSet(spec) for name, _, spec in words}
    assert len(specs) == len(words), "a package is listed twice"
    return specs


def test_environment_yml_has_pyproject_dependencies_in_the_same_ranges() -> None:
    ours = {CONDA_NAMES.get(r.name, r.name.lower()): r.specifier for r in REQUIRED}
    brought = {OF_EXTRA[r.name.lower(), extra] for r in REQUIRED for extra in r.extras}
    theirs = conda_specs()
    assert theirs.keys() - {"python", "pip"} == ours.keys() | brought
    assert {name: theirs[name] for name in ours} == ours


def test_environment_yml_installs_the_project_itself_last() -> None:
    assert environment()[-1] == {"pip": ["--editable ."]}


def test_python_range_is_what_the_classifiers_promise() -> None:
    promised = {c.rpartition(" ")[2] for c in PROJECT["classifiers"] if ":: 3." in c}
    minors = [f"3.{minor}" for minor in range(8, 20)]
    conda, pip = conda_specs()["python"], SpecifierSet(PROJECT["requires-python"])
    assert {m for m in minors if m in conda} == promised
    assert min(minors.index(m) for m in minors if m in pip) == min(map(minors.index, promised))


@pytest.mark.parametrize("name", sorted(conda_specs().keys() - {"python", "pip"}))
def test_what_is_installed_here_satisfies_environment_yml(name: str) -> None:
    assert version(PYPI_NAMES.get(name, name)) in conda_specs()[name]


@pytest.mark.parametrize("requirement", REQUIRED, ids=str)
def test_every_dependency_has_its_reason_written_down(requirement: Requirement) -> None:
    page = (ROOT / "docs/decisions/0002-dependencies.md").read_text(encoding="utf-8")
    assert f"| {requirement.name} |" in page
