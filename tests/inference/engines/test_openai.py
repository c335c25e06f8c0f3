from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from engines_under_test import ask, request_for

from oa.domain.sampling import Sampling
from oa.errors import ModelFailed, NotSupported, OaError, PromptTooLong, UpstreamFailed
from oa.inference.engine import Reason, Role, Segment, ToolDefinition, Turn
from oa.inference.engines import openai
from oa.inference.engines.openai import UpstreamEngine, UpstreamSettings

MODELS = {"data": [{"id": "m", "max_model_len": 77}]}
STREAM = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"


def chunk(text: str | None = None, finish: str | None = None, **facts: Any) -> str:
    delta = {} if text is None else {"content": text}
    return f"data: {json.dumps({'choices': [{'index': 0, 'delta': delta, 'finish_reason': finish}], **facts})}\n\n"


def answer(status: int, body: object) -> str:
    text = body if isinstance(body, str) else json.dumps(body)
    kind = "text/html" if isinstance(body, str) else "application/json"
    return (
        f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {len(text)}\r\nConnection: close\r\n\r\n{text}"
    )


class Upstream:
    """A server that answers as a test tells it to: one text for each question, the last one for all that follow."""

    def __init__(self) -> None:
        self.answers: list[str] = []
        self.models = answer(200, MODELS)
        self.asked: list[dict[str, Any]] = []
        self.headers: list[str] = []
        self.hangs = False
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.headers.append(head)
        length = next((int(line[15:]) for line in head.splitlines() if line.lower().startswith("content-length")), 0)
        body = await reader.readexactly(length)
        if head.startswith("GET"):
            writer.write(self.models.encode())
        else:
            self.asked.append(json.loads(body))
            writer.write((self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]).encode())
            await writer.drain()
            if self.hangs:
                await reader.read()
        writer.close()


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openai, "RETRY_AFTER_S", 0)


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    upstream = Upstream()
    server = await asyncio.start_server(upstream.serve, "127.0.0.1", 0)
    upstream.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    yield upstream
    server.close()


@asynccontextmanager
async def loaded(upstream: Upstream, **settings: Any) -> AsyncGenerator[UpstreamEngine, None]:
    engine = UpstreamEngine(UpstreamSettings(upstream.url, "m", **settings))
    await engine.load()
    try:
        yield engine
    finally:
        await engine.unload()


WHOLE = STREAM + chunk("one ") + ": a comment\n\n" + chunk("two") + chunk(finish="stop") + "data: [DONE]\n\n"


async def test_the_conversation_and_every_setting_that_is_set_are_passed_on(upstream: Upstream) -> None:
    upstream.answers = [WHOLE]
    tool = ToolDefinition("look", "looks", {"type": "object"})
    sampling = Sampling(0.5, top_k=9, min_p=0.1, seed=3, repetition_penalty=1.1)
    async with loaded(upstream, key="secret") as engine:
        said = await ask(engine, "hello", sampling=sampling, tools=(tool,), json_schema={"type": "object"})
    assert (said.text, said.end.reason, said.end.completion_tokens) == ("one two", Reason.END, 2)
    (asked,) = upstream.asked
    assert asked["messages"] == [{"role": "user", "content": "hello"}]
    assert {key: asked[key] for key in ("temperature", "top_k", "min_p", "seed", "max_tokens")} == {
        "temperature": 0.5,
        "top_k": 9,
        "min_p": 0.1,
        "seed": 3,
        "max_tokens": 24,
    }
    assert "top_p" not in asked
    assert asked["tools"][0]["function"]["name"] == "look"
    assert asked["response_format"]["json_schema"]["schema"] == {"type": "object"}
    assert all("authorization: bearer secret" in head.lower() for head in upstream.headers)


async def test_the_context_is_what_the_server_says(upstream: Upstream) -> None:
    async with loaded(upstream) as engine:
        assert engine.capabilities.context_length == 77
    async with loaded(upstream, context_length=50) as engine:
        assert engine.capabilities.context_length == 50


async def test_bare_text_goes_to_the_completions(upstream: Upstream) -> None:
    upstream.answers = [STREAM + 'data: {"choices":[{"text":"x","finish_reason":"length"}]}\n\ndata: [DONE]\n\n']
    async with loaded(upstream) as engine:
        request = request_for(engine, "hello")
        bare = type(request)(**{**_facts(request), "prompt": (Segment("Once", special=True),)})
        pieces = [piece async for piece in engine.generate(bare)]
    assert upstream.asked[0]["prompt"] == "Once"
    assert "POST /v1/completions" in upstream.headers[-1]
    assert getattr(pieces[-1], "reason", None) is Reason.LENGTH


async def test_an_unfinished_answer_is_continued(upstream: Upstream) -> None:
    upstream.answers = [WHOLE]
    async with loaded(upstream) as engine:
        request = request_for(engine, "hello")
        turns = (*request.turns, Turn(Role.ASSISTANT, "Once"))
        [piece async for piece in engine.generate(type(request)(**{**_facts(request), "turns": turns}))]
    assert upstream.asked[0]["continue_final_message"] is True


async def test_tool_calls_are_put_together(upstream: Upstream) -> None:
    def part(**function: str) -> str:
        call = {"index": 0, "function": function} | ({"id": "c1"} if "name" in function else {})
        return f"data: {json.dumps({'choices': [{'delta': {'tool_calls': [call]}}]})}\n\n"

    parts = part(name="look", arguments="") + part(arguments='{"a"') + part(arguments=": 1}")
    upstream.answers = [STREAM + parts + chunk(finish="tool_calls") + "data: [DONE]\n\n"]
    async with loaded(upstream) as engine:
        (call,) = (await ask(engine, "hello")).end.tool_calls
    assert (call.id, call.name, call.arguments) == ("c1", "look", '{"a": 1}')


async def test_what_fails_before_the_first_token_is_tried_once_more(upstream: Upstream) -> None:
    upstream.answers = [answer(503, {"error": {"message": "busy"}}), WHOLE]
    async with loaded(upstream) as engine:
        assert (await ask(engine, "hello")).text == "one two"
    assert len(upstream.asked) == 2


async def test_what_fails_after_the_first_token_is_not(upstream: Upstream) -> None:
    upstream.answers = [STREAM + chunk("one ")]
    async with loaded(upstream) as engine:
        pieces = engine.generate(request_for(engine, "hello"))
        assert getattr(await anext(pieces), "text", None) == "one "
        with pytest.raises(UpstreamFailed, match="broke off"):
            await anext(pieces)
    assert len(upstream.asked) == 1


@pytest.mark.parametrize(
    ("says", "kind", "sentence"),
    [
        (answer(200, {"choices": []}), UpstreamFailed, "application/json, not with a stream"),
        (answer(200, "<html>sign in</html>"), UpstreamFailed, "text/html, not with a stream"),
        (STREAM + "<html>", UpstreamFailed, "no event stream"),
        (STREAM + "data: {broken\n\n", UpstreamFailed, "cannot be read"),
        (STREAM + 'data: {"choices": "none"}\n\n', UpstreamFailed, "cannot be read"),
        (STREAM + chunk("x", error={"message": "out of memory"}), UpstreamFailed, "out of memory"),
        (STREAM + "data: [DONE]\n\n", UpstreamFailed, "broke off"),
        (STREAM, UpstreamFailed, "broke off"),
        ("nonsense", UpstreamFailed, "broke the connection"),
        (answer(500, "oops"), UpstreamFailed, r"failed \(500\): oops"),
        (answer(401, {"error": {"message": "who?"}}), UpstreamFailed, "refuses the key"),
        (answer(404, {"error": {"message": "no m"}}), UpstreamFailed, "does not know the model"),
        (answer(429, {"error": {"message": "slow down"}}), UpstreamFailed, "slow down"),
        (answer(400, {"error": {"message": "no seed"}}), NotSupported, "no seed"),
        (
            answer(400, {"error": {"message": "maximum context length is 10 tokens", "code": None}}),
            PromptTooLong,
            "10 tokens",
        ),
    ],
)
async def test_a_server_that_fails_or_lies_is_named_with_what_it_did(
    upstream: Upstream, says: str, kind: type[OaError], sentence: str
) -> None:
    upstream.answers = [says]
    async with loaded(upstream) as engine:
        with pytest.raises(kind, match=sentence):
            await ask(engine, "hello")
        upstream.answers = [WHOLE]
        assert (await ask(engine, "hello")).text == "one two"


async def test_a_server_that_says_nothing_is_given_up(upstream: Upstream) -> None:
    upstream.answers, upstream.hangs = [STREAM + chunk("one ")], True
    async with loaded(upstream, silence_s=0.1) as engine:
        pieces = engine.generate(request_for(engine, "hello"))
        await anext(pieces)
        with pytest.raises(UpstreamFailed, match=r"said nothing for 0\.1 s"):
            await anext(pieces)


async def test_a_server_that_is_not_there_is_named() -> None:
    engine = UpstreamEngine(UpstreamSettings("http://127.0.0.1:9/v1", "m"))
    with pytest.raises(UpstreamFailed, match=r"cannot be reached at http://127\.0\.0\.1:9/v1"):
        await engine.load()
    assert not engine.is_loaded


@pytest.mark.parametrize(
    ("models", "sentence"),
    [
        (answer(200, {"data": [{"id": "other"}]}), "has no model 'm'; it has other"),
        (answer(200, "<html>"), "does not speak the OpenAI API"),
        (answer(403, {}), "refuses the key"),
    ],
)
async def test_a_server_without_the_model_is_named(upstream: Upstream, models: str, sentence: str) -> None:
    upstream.models = models
    with pytest.raises(UpstreamFailed, match=sentence):
        await UpstreamEngine(UpstreamSettings(upstream.url, "m")).load()


async def test_grammars_and_counts_are_refused(upstream: Upstream) -> None:
    async with loaded(upstream) as engine:
        with pytest.raises(NotSupported):
            await ask(engine, "hello", grammar="root ::= x")
        with pytest.raises(NotSupported):
            await engine.count_tokens([Segment("a", special=True)])


async def test_vectors_are_brought_to_length_one(upstream: Upstream) -> None:
    data = [{"index": 1, "embedding": [0, 2]}, {"index": 0, "embedding": [3, 4]}]
    upstream.answers = [answer(200, {"data": data})]
    async with loaded(upstream) as engine:
        assert await engine.embed(["a", "b"]) == (pytest.approx((0.6, 0.8)), (0.0, 1.0))
        upstream.answers = [answer(200, {"nothing": 1})]
        with pytest.raises(UpstreamFailed, match="no vectors"):
            await engine.embed(["a"])


async def test_a_question_to_an_unloaded_engine_ends(upstream: Upstream) -> None:
    upstream.answers, upstream.hangs = [STREAM + chunk("one ")], True
    async with loaded(upstream) as engine:
        pieces = engine.generate(request_for(engine, "hello"))
        await anext(pieces)
        await engine.unload()
        with pytest.raises(ModelFailed):
            await anext(pieces)


def _facts(request: Any) -> dict[str, Any]:
    return {name: getattr(request, name) for name in request.__dataclass_fields__}
