# ruff: noqa: RUF001 - other scripts have signs that look like Latin ones

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oa.domain.links import canonical_host, foreign_links, is_domain

FOUND = {
    "written out": ("see https://spam.biz/buy?x=1.", "spam.biz"),
    "with a port and a name": ("http://me:pw@Spam.Biz:8080/", "spam.biz"),
    "another ending": ("https://a.museum", "a.museum"),
    "www": ("go to www.cheap.pills today", "cheap.pills"),
    "a mere domain": ("visit cheap-pills.com!", "cheap-pills.com"),
    "a mere domain with a path": ("cheap.shop/offer", "cheap.shop"),
    "capitals": ("CHEAP.COM", "cheap.com"),
    "in brackets": ("[here](https://spam.biz)", "spam.biz"),
    "another script": ("https://пример.рф/", "xn--e1afmkfd.xn--p1ai"),
    "an address of a computer": ("http://93.184.216.34/x", "93.184.216.34"),
    "another protocol": ("ftp://files.spam.net", "files.spam.net"),
    "hidden characters": ("spam\u200b.com", "spam.com"),
    "full-width": ("ｓｐａｍ．ｃｏｍ", "spam.com"),
}

NOT_FOUND = {
    "files": "Edit main.py, README.md and index.html; run setup.sh.",
    "programs": "Node.js, ASP.NET and e.g. std::io",
    "versions": "version 1.2.3 of 3.11",
    "abbreviations": "e.g. i.e. U.S.A. Ph.D. a.m. p.m.",
    "a sentence without a space": "It ended.In the morning it began.",
    "calls": "os.path.join(a.b, self.me_too.x)",
    "an e-mail address": "write to ada@spam.com",
    "examples": "https://example.com/x and www.example.org and http://shop.example",
    "one's own machine": "http://localhost:8080, http://127.0.0.1:80/, http://192.168.0.1 and http://printer.local",
    "an ellipsis": "well...in the end",
    "decimal numbers": "3.14 and 1.000.000",
    "members": "obj.me.run() and x.co.y_",
}


@pytest.mark.parametrize(("text", "host"), FOUND.values(), ids=FOUND)
def test_a_link_is_found(text: str, host: str) -> None:
    assert [finding.what for finding in foreign_links(text, ())] == [f"a link to {host}"]


@pytest.mark.parametrize("text", NOT_FOUND.values(), ids=NOT_FOUND)
def test_what_is_no_link_elsewhere_is_left_alone(text: str) -> None:
    assert list(foreign_links(text, ())) == []


@pytest.mark.parametrize(
    ("allowed", "is_allowed"),
    [
        ("wikipedia.org", True),
        ("WWW.Wikipedia.org", True),
        ("de.wikipedia.org", True),
        ("en.wikipedia.org", False),
        ("pedia.org", False),
        ("org", True),
    ],
)
def test_an_allowed_domain_allows_what_is_below_it(allowed: str, is_allowed: bool) -> None:
    assert (not list(foreign_links("https://de.wikipedia.org/wiki/Ada", [allowed]))) is is_allowed


def test_an_allowed_domain_in_another_script_is_the_same_in_both_ways_of_writing() -> None:
    assert not list(foreign_links("https://xn--e1afmkfd.xn--p1ai/", ["пример.рф"]))


def test_each_host_is_named_once() -> None:
    assert len(list(foreign_links("https://a.com/1 a.com www.a.com https://b.com", ()))) == 2


@given(st.text(max_size=80))
def test_any_text_can_be_looked_through(text: str) -> None:
    for finding in foreign_links(text + "://" + text + ".com", ()):
        assert len(finding.what) <= 120


@given(st.from_regex(r"[a-z]{1,10}", fullmatch=True))
def test_a_domain_is_found_wherever_it_stands(name: str) -> None:
    assert list(foreign_links(f"Look at {name}x.com, please", ()))
    assert canonical_host(f"WWW.{name}x.com.") == f"{name}x.com"


@pytest.mark.parametrize(
    ("text", "is_one"),
    [("a.com", True), ("com", True), ("пример.рф", True), ("https://a.com", False), ("a.com/x", False), ("", False)],
)
def test_only_domains_are_domains(text: str, is_one: bool) -> None:
    assert is_domain(text) is is_one


def test_a_long_text_takes_no_long_time() -> None:
    for text in ("a." * 50_000, "http://" * 20_000, "www." * 30_000, "a-" * 50_000, "http://" + "a" * 100_000):
        list(foreign_links(text, ()))
