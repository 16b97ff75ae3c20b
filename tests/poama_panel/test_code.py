"""What is copied as Python is Python, and gives the array that is shown."""

from __future__ import annotations

import numpy as np
import pytest

from data_layer.api import ProductRequest
from data_layer.local import LocalSource
from data_layer.offers import parse
from data_layer.products import infos
from poama_panel.views.code import python_of
from tests.data_layer.compared import FORECAST, NOW, write


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("archive")
    write(place)
    return place


@pytest.mark.parametrize(
    ("product", "member"),
    [("mean", None), ("tercile_probability:category=below,window=3", None), ("value", 2)],
)
def test_it_gives_the_same_array(folder, product, member):
    source = LocalSource.open(folder)
    asked = parse(product, {p.name: p for p in source.products()})
    version = source.catalogue().dataset(FORECAST).version
    request = ProductRequest(FORECAST, "tas", product, init=NOW, version=version)
    text = python_of(request, asked).replace("{lead}", "1").replace("{member}", repr(member))
    assert version in text
    names: dict = {}
    exec(text.replace("the archive's folder", str(folder)), names)
    shown = ProductRequest(FORECAST, "tas", product, init=NOW, lead=1, member=member)
    np.testing.assert_array_equal(names["array"], source.fetch(shown))


def test_what_is_as_by_default_is_said():
    products = {p.name: p for p in infos()}
    request = ProductRequest("a", "b", "tercile_probability", init=NOW, version="v")
    assert "category=above" in python_of(request, parse("tercile_probability", products))
