"""Plugins from outside: an ai-plugin.json (version 1) and the OpenAPI document that it points to, as tools.

Sources: OpenAI, "ChatGPT plugins", manifest version v1; OpenAPI Specification 3.0 and 3.1.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar, cast
from urllib.parse import quote, urlencode, urljoin

import msgspec

from oa.errors import Invalid, ToolFailed
from oa.inference.engine import ToolDefinition
from oa.inference.tools.definitions import Tool
from oa.inference.tools.documents import read_document, resolved
from oa.inference.tools.outgoing import Fetched, Fetcher, Outgoing
from oa.protocol.plugins import PluginConfig, PluginOpenAPIEndpoint, PluginOpenAPIParameter

T = TypeVar("T")

METHODS = ("get", "post")

MOST_ENDPOINTS = 32
LIMIT_BYTES = 512 * 1024
WITHIN_S = 5.0

Json = Mapping[str, Any]


async def load_plugin(fetcher: Fetcher, url: str) -> PluginConfig:
    """What a plugin says of itself, with the operations that can be used.

    Raises:
        ToolFailed: it cannot be reached, is none, wants somebody to sign in, or has no operation that can be used.
    """
    config = _shaped(await _document(fetcher, url, "the plugin's description"), PluginConfig)
    if config.auth.type != "none":
        raise ToolFailed(f"the plugin {config.name_for_human} wants a sign-in, which this hub cannot do")
    if config.api.type != "openapi":
        raise ToolFailed(f"the plugin {config.name_for_human} is not described by OpenAPI")
    address = urljoin(url, config.api.url)
    api = await _document(fetcher, address, "the plugin's OpenAPI document")
    found = list(_endpoints(api, address))[:MOST_ENDPOINTS]
    if not found:
        raise ToolFailed(f"the plugin {config.name_for_human} has no GET or POST operation")
    return msgspec.structs.replace(config, endpoints=found)


def tools_of(fetcher: Fetcher, url: str, config: PluginConfig) -> tuple[Tool, ...]:
    """The tools of a plugin that `load_plugin` has read."""
    names: set[str] = set()
    tools: list[Tool] = []
    for endpoint in config.endpoints or ():
        name = _name(endpoint, names)
        names.add(name)
        description = endpoint.summary or config.description_for_model
        definition = ToolDefinition(name, description, _parameters(endpoint))
        tools.append(Tool(definition, _Call(fetcher, endpoint), url, config.name_for_human))
    return tuple(tools)


class _Call:
    """Uses one operation."""

    def __init__(self, fetcher: Fetcher, endpoint: PluginOpenAPIEndpoint) -> None:
        self._fetcher = fetcher
        self._endpoint = endpoint

    async def __call__(self, arguments: Mapping[str, Any]) -> str:
        wanted = self._request(arguments)
        found = await self._fetcher.fetch(wanted)
        text = found.text().strip()
        if not 200 <= found.status < 300:
            raise ToolFailed(f"the plugin answers with status {found.status}: {text[:200]}")
        if not text or text == "null":
            raise ToolFailed("the plugin answers nothing")
        return text

    def _request(self, arguments: Mapping[str, Any]) -> Outgoing:
        endpoint = self._endpoint
        address, query = endpoint.url, list[tuple[str, str]]()
        for parameter in endpoint.params:
            value = arguments.get(parameter.name)
            if value is None and parameter.required:
                raise Invalid(f"{parameter.name} is missing")
            if parameter.in_ == "path":
                address = address.replace(f"{{{parameter.name}}}", quote(_plain(value), safe=""))
            elif value is not None:
                query += [(parameter.name, _plain(item)) for item in _several(value)]
        if query:
            address += ("&" if "?" in address else "?") + urlencode(query)
        if endpoint.payload is None:
            return Outgoing(url=address, method=endpoint.type.upper(), limit_bytes=LIMIT_BYTES)
        body = json.dumps(arguments.get("body", {})).encode()
        return Outgoing(
            url=address,
            method=endpoint.type.upper(),
            body=body,
            headers={"content-type": "application/json", "content-length": str(len(body))},
            limit_bytes=LIMIT_BYTES,
        )


def _endpoints(api: Json, address: str) -> Iterator[PluginOpenAPIEndpoint]:
    base = _base(api, address)
    for path, operations in _mapping(api.get("paths")).items():
        for method in METHODS:
            operation = _mapping(_mapping(operations).get(method))
            if not operation:
                continue
            given = [*_list(_mapping(operations).get("parameters")), *_list(operation.get("parameters"))]
            parameters = [_mapping(resolved(api, parameter)) for parameter in given]
            if any(one.get("required") and one.get("in") not in ("path", "query") for one in parameters):
                continue  # a header or cookie that no model should set
            yield PluginOpenAPIEndpoint(
                path=path,
                type=method,
                summary=str(operation.get("summary") or operation.get("description") or ""),
                operation_id=str(operation.get("operationId") or f"{method}_{path}"),
                url=base.rstrip("/") + path,
                params=[_parameter(one) for one in parameters if one.get("in") in ("path", "query")],
                payload=_payload(api, operation),
            )


def _parameter(found: Json) -> PluginOpenAPIParameter:
    return PluginOpenAPIParameter(
        name=str(found.get("name", "")),
        in_=str(found.get("in", "query")),
        description=str(found.get("description") or ""),
        required=bool(found.get("required")) or found.get("in") == "path",
        schema_=found.get("schema"),
    )


def _payload(api: Json, operation: Json) -> dict[str, Any] | None:
    body = _mapping(resolved(api, operation.get("requestBody")))
    content = _mapping(_mapping(body.get("content")).get("application/json"))
    return dict(_mapping(content.get("schema"))) or None


def _base(api: Json, address: str) -> str:
    first = _mapping(next(iter(_list(api.get("servers"))), None))
    return urljoin(address, str(first.get("url") or "/"))


def _parameters(endpoint: PluginOpenAPIEndpoint) -> dict[str, Any]:
    """A schema of all arguments; what goes into the body is one of them, called body."""
    properties: dict[str, Any] = {
        one.name: {**_mapping(one.schema_), "description": one.description} for one in endpoint.params
    }
    required = [one.name for one in endpoint.params if one.required]
    if endpoint.payload is not None:
        properties["body"] = endpoint.payload
        required.append("body")
    return {"type": "object", "properties": properties, "required": required}


def _name(endpoint: PluginOpenAPIEndpoint, taken: set[str]) -> str:
    """The operation's id, as tools may be called, and unlike the others."""
    plain = re.sub(r"[^A-Za-z0-9-]+", "_", endpoint.operation_id).strip("_")[:60] or "operation"
    return plain if plain not in taken else f"{plain}_{len(taken)}"


def _mapping(value: object) -> Json:
    return cast(Json, value) if isinstance(value, dict) else {}


def _list(value: object) -> Sequence[object]:
    return cast(list[object], value) if isinstance(value, list) else ()


def _several(value: object) -> Sequence[object]:
    return _list(cast(object, value)) if isinstance(value, list) else (value,)


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else json.dumps(value)


def _shaped(document: Json, kind: type[T]) -> T:
    try:
        return msgspec.convert(document, kind)
    except msgspec.ValidationError as error:
        raise ToolFailed(f"the plugin's description is none: {error}") from None


async def _document(fetcher: Fetcher, url: str, what: str) -> Json:
    found: Fetched = await fetcher.fetch(Outgoing(url=url, limit_bytes=LIMIT_BYTES, within_s=WITHIN_S))
    if found.status != 200:
        raise ToolFailed(f"{what} at {url[:100]} answers with status {found.status}")
    document = await asyncio.to_thread(read_document, found.text())
    if not isinstance(document, dict):
        raise ToolFailed(f"{what} at {url[:100]} is neither JSON nor YAML")
    return cast(Json, document)
