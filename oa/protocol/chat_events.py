"""What a stream tells of an answer that is being written. The kind stands in `event_type`."""

from __future__ import annotations

import msgspec

from oa.domain.chats import Event, EventKind
from oa.protocol.chats import MessageRead


class PendingEvent(msgspec.Struct, frozen=True, kw_only=True, tag_field="event_type", tag="pending"):
    """The question waits for a model. Told as it changes and kept by nobody, so that it has no number."""

    queue_position: int
    """0 is next."""
    queue_size: int


class TokenEvent(msgspec.Struct, frozen=True, tag_field="event_type", tag="token"):
    text: str
    """What follows: one token, or several that came at once."""


class PluginIntermediateEvent(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="event_type", tag="plugin_intermediate"
):
    """The model uses a tool."""

    current_plugin_thought: str = ""
    current_plugin_action_taken: str = ""
    """The tool."""
    current_plugin_action_input: str = ""
    current_plugin_action_response: str = ""
    """What the tool said; empty as it begins."""


class MessageEvent(msgspec.Struct, frozen=True, kw_only=True, tag_field="event_type", tag="message"):
    """The answer is complete, or was stopped. Its text counts, and replaces what was streamed. The last event."""

    message: MessageRead


class ErrorEvent(msgspec.Struct, frozen=True, kw_only=True, tag_field="event_type", tag="error"):
    """The answer failed; the message has what came of it. The last event."""

    error: str
    message: MessageRead | None = None


ChatEvent = PendingEvent | TokenEvent | PluginIntermediateEvent | MessageEvent | ErrorEvent

ENCODER = msgspec.json.Encoder()


def kept(event: Event) -> TokenEvent | PluginIntermediateEvent:
    """An event that is kept, as it is sent."""
    if event.kind is EventKind.TOKEN:
        return TokenEvent(event.text)
    return msgspec.convert(event.facts or {}, PluginIntermediateEvent)


def last(message: MessageRead) -> MessageEvent | ErrorEvent:
    """How a stream ends when its answer has ended so."""
    if message.state.is_failure:
        return ErrorEvent(error=message.error or f"the answer ended as {message.state}", message=message)
    return MessageEvent(message=message)
