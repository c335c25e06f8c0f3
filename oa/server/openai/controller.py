"""/v1: chat completions, completions, embeddings and models, in the shapes of the OpenAI API."""

from __future__ import annotations

import asyncio
import base64
import struct
import time
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any
from uuid import uuid4

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.di import NamedDependency
from litestar.exceptions import ClientException
from litestar.params import FromPath, JSONBody

from oa.domain.people import Caller
from oa.domain.sampling import Sampling
from oa.errors import NotSupported
from oa.inference.answering import Answering, Model, Question
from oa.inference.engine import Role, Turn
from oa.protocol.openai import (
    ChatRequest,
    CompletionRequest,
    Embedding,
    EmbeddingList,
    EmbeddingRequest,
    EmbeddingUsage,
    ModelCard,
    ModelList,
    SamplingFields,
)
from oa.server.auth import Call
from oa.server.event_stream import KEEP_ALIVE_S, EventStream, has_gone
from oa.server.openai import questions, whole
from oa.server.openai.choices import Choices
from oa.server.openai.chunks import ChatChunks, Chunks, CompletionChunks
from oa.server.openai.questions import Asked
from oa.server.openai.streaming import stream

STATUS_WITHIN_S = 1.0
"""How long a stream waits before it sends its status: what is refused until then is refused with the right one."""


class OpenAIController(Controller):
    path = "/v1"
    tags = ("openai",)

    @get("/models")
    async def list_models(self, call: NamedDependency[Call]) -> ModelList:
        """The models that can be asked, the default first."""
        await call.caller()
        return ModelList(data=[_card(model) for model in await call.hub.answering.models()])

    @get("/models/{name:path}")
    async def show_model(self, call: NamedDependency[Call], name: FromPath[str]) -> ModelCard:
        """One model. Its name may have slashes in it."""
        await call.caller()
        return _card(await questions.find_model(call.hub.answering, str(name).lstrip("/")))

    @post("/chat/completions", status_code=200)
    async def complete_chat(self, call: NamedDependency[Call], data: JSONBody[ChatRequest]) -> Response[Any]:
        """The next turn of a conversation, whole or as it is written (`stream`)."""
        person = _person(await call.caller())
        model = await questions.find_model(call.hub.answering, data.model)
        asked = questions.of_chat(data, model, f"chatcmpl-{uuid4().hex}", person)
        if not data.stream:
            return await _whole(call, asked, whole.chat_completion)
        with_usage = _wants_usage(data)
        return await _streamed(call, asked, ChatChunks(asked, _now_s(), with_usage=with_usage), with_usage=with_usage)

    @post("/completions", status_code=200)
    async def complete_text(self, call: NamedDependency[Call], data: JSONBody[CompletionRequest]) -> Response[Any]:
        """How a text goes on, without any template."""
        person = _person(await call.caller())
        model = await questions.find_model(call.hub.answering, data.model)
        asked = questions.of_completion(data, model, f"cmpl-{uuid4().hex}", person)
        if not data.stream:
            return await _whole(call, asked, whole.completion)
        with_usage = _wants_usage(data)
        chunks = CompletionChunks(asked, _now_s(), with_usage=with_usage)
        return await _streamed(call, asked, chunks, with_usage=with_usage)

    @post("/embeddings", status_code=200)
    async def embed(self, call: NamedDependency[Call], data: JSONBody[EmbeddingRequest]) -> EmbeddingList:
        """A vector of length 1 for each text, by models that can."""
        person = _person(await call.caller())
        answering = call.hub.answering
        model = await questions.find_model(answering, data.model)
        if not model.embeddings:
            raise NotSupported(f"{model.name} makes no embeddings", param="model")
        if data.dimensions is not None:
            raise NotSupported("dimensions is not supported; vectors have the model's own", param="dimensions")
        texts = [data.input] if isinstance(data.input, str) else data.input
        if not all(isinstance(text, str) and text for text in texts):
            raise NotSupported("input is a text or a list of texts, none of them empty", param="input")
        vectors = await answering.embed(model.name, texts)
        tokens = await _count(answering, model, texts, person)
        write = _packed if data.encoding_format == "base64" else list[float]
        return EmbeddingList(
            data=[Embedding(index=index, embedding=write(vector)) for index, vector in enumerate(vectors)],
            model=model.name,
            usage=EmbeddingUsage(prompt_tokens=tokens, total_tokens=tokens),
        )


async def _streamed(call: Call, asked: Asked, chunks: Chunks, *, with_usage: bool) -> Response[Any]:
    choices = Choices(call.hub.answering, asked)
    try:
        await _unless_gone(call.request, choices.begin(STATUS_WITHIN_S))
    except BaseException:
        await choices.close()
        raise
    pieces = stream(choices, chunks, with_usage=with_usage, keep_alive_s=KEEP_ALIVE_S)
    return EventStream(pieces, _headers(choices))


async def _whole(
    call: Call, asked: Asked, tell: Callable[[Asked, Choices, int], msgspec.Struct]
) -> Response[msgspec.Struct]:
    choices = Choices(call.hub.answering, asked)
    try:
        await _unless_gone(call.request, choices.finish())
    finally:
        await choices.close()
    return Response(tell(asked, choices, _now_s()), headers=_headers(choices))


async def _unless_gone(request: Request[Any, Any, Any], work: Coroutine[Any, Any, None]) -> None:
    """Do something as long as the client waits for it.

    Raises:
        ClientException: the client has gone.
    """
    working = asyncio.create_task(work)
    leaving = asyncio.create_task(has_gone(request.receive))
    try:
        await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientException("the client has gone")
        working.result()
    finally:
        for task in (working, leaving):
            task.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await task


def _headers(choices: Choices) -> dict[str, str]:
    """What the API has no field for."""
    return {"x-oa-dropped-turns": str(choices.dropped_turns)} if choices.dropped_turns else {}


def _person(caller: Caller) -> str:
    return str(caller.client.id if caller.person is None else caller.person.id)


def _wants_usage(request: SamplingFields) -> bool:
    return request.stream_options is not None and bool(request.stream_options.include_usage)


def _card(model: Model) -> ModelCard:
    return ModelCard(
        id=model.name,
        created=model.created_s,
        description=model.description,
        context_length=model.context_length,
        is_default=model.is_default,
    )


async def _count(answering: Answering, model: Model, texts: Sequence[str], person: str) -> int:
    turns = [(Turn(Role.USER, text),) for text in texts]
    asked = [Question("count", person, model.name, turn, Sampling(), is_completion=True) for turn in turns]
    return sum([await answering.count_tokens(question) for question in asked])


def _packed(vector: Sequence[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()


def _now_s() -> int:
    return int(time.time())
