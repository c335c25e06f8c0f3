"""OpenAI's own Python client against a hub over real HTTP."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import openai
import pytest
from scripted_answering import MODEL

from oa.errors import ModelFailed, PromptTooLong, QueueFull, TimedOut
from oa.inference.answering import Queued
from oa.inference.engine import Likelihood, Reason, Role, Token, ToolCall, Turn

pytestmark = pytest.mark.asyncio(loop_scope="module")

HELLO: Any = [{"role": "user", "content": "Hello there"}]

WEATHER: Any = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather in a city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


async def test_models_are_listed_and_shown(served: Any) -> None:
    (model,) = (await served.client.models.list()).data
    assert (model.id, model.object, model.created) == ("echo", "model", MODEL.created_s)
    assert (await served.client.models.retrieve("echo")).id == "echo"
    with pytest.raises(openai.NotFoundError) as refused:
        await served.client.models.retrieve("some/other")
    assert refused.value.code == "model_not_found"


async def test_a_chat_is_answered(served: Any) -> None:
    answer = await served.client.chat.completions.create(model="echo", messages=HELLO)
    (choice,) = answer.choices
    assert (choice.message.role, choice.message.content, choice.finish_reason) == ("assistant", "Hello there", "stop")
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens, answer.usage.total_tokens) == (2, 2, 4)
    assert answer.id.startswith("chatcmpl-")
    assert answer.model == "echo"


async def test_a_streamed_answer_is_the_same_text(served: Any) -> None:
    served.answering.will("Hi", ", ", "ты 🙂", "!", reason=Reason.LENGTH)
    stream = await served.client.chat.completions.create(
        model="echo", messages=HELLO, stream=True, stream_options={"include_usage": True}
    )
    chunks = [chunk async for chunk in stream]
    assert chunks[0].choices[0].delta.role == "assistant"
    texts = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
    assert "".join(texts) == "Hi, ты 🙂!"
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "length"
    assert chunks[-1].choices == []
    assert chunks[-1].usage.completion_tokens == 4
    assert all(chunk.usage is None for chunk in chunks[:-1])
    assert {chunk.id for chunk in chunks} == {chunks[0].id}


async def test_settings_reach_the_model(served: Any) -> None:
    await served.client.chat.completions.create(
        model="echo",
        messages=[{"role": "developer", "content": "Be kind."}, *HELLO],
        temperature=0.5,
        top_p=0.9,
        seed=7,
        stop=["END", "\n\n"],
        presence_penalty=0.1,
        frequency_penalty=0.2,
        max_completion_tokens=12,
        user="somebody",
        store=False,
        extra_body={"top_k": 40, "min_p": 0.05, "repetition_penalty": 1.1, "a field of tomorrow": {}},
    )
    (question,) = served.answering.asked
    sampling = question.sampling
    assert question.turns == (Turn(Role.SYSTEM, "Be kind."), Turn(Role.USER, "Hello there"))
    assert (sampling.temperature, sampling.top_p, sampling.seed, sampling.top_k) == (0.5, 0.9, 7, 40)
    assert (sampling.presence_penalty, sampling.frequency_penalty) == (0.1, 0.2)
    assert (sampling.min_p, sampling.repetition_penalty) == (0.05, 1.1)
    assert (question.stop, question.max_tokens) == (("END", "\n\n"), 12)


@pytest.mark.parametrize("stream", [False, True])
async def test_several_choices_have_seeds_of_their_own(served: Any, stream: bool) -> None:
    for word in ("one", "two", "three"):
        served.answering.will(word)
    answer = await served.client.chat.completions.create(model="echo", messages=HELLO, n=3, seed=5, stream=stream)
    found: dict[int, str] = {}
    if stream:
        async for chunk in answer:
            choice = chunk.choices[0]
            found[choice.index] = found.get(choice.index, "") + (choice.delta.content or "")
    else:
        found = {choice.index: choice.message.content for choice in answer.choices}
        assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (2, 3)
    assert sorted(found.values()) == ["one", "three", "two"]
    assert [question.sampling.seed for question in served.answering.asked] == [5, 6, 7]
    assert len({question.id for question in served.answering.asked}) == 3


@pytest.mark.parametrize("stream", [False, True])
async def test_log_probabilities_come_with_their_alternatives(served: Any, stream: bool) -> None:
    other = Likelihood("é", 9, -2.5)
    served.answering.will(Token("Hi", 1, -0.25, (Likelihood("Hi", 1, -0.25), other)), Token("!", 2, float("-inf")))
    answer = await served.client.chat.completions.create(
        model="echo", messages=HELLO, logprobs=True, top_logprobs=2, stream=stream
    )
    if stream:
        found = [token async for chunk in answer for token in (chunk.choices[0].logprobs or _NOTHING).content or ()]
    else:
        found = answer.choices[0].logprobs.content
    assert [(token.token, token.logprob) for token in found] == [("Hi", -0.25), ("!", -9999.0)]
    assert [(token.token, token.bytes) for token in found[0].top_logprobs] == [("Hi", [72, 105]), ("é", [195, 169])]
    assert served.answering.asked[0].alternatives == 2


class _NOTHING:
    content = None


@pytest.mark.parametrize(
    ("wanted", "schema"),
    [
        ({"type": "text"}, None),
        ({"type": "json_object"}, {"type": "object"}),
        (
            {"type": "json_schema", "json_schema": {"name": "x", "strict": True, "schema": {"type": "array"}}},
            {"type": "array"},
        ),
    ],
)
async def test_the_form_of_the_answer_is_passed_on_as_a_schema(served: Any, wanted: Any, schema: Any) -> None:
    await served.client.chat.completions.create(model="echo", messages=HELLO, response_format=wanted)
    assert served.answering.asked[0].json_schema == schema


# --- tools -----------------------------------------------------------------------------------------------------------


async def called(served: Any, *, stream: bool, **more: Any) -> list[tuple[str, str, Any]]:
    """The calls in an answer, with its finish reason first."""
    answer = await served.client.chat.completions.create(
        model="echo", messages=HELLO, tools=[WEATHER], stream=stream, **more
    )
    if not stream:
        (choice,) = answer.choices
        calls = choice.message.tool_calls or []
        assert choice.finish_reason == ("tool_calls" if calls else "stop")
        return [(call.id, call.function.name, json.loads(call.function.arguments)) for call in calls]
    found: dict[int, list[str]] = {}
    reasons: list[Any] = []
    async for chunk in answer:
        reasons.append(chunk.choices[0].finish_reason)
        for call in chunk.choices[0].delta.tool_calls or ():
            id_, name, arguments = found.setdefault(call.index, ["", "", ""])
            found[call.index] = [
                id_ + (call.id or ""),
                name + (call.function.name or ""),
                arguments + (call.function.arguments or ""),
            ]
    assert reasons[-1] == ("tool_calls" if found else "stop")
    return [(id_, name, json.loads(arguments)) for id_, name, arguments in found.values()]


@pytest.mark.parametrize("stream", [False, True])
async def test_a_tool_is_called_by_a_model_with_a_form_of_its_own(served: Any, stream: bool) -> None:
    served.answering.can_use_tools()
    served.answering.will('<tool_call>{"name": "weather", ', '"arguments": {"city": "Łódź"}}</tool_call>')
    ((call_id, name, arguments),) = await called(served, stream=stream)
    assert call_id.startswith("call_")
    assert (name, arguments) == ("weather", {"city": "Łódź"})
    assert served.answering.asked[0].tools[0].description == "The weather in a city."


@pytest.mark.parametrize("stream", [False, True])
async def test_a_call_that_the_engine_found_is_passed_on(served: Any, stream: bool) -> None:
    served.answering.can_use_tools()
    served.answering.will(tool_calls=(ToolCall("call_x", "weather", '{"city": "Oslo"}'),))
    assert await called(served, stream=stream) == [("call_x", "weather", {"city": "Oslo"})]


@pytest.mark.parametrize("stream", [False, True])
async def test_a_model_without_such_a_form_is_told_in_words(served: Any, stream: bool) -> None:
    served.answering.will("Thought: look.\nAction: weather\n", 'Action Input: {"city": "Oslo"}\n')
    ((_, name, arguments),) = await called(served, stream=stream)
    assert (name, arguments) == ("weather", {"city": "Oslo"})
    (question,) = served.answering.asked
    assert "- weather: The weather in a city." in question.turns[0].content
    assert (question.tools, question.stop) == ((), ("Observation:",))


@pytest.mark.parametrize("choice", ["required", {"type": "function", "function": {"name": "weather"}}])
async def test_a_model_can_be_made_to_call(served: Any, choice: Any) -> None:
    served.answering.will('{"name": "weather", "arguments": {"city": "Oslo"}}')
    ((_, name, arguments),) = await called(served, stream=False, tool_choice=choice)
    assert (name, arguments) == ("weather", {"city": "Oslo"})
    schema = served.answering.asked[0].json_schema
    assert schema["properties"]["arguments"] == WEATHER["function"]["parameters"]


async def test_a_tool_that_must_not_be_called_is_not_offered(served: Any) -> None:
    assert await called(served, stream=False, tool_choice="none") == []
    assert served.answering.asked[0].turns == (Turn(Role.USER, "Hello there"),)


async def test_the_result_of_a_call_goes_back_to_the_model(served: Any) -> None:
    served.answering.can_use_tools()
    call = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
    messages = [
        *HELLO,
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": [{"type": "text", "text": "rain"}]},
    ]
    answer = await served.client.chat.completions.create(model="echo", messages=messages, tools=[WEATHER])
    assert answer.choices[0].message.content == "rain"
    asked = served.answering.asked[0].turns
    assert asked[1].tool_calls == (ToolCall("call_1", "weather", "{}"),)
    assert asked[2] == Turn(Role.TOOL, "rain", tool_call_id="call_1")


# --- other endpoints -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stream", [False, True])
async def test_a_text_is_gone_on_with(served: Any, stream: bool) -> None:
    served.answering.will(Token(" upon", 1, -0.5, (Likelihood(" upon", 1, -0.5),)), Token(" a", 2, -1.0))
    answer = await served.client.completions.create(
        model="echo", prompt="Once", echo=True, logprobs=1, max_tokens=5, stream=stream
    )
    parts = [chunk async for chunk in answer] if stream else [answer]
    assert "".join(part.choices[0].text for part in parts) == "Once upon a"
    found = [part.choices[0].logprobs for part in parts if part.choices[0].logprobs]
    assert [token for part in found for token in part.tokens] == [" upon", " a"]
    assert [offset for part in found for offset in part.text_offset] == [4, 9]
    assert found[0].top_logprobs[0] == {" upon": -0.5}
    (question,) = served.answering.asked
    assert question.is_completion
    assert (question.turns, question.max_tokens) == ((Turn(Role.USER, "Once"),), 5)


async def test_several_prompts_are_gone_on_with_in_their_order(served: Any) -> None:
    answer = await served.client.completions.create(model="echo", prompt=["a b", "c d e"], n=2)
    assert [choice.text for choice in answer.choices] == ["a b", "a b", "c d e", "c d e"]
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (5, 10)


async def test_texts_are_embedded(served: Any) -> None:
    answer = await served.client.embeddings.create(model="echo", input=["a b", "c"])
    assert [one.embedding for one in answer.data] == [[1.0, 0.0], [1.0, 0.0]]
    assert answer.usage.prompt_tokens == 3
    plain = await served.client.embeddings.create(model="echo", input="a", encoding_format="float")
    assert plain.data[0].embedding == [1.0, 0.0]


# --- failures --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("failure", "kind", "code"),
    [
        (PromptTooLong("600 tokens do not fit into 512"), openai.BadRequestError, "context_length_exceeded"),
        (QueueFull("100 wait already", retry_after_s=7), openai.RateLimitError, "rate_limit_exceeded"),
        (ModelFailed("it died"), openai.InternalServerError, "model_failed"),
        (TimedOut("it waited too long"), openai.InternalServerError, "timed_out"),
    ],
)
async def test_a_refusal_is_the_exception_that_clients_know(
    served: Any, failure: Any, kind: Any, code: str, stream: bool
) -> None:
    served.answering.will(failure)
    with pytest.raises(kind) as refused:
        await served.client.chat.completions.create(model="echo", messages=HELLO, stream=stream)
    assert refused.value.code == code
    assert str(failure) in refused.value.message
    assert refused.value.response.headers.get("retry-after") == ("7" if isinstance(failure, QueueFull) else None)


async def test_an_unknown_model_is_not_found(served: Any) -> None:
    with pytest.raises(openai.NotFoundError) as refused:
        await served.client.chat.completions.create(model="gpt-9", messages=HELLO)
    assert (refused.value.code, refused.value.param) == ("model_not_found", "model")
    assert "there is echo" in refused.value.message


async def test_a_wrong_key_is_refused_as_such(served: Any) -> None:
    for key in ("sk-wrong", "oat_wrong"):
        with pytest.raises(openai.AuthenticationError) as refused:
            await served.client.with_options(api_key=key).models.list()
        assert refused.value.code == "invalid_api_key"


async def test_a_failure_in_mid_answer_is_raised_after_the_text(served: Any) -> None:
    served.answering.will("Well", ModelFailed("it died"))
    stream = await served.client.chat.completions.create(model="echo", messages=HELLO, stream=True)
    texts: list[str] = []

    async def listen() -> None:
        async for chunk in stream:
            texts.append(chunk.choices[0].delta.content or "")

    with pytest.raises(openai.APIError, match="it died"):
        await listen()
    assert "".join(texts) == "Well"


@pytest.mark.parametrize("stream", [False, True])
async def test_a_client_that_goes_cancels_its_answer(served: Any, stream: bool) -> None:
    never = asyncio.Event()
    served.answering.will("Well", never)
    headers = {"authorization": f"Bearer {served.token}"}
    body = {"model": "echo", "messages": HELLO, "stream": stream}
    async with httpx.AsyncClient(base_url=served.address, headers=headers) as http:
        if stream:
            async with http.stream("POST", "/v1/chat/completions", json=body) as answer:
                assert b"Well" in [line async for line in _until(answer, b"Well")][-1]
        else:
            asking = asyncio.create_task(http.post("/v1/chat/completions", json=body))
            await served.answering.until(lambda: bool(served.answering.asked))
            asking.cancel()
    await served.answering.until(lambda: bool(served.answering.cancelled))
    assert served.answering.cancelled == [served.answering.asked[0].id]


async def _until(answer: httpx.Response, wanted: bytes) -> Any:
    async for part in answer.aiter_bytes():
        yield part
        if wanted in part:
            return


async def test_a_stream_that_waits_in_the_queue_is_kept_alive_and_refused_late_with_an_event(
    served: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("oa.server.openai.controller.STATUS_WITHIN_S", 0.01)
    monkeypatch.setattr("oa.server.openai.controller.KEEP_ALIVE_S", 0.01)
    go_on = asyncio.Event()
    served.answering.will(Queued(0, 1), go_on, ModelFailed("it died"))
    headers = {"authorization": f"Bearer {served.token}"}
    body = {"model": "echo", "messages": HELLO, "stream": True}
    async with (
        httpx.AsyncClient(base_url=served.address, headers=headers) as http,
        http.stream("POST", "/v1/chat/completions", json=body) as answer,
    ):
        assert answer.status_code == 200
        lines = answer.aiter_lines()
        seen = [line async for line in _lines_until(lines, ": keep-alive")]
        go_on.set()
        rest = [line async for line in lines if line]
    assert seen[-1] == ": keep-alive"
    assert json.loads(rest[-1].removeprefix("data: "))["error"]["code"] == "model_failed"


async def _lines_until(lines: Any, wanted: str) -> Any:
    async for line in lines:
        yield line
        if line == wanted:
            return
