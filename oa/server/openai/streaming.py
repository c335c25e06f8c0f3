"""A streamed answer: what came at the same time goes out at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator

import msgspec

from oa.errors import OaError
from oa.server.errors import openai_failure, openai_unexpected
from oa.server.event_stream import KEEP_ALIVE
from oa.server.openai.choices import Choices
from oa.server.openai.chunks import DONE, Chunks


async def stream(
    choices: Choices, chunks: Chunks, *, with_usage: bool, keep_alive_s: float
) -> AsyncGenerator[bytes, None]:
    """The events of an answer, to the end or to the failure that ended it. Closing it cancels the answer."""
    loop = asyncio.get_running_loop()
    said_at = loop.time()

    def tick() -> None:
        nonlocal timer
        timer = loop.call_later(keep_alive_s, tick)
        choices.wake()

    timer = loop.call_later(keep_alive_s, tick)
    try:
        yield b"".join(chunks.begin(choice.index) for choice in choices.all)
        while True:
            news = b"".join(_news(choices, chunks))
            if news:
                said_at = loop.time()
                yield news
            if all(choice.is_told for choice in choices.all):
                break
            if loop.time() - said_at >= keep_alive_s:
                said_at = loop.time()
                yield KEEP_ALIVE
            await choices.change()
        if with_usage:
            yield chunks.usage(choices.usage())
        yield DONE
    except Exception as error:  # the status is long sent: the failure is the last event
        yield b"".join(_news(choices, chunks)) + _failed(error)
    finally:
        timer.cancel()
        await choices.close()


def _news(choices: Choices, chunks: Chunks) -> Iterator[bytes]:
    """What nobody was told yet."""
    for choice in choices.all:
        if choice.texts or choice.tokens:
            text = "".join(choice.texts)
            choice.texts.clear()
            yield chunks.text(choice, text, choice.tokens)
            choice.tokens.clear()
        if choice.end is not None and not choice.is_told:
            choice.is_told = True
            if choice.calls:
                yield chunks.calls(choice.index, choice.calls)
            yield chunks.finish(choice.index, choice.finish_reason)


def _failed(error: Exception) -> bytes:
    failure = openai_failure(error) if isinstance(error, OaError) else openai_unexpected("a streamed answer", error)
    return b"data: " + msgspec.json.encode(failure) + b"\n\n"
