"""The tools that this hub's chats may use."""

from __future__ import annotations

from typing import Any

import pytest
from talk import Talk

from oa.config import Config
from oa.errors import ToolFailed
from oa.server.tools import names, searching, toolbox


async def test_what_the_community_accepted_is_found_and_nothing_else(hub: Any, garden: Any) -> None:
    for text, facts in {
        "The sky is blue": {"review_result": True},
        "The sky is green": {"review_result": False},
        "The sky is new": {"review_result": None},
        "The sky is gone": {"review_result": True, "deleted": True},
    }.items():
        garden.add_tree(garden.add_message(text=text, **facts))
    find = searching(hub.database)
    assert [(passage.role, passage.text) for passage in await find("sky", 5)] == [("prompter", "The sky is blue")]
    assert await find("sea", 5) == []


async def test_the_settings_say_what_may_be_reached(hub: Any) -> None:
    config = Config()
    assert [entry.url for entry in await toolbox(hub.database, config).built_in()] == [
        "/plugins/calculator",
        "/plugins/read_page",
        "/plugins/search_hub",
    ]
    with pytest.raises(ToolFailed, match="private network"):
        await toolbox(hub.database, config).describe("http://127.0.0.1:1/x")


def test_names_stand_with_commas_between() -> None:
    assert names(" a.test, *.b.test ,,") == ("a.test", "*.b.test")
    assert names("") == ()


async def test_a_chat_shows_and_keeps_what_its_tools_did(hub: Any, token: str) -> None:
    talk = Talk(hub.http, token)
    hub.answering.can_use_tools()
    hub.answering.will('<tool_call>{"name": "calculator", "arguments": {"expression": "6 * 7"}}</tool_call>')
    hub.answering.will("It is 42.")
    chat = await talk.begin()
    prompt = await talk.write(chat, "What is 6 times 7?")
    answer = await talk.ask(chat, prompt, plugins=[{"url": "/plugins/calculator", "enabled": True}])
    events = await talk.events(chat, answer)
    steps = [event for event in events if event["event_type"] == "plugin_intermediate"]
    assert [step["current_plugin_action_response"] for step in steps] == ["", "42"]
    assert steps[0]["current_plugin_action_taken"] == "calculator"
    kept = await talk.message(chat, answer)
    assert kept["content"] == "It is 42."
    used = kept["used_plugin"]
    assert (used["name"], used["url"], used["trusted"]) == ("Calculator", "/plugins/calculator", True)
    assert used["execution_details"]["final_tool_output"] == "42"
    assert used["execution_details"]["status"] == "success"


async def test_plugins_are_described_but_never_those_of_the_inside(hub: Any, token: str) -> None:
    talk = Talk(hub.http, token)
    described = await talk.post("/configs/plugin_config", {"url": "/plugins/calculator"})
    assert described["plugin_config"]["name_for_model"] == "calculator"
    refused = await talk.send("POST", "/configs/plugin_config", {"url": "http://127.0.0.1:80/ai-plugin.json"})
    assert refused.status_code == 503
    assert refused.json()["title"].startswith("127.0.0.1 is in a private network")
    listed = await talk.get("/configs/builtin_plugins")
    assert [entry["url"] for entry in listed] == ["/plugins/calculator", "/plugins/read_page", "/plugins/search_hub"]
