"""Texts are looked through before they are taken, over HTTP."""

from __future__ import annotations

from typing import Any

EMAIL = {"check": "personal_data", "what": "an e-mail address"}


async def test_a_refused_text_leaves_the_task_open_for_another(hub: Any) -> None:
    await hub.set_campaign(word_check="refuse", checked_words="Casino")
    task = await hub.take("ada", "initial_prompt")
    refused = await hub.answer("ada", task, text="Where is the next CASINO?")
    assert refused.status_code == 400
    assert refused.json() == {
        "error_code": 1013,
        "code": "task_message_refused",
        "message": "this text cannot be taken, because it has the word “Casino”; use other words, and send it again",
    }
    assert (await hub.send("GET", f"/frontend_messages/of-{task['id']}")).status_code == 404
    taken = await hub.answer("ada", task, text="Where is the next river?")
    assert (taken.status_code, set(taken.json())) == (200, {"type", "id"})


async def test_warnings_come_with_the_confirmation_each_time_that_it_is_sent(hub: Any) -> None:
    await hub.set_campaign(personal_data_check="warn", link_check="warn")
    task = await hub.take("ada", "initial_prompt")
    body = {
        "type": "text_reply_to_message",
        "user": hub.user("ada"),
        "message_id": task["id"],
        "user_message_id": "mine",
        "text": "Write to ada@engine.org or see https://spam.biz",
    }
    first = await hub.send("POST", "/tasks/interaction", body, idempotency_key="once")
    again = await hub.send("POST", "/tasks/interaction", body, idempotency_key="once")
    assert first.json() == again.json()
    assert first.json()["warnings"] == [{"check": "links", "what": "a link to spam.biz"}, EMAIL]


async def test_moderators_find_what_was_warned_of_in_their_queue(hub: Any) -> None:
    await hub.set_campaign(personal_data_check="warn")
    task = await hub.take("ada", "initial_prompt")
    await hub.answer("ada", task, text="Write to ada@engine.org")
    (flagged,) = (await hub.send("GET", "/admin/flagged_messages?max_count=5", key=hub.trusted_key)).json()
    assert (flagged["warnings"], flagged["reports"]) == ([EMAIL], [])
    assert "engine" not in repr(flagged)


async def test_a_text_that_replaces_another_is_looked_through_too(hub: Any) -> None:
    await hub.set_campaign(personal_data_check="warn", word_check="refuse", checked_words="casino")
    task = await hub.take("ada", "initial_prompt")
    await hub.answer("ada", task, text="Write to ada@engine.org")
    body = {"user": hub.user("ada"), "message_id": task["id"], "type": "text_reply_to_message", "user_message_id": "b"}
    refused = await hub.send("PUT", f"/tasks/{task['id']}/answer", {**body, "text": "casino"})
    assert refused.json()["code"] == "task_message_refused"
    assert (await hub.send("GET", f"/frontend_messages/of-{task['id']}")).status_code == 200
    warned = await hub.send("PUT", f"/tasks/{task['id']}/answer", {**body, "text": "Write to bob@engine.org"})
    assert warned.json()["warnings"] == [EMAIL]
    better = await hub.send(
        "PUT", f"/tasks/{task['id']}/answer", {**body, "user_message_id": "c", "text": "Who wrote?"}
    )
    assert "warnings" not in better.json()
    assert (await hub.send("GET", "/admin/flagged_messages?max_count=5", key=hub.trusted_key)).json() == []
