"""The tools that this hub's chats may use."""

from __future__ import annotations

from typing import Any

import pytest

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
