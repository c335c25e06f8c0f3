"""Searching what the hub's community wrote. The search itself is given by whoever has the data."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from oa.errors import Invalid
from oa.inference.engine import ToolDefinition
from oa.inference.tools.definitions import Tool

MOST = 5
LONGEST_PASSAGE = 350


@dataclass(frozen=True, slots=True)
class Passage:
    """A message that was found."""

    role: str
    text: str


Search = Callable[[str, int], Awaitable[Sequence[Passage]]]
"""The best messages for some words, at most so many; only what everybody may read."""

DEFINITION = ToolDefinition(
    name="search_hub",
    description="Finds messages that people of this community wrote, by their words.",
    parameters={
        "type": "object",
        "properties": {"query": {"type": "string", "description": "words that stand in the messages"}},
        "required": ["query"],
    },
)


def hub_search(search: Search) -> Tool:
    """The tool that searches with this."""

    async def run(arguments: Mapping[str, Any]) -> str:
        query = arguments.get("query")
        if not isinstance(query, str) or not query.strip():
            raise Invalid("search_hub needs a query, as text")
        found = await search(query[:500], MOST)
        if not found:
            return "Nothing was found."
        return "\n\n".join(f"{passage.role}: {passage.text[:LONGEST_PASSAGE]}" for passage in found)

    return Tool(DEFINITION, run, plugin_name="Hub search")
