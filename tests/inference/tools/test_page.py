from __future__ import annotations

import pytest
from little_web import AllRoadsLeadHome, LittleWeb, Names

from oa.errors import Invalid, ToolFailed
from oa.inference.tools.definitions import Tool
from oa.inference.tools.outgoing import Fetcher, Guard, Reach
from oa.inference.tools.page import PART, page_reader, text_of

PAGE = """<!doctype html><html><head><title> A &amp; B </title><style>p { color: red }</style>
<body><h1>Heading</h1><script>alert("no")</script><p>First   line<br>second <b>bold</b></p>
<ul><li>one<li>two</ul><noscript>never</noscript><p>&lt;end&gt;"""


@pytest.fixture
def read_page() -> Tool:
    return page_reader(Fetcher(Guard(Reach(), Names({"a.test": [["8.8.8.8"]]}), AllRoadsLeadHome())))


def test_a_page_becomes_what_people_see_of_it() -> None:
    assert text_of(PAGE) == "A & B\n\nHeading\nFirst line\nsecond bold\none\ntwo\n<end>"


@pytest.mark.parametrize("page", ["", "<", "<p", "</script></p>", "<!--", "<script>", "a\0b"])
def test_broken_pages_are_read_as_far_as_they_go(page: str) -> None:
    assert isinstance(text_of(page), str)


async def test_a_page_is_read_in_parts(web: LittleWeb, read_page: Tool) -> None:
    web.add("/", "<p>" + "x" * (PART + 10), "text/html; charset=latin-1")
    address = f"http://a.test:{web.port}/"
    first = await read_page.run({"url": address})
    assert first.endswith(f"(characters 0 to {PART} of {PART + 10}; read on with start={PART})")
    assert await read_page.run({"url": address, "start": PART}) == "x" * 10
    with pytest.raises(ToolFailed, match="there is nothing at 99999"):
        await read_page.run({"url": address, "start": 99999})


async def test_text_is_read_and_pictures_are_not(web: LittleWeb, read_page: Tool) -> None:
    web.add("/text", "plain <b>text</b>", "text/plain")
    web.add("/json", '{"a": 1}', "application/problem+json")
    web.add("/odd", "näh".encode(), "text/plain; charset=nonsense")
    web.add("/picture", b"\x89PNG", "image/png")
    address = f"http://a.test:{web.port}"
    assert await read_page.run({"url": f"{address}/text"}) == "plain <b>text</b>"
    assert await read_page.run({"url": f"{address}/json"}) == '{"a": 1}'
    assert await read_page.run({"url": f"{address}/odd"}) == "näh"
    with pytest.raises(ToolFailed, match="image/png, not text"):
        await read_page.run({"url": f"{address}/picture"})
    with pytest.raises(ToolFailed, match="status 404"):
        await read_page.run({"url": f"{address}/nothing"})


@pytest.mark.parametrize("arguments", [{}, {"url": 1}, {"url": "http://a.test/", "start": -1}])
async def test_wrong_arguments_are_named(read_page: Tool, arguments: dict[str, object]) -> None:
    with pytest.raises(Invalid):
        await read_page.run(arguments)
