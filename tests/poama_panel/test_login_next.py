"""Where ``next`` may lead: judged by a reading that is the browser's, not urllib's."""

from __future__ import annotations

import re
from urllib.parse import unquote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from poama_panel.login.next_url import safe_next

OURS = "https://dash.example.org"

ATTACKS = [
    "",
    "e",
    "evil.example",
    "//evil.example",
    "///evil.example",
    "////evil.example",
    "/////evil.example/%2f..",
    "/\\evil.example",
    "\\/evil.example",
    "\\\\evil.example",
    "/\\/evil.example",
    "//\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "/\r\n/evil.example",
    "\t//evil.example",
    " //evil.example",
    "/%09/evil.example",
    "/%2f/evil.example",
    "/%2F%2Fevil.example",
    "/%5cevil.example",
    "/%5c/evil.example",
    "/./\\evil.example",
    "/.//evil.example",
    "/..//evil.example",
    "/x/..//evil.example",
    "/app//evil.example",
    "/app\r\nX: y",
    "/app%0d%0aX:%20y",
    "/app\0",
    "/app#//evil.example",
    "https://evil.example",
    "https:evil.example",
    "https:/evil.example",
    "HTTPS://evil.example",
    "http:\\\\evil.example",
    "javascript:alert(1)",
    "java\nscript:alert(1)",
    "data:text/html,x",
    "//evil.example:80",
    "//user@evil.example",
    "//[::1]",
    "/〱evil.example",
    "/。evil.example",
    "//evil。example",
    "／／evil.example",
    "/\u2028/evil.example",
    "/\u00a0/evil.example",
    "/app%",
    "/app%zz",
    "/../../etc/passwd",
    "/app/..",
    "/" + "a" * 2000,
]


@pytest.mark.parametrize("address", [None, *ATTACKS])
def test_what_is_not_plainly_ours_leads_to_the_app(address: str | None) -> None:
    assert safe_next(address) == "/app"
    assert safe_next(address, "/dash") == "/dash/app"


@pytest.mark.parametrize(
    "address",
    [
        "/",
        "/app",
        "/app/",
        "/app?x=//y",
        "/app?next=https://example.org/",
        "/app?dataset=poama-m24&init=2011-07-24&lead=1&box=-45,-10,110,155",
        "/app?title=Nino%203.4%20%C3%BC",
        "/@me",
    ],
)
def test_our_own_pages_are_kept(address: str) -> None:
    assert safe_next(address) == address


def test_below_a_prefix_only_what_is_below_it_is_ours() -> None:
    assert safe_next("/dash/app?x=1", "/dash") == "/dash/app?x=1"
    assert safe_next("/dash", "/dash") == "/dash"
    for elsewhere in ("/app", "/", "/dashboard", "/dash/../app", "/dash/./../app"):
        assert safe_next(elsewhere, "/dash") == "/dash/app"


def where_a_browser_goes(location: str) -> str:
    """The origin that ``Location: location`` leads to from OURS, after the WHATWG URL standard."""
    text = re.sub(r"^[\x00-\x20]+|[\x00-\x20]+$", "", location)
    text = re.sub(r"[\t\n\r]", "", text)
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]*):", text)
    if scheme:
        rest = text[scheme.end() :]
        if scheme[1].lower() != "https" or re.match(r"[/\\]{2}", rest):
            return "elsewhere"
        text = rest
    if re.match(r"[/\\]{2}", text):
        return "elsewhere"
    return OURS


@example("/\t/evil.example")
@example("/\\evil.example")
@given(
    st.one_of(
        st.text(max_size=60),
        st.text(alphabet="/\\%25cCfF09dDaA.@:?#\t\r\n evil", max_size=24),
        st.lists(st.sampled_from([*ATTACKS, "/", "\\", "%2f", "%5c", "?", "."]), max_size=4).map(
            "".join
        ),
    )
)
def test_whatever_is_asked_for_nobody_is_led_away(address: str) -> None:
    answer = safe_next(address)
    assert answer.startswith("/")
    assert answer.isascii()
    assert answer.isprintable()
    assert where_a_browser_goes(answer) == OURS
    # Some proxies decode a path once before they pass it on.
    assert where_a_browser_goes(unquote(answer)) == OURS


def test_the_reading_of_the_test_knows_where_attacks_lead() -> None:
    for attack in ("//e", "///e", "/\\e", "/\t/e", " //e", "https://e", "javascript:x", "\\\\e"):
        assert where_a_browser_goes(attack) == "elsewhere"
