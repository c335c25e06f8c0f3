"""Reading an answer as it is written, however often the connection breaks.

Source: WHATWG, "HTML Living Standard", server-sent events.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass

import msgspec

from oa.client.connection import Connection, Request
from oa.errors import Unavailable
from oa.protocol.chat_events import ChatEvent, ErrorEvent, MessageEvent

DECODER = msgspec.json.Decoder(ChatEvent)


@dataclass(frozen=True, slots=True)
class ServerSentEvent:
    """One event as it came."""

    kind: str
    """What `event:` said; "message" when it said nothing."""
    data: str
    id: str | None
    """What `id:` said, if it did."""


async def parse(lines: AsyncIterator[str]) -> AsyncGenerator[ServerSentEvent, None]:
    """The events in the lines of a stream. Comments, unknown fields and an unfinished last event are left out."""
    kind, data, event_id = "", list[str](), None
    async for line in lines:
        if not line:
            if data:
                yield ServerSentEvent(kind or "message", "\n".join(data), event_id)
            kind, data, event_id = "", [], None
            continue
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            data.append(value)
        elif name == "event":
            kind = value
        elif name == "id" and "\0" not in value:
            event_id = value


async def watch(connection: Connection, path: str, after: int = 0) -> AsyncGenerator[ChatEvent, None]:
    """What happens to an answer, to its end; a broken connection is taken up again where it broke.

    Args:
        path: of the answer's events.
        after: the number of the last event that is known; 0 for none.

    Raises:
        OaError: the hub refuses, for what it names.
        Unavailable: the hub stays away longer than the connection's patience lasts.
    """
    last, failures = after, 0
    while True:
        try:
            async with aclosing(_once(connection, path, last)) as events:
                async for number, event in events:
                    failures, last = 0, last if number is None else number
                    yield event
                    if isinstance(event, MessageEvent | ErrorEvent):
                        return
            broken = Unavailable("the stream of this answer broke off; try again in a moment")
        except Unavailable as error:
            broken = error
        failures += 1
        if failures >= connection.patience.attempts:
            raise broken
        await connection.sleep(connection.patience.wait_s(failures - 1, connection.rng))


async def _once(connection: Connection, path: str, after: int) -> AsyncGenerator[tuple[int | None, ChatEvent], None]:
    """The events of one connection, with their numbers."""
    headers = {"accept": "text/event-stream", "last-event-id": str(after)}
    async with (
        connection.stream(Request(method="GET", path=path), headers) as response,
        aclosing(parse(response.aiter_lines())) as events,
    ):
        async for event in events:
            if event.kind == "message":
                yield _number(event.id), _decode(event.data)


def _number(event_id: str | None) -> int | None:
    return int(event_id) if event_id is not None and event_id.isascii() and event_id.isdecimal() else None


def _decode(data: str) -> ChatEvent:
    try:
        return DECODER.decode(data)
    except msgspec.MsgspecError as error:
        raise Unavailable(
            "the hub's stream says what this version does not know; check that the versions fit"
        ) from error
