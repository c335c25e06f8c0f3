"""Answers are taken back and replaced over HTTP."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import httpx


async def undo(hub: Any, name: str, task: dict[str, Any], **more: Any) -> httpx.Response:
    undone: httpx.Response = await hub.send("POST", f"/tasks/{task['id']}/undo", x_oasst_user=f"local:{name}", **more)
    return undone


async def instead(hub: Any, name: str, task: dict[str, Any], **body: Any) -> httpx.Response:
    body = {"user": hub.user(name), "message_id": task["id"], **body}
    replaced: httpx.Response = await hub.send("PUT", f"/tasks/{task['id']}/answer", body)
    return replaced


async def test_undo_gives_the_task_back_to_be_answered_again(hub: Any) -> None:
    await hub.write_prompt("ada")
    task = await hub.take("bob", "label_initial_prompt")
    await hub.answer("bob", task)
    undone = await undo(hub, "bob", task)
    assert undone.status_code == 200
    assert undone.json() == task
    assert (await hub.answer("bob", task)).status_code == 200


async def test_a_text_that_is_taken_back_is_gone(hub: Any) -> None:
    task = await hub.take("ada", "initial_prompt")
    await hub.answer("ada", task)
    await undo(hub, "ada", task)
    assert (await hub.send("GET", f"/frontend_messages/of-{task['id']}")).status_code == 404


async def test_a_skip_is_taken_back(hub: Any) -> None:
    task = await hub.take("ada", "initial_prompt")
    await hub.send("POST", f"/tasks/{task['id']}/nack", {"reason": "tired"}, x_oasst_user="local:ada")
    assert (await undo(hub, "ada", task)).json() == task
    assert (await hub.answer("ada", task)).status_code == 200


async def test_a_text_is_replaced(hub: Any) -> None:
    task = await hub.take("ada", "initial_prompt")
    first = await hub.answer("ada", task)
    words = {"type": "text_reply_to_message", "user_message_id": "again", "text": "Why is the sea salt?"}
    replaced = await instead(hub, "ada", task, **words)
    assert (replaced.status_code, replaced.json()) == (200, first.json())
    assert (await hub.send("GET", "/frontend_messages/again")).json()["text"] == "Why is the sea salt?"
    assert (await hub.send("GET", f"/frontend_messages/of-{task['id']}")).status_code == 404


async def test_labels_are_replaced(hub: Any) -> None:
    await hub.write_prompt("ada")
    task = await hub.take("bob", "label_initial_prompt")
    await hub.answer("bob", task)
    body = {"type": "text_labels", "message_id": task["message_id"], "text": "", "labels": {"spam": 1}}
    assert (await instead(hub, "bob", task, **body)).status_code == 200


async def test_a_replacement_is_refused_like_any_answer(hub: Any) -> None:
    task = await hub.take("ada", "initial_prompt")
    await hub.answer("ada", task)
    empty = await instead(hub, "ada", task, type="text_reply_to_message", user_message_id="again", text=" ")
    rating = await instead(hub, "ada", task, type="message_rating", rating=1)
    unknown = await instead(hub, "ada", {"id": str(uuid4())}, type="message_ranking", ranking=[0])
    assert empty.status_code == 422
    assert (rating.status_code, rating.json()["code"]) == (400, "task_invalid_response_type")
    assert (unknown.status_code, unknown.json()["code"]) == (400, "task_not_found")


async def test_undo_needs_to_know_whose_answer_it_is(hub: Any) -> None:
    task = await hub.take("ada", "initial_prompt")
    await hub.answer("ada", task)
    nobody = await hub.send("POST", f"/tasks/{task['id']}/undo")
    assert nobody.json()["code"] == "user_not_specified"
    await hub.take("bob", "initial_prompt")
    assert (await undo(hub, "bob", task)).json()["code"] == "task_not_assigned_to_user"


async def test_a_person_takes_back_their_own_answer_with_their_token(hub: Any, token: str) -> None:
    task = (await hub.send("POST", "/tasks/", {"type": "initial_prompt"}, key=token)).json()
    await hub.send("POST", f"/tasks/{task['id']}/ack", {"message_id": "mine"}, key=token)
    body = {"type": "text_reply_to_message", "message_id": "mine", "user_message_id": "text", "text": "Why?"}
    assert (await hub.send("POST", "/tasks/interaction", body, key=token)).status_code == 200
    better = {**body, "text": "Why not?"}
    assert (await hub.send("PUT", f"/tasks/{task['id']}/answer", better, key=token)).status_code == 200
    assert (await hub.send("POST", f"/tasks/{task['id']}/undo", key=token)).json() == task


async def test_an_answer_that_is_taken_back_counts_as_a_request_again(hub: Any) -> None:
    await hub.set_campaign(num_reviews_initial_prompt=1, max_pending_tasks_per_user=100)
    for _ in range(8):
        await hub.write_prompt("ada")
        await hub.answer("judge", await hub.take("judge", "label_initial_prompt"))
    statuses = []
    for _ in range(5):
        asked = await hub.ask("bob", "assistant_reply")
        statuses.append(asked.status_code)
        if asked.status_code == 200:
            task = asked.json()
            await hub.send("POST", f"/tasks/{task['id']}/ack", {"message_id": task["id"]})
            await hub.answer("bob", task)
            await undo(hub, "bob", task)
    assert statuses == [200] * 4 + [429]
    await hub.answer("bob", task)
    assert (await hub.ask("bob", "assistant_reply")).status_code == 200
