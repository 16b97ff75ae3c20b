"""What is drawn once and copied: alike, and nothing in common."""

from __future__ import annotations

import re

import numpy as np
from bokeh.document import Document
from bokeh.models import ColumnDataSource
from bokeh.plotting import figure

from poama_panel.views.copying import Mould, base_figure


def _said(model: object) -> str:
    """What a model is like in words, its ids by their order."""
    document = Document()
    document.add_root(model)
    text = str(document.to_json(deferred=False)["roots"])
    document.clear()
    ids = list(dict.fromkeys(re.findall(r"'id': '(p\d+)'", text)))
    return re.sub(r"'(p\d+)'", lambda found: str(ids.index(found[1])), text)


def test_two_copies_are_alike_and_share_no_model() -> None:
    mould = base_figure(wheel=True)
    one, other = mould.cast(), mould.cast()
    assert _said(one) == _said(other)
    assert len(one.references()) > 20
    assert not {m.id for m in one.references()} & {m.id for m in other.references()}
    one.select_one({"name": "coastline"}).data_source.data["lon"] = [1.0]
    assert len(other.select_one({"name": "coastline"}).data_source.data["lon"]) != 1 or np.isnan(
        other.select_one({"name": "coastline"}).data_source.data["lon"][0]
    )


def test_numbers_are_copied_and_the_original_stays_as_it_was() -> None:
    drawn = figure()
    drawn.line(source=ColumnDataSource({"x": np.arange(3.0), "y": np.ones(3)}), name="line")
    mould = Mould(drawn)
    one, other = mould.cast(), mould.cast()
    one.select_one({"name": "line"}).data_source.data["x"][0] = 9.0
    for untouched in (other, mould.cast(), drawn):
        x = untouched.select_one({"name": "line"}).data_source.data["x"]
        np.testing.assert_array_equal(x, [0.0, 1.0, 2.0])


def test_the_copy_is_what_was_drawn() -> None:
    drawn = figure(width=123, title="Surface temperature")
    assert Mould(drawn).cast().width == 123
    assert Mould(drawn).cast().title.text == "Surface temperature"


def test_the_wheel_zooms_where_it_is_asked_to() -> None:
    zooms = {
        wheel: base_figure(wheel=wheel).cast().toolbar.active_scroll is not None
        for wheel in (True, False)
    }
    assert zooms[True]
    assert base_figure(wheel=True) is base_figure(wheel=True)
    assert base_figure(wheel=False) is not base_figure(wheel=True)
