"""Which tools there are: those of the hub, and those of plugins that people name by their address."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec

from oa.errors import OaError
from oa.inference.tools.calculator import CALCULATOR
from oa.inference.tools.definitions import Tool
from oa.inference.tools.manifest import load_plugin, tools_of
from oa.inference.tools.outgoing import Fetcher, Guard, Reach
from oa.inference.tools.page import page_reader
from oa.inference.tools.search import Passage, Search, hub_search
from oa.protocol.plugins import (
    PluginApiType,
    PluginAuthType,
    PluginConfig,
    PluginEntry,
    PluginOpenAPIEndpoint,
    PluginOpenAPIParameter,
)

BUILT_IN = "/plugins/"
"""The addresses of the hub's own plugins begin so."""

REMEMBERED_S = 600.0
"""How long a plugin's description counts."""

MOST_REMEMBERED = 64


@dataclass(frozen=True, slots=True)
class Chosen:
    """The tools of an answer, and why some that were asked for are not among them."""

    tools: tuple[Tool, ...]
    problems: tuple[str, ...] = ()


class Toolbox:
    """The tools of a hub. It remembers plugins' descriptions for a while."""

    def __init__(
        self,
        reach: Reach,
        *,
        fetcher: Fetcher | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetcher = fetcher or Fetcher(Guard(reach))
        self._now = now
        self._known: dict[str, tuple[float, PluginConfig]] = {}

    def built_in(self) -> tuple[PluginEntry, ...]:
        """The hub's own plugins, as `GET /configs/builtin_plugins` lists them."""
        return tuple(_entry(tool) for tool in self._own(_nothing_to_search).values())

    async def describe(self, entry: PluginEntry) -> PluginEntry:
        """The plugin at an address with what it says of itself, as `POST /configs/plugin_config` answers.

        Raises:
            ToolFailed: there is none, or none that can be used.
        """
        own = self._own(_nothing_to_search).get(entry.url)
        if own is not None:
            return msgspec.structs.replace(_entry(own), enabled=entry.enabled)
        config = await self._config(entry.url)
        return PluginEntry(url=entry.url, enabled=entry.enabled, plugin_config=config)

    async def choose(self, entries: Sequence[PluginEntry], search: Search | None = None) -> Chosen:
        """The tools of the plugins that are enabled; two tools of one name are the first.

        Args:
            search: finds messages of the hub for whoever asks; None leaves that tool out.
        """
        own = self._own(search)
        wanted = [entry.url for entry in entries if entry.enabled]
        found = await asyncio.gather(*(self._tools(url, own) for url in wanted))
        tools: dict[str, Tool] = {}
        for plugin in found:
            for tool in plugin if isinstance(plugin, tuple) else ():
                tools.setdefault(tool.name, tool)
        return Chosen(tuple(tools.values()), tuple(problem for problem in found if isinstance(problem, str)))

    async def _tools(self, url: str, own: dict[str, Tool]) -> tuple[Tool, ...] | str:
        """The tools of one plugin, or why there are none."""
        if url in own:
            return (own[url],)
        try:
            return tools_of(self._fetcher, url, await self._config(url))
        except OaError as error:
            return f"{url}: {error}"

    async def _config(self, url: str) -> PluginConfig:
        known = self._known.get(url)
        if known is not None and self._now() - known[0] < REMEMBERED_S:
            return known[1]
        config = await load_plugin(self._fetcher, url)
        self._known.pop(url, None)
        self._known[url] = (self._now(), config)
        if len(self._known) > MOST_REMEMBERED:
            del self._known[next(iter(self._known))]
        return config

    def _own(self, search: Search | None) -> dict[str, Tool]:
        """The built-in tools by the address of their plugin."""
        tools = [CALCULATOR, page_reader(self._fetcher)]
        if search is not None:
            tools.append(hub_search(search))
        return {BUILT_IN + tool.name: tool for tool in tools}


async def _nothing_to_search(_words: str, _most: int) -> Sequence[Passage]:
    return ()


def _entry(tool: Tool) -> PluginEntry:
    """A built-in tool in the shape of a plugin."""
    url, definition = BUILT_IN + tool.name, tool.definition
    required = definition.parameters["required"]
    parameters = [
        PluginOpenAPIParameter(
            name=name, in_="query", description=schema["description"], required=name in required, schema_=schema
        )
        for name, schema in definition.parameters["properties"].items()
    ]
    endpoint = PluginOpenAPIEndpoint(
        path=url,
        type="get",
        summary=definition.description,
        operation_id=tool.name,
        url=url,
        params=parameters,
    )
    config = PluginConfig(
        schema_version="v1",
        name_for_model=tool.name,
        name_for_human=tool.plugin_name,
        description_for_human=definition.description,
        description_for_model=definition.description,
        api=PluginApiType(type="openapi", url=url),
        auth=PluginAuthType(type="none"),
        endpoints=[endpoint],
    )
    return PluginEntry(url=url, enabled=True, trusted=True, plugin_config=config)
