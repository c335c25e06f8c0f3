"""The OpenAI API byte by byte: what no client library shows, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from oa.inference.engine import Role, ToolCall, Turn

pytestmark = pytest.mark.asyncio(loop_scope="module")

HELLO = [{"role": "user", "content": "Hello there"}]


async def send(served: Any, path: str, body: Any, **headers: str) -> httpx.Response:
    shown = {
        "authorization": f"Bearer {served.token}",
        **{name.replace("_", "-"): text for name, text in headers.items()},
    }
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    async with httpx.AsyncClient(base_url=served.address, headers=shown) as http:
        return await http.post(f"/v1/{path}", content=content)


async def test_a_stream_is_events_and_a_last_word(served: Any) -> None:
    served.answering.will("Hi")
    answer = await send(served, "chat/completions", {"model": "echo", "messages": HELLO, "stream": True})
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"
    assert "content-length" not in answer.headers
    *events, end, nothing = answer.text.split("\n\n")
    assert (end, nothing) == ("data: [DONE]", "")
    chunks = [json.loads(event.removeprefix("data: ")) for event in events]
    assert [set(chunk) for chunk in chunks] == [
        {"id", "object", "created", "model", "system_fingerprint", "choices"} for _ in range(3)
    ]
    assert chunks[1]["choices"] == [{"index": 0, "delta": {"content": "Hi"}, "logprobs": None, "finish_reason": None}]
    assert chunks[2]["choices"] == [{"index": 0, "delta": {}, "logprobs": None, "finish_reason": "stop"}]


async def test_texts_that_come_together_go_out_together(served: Any) -> None:
    words = [f"w{number} " for number in range(500)]
    served.answering.will(*words)
    answer = await send(served, "chat/completions", {"model": "echo", "messages": HELLO, "stream": True})
    chunks = [json.loads(event[6:]) for event in answer.text.split("\n\n")[:-2]]
    assert "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks) == "".join(words)


async def test_no_model_named_is_the_default_one(served: Any) -> None:
    answer = await send(served, "chat/completions", {"messages": HELLO, "n": None, "stop": None, "tools": None})
    assert answer.json()["model"] == "echo"


async def test_turns_that_did_not_fit_are_told_of(served: Any) -> None:
    for stream in (False, True):
        served.answering.will("Hi", dropped_turns=3)
        answer = await send(served, "chat/completions", {"messages": HELLO, "stream": stream})
        assert answer.headers["x-oa-dropped-turns"] == "3"


async def test_calls_of_before_are_told_in_words_to_a_model_without_tools(served: Any) -> None:
    call = {"id": "c", "type": "function", "function": {"name": "add", "arguments": '{"a": 1}'}}
    messages = [*HELLO, {"role": "assistant", "tool_calls": [call]}, {"role": "tool", "content": "2"}]
    await send(served, "chat/completions", {"messages": messages})
    await send(served, "chat/completions", {"messages": [*messages, *HELLO], "tool_choice": "none"})
    assert served.answering.asked[0].turns[1:] == (
        Turn(Role.ASSISTANT, 'Action: add\nAction Input: {"a": 1}'),
        Turn(Role.USER, "Observation: 2"),
    )
    served.answering.can_use_tools()
    await send(served, "chat/completions", {"messages": messages})
    assert served.answering.asked[2].turns[1].tool_calls == (ToolCall("c", "add", '{"a": 1}'),)


TOOL = {"type": "function", "function": {"name": "add"}}

REFUSED: dict[str, tuple[str, Any, str, str]] = {
    "no JSON": ("chat/completions", b"{", "is not JSON", "invalid_request"),
    "nothing": ("chat/completions", b"", "the body", "invalid_request"),
    "no messages": ("chat/completions", {}, "messages is missing", "invalid_request"),
    "empty messages": ("chat/completions", {"messages": []}, "messages", "invalid_request"),
    "a role of another world": (
        "chat/completions",
        {"messages": [{"role": "narrator", "content": "x"}]},
        "messages.0.role cannot be 'narrator'",
        "invalid_request",
    ),
    "a picture": (
        "chat/completions",
        {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]},
        "'image_url' is not understood",
        "not_supported",
    ),
    "too hot": ("chat/completions", {"messages": HELLO, "temperature": 3}, "temperature", "invalid_request"),
    "too many choices": ("chat/completions", {"messages": HELLO, "n": 99}, "n must be", "invalid_request"),
    "no tokens": ("chat/completions", {"messages": HELLO, "max_tokens": 0}, "max_tokens", "invalid_request"),
    "a bias": ("chat/completions", {"messages": HELLO, "logit_bias": {"1": 2}}, "logit_bias", "not_supported"),
    "alternatives alone": ("chat/completions", {"messages": HELLO, "top_logprobs": 2}, "needs logprobs", "invalid"),
    "usage of no stream": (
        "chat/completions",
        {"messages": HELLO, "stream_options": {"include_usage": True}},
        "needs stream",
        "invalid",
    ),
    "a schema without a schema": (
        "chat/completions",
        {"messages": HELLO, "response_format": {"type": "json_schema"}},
        "json_schema.schema",
        "invalid",
    ),
    "a schema of another world": (
        "chat/completions",
        {
            "messages": HELLO,
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "x", "schema": {"anyOf": [{"type": ["object", "thing"]}]}},
            },
        },
        "no type 'thing'",
        "invalid",
    ),
    "a schema and a grammar": (
        "chat/completions",
        {"messages": HELLO, "response_format": {"type": "json_object"}, "grammar": "root ::= 'x'"},
        "exclude each other",
        "invalid",
    ),
    "a choice of no tool": ("chat/completions", {"messages": HELLO, "tool_choice": "required"}, "needs", "invalid"),
    "a choice of another tool": (
        "chat/completions",
        {"messages": HELLO, "tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "sub"}}},
        "'sub', which is not in tools",
        "invalid",
    ),
    "token ids": ("completions", {"prompt": [1, 2]}, "token ids", "not_supported"),
    "no prompts": ("completions", {"prompt": []}, "prompt", "not_supported"),
    "a suffix": ("completions", {"prompt": "x", "suffix": "y"}, "suffix", "not_supported"),
    "the best of several": ("completions", {"prompt": "x", "best_of": 2}, "best_of", "not_supported"),
    "too many answers": ("completions", {"prompt": ["x"] * 9, "n": 2}, "at most 16", "invalid"),
    "fewer dimensions": ("embeddings", {"input": "x", "dimensions": 1}, "dimensions", "not_supported"),
    "an empty text": ("embeddings", {"input": ["x", ""]}, "none of them empty", "not_supported"),
}


@pytest.mark.parametrize("kind", REFUSED)
async def test_what_cannot_be_done_is_refused_with_a_sentence(served: Any, kind: str) -> None:
    path, body, sentence, code = REFUSED[kind]
    answer = await send(served, path, body)
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert sentence in error["message"]
    assert (error["type"], error["code"]) == ("invalid_request_error", code)
    assert set(error) == {"message", "type", "param", "code"}
    assert served.answering.asked == []


async def test_whatever_is_not_there_is_refused_in_the_same_shape(served: Any) -> None:
    for path, status in (("nothing", 404), ("models", 405)):
        answer = await send(served, path, {})
        assert answer.status_code == status
        assert answer.json()["error"]["type"] == "invalid_request_error"


async def test_a_schema_may_have_a_property_called_type(served: Any) -> None:
    schema = {"properties": {"type": {"type": "string", "enum": ["a"]}, "x": {"const": {"type": "y"}}}}
    wanted = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    answer = await send(served, "chat/completions", {"messages": HELLO, "response_format": wanted})
    assert answer.status_code == 200


async def test_without_a_key_nothing_is_answered(served: Any) -> None:
    for path, body in (("chat/completions", {"messages": HELLO}), ("completions", {"prompt": "x"})):
        answer = await send(served, path, body, authorization="")
        assert answer.status_code == 401
        assert answer.json()["error"]["code"] == "invalid_api_key"
    assert served.answering.asked == []


async def test_a_fault_of_the_hub_is_told_without_its_inside(served: Any, caplog: pytest.LogCaptureFixture) -> None:
    for stream in (False, True):
        served.answering.will("Hi", ZeroDivisionError("secret"))
        answer = await send(served, "chat/completions", {"messages": HELLO, "stream": stream})
        told = answer.text if stream else answer.json()["error"]["message"]
        assert answer.status_code == (200 if stream else 500)
        assert "the hub failed at this" in told
        assert "secret" not in answer.text
    assert "secret" in caplog.text
