"""Reading a page of the web as text."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Any

from oa.errors import Invalid, ToolFailed
from oa.inference.engine import ToolDefinition
from oa.inference.tools.definitions import Tool
from oa.inference.tools.outgoing import Fetched, Fetcher, Outgoing

PART = 1800
"""Characters of a page that are read at once."""

UNSEEN = frozenset({"script", "style", "noscript", "template", "svg", "iframe", "object"})
LINES = frozenset(
    {
        *("address", "article", "aside", "blockquote", "br", "dd", "div", "dl", "dt", "fieldset", "figure", "footer"),
        *("form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol", "option", "p", "pre"),
        *("section", "table", "tr", "ul"),
    }
)

DEFINITION = ToolDefinition(
    name="read_page",
    description="Reads a page of the web as text, a part at a time.",
    parameters={
        "type": "object",
        "properties": {
            "url": {"type": "string", "description": "its address, with https://"},
            "start": {"type": "integer", "description": "the character to begin at, to read on; 0 at first"},
        },
        "required": ["url"],
    },
)


class _Reader(HTMLParser):
    """Collects what people see of a page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.title = ""
        self.parts: list[str] = []
        self._unseen = 0
        self._in_title = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_title = tag == "title"
        if tag in UNSEEN:
            self._unseen += 1
        elif tag in LINES:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._in_title = False
        if tag in UNSEEN:
            self._unseen = max(0, self._unseen - 1)
        elif tag in LINES:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if self._in_title and not self.title:
            self.title = data.strip()
        elif not self._unseen:
            self.parts.append(data)


def text_of(page: str) -> str:
    """What people see of an HTML page, its title first; without layout."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    lines = (re.sub(r"\s+", " ", line).strip() for line in "".join(reader.parts).split("\n"))
    seen = "\n".join(line for line in lines if line)
    return f"{reader.title}\n\n{seen}" if reader.title else seen


def page_reader(fetcher: Fetcher) -> Tool:
    """The tool that reads pages through this way out."""

    async def run(arguments: Mapping[str, Any]) -> str:
        url, start = arguments.get("url"), arguments.get("start", 0)
        if not isinstance(url, str):
            raise Invalid("read_page needs a url, as text")
        if not isinstance(start, int) or start < 0:
            raise Invalid("start is a whole number of at least 0")
        found = await fetcher.fetch(Outgoing(url=url, headers={"accept": "text/html,text/*;q=0.9,*/*;q=0.1"}))
        if found.status >= 400:
            raise ToolFailed(f"the page answers with status {found.status}")
        return _part(await asyncio.to_thread(_text, found), start)

    return Tool(DEFINITION, run, plugin_name="Page reader")


def _text(found: Fetched) -> str:
    kind = found.content_type.partition(";")[0].strip().lower()
    if kind in ("text/html", "application/xhtml+xml", ""):
        return text_of(found.text())
    if kind.startswith("text/") or kind.endswith(("json", "xml", "yaml")):
        return found.text().strip()
    raise ToolFailed(f"the page is {kind[:60]}, not text")


def _part(text: str, start: int) -> str:
    if start >= len(text):
        raise ToolFailed(f"the page has {len(text)} characters of text; there is nothing at {start}")
    end = min(len(text), start + PART)
    part = text[start:end]
    if end == len(text):
        return part
    return f"{part}\n\n(characters {start} to {end} of {len(text)}; read on with start={end})"
