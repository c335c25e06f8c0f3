"""Work over HTTP: how it is asked for, what it looks like, and what becomes of the answer."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

ALL_TYPES = {
    *("random", "summarize_story", "rate_summary", "initial_prompt", "prompter_reply", "assistant_reply"),
    *("rank_initial_prompts", "rank_prompter_replies", "rank_assistant_replies"),
    *("label_initial_prompt", "label_assistant_reply", "label_prompter_reply"),
}

DESCRIBED = {"name", "widget", "display_text", "help_text"}


async def grow(hub: Any, replies: int = 0) -> str:
    """The id of a prompt that grows or, where it has replies, is to be ranked; all of it is accepted."""
    goal = replies + 1 if replies else 12
    await hub.set_campaign(num_reviews_initial_prompt=1, num_reviews_reply=1, goal_tree_size=goal)
    prompt_id = await hub.write_prompt("ada")
    for number in range(replies):
        await work(hub, "label_initial_prompt" if number == 0 else "label_assistant_reply", f"reviewer{number}")
        await work(hub, "assistant_reply", f"writer{number}")
    await work(hub, "label_assistant_reply" if replies else "label_initial_prompt", "last reviewer")
    return prompt_id


async def work(hub: Any, kind: str, name: str) -> None:
    done = await hub.answer(name, await hub.take(name, kind))
    assert done.status_code == 200, done.text


async def test_an_empty_hub_asks_for_a_prompt(hub: Any) -> None:
    asked = await hub.ask("ada")
    assert asked.status_code == 200
    assert asked.json() == {"type": "initial_prompt", "id": asked.json()["id"], "hint": None}


async def test_a_review_shows_the_prompt_its_labels_and_not_who_wrote_it(hub: Any) -> None:
    prompt_id = await hub.write_prompt("ada")
    task = (await hub.ask("bob", "label_initial_prompt")).json()
    (message,) = task["conversation"]["messages"]
    assert task["type"] == "label_initial_prompt"
    assert task["message_id"] == message["id"] == prompt_id
    assert task["prompt"] == message["text"]
    assert (task["mode"], task["disposition"]) == ("full", "quality")
    assert task["mandatory_labels"] == ["spam"]
    assert [label["name"] for label in task["labels"]] == task["valid_labels"]
    assert all(label.keys() == DESCRIBED for label in task["labels"])
    assert message["user_id"] is None
    assert message.keys() == {
        *("id", "user_id", "frontend_message_id", "text", "lang", "is_assistant"),
        *("emojis", "user_emojis", "user_is_author", "synthetic"),
    }


async def test_a_reply_task_shows_the_conversation_and_its_authors(hub: Any) -> None:
    prompt_id = await grow(hub)
    task = (await hub.ask("bob", "assistant_reply")).json()
    (message,) = task["conversation"]["messages"]
    assert task.keys() == {"id", "type", "conversation"}
    assert message["id"] == prompt_id
    assert message["user_id"] is not None


async def test_a_ranking_is_blind_and_gives_the_texts_to_old_clients(hub: Any) -> None:
    prompt_id = await grow(hub, replies=2)
    task = (await hub.ask("judge", "rank_assistant_replies")).json()
    assert task["message_tree_id"] == task["ranking_parent_id"] == prompt_id
    assert task["replies"] == [reply["text"] for reply in task["reply_messages"]]
    assert len(task["replies"]) == 2
    assert {reply["user_id"] for reply in task["reply_messages"]} == {None}
    assert {reply["synthetic"] for reply in task["reply_messages"]} == {None}
    assert task["reveal_synthetic"] is False


@pytest.mark.parametrize("kind", ["summarize_story", "rate_summary", "rank_initial_prompts", "rank_prompter_replies"])
async def test_types_that_nobody_gets_are_not_available(hub: Any, kind: str) -> None:
    asked = await hub.ask("ada", kind)
    assert (asked.status_code, asked.json()["error_code"]) == (503, 1006)


async def test_availability_counts_every_type_and_random_is_their_sum(hub: Any) -> None:
    await hub.write_prompt("ada")
    found = (await hub.send("POST", "/tasks/availability", hub.user("bob"))).json()
    assert found.keys() == ALL_TYPES
    assert found["label_initial_prompt"] == 1
    assert found["random"] == sum(count for kind, count in found.items() if kind != "random")


async def test_nobody_is_offered_the_review_of_their_own_prompt(hub: Any) -> None:
    await hub.write_prompt("ada")
    found = (await hub.send("POST", "/tasks/availability", hub.user("ada"))).json()
    assert found["label_initial_prompt"] == 0


async def test_availability_asks_by_language_and_needs_no_user(hub: Any) -> None:
    await hub.write_prompt("ada")
    german = (await hub.send("POST", "/tasks/availability?lang=de")).json()
    english = (await hub.send("POST", "/tasks/availability")).json()
    assert (german["label_initial_prompt"], english["label_initial_prompt"]) == (0, 1)


async def test_an_answer_is_confirmed_as_done(hub: Any) -> None:
    done = await hub.answer("ada", await hub.take("ada"))
    assert done.status_code == 200
    assert done.json() == {"type": "task_done", "id": done.json()["id"]}


async def test_a_text_is_kept_without_the_white_space_around_it(hub: Any) -> None:
    task = await hub.take("ada")
    await hub.answer("ada", task, text="\n  Why is the sky blue? \t", user_message_id="mine")
    assert (await hub.send("GET", "/frontend_messages/mine")).json()["text"] == "Why is the sky blue?"


@pytest.mark.parametrize("text", ["", "   ", "\n\t\u3000"])
async def test_a_text_of_nothing_but_white_space_cannot_be_sent(hub: Any, text: str) -> None:
    refused = await hub.answer("ada", await hub.take("ada"), text=text)
    assert refused.status_code == 422
    assert refused.json()["detail"][0]["loc"] == ["body", "text"]
    assert refused.json()["message"] == "text must not be empty"


async def test_fields_that_nobody_knows_are_ignored_as_the_original_did(hub: Any) -> None:
    task = await hub.take("ada")
    done = await hub.answer("ada", task, task_id=task["id"], mood="good")
    assert done.status_code == 200


async def test_labels_sent_as_text_are_numbers_all_the_same(hub: Any) -> None:
    await hub.write_prompt("ada")
    task = await hub.take("bob", "label_initial_prompt")
    assert (await hub.answer("bob", task, labels={"spam": "0", "quality": "0.75"})).status_code == 200


async def test_a_task_is_given_back_by_the_user_that_the_header_names(hub: Any) -> None:
    task = await hub.take("ada")
    path = f"/tasks/{task['id']}/nack"
    given_back = await hub.send("POST", path, {"reason": "too hard"}, x_oasst_user="local:ada")
    assert given_back.status_code == 204
    refused = await hub.answer("ada", task)
    assert (refused.status_code, refused.json()["code"]) == (400, "task_skipped")


async def test_a_collective_task_is_answered_by_many_until_it_is_closed(hub: Any) -> None:
    await hub.write_prompt("ada")
    task = await hub.take("bob", "label_initial_prompt", collective=True)
    assert (await hub.answer("bob", task)).status_code == 200
    closed = await hub.send("POST", "/tasks/close", {"message_id": task["id"]})
    assert (closed.status_code, closed.json()["type"]) == (200, "task_done")
    again = await hub.send("POST", "/tasks/close", {"message_id": task["id"]})
    assert (again.status_code, again.json()["error_code"]) == (400, 2105)


async def test_asking_again_with_the_same_key_gives_the_same_task(hub: Any) -> None:
    body = {"type": "random", "user": hub.user("ada")}
    first = await hub.send("POST", "/tasks/", body, idempotency_key="once")
    second = await hub.send("POST", "/tasks/", body, idempotency_key="once")
    other = await hub.send("POST", "/tasks/", body, idempotency_key="twice")
    assert first.json() == second.json()
    assert first.json()["id"] != other.json()["id"]


async def test_the_same_answer_sent_again_is_confirmed_again_and_kept_once(hub: Any) -> None:
    task = await hub.take("ada")
    body = {"type": "text_reply_to_message", "user": hub.user("ada"), "message_id": task["id"]}
    body |= {"user_message_id": "mine", "text": "Why is the sky blue?"}
    first, second = [await hub.send("POST", "/tasks/interaction", body, idempotency_key="k") for _ in range(2)]
    assert first.json() == second.json()
    assert len((await hub.send("GET", "/messages/")).json()) == 1


async def test_a_key_that_is_no_key_is_refused(hub: Any) -> None:
    refused = await hub.send("POST", "/tasks/", {"user": hub.user("ada")}, idempotency_key="k" * 201)
    assert refused.status_code == 422


async def test_a_person_with_a_token_needs_to_name_nobody(hub: Any, token: str) -> None:
    asked = await hub.send("POST", "/tasks/", {}, key=token)
    task = asked.json()
    await hub.send("POST", f"/tasks/{task['id']}/ack", {"message_id": "shown"}, key=token)
    answer = {"type": "text_reply_to_message", "message_id": "shown", "user_message_id": "mine", "text": "Hello?"}
    done = await hub.send("POST", "/tasks/interaction", answer, key=token)
    assert done.status_code == 200
    written = (await hub.send("GET", "/frontend_messages/mine", key=token)).json()
    assert written["user_is_author"] is True


async def test_who_answers_is_never_stopped(hub: Any) -> None:
    await hub.set_campaign(max_initial_prompt_review=200)
    for _ in range(40):
        assert (await hub.answer("ada", await hub.take("ada", "initial_prompt"))).status_code == 200


async def test_who_only_asks_is_stopped_until_the_window_is_over(hub: Any, clock: Any) -> None:
    await hub.set_campaign(max_pending_tasks_per_user=100)
    for _ in range(30):
        assert (await hub.ask("ada")).status_code == 200
    clock.advance(timedelta(seconds=40))
    stopped = await hub.ask("ada")
    assert (stopped.status_code, stopped.json()["error_code"]) == (429, 429)
    assert stopped.headers["retry-after"] == "200"
    assert "200 seconds" in stopped.json()["message"]
    assert (await hub.ask("bob")).status_code == 200
    clock.advance(timedelta(seconds=200))
    assert (await hub.ask("ada")).status_code == 200


async def test_requests_that_find_nothing_count_too(hub: Any) -> None:
    for _ in range(4):
        assert (await hub.ask("ada", "assistant_reply")).status_code == 503
    assert (await hub.ask("ada", "assistant_reply")).status_code == 429


async def test_the_campaign_can_switch_the_limits_off(hub: Any) -> None:
    await hub.set_campaign(rate_limit="false", max_pending_tasks_per_user=100)
    assert {(await hub.ask("ada")).status_code for _ in range(40)} == {200}


async def test_a_task_that_is_unknown_is_404_in_ack_alone(hub: Any) -> None:
    unknown = uuid4()
    ack = await hub.send("POST", f"/tasks/{unknown}/ack", {"message_id": "m"})
    nack = await hub.send("POST", f"/tasks/{unknown}/nack", {"reason": None}, x_oasst_user="local:ada")
    assert (ack.status_code, ack.json()["error_code"]) == (404, 2100)
    assert nack.json()["error_code"] in (2100, 4002)
