"""Plugins, built in and from outside."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from little_web import AllRoadsLeadHome, LittleWeb, Names

from oa.errors import Invalid, ToolFailed
from oa.inference.tools.documents import read_document, resolved
from oa.inference.tools.outgoing import Fetcher, Guard, Reach
from oa.inference.tools.search import Passage
from oa.inference.tools.toolbox import REMEMBERED_S, Toolbox
from oa.protocol.plugins import PluginEntry

MANIFEST: dict[str, Any] = {
    "schema_version": "v1",
    "name_for_model": "todo",
    "name_for_human": "To do",
    "description_for_human": "Keeps lists.",
    "description_for_model": "Keeps lists of things to do.",
    "api": {"type": "openapi", "url": "/openapi.yaml"},
    "auth": {"type": "none"},
    "something": "new",
}

OPENAPI = """
openapi: 3.0.1
info: {title: To do, version: 2020-01-01}
servers:
  - url: /api
paths:
  /lists/{name}:
    parameters:
      - $ref: '#/components/parameters/Name'
    get:
      operationId: getList
      summary: The things on a list.
      parameters:
        - {name: open, in: query, schema: {type: boolean}, description: only what is open}
        - {name: tags, in: query, schema: {type: array}}
    post:
      summary: Adds a thing.
      requestBody:
        content:
          application/json:
            schema: {$ref: '#/components/schemas/Thing'}
    delete: {operationId: dropList}
  /secret:
    get:
      parameters:
        - {name: X-Key, in: header, required: true}
components:
  parameters:
    Name: {name: name, in: path, required: true, schema: {type: string}}
  schemas:
    Thing: {type: object, properties: {text: {type: string}, part_of: {$ref: '#/components/schemas/Thing'}}}
"""


class Time:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def toolbox(time: Time) -> Toolbox:
    guard = Guard(Reach(), Names({"p.test": [["8.8.8.8"]]}), AllRoadsLeadHome())
    return Toolbox(Fetcher(guard), now=time)


@pytest.fixture
def plugin(web: LittleWeb) -> PluginEntry:
    web.add("/.well-known/ai-plugin.json", json.dumps(MANIFEST), "application/json")
    web.add("/openapi.yaml", OPENAPI, "text/yaml")
    return PluginEntry(url=f"http://p.test:{web.port}/.well-known/ai-plugin.json", trusted=True)


async def test_the_built_in_plugins_describe_themselves(toolbox: Toolbox) -> None:
    entries = await toolbox.built_in()
    assert [entry.url for entry in entries] == ["/plugins/calculator", "/plugins/read_page"]
    assert all(entry.trusted and entry.plugin_config and entry.plugin_config.endpoints for entry in entries)
    assert await toolbox.describe("/plugins/calculator") == entries[0]


async def test_a_plugin_is_described_with_its_operations(toolbox: Toolbox, plugin: PluginEntry, web: LittleWeb) -> None:
    found = await toolbox.describe(plugin.url)
    assert not found.trusted  # whatever its client says
    assert found.plugin_config is not None
    endpoints = found.plugin_config.endpoints or []
    assert [(one.type, one.operation_id, one.url) for one in endpoints] == [
        ("get", "getList", f"http://p.test:{web.port}/api/lists/{{name}}"),
        ("post", "post_/lists/{name}", f"http://p.test:{web.port}/api/lists/{{name}}"),
    ]
    assert [parameter.name for parameter in endpoints[0].params] == ["name", "open", "tags"]


async def test_its_operations_are_tools(toolbox: Toolbox, plugin: PluginEntry, web: LittleWeb) -> None:
    web.add("/api/lists/my%20list", '["milk"]', "application/json")
    get, post = await toolbox.tools([plugin])
    assert (get.name, post.name, post.plugin_name) == ("getList", "post_lists_name", "To do")
    assert get.definition.parameters["required"] == ["name"]
    assert post.definition.parameters["properties"]["body"]["properties"]["part_of"] == {}
    assert await get.run({"name": "my list", "open": True, "tags": ["a", "b"]}) == '["milk"]'
    assert await post.run({"name": "my list", "body": {"text": "eggs"}}) == '["milk"]'
    assert web.asked[-2:] == [
        ("GET", "/api/lists/my%20list?open=true&tags=a&tags=b", b""),
        ("POST", "/api/lists/my%20list", b'{"text": "eggs"}'),
    ]


async def test_what_a_plugin_cannot_do_is_said(toolbox: Toolbox, plugin: PluginEntry, web: LittleWeb) -> None:
    get, _ = await toolbox.tools([plugin])
    with pytest.raises(Invalid, match="name is missing"):
        await get.run({})
    with pytest.raises(ToolFailed, match="status 404: nothing here"):
        await get.run({"name": "x"})
    web.add("/api/lists/x", "null")
    with pytest.raises(ToolFailed, match="answers nothing"):
        await get.run({"name": "x"})


async def test_a_description_is_remembered_for_a_while(
    toolbox: Toolbox, plugin: PluginEntry, web: LittleWeb, time: Time
) -> None:
    for _ in range(2):
        await toolbox.tools([plugin])
    assert len(web.asked) == 2
    time.now = REMEMBERED_S
    await toolbox.tools([plugin])
    assert len(web.asked) == 4


async def test_only_plugins_that_are_enabled_give_tools(toolbox: Toolbox, plugin: PluginEntry) -> None:
    off = PluginEntry(url="/plugins/read_page", enabled=False)
    tools = await toolbox.tools([off, PluginEntry(url="/plugins/calculator"), plugin, plugin])
    assert [tool.name for tool in tools] == ["calculator", "getList", "post_lists_name"]
    assert [tool.plugin_url for tool in tools] == ["/plugins/calculator", plugin.url, plugin.url]


@pytest.mark.parametrize("url", ["http://127.0.0.1/ai-plugin.json", "http://[::1]/x", "/plugins/nothing", "x"])
async def test_a_plugin_that_may_not_be_reached_is_refused(toolbox: Toolbox, url: str) -> None:
    with pytest.raises(ToolFailed):
        await toolbox.tools([PluginEntry(url=url)])
    with pytest.raises(ToolFailed):
        await toolbox.describe(url)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"auth": {"type": "oauth"}}, "wants a sign-in"),
        ({"api": {"type": "grpc", "url": "/x"}}, "not described by OpenAPI"),
        ({"api": {"type": "openapi", "url": "/nowhere"}}, "status 404"),
        ({"api": {"type": "openapi", "url": "/empty"}}, "no GET or POST operation"),
        ({"api": {"type": "openapi", "url": "/odd"}}, "no GET or POST operation"),
        ({"api": {"type": "openapi", "url": "/bomb"}}, "neither JSON nor YAML"),
        ({"name_for_model": 1}, "name_for_model"),
        ({"auth": None}, "auth"),
    ],
)
async def test_a_plugin_that_cannot_be_used_says_why(
    toolbox: Toolbox, plugin: PluginEntry, web: LittleWeb, changed: dict[str, Any], why: str
) -> None:
    web.add("/.well-known/ai-plugin.json", json.dumps({**MANIFEST, **changed}), "application/json")
    web.add("/empty", "{}", "application/json")
    web.add("/odd", '{"paths": {"/x": [1], "/y": {"get": 3, "parameters": 5}}, "servers": 7}', "application/json")
    web.add("/bomb", "a: &a [x]\nb: [*a, *a]", "text/yaml")
    with pytest.raises(ToolFailed, match=why):
        await toolbox.describe(plugin.url)


async def test_the_hub_is_searched_with_what_it_was_given() -> None:
    asked: list[tuple[str, int]] = []

    async def search(words: str, most: int) -> Sequence[Passage]:
        asked.append((words, most))
        return [Passage("prompter", "Why is the sky blue?")] if words == "sky" else []

    toolbox = Toolbox(Fetcher(Guard(Reach(), Names({}), AllRoadsLeadHome())), search)
    (tool,) = await toolbox.tools([PluginEntry(url="/plugins/search_hub")])
    assert await tool.run({"query": "sky"}) == "prompter: Why is the sky blue?"
    assert await tool.run({"query": "sea"}) == "Nothing was found."
    assert asked == [("sky", 5), ("sea", 5)]
    with pytest.raises(Invalid):
        await tool.run({"query": " "})


def test_documents_are_json_or_plain_yaml() -> None:
    assert read_document('{"a": 1}') == {"a": 1}
    assert read_document("a: 2020-01-01\n200: ok") == {"a": "2020-01-01", "200": "ok"}
    assert read_document("a: !!python/object/apply:os.system ['true']") is None
    assert read_document("a: [") is None


def test_references_that_go_round_end() -> None:
    document = {"a": {"$ref": "#/b"}, "b": {"$ref": "#/a"}, "c": {"$ref": "#/nowhere"}}
    assert resolved(document, document["a"]) == {}
    assert resolved(document, document["c"]) is None
