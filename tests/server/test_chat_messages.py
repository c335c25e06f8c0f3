"""Talking over HTTP: the tree that prompts and answers form, and every way in which an answer can end."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from talk import Talk, said

from oa.errors import ModelFailed, PromptTooLong, QueueFull, TimedOut
from oa.inference.engine import Reason


@pytest.fixture
def eve(hub: Any, token: str) -> Talk:
    return Talk(hub.http, token)


@pytest.fixture
async def chat(eve: Talk) -> str:
    return await eve.begin()


async def refusal(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("urn:oa:")


async def test_somebody_asks_and_is_answered(eve: Talk, chat: str) -> None:
    prompt = await eve.write(chat, "Good morning to you")
    message = await eve.ask(chat, prompt)
    events = await eve.events(chat, message)
    assert said(events) == "Good morning to you"
    assert events[-1]["event_type"] == "message"
    assert events[-1]["message"]["content"] == "Good morning to you"
    found = await eve.message(chat, message)
    assert (found["state"], found["finish_reason"], found["role"]) == ("complete", "end", "assistant")
    assert (found["prompt_tokens"], found["completion_tokens"]) == (4, 4)
    assert found["work_begin_at"] is not None


async def test_the_model_is_shown_the_thread_alone_and_the_instructions_first(eve: Talk, chat: str, hub: Any) -> None:
    first = await eve.turn(chat, "One")
    await eve.turn(chat, "Beside it")
    prompt = await eve.write(chat, "Two", first["id"])
    await eve.answer(chat, prompt, system_prompt="Be brief.", user_profile="I am Ada.")
    turns = hub.answering.asked[-1].turns
    assert [turn.content for turn in turns[1:]] == ["One", "One", "Two"]
    assert turns[0].role == "system"
    assert "Be brief." in turns[0].content
    assert "I am Ada." in turns[0].content


async def test_sampling_is_passed_on_and_kept_with_its_seed(eve: Talk, chat: str, hub: Any) -> None:
    sampling = {"temperature": 0.5, "top_k": 7, "top_p": None, "max_new_tokens": None}
    answer = await eve.answer(chat, await eve.write(chat, "Hello"), sampling_parameters=sampling)
    question = hub.answering.asked[-1]
    assert (question.sampling.temperature, question.sampling.top_k, question.max_tokens) == (0.5, 7, None)
    kept = answer["work_parameters"]
    assert kept["model_config"]["model_id"] == "echo"
    assert kept["seed"] == question.sampling.seed is not None
    assert kept["sampling_parameters"]["max_new_tokens"] is None


async def test_an_answer_is_asked_for_again_beside_the_first(eve: Talk, chat: str) -> None:
    prompt = await eve.write(chat, "Again")
    answers = [await eve.answer(chat, prompt) for _ in range(3)]
    assert {answer["parent_id"] for answer in answers} == {prompt}
    assert len({answer["id"] for answer in answers}) == 3


async def test_a_prompt_is_edited_by_another_beside_it_the_first_one_too(eve: Talk, chat: str) -> None:
    first = await eve.turn(chat, "Wat is it")
    second = await eve.turn(chat, "What is it")
    inner = await eve.turn(chat, "And then", first["id"])
    edited = await eve.turn(chat, "And now", first["id"])
    messages = {one["id"]: one for one in (await eve.get(f"/chats/{chat}"))["messages"]}
    assert messages[first["parent_id"]]["parent_id"] is None is messages[second["parent_id"]]["parent_id"]
    assert messages[inner["parent_id"]]["parent_id"] == messages[edited["parent_id"]]["parent_id"] == first["id"]


@pytest.mark.parametrize(
    ("path", "below", "expected"),
    [
        pytest.param("prompter_message", "prompt", (409, "cannot_answer"), id="a prompt below a prompt"),
        pytest.param("assistant_message", "answer", (409, "cannot_answer"), id="an answer below an answer"),
        pytest.param(
            "prompter_message", "elsewhere", (404, "chat_message_not_found"), id="a prompt below another chat"
        ),
        pytest.param("assistant_message", "elsewhere", (404, "chat_message_not_found"), id="an answer to another chat"),
    ],
)
async def test_what_fits_nowhere_in_the_tree_is_refused(
    eve: Talk, chat: str, path: str, below: str, expected: tuple[int, str]
) -> None:
    answer = await eve.turn(chat, "Here")
    elsewhere = await eve.write(await eve.begin(), "Elsewhere")
    parent = {"prompt": answer["parent_id"], "answer": answer["id"], "elsewhere": elsewhere}[below]
    body = {"parent_id": parent, "content": "x", "model_config_name": "echo"}
    assert await refusal(await eve.send("POST", f"/chats/{chat}/{path}", body)) == expected
    assert len((await eve.get(f"/chats/{chat}"))["messages"]) == 2


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param("  \n ", (400, "invalid"), id="empty"),
        pytest.param("x" * 40_001, (413, "chat_message_too_long"), id="too long"),
    ],
)
async def test_a_prompt_that_cannot_be_is_refused(
    eve: Talk, chat: str, content: str, expected: tuple[int, str]
) -> None:
    answer = await eve.send("POST", f"/chats/{chat}/prompter_message", {"content": content})
    assert await refusal(answer) == expected


async def test_a_message_that_is_not_there_is_404_and_not_a_fault(eve: Talk, chat: str) -> None:
    for path in ("", "/events"):
        answer = await eve.send("GET", f"/chats/{chat}/messages/{chat}{path}")
        assert await refusal(answer) == (404, "chat_message_not_found")


async def test_an_unknown_model_is_named_with_those_that_there_are(eve: Talk, chat: str) -> None:
    body = {"parent_id": await eve.write(chat, "x"), "model_config_name": "nobody"}
    answer = await eve.send("POST", f"/chats/{chat}/assistant_message", body)
    assert await refusal(answer) == (422, "unknown_model")
    assert "echo" in answer.json()["title"]


async def test_without_any_model_the_hub_says_so(eve: Talk, chat: str, hub: Any) -> None:
    hub.answering.all_models = ()
    body = {"parent_id": await eve.write(chat, "x"), "model_config_name": "echo"}
    assert await refusal(await eve.send("POST", f"/chats/{chat}/assistant_message", body)) == (503, "unavailable")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        pytest.param(QueueFull("the queue is full", retry_after_s=7), (429, "model_queue_full"), id="queue full"),
        pytest.param(PromptTooLong("900 tokens of 512"), (400, "prompt_too_long"), id="over-long"),
        pytest.param(ModelFailed("it is broken"), (503, "model_failed"), id="model cannot be loaded"),
    ],
)
async def test_a_question_that_is_refused_leaves_nothing_behind_and_can_be_put_again(
    eve: Talk, chat: str, hub: Any, error: Exception, expected: tuple[int, str]
) -> None:
    prompt = await eve.write(chat, "Hello")
    hub.answering.will(error)
    body = {"parent_id": prompt, "model_config_name": "echo"}
    answer = await eve.send("POST", f"/chats/{chat}/assistant_message", body)
    assert await refusal(answer) == expected
    assert answer.headers.get("retry-after") == ("7" if expected[0] == 429 else None)
    assert [one["state"] for one in (await eve.get(f"/chats/{chat}"))["messages"]] == ["manual"]
    assert (await eve.answer(chat, prompt))["content"] == "Hello"


@pytest.mark.parametrize(
    ("error", "state"),
    [(ModelFailed("the model died"), "aborted_by_worker"), (TimedOut("it took too long"), "timeout")],
)
async def test_an_answer_that_breaks_off_keeps_its_text_its_reason_and_can_be_continued(
    eve: Talk, chat: str, hub: Any, error: Exception, state: str
) -> None:
    hub.answering.will("The sky", " is", error)
    prompt = await eve.write(chat, "Why?")
    message = await eve.ask(chat, prompt)
    last = (await eve.events(chat, message))[-1]
    assert (last["event_type"], last["error"]) == ("error", str(error))
    assert (last["message"]["state"], last["message"]["content"]) == (state, "The sky is")
    assert (await eve.message(chat, message))["error"] == str(error)
    hub.answering.will(" blue.")
    continued = await eve.post(f"/chats/{chat}/messages/{message}/continue")
    assert (continued["id"], continued["state"]) == (message, "pending")
    events = await eve.events(chat, message)
    assert said(events) == "The sky is blue."
    assert [turn.content for turn in hub.answering.asked[-1].turns] == ["Why?", "The sky is"]
    found = await eve.message(chat, message)
    assert (found["state"], found["content"], found["error"]) == ("complete", "The sky is blue.", None)


async def test_who_knows_the_first_part_is_told_only_the_rest_of_a_continued_answer(
    eve: Talk, chat: str, hub: Any
) -> None:
    hub.answering.will("One,", reason=Reason.LENGTH)
    answer = await eve.turn(chat, "Count")
    known = len(await eve.events(chat, answer["id"]))
    hub.answering.will(" two.")
    await eve.post(f"/chats/{chat}/messages/{answer['id']}/continue")
    events = await eve.events(chat, answer["id"], after=known)
    assert said(events) == " two."
    assert events[-1]["message"]["content"] == "One, two."


async def test_an_answer_that_is_complete_or_answered_is_not_continued(eve: Talk, chat: str, hub: Any) -> None:
    complete = await eve.turn(chat, "Done")
    path = f"/chats/{chat}/messages"
    assert await refusal(await eve.send("POST", f"{path}/{complete['id']}/continue")) == (409, "cannot_answer")
    assert await refusal(await eve.send("POST", f"{path}/{complete['parent_id']}/continue")) == (409, "cannot_answer")
    hub.answering.will("Cut", reason=Reason.LENGTH)
    cut = await eve.turn(chat, "Cut it")
    await eve.write(chat, "Go on", cut["id"])
    assert await refusal(await eve.send("POST", f"{path}/{cut['id']}/continue")) == (409, "cannot_answer")


async def test_a_failed_leaf_does_not_end_the_chat(eve: Talk, chat: str, hub: Any) -> None:
    hub.answering.will("", ModelFailed("dead"))
    first = await eve.turn(chat, "Hello")
    prompt = await eve.write(chat, "Are you there?", first["id"]) if first["content"] else first["parent_id"]
    assert (await eve.answer(chat, prompt))["state"] == "complete"


async def test_a_stopped_answer_keeps_its_text_and_the_model_is_free(eve: Talk, chat: str, hub: Any) -> None:
    silence = asyncio.Event()
    hub.answering.will("Once upon", " a time", silence, " there was")
    message = await eve.ask(chat, await eve.write(chat, "A story"))
    await hub.answering.until(lambda: len(hub.answering.asked) == 1)
    stopped = await eve.post(f"/chats/{chat}/messages/{message}/stop")
    assert (stopped["state"], stopped["content"]) == ("cancelled", "Once upon a time")
    assert hub.answering.cancelled == [message]
    last = (await eve.events(chat, message))[-1]
    assert (last["event_type"], last["message"]["state"]) == ("message", "cancelled")
    assert (await eve.post(f"/chats/{chat}/messages/{message}/stop"))["state"] == "cancelled"
    assert (await eve.turn(chat, "Go on", message))["content"] == "Go on"


async def test_asking_something_else_ends_what_still_waits_and_drafts_do_not_end_each_other(
    eve: Talk, chat: str, hub: Any
) -> None:
    for _ in range(2):
        hub.answering.will(asyncio.Event(), "late")
    prompt = await eve.write(chat, "Slow")
    drafts = [await eve.ask(chat, prompt) for _ in range(2)]
    assert {(await eve.message(chat, one))["state"] for one in drafts} == {"pending"}
    assert (await eve.turn(chat, "Quick"))["state"] == "complete"
    for draft in drafts:
        assert (await eve.message(chat, draft))["state"] == "cancelled"
        assert (await eve.events(chat, draft))[-1]["event_type"] == "message"


async def test_more_drafts_at_once_than_may_be_are_refused(eve: Talk, chat: str, hub: Any) -> None:
    prompt = await eve.write(chat, "Many")
    for _ in range(8):
        hub.answering.will("x", asyncio.Event())
        await eve.ask(chat, prompt)
    body = {"parent_id": prompt, "model_config_name": "echo"}
    assert await refusal(await eve.send("POST", f"/chats/{chat}/assistant_message", body)) == (409, "cannot_answer")


async def test_an_answer_that_is_being_written_is_not_answered_continued_or_judged(
    eve: Talk, chat: str, hub: Any
) -> None:
    hub.answering.will("Wait", asyncio.Event())
    message = await eve.ask(chat, await eve.write(chat, "Hello"))
    path = f"/chats/{chat}"
    for refused in (
        await eve.send("POST", f"{path}/prompter_message", {"parent_id": message, "content": "x"}),
        await eve.send("POST", f"{path}/messages/{message}/continue"),
        await eve.send("POST", f"{path}/messages/{message}/votes", {"score": 1}),
    ):
        assert await refusal(refused) == (409, "cannot_answer")


async def test_an_answer_that_has_ended_is_204_without_a_place_to_go_on_from(eve: Talk, chat: str, hub: Any) -> None:
    hub.answering.will("Half", ModelFailed("dead"))
    for answer in (await eve.turn(chat, "Whole"), await eve.turn(chat, "Half")):
        events = await eve.send("GET", f"/chats/{chat}/messages/{answer['id']}/events")
        assert (events.status_code, events.content) == (204, b"")


async def test_a_prompt_has_no_events(eve: Talk, chat: str) -> None:
    prompt = await eve.write(chat, "Hello")
    assert await refusal(await eve.send("GET", f"/chats/{chat}/messages/{prompt}/events")) == (400, "invalid")


async def test_the_same_request_sent_twice_makes_one_message(eve: Talk, chat: str, hub: Any) -> None:
    key = {"idempotency-key": "once"}
    path = f"/chats/{chat}/prompter_message"
    prompts = [(await eve.send("POST", path, {"content": "Hi"}, key)).json()["id"] for _ in range(2)]
    assert prompts[0] == prompts[1]
    body, path = {"parent_id": prompts[0], "model_config_name": "echo"}, f"/chats/{chat}/assistant_message"
    key = {"idempotency-key": "twice"}
    sent = await asyncio.gather(*(eve.send("POST", path, body, key) for _ in range(2)))
    assert len({answer.json()["id"] for answer in sent}) == 1
    await eve.events(chat, sent[0].json()["id"])
    assert len((await eve.get(f"/chats/{chat}"))["messages"]) == 2


async def test_who_asks_too_often_is_told_when_to_come_back(eve: Talk, chat: str, hub: Any) -> None:
    prompt = await eve.write(chat, "Hello")
    hub.app.state.chat_rate.most = 2
    for _ in range(2):
        await eve.answer(chat, prompt)
    body = {"parent_id": prompt, "model_config_name": "echo"}
    refused = await eve.send("POST", f"/chats/{chat}/assistant_message", body)
    assert await refusal(refused) == (429, "too_many_requests")
    assert 0 < int(refused.headers["retry-after"]) <= 600
    assert len((await eve.get(f"/chats/{chat}"))["messages"]) == 3


async def test_what_no_database_could_keep_is_left_out_of_an_answer(eve: Talk, chat: str, hub: Any) -> None:
    hub.answering.will("So\0", "\0", " it is")
    answer = await eve.turn(chat, "NUL")
    assert answer["content"] == "So it is"
    assert said(await eve.events(chat, answer["id"])) == "So it is"


async def test_terms_that_must_be_accepted_come_first(eve: Talk, chat: str, hub: Any) -> None:
    prompt = await eve.write(chat, "Before")
    await hub.set_campaign(require_terms=True)
    body = {"content": "After", "parent_id": prompt, "model_config_name": "echo"}
    for path in ("/chats", f"/chats/{chat}/prompter_message", f"/chats/{chat}/assistant_message"):
        assert await refusal(await eve.send("POST", path, body)) == (451, "terms_not_accepted")
    assert (await eve.send("GET", f"/chats/{chat}")).status_code == 200
