"""Rules of the house that no type checker and no import contract can see."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = {
    path.relative_to(base).as_posix(): path
    for base, package in ((ROOT, "data_layer"), (ROOT / "src", "poama_panel"))
    for path in sorted((base / package).rglob("*.py"))
}

MAY_TOUCH_THE_SESSION = {"poama_panel/session.py"}

# Module → why it may look at the environment although it is no settings module.
MAY_TOUCH_THE_ENVIRONMENT = {
    "data_layer/settings.py": "reads it, for the data layer",
    "poama_panel/settings.py": "reads it, for the dashboard",
    "poama_panel/launch.py": "hands the whole of it on to the data layer's process",
    "data_layer/reading.py": "writes the number of threads before the array libraries load",
}


def dotted(node: ast.AST) -> str:
    """``a.b.c`` for such an expression; an empty string for any other."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return ""


def names_used(tree: ast.AST) -> Iterator[str]:
    """Every dotted expression and every imported name of a module, aliases resolved."""
    alias: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for item in node.names:
                yield item.name
                if item.asname:
                    alias[item.asname] = item.name
        elif isinstance(node, ast.ImportFrom):
            for item in node.names:
                alias[item.asname or item.name] = f"{node.module}.{item.name}"
                yield f"{node.module}.{item.name}"
    for node in ast.walk(tree):
        first, dot, rest = dotted(node).partition(".")
        if first:
            yield alias.get(first, first) + dot + rest


def touches_the_session(tree: ast.AST) -> bool:
    """Whether a module reaches for Panel's or Bokeh's idea of the current user's page."""
    places = ("panel.state", "panel.io.state", "panel.io.state.state", "bokeh.io.curdoc")
    return any(name.startswith(places) for name in names_used(tree))


def touches_the_environment(tree: ast.AST) -> bool:
    """Whether a module reads or writes environment variables, itself or through pydantic."""
    places = ("os.environ", "os.getenv", "os.putenv", "pydantic_settings.BaseSettings")
    return any(name.startswith(places) for name in names_used(tree))


def watches(tree: ast.AST) -> Iterator[int]:
    """Line of every effect that is bound to a parameter."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            bound = any(
                k.arg == "watch" and isinstance(k.value, ast.Constant) and k.value.value is True
                for k in node.keywords
            )
            if bound or dotted(node.func).endswith(".param.watch"):
                yield node.lineno


def paragraph_above(lines: list[str], line: int) -> list[str]:
    """Lines from the nearest blank one above ``line`` (counted from 1) down to it."""
    start = line
    while start > 1 and lines[start - 2].strip():
        start -= 1
    return lines[start - 1 : line]


def parts_in_class_bodies(tree: ast.AST) -> Iterator[int]:
    """Line of every Panel, HoloViews or Bokeh object that a class body makes."""
    classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    for statement in (
        s for c in classes for s in c.body if isinstance(s, ast.Assign | ast.AnnAssign)
    ):
        value = statement.value
        if isinstance(value, ast.Call) and dotted(value.func).split(".")[0] in {
            "pn",
            "hv",
            "bokeh",
        }:
            yield statement.lineno


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def loaded_by(modules: str) -> set[str]:
    """Top-level packages in memory after importing ``modules`` in a new interpreter."""
    code = (
        f"import json, sys, {modules}; print(json.dumps([m for m in sys.modules if '.' not in m]))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(json.loads(run.stdout))


def test_only_session_py_knows_whose_page_it_is() -> None:
    assert {n for n, p in MODULES.items() if touches_the_session(parse(p))} == MAY_TOUCH_THE_SESSION


def test_only_settings_read_the_environment() -> None:
    found = {n for n, p in MODULES.items() if touches_the_environment(parse(p))}
    assert found == MAY_TOUCH_THE_ENVIRONMENT.keys()


def test_every_watcher_gives_its_reason() -> None:
    silent = []
    found = 0
    for name, path in MODULES.items():
        lines = path.read_text(encoding="utf-8").splitlines()
        for line in watches(parse(path)):
            found += 1
            if not any("# watch: " in text for text in paragraph_above(lines, line)):
                silent.append(f"{name}:{line}")
    assert not silent
    assert found, "no watcher was recognised at all"


def test_no_class_makes_a_component_that_all_users_would_share() -> None:
    assert not [
        f"{n}:{line}" for n, p in MODULES.items() for line in parts_in_class_bodies(parse(p))
    ]


def test_dashboard_loads_no_reader_of_files() -> None:
    loaded = loaded_by("poama_panel.app, poama_panel.serving, poama_panel.launch")
    assert {"panel", "xarray"} <= loaded
    # Dask, where it is installed, comes with xarray or HoloViews; nothing of ours asks for it.
    assert not loaded & {"netCDF4", "h5netcdf", "numba", "distributed"}


def test_command_line_loads_nothing_heavy() -> None:
    assert not loaded_by("poama_panel.cli") & {"bokeh", "numpy", "panel", "xarray"}


@pytest.mark.parametrize(
    "code",
    [
        "import panel as pn\npn.state.user",
        "import panel\npanel.state.cookies['x']",
        "from panel import state",
        "from panel.io.state import state as s",
        "from panel.io import state",
        "from bokeh.io import curdoc",
    ],
)
def test_session_rule_sees(code: str) -> None:
    assert touches_the_session(ast.parse(code))


@pytest.mark.parametrize(
    "code",
    [
        "import os\nos.environ['A']",
        "import os as o\no.getenv('A')",
        "from os import environ as e\ne.get('A')",
        "from pydantic_settings import BaseSettings",
        "import os\nos.environ.setdefault('A', '1')",
    ],
)
def test_environment_rule_sees(code: str) -> None:
    assert touches_the_environment(ast.parse(code))


def test_rules_let_the_innocent_pass() -> None:
    code = "import os\nfrom poama_panel.state import ForecastState\nstate.info\nos.fspath(p)"
    assert not touches_the_session(ast.parse(code))
    assert not touches_the_environment(ast.parse(code))


def test_watch_rule_sees_each_form() -> None:
    code = "a.param.watch(f, 'x')\n@param.depends('x', watch=True)\ndef f(): ...\nb(1, watch=False)"
    assert list(watches(ast.parse(code))) == [1, 2]


def test_component_rule_sees_class_bodies_alone() -> None:
    code = "class A:\n    pane = pn.Column()\n    def f(self):\n        self.pane = pn.Row()\n"
    assert list(parts_in_class_bodies(ast.parse(code))) == [2]
