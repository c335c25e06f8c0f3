"""Votes, choices among drafts, and reports."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from talk import Talk

from oa.store import chat_judgements


@pytest.fixture
def eve(hub: Any, token: str) -> Talk:
    return Talk(hub.http, token)


async def test_a_vote_is_kept_changed_and_taken_back(eve: Talk) -> None:
    chat = await eve.begin()
    answer = await eve.turn(chat, "Vote")
    path = f"/chats/{chat}/messages/{answer['id']}"
    for score in (1, -1, 0):
        assert await eve.post(f"{path}/votes", {"score": score}) is None
        assert (await eve.message(chat, answer["id"]))["score"] == score


@pytest.mark.parametrize(("score", "status"), [(2, 400), (-2, 400), ("up", 422), (None, 422)])
async def test_a_vote_that_is_none_is_refused(eve: Talk, score: object, status: int) -> None:
    chat = await eve.begin()
    answer = await eve.turn(chat, "Vote")
    refused = await eve.send("POST", f"/chats/{chat}/messages/{answer['id']}/votes", {"score": score})
    assert refused.status_code == status


async def test_prompts_are_not_judged(eve: Talk) -> None:
    chat = await eve.begin()
    path = f"/chats/{chat}/messages/{await eve.write(chat, 'Judge me')}"
    report = {"report_type": "spam", "reason": "x"}
    for what, body in (("votes", {"score": 1}), ("reports", report), ("message_evals", {"inferior_message_ids": []})):
        assert (await eve.send("POST", f"{path}/{what}", body)).status_code == 409


async def test_the_chosen_draft_is_kept_with_those_it_was_better_than_and_the_chat_goes_on_from_it(
    eve: Talk, hub: Any
) -> None:
    chat = await eve.begin()
    prompt = await eve.write(chat, "Draft")
    first, second, third = [(await eve.answer(chat, prompt))["id"] for _ in range(3)]
    body = {"inferior_message_ids": [second, third]}
    assert await eve.post(f"/chats/{chat}/messages/{first}/message_evals", body) is None
    assert (await eve.get(f"/chats/{chat}"))["active_thread_tail_message_id"] == first
    ((selected, inferior),) = await hub.database.read(lambda tx: chat_judgements.choices(tx, UUID(chat)))
    assert (str(selected), [str(one) for one in inferior]) == (first, [second, third])


async def test_only_other_answers_to_the_same_prompt_can_be_worse(eve: Talk) -> None:
    chat = await eve.begin()
    answer, other = await eve.turn(chat, "One"), await eve.turn(chat, "Two")
    path = f"/chats/{chat}/messages/{answer['id']}/message_evals"
    for inferior, status in ((other["id"], 400), (answer["id"], 400), (answer["parent_id"], 400), (chat, 404)):
        assert (await eve.send("POST", path, {"inferior_message_ids": [inferior]})).status_code == status


async def test_a_report_is_shown_with_its_message(eve: Talk) -> None:
    chat = await eve.begin()
    answer = await eve.turn(chat, "Report")
    body = {"report_type": "offensive", "reason": "rude"}
    await eve.post(f"/chats/{chat}/messages/{answer['id']}/reports", body)
    found = [one["reports"] for one in (await eve.get(f"/chats/{chat}"))["messages"]]
    assert [[(report["report_type"], report["reason"]) for report in one] for one in found] == [
        [],
        [("offensive", "rude")],
    ]
    refused = await eve.send("POST", f"/chats/{chat}/messages/{answer['id']}/reports", {**body, "report_type": "x"})
    assert refused.status_code == 422
