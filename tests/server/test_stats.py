"""Figures, settings and toxicity over HTTP."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from oa.errors import ClassifierFailed
from oa.server.toxicity import classify

if TYPE_CHECKING:
    from tests.conftest import RunningHub


async def ok(hub: RunningHub, path: str) -> Any:
    answer = await hub.send("GET", path, key=hub.trusted_key)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_messages_and_trees_are_counted(hub: RunningHub) -> None:
    first, _ = [await hub.write_prompt(name) for name in ("ada", "ben")]
    await hub.send("DELETE", f"/messages/{first}", key=hub.trusted_key)
    assert await ok(hub, "/stats/") == {
        "all": 2,
        "active": 1,
        "active_by_lang": {"en": 1},
        "deleted": 1,
        "message_trees": 2,
    }


async def test_trees_are_counted_by_state_and_one_by_one(hub: RunningHub) -> None:
    first, second = [await hub.write_prompt(name) for name in ("ada", "ben")]
    await hub.send("PUT", f"/messages/{first}/tree/state?halt=true", key=hub.trusted_key)
    states = {"halted_by_moderator": 1, "initial_prompt_review": 1}
    assert await ok(hub, "/stats/tree_manager/state_counts") == states
    (only,) = await ok(hub, "/stats/tree_manager/message_counts")
    assert (only["message_tree_id"], only["depth"], only["count"]) == (second, 0, 1)
    assert len(await ok(hub, "/stats/tree_manager/message_counts?only_active=false")) == 2
    assert await ok(hub, "/stats/tree_manager") == {"state_counts": states, "message_counts": [only]}


async def test_cached_figures_are_those_of_the_last_count(hub: RunningHub) -> None:
    await hub.set_campaign(num_reviews_initial_prompt=1)
    await hub.write_prompt("ada")
    await hub.answer("rita", await hub.take("rita", "label_initial_prompt"))
    updated = await hub.send("POST", "/stats/cached/update", key=hub.trusted_key)
    assert updated.status_code == 204
    await hub.write_prompt("ben")
    found = (await hub.send("GET", "/stats/cached")).json()["stats_by_name"]
    assert {name: one["stats"] for name, one in found.items()} == {
        "human_messages_by_lang": {"en": 1},
        "human_messages_by_role": {"prompter": 1},
        "message_trees_by_state": {"growing": 1},
        "message_trees_states_by_lang": [{"lang": "en", "state": "growing", "count": 1}],
        "users_accepted_tos": {"count": 0},
    }
    one = (await hub.send("GET", "/stats/cached/message_trees_by_state")).json()
    assert one == found["message_trees_by_state"]
    assert (await hub.send("GET", "/stats/cached/nonsense")).status_code == 422


async def test_public_settings_are_for_every_program(hub: RunningHub) -> None:
    await hub.set_campaign(message_size_limit=99)
    found = (await hub.send("GET", "/admin/backend_settings/public")).json()
    assert (found["API_V1_STR"], found["MESSAGE_SIZE_LIMIT"], found["DEBUG_USE_SEED_DATA"]) == ("/api/v1", 99, False)


async def test_full_settings_hold_no_secret(hub: RunningHub, data_dir: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The original told every trusted program its root tokens and the database's password."""
    found = await ok(hub, "/admin/backend_settings/full")
    for name in ("ROOT_TOKENS", "DATABASE_URI", "AUTH_SECRET", "POSTGRES_PASSWORD", "OFFICIAL_WEB_API_KEY"):
        assert found[name] is None
    assert found["tree_manager"]["goal_tree_size"] == 12
    assert found["oa"]["server.port"] == 8080


async def test_without_a_classifier_toxicity_is_not_implemented_and_says_so(hub: RunningHub) -> None:
    answer = await hub.send("GET", "/hf/text_toxicity?msg=hello", key=hub.trusted_key)
    assert (answer.status_code, answer.json()["code"]) == (501, "no_classifier")
    assert "toxicity.url" in answer.json()["message"]


@asynccontextmanager
async def classifier(status: str, body: object) -> AsyncIterator[str]:
    """Something that answers every request the same."""
    content = json.dumps(body).encode()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"}")
        head = f"HTTP/1.1 {status}\r\ncontent-length: {len(content)}\r\nconnection: close\r\n\r\n"
        writer.write(head.encode() + content)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/predict"


@pytest.mark.parametrize("nested", [True, False])
async def test_a_classifier_answers_with_labels_and_scores(nested: bool) -> None:
    scores = [{"label": "toxic", "score": 0.25}]
    async with classifier("200 OK", [scores] if nested else scores) as url:
        ((found,),) = await classify(url, "hello")
    assert (found.label, found.score) == ("toxic", 0.25)


@pytest.mark.parametrize(("status", "body"), [("500 Oops", []), ("200 OK", {"error": "loading"})])
async def test_a_classifier_that_fails_is_said_to_fail(status: str, body: object) -> None:
    async with classifier(status, body) as url:
        with pytest.raises(ClassifierFailed):
            await classify(url, "hello")
