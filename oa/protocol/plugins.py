"""Plugins on the wire, in the form of OpenAI's ai-plugin.json, version 1, as Open-Assistant's clients send them."""

from __future__ import annotations

from typing import Any, Literal

import msgspec


class PluginApiType(msgspec.Struct, frozen=True, kw_only=True):
    type: str
    url: str
    has_user_authentication: bool | None = False
    is_user_authenticated: bool | None = False


class PluginAuthType(msgspec.Struct, frozen=True, kw_only=True):
    type: str


class PluginOpenAPIParameter(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    in_: str
    description: str
    required: bool
    schema_: Any = None


class PluginOpenAPIEndpoint(msgspec.Struct, frozen=True, kw_only=True):
    """One operation of a plugin, which is one tool."""

    path: str
    type: str
    summary: str
    operation_id: str
    url: str
    params: list[PluginOpenAPIParameter]
    payload: dict[str, Any] | None = None


class PluginConfig(msgspec.Struct, frozen=True, kw_only=True):
    """What a plugin says of itself."""

    schema_version: str
    name_for_model: str
    name_for_human: str
    description_for_human: str
    description_for_model: str
    api: PluginApiType
    auth: PluginAuthType
    logo_url: str | None = None
    contact_email: str | None = None
    legal_info_url: str | None = None
    endpoints: list[PluginOpenAPIEndpoint] | None = None


class PluginEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A plugin that somebody has chosen."""

    url: str
    """Of its ai-plugin.json."""
    enabled: bool = True
    plugin_config: PluginConfig | None = None
    trusted: bool = False
    """Built into the hub. What a client says here counts for nothing."""


class PluginExecutionDetails(msgspec.Struct, frozen=True, kw_only=True):
    """What tools did for an answer."""

    inner_monologue: list[str]
    final_tool_output: str
    final_prompt: str
    final_generation_assisted: bool
    status: Literal["success", "failure"]
    achieved_depth: int | None = None
    error_message: str | None = None


class PluginUsed(msgspec.Struct, frozen=True, kw_only=True):
    """The plugin whose tools an answer was made with."""

    execution_details: PluginExecutionDetails
    name: str | None = None
    url: str | None = None
    trusted: bool | None = None
