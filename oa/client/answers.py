"""Answers of a hub's models, as they are written: through /v1, as any OpenAI client asks."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import msgspec

from oa.client.failures import failure, stream_failure
from oa.errors import Unavailable

SILENCE_S = 60.0
"""The hub says at least that it is still there more often than this."""


@dataclass(frozen=True, slots=True)
class Said:
    """A turn of a conversation: who (system, user or assistant) and what."""

    role: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """How to answer; None leaves it to the hub."""

    model: str | None = None
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """How an answer ended."""

    model: str
    reason: str
    prompt_tokens: int
    completion_tokens: int


class _Delta(msgspec.Struct, frozen=True):
    content: str | None = None


class _Choice(msgspec.Struct, frozen=True):
    delta: _Delta = _Delta()
    finish_reason: str | None = None


class _Usage(msgspec.Struct, frozen=True):
    prompt_tokens: int = 0
    completion_tokens: int = 0


class _Chunk(msgspec.Struct, frozen=True):
    model: str = ""
    choices: list[_Choice] = []
    usage: _Usage | None = None
    error: dict[str, object] | None = None


async def answer(
    http: httpx.AsyncClient, conversation: Sequence[Said], wish: Wish
) -> AsyncGenerator[str | Answered, None]:
    """The text of an answer, piece by piece, and how it ended. Closing it cancels the answer.

    Args:
        http: with the hub's address, and whatever proves who asks.

    Raises:
        OaError: the leaf that the hub names; `Unavailable` where it cannot be reached or breaks off.
    """
    try:
        async with http.stream("POST", "/v1/chat/completions", json=_body(conversation, wish)) as response:
            if not response.is_success:
                await response.aread()
                raise failure(response)
            async for piece in _pieces(response):
                yield piece
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.UnsupportedProtocol, httpx.InvalidURL):
        address = str(http.base_url).rstrip("/")
        raise Unavailable(f"no hub answers at {address}; check the address, and that it runs") from None
    except httpx.TransportError:
        raise Unavailable("the connection to the hub broke off in the middle of the answer; ask again") from None


def _body(conversation: Sequence[Said], wish: Wish) -> Mapping[str, Any]:
    wanted = {
        "model": wish.model,
        "temperature": wish.temperature,
        "top_p": wish.top_p,
        "max_tokens": wish.max_tokens,
        "seed": wish.seed,
    }
    return {
        "messages": [{"role": said.role, "content": said.text} for said in conversation],
        "stream": True,
        "stream_options": {"include_usage": True},
        **{name: value for name, value in wanted.items() if value is not None},
    }


async def _pieces(response: httpx.Response) -> AsyncGenerator[str | Answered, None]:
    model, reason, usage = "", None, _Usage()
    async for line in response.aiter_lines():
        if not line.startswith("data: ") or line == "data: [DONE]":
            continue
        try:
            chunk = msgspec.json.decode(line[6:], type=_Chunk)
        except msgspec.MsgspecError as error:
            raise Unavailable("the hub does not keep to the protocol; check that the versions fit") from error
        if chunk.error is not None:
            raise stream_failure(line[6:].encode())
        model, usage = chunk.model or model, chunk.usage or usage
        for choice in chunk.choices[:1]:
            reason = choice.finish_reason or reason
            if choice.delta.content:
                yield choice.delta.content
    if reason is None:
        raise Unavailable("the hub broke off in the middle of the answer; ask again")
    yield Answered(model, reason, usage.prompt_tokens, usage.completion_tokens)
