"""Where the tools of a chat come from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from oa.errors import NotSupported
from oa.inference.tools.definitions import Tool
from oa.protocol.plugins import PluginEntry


class Plugins(Protocol):
    """What chats ask of plugins: which there are, what one says of itself, and its tools."""

    async def built_in(self) -> Sequence[PluginEntry]:
        """Those that the hub brings, trusted, with their `plugin_config`."""
        ...

    async def describe(self, url: str) -> PluginEntry:
        """What the plugin at an address says of itself.

        Raises:
            ToolFailed: it cannot be reached, may not be, or is no plugin.
        """
        ...

    async def tools(self, chosen: Sequence[PluginEntry]) -> Sequence[Tool]:
        """The tools of those plugins that are enabled. Of what a client says of them, only their address counts.

        Raises:
            ToolFailed: one of them cannot be reached, may not be, or is no plugin.
        """
        ...


class NoPlugins:
    """A hub without tools."""

    async def built_in(self) -> Sequence[PluginEntry]:
        return ()

    async def describe(self, url: str) -> PluginEntry:
        raise NotSupported("this hub has no plugins")

    async def tools(self, chosen: Sequence[PluginEntry]) -> Sequence[Tool]:
        if any(entry.enabled for entry in chosen):
            raise NotSupported("this hub has no plugins; leave `plugins` out")
        return ()
