"""The page of products says what the products are."""

from __future__ import annotations

import runpy
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_page_is_what_the_products_say() -> None:
    script = runpy.run_path(str(ROOT / "scripts/make_product_page.py"))
    written = (ROOT / "docs/products.md").read_text(encoding="utf-8")
    assert written == script["page"](), "run scripts/make_product_page.py"
