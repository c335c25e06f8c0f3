"""Which tools there are: those of the hub, and those of plugins that people name by their address."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from oa.inference.tools.calculator import CALCULATOR
from oa.inference.tools.definitions import Tool
from oa.inference.tools.manifest import load_plugin, tools_of
from oa.inference.tools.outgoing import Fetcher
from oa.inference.tools.page import page_reader
from oa.inference.tools.search import Search, hub_search
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


class Toolbox:
    """The tools of a hub, as `oa.inference.plugins.Plugins`. It remembers plugins' descriptions for a while."""

    def __init__(
        self,
        fetcher: Fetcher,
        search: Search | None = None,
        *,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        Args:
            search: finds messages of the hub; None leaves that tool out.
        """
        self._fetcher = fetcher
        self._now = now
        self._known: dict[str, tuple[float, PluginConfig]] = {}
        own = [CALCULATOR, page_reader(fetcher), *([hub_search(search)] if search is not None else [])]
        self._own = {BUILT_IN + tool.name: replace(tool, plugin_url=BUILT_IN + tool.name) for tool in own}

    async def built_in(self) -> Sequence[PluginEntry]:
        """The hub's own plugins, each with one tool."""
        return [_entry(tool) for tool in self._own.values()]

    async def describe(self, url: str) -> PluginEntry:
        """The plugin at an address with what it says of itself.

        Raises:
            ToolFailed: there is none, or none that can be used.
        """
        own = self._own.get(url)
        return _entry(own) if own is not None else PluginEntry(url=url, plugin_config=await self._config(url))

    async def tools(self, chosen: Sequence[PluginEntry]) -> Sequence[Tool]:
        """The tools of the plugins that are enabled; of two with one name, the first.

        Raises:
            ToolFailed: a plugin cannot be reached, may not be, or is none.
        """
        found = await asyncio.gather(*(self._tools(entry.url) for entry in chosen if entry.enabled))
        tools: dict[str, Tool] = {}
        for tool in (tool for plugin in found for tool in plugin):
            tools.setdefault(tool.name, tool)
        return tuple(tools.values())

    async def _tools(self, url: str) -> Sequence[Tool]:
        own = self._own.get(url)
        return (own,) if own is not None else tools_of(self._fetcher, url, await self._config(url))

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
