"""How events travel (server-sent events): numbered, so that whoever loses the connection goes on where it broke.

Only `id:` and `data:` lines and comments are sent; the kind of an event stands in its JSON, as Open-Assistant's clients
expect.

Source: WHATWG, "HTML Living Standard", server-sent events.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from oa.domain.chats import ChatMessage, Event
from oa.errors import Invalid
from oa.protocol import chat_events
from oa.protocol.chat_events import ENCODER
from oa.protocol.chats import MessageRead

HEARTBEAT = b": still here\n\n"
"""A comment, which clients skip. Proxies drop connections that say nothing."""

RETRY = b"retry: 1000\n\n"
"""After how many milliseconds a client whose connection broke should come back."""


def frame(number: int | None, event: msgspec.Struct) -> bytes:
    """An event on the wire; without a number it is not one that a client can go on from."""
    data = ENCODER.encode(event)
    return b"data: %b\n\n" % data if number is None else b"id: %d\ndata: %b\n\n" % (number, data)


def frames(events: Sequence[Event]) -> list[bytes]:
    """Kept events on the wire."""
    return [frame(event.number, chat_events.kept(event)) for event in events]


def last_frame(message: ChatMessage) -> bytes:
    """How the stream of an answer ends that has ended so."""
    return frame(message.last_event, chat_events.last(MessageRead.of(message)))


def last_event_id(header: str | None) -> int | None:
    """What `Last-Event-ID` says; None where it is not sent.

    Raises:
        Invalid: it is no number of an event.
    """
    if header is None or not header.strip():
        return None
    text = header.strip()
    if not (text.isascii() and text.isdecimal() and len(text) <= 18):
        raise Invalid("Last-Event-ID is the number of an event of this stream; leave it out to begin at the beginning")
    return int(text)
