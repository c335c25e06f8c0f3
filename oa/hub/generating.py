"""What becomes of an answer while a model writes it, and how it ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from oa.domain import titles
from oa.domain.chats import NEXT, ChatMessage, Event, State, TitleBy
from oa.errors import ChatMessageNotFound
from oa.store import chat_events, chat_index, chats
from oa.store import chat_messages as stored
from oa.store.chat_events import NewEvent
from oa.store.database import Transaction

KEEP_EVENTS = timedelta(days=1)
"""How long after its end an answer can be read again token by token."""

MOST_FORGOTTEN = 2000
"""Answers whose events are forgotten in one transaction."""

RESTARTED = "the hub was stopped while this answer was being written; continue it, or ask for another one"


@dataclass(frozen=True, slots=True)
class Begun:
    """A model has taken the question."""

    message_id: UUID
    prompt_tokens: int
    dropped_turns: int
    worker: str | None


@dataclass(frozen=True, slots=True)
class Progress:
    """What has happened to several answers since the last time."""

    begun: Sequence[Begun]
    events: Mapping[UUID, Sequence[Event]]
    """By their messages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How an answer has ended."""

    message_id: UUID
    state: State
    text: str
    """That was added to the answer."""
    last_event: int
    events: Sequence[Event] = ()
    """Those of its events that are not kept yet."""
    begun: Begun | None = None
    """Where that is not kept yet either."""
    error: str | None = None
    finish_reason: str | None = None
    completion_tokens: int | None = None
    used_plugin: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """The answer as it has ended, and what the chat should be called after, if it wants a title."""

    message: ChatMessage
    title_request: str | None = field(default=None)


def record(tx: Transaction, progress: Progress) -> None:
    """Keep what has happened, so that whoever has seen it sees it again."""
    for one in progress.begun:
        _begin(tx, one)
    chat_events.add(
        tx, [NewEvent(message_id, event) for message_id, events in progress.events.items() for event in events]
    )


def finish(tx: Transaction, ending: Ending) -> Ended:
    """Keep how an answer has ended, with all of its text.

    Raises:
        ChatMessageNotFound: the chat was deleted meanwhile.
    """
    message = stored.find(tx, ending.message_id)
    if message is None:
        raise ChatMessageNotFound("the chat was deleted while the answer was being written")
    if ending.begun is not None:
        _begin(tx, ending.begun)
    assert ending.state in NEXT[message.state]
    chat_events.add(tx, [NewEvent(ending.message_id, event) for event in ending.events])
    text = ((message.content or "") + ending.text).lstrip()
    ended = replace(
        message,
        state=ending.state,
        content=(text.rstrip() if ending.state is State.COMPLETE else text) or None,
        error=ending.error,
        end_date=tx.now,
        finish_reason=ending.finish_reason,
        completion_tokens=ending.completion_tokens,
        used_plugin=ending.used_plugin,
        last_event=ending.last_event,
    )
    stored.finish(tx, ended)
    kept = stored.find(tx, ending.message_id)
    assert kept is not None
    return Ended(kept, _title_request(tx, kept))


def events_after(tx: Transaction, message_id: UUID, number: int) -> list[Event]:
    """What has happened to an answer since an event, as far as it is kept; after 0, everything."""
    return chat_events.after(tx, message_id, number)


def abort_leftovers(tx: Transaction) -> int:
    """End the answers that a hub was writing when it was killed, with as much of them as is kept; how many.

    Nobody may be writing any when this is called.
    """
    left = stored.unfinished(tx)
    for message_id in left:
        message = stored.find(tx, message_id)
        assert message is not None
        text = chat_events.text(tx, message_id).lstrip() or message.content
        last_event = max(message.last_event, chat_events.last_number(tx, message_id)) + 1
        aborted = replace(message, state=State.ABORTED, content=text or None, error=RESTARTED, last_event=last_event)
        stored.finish(tx, aborted)
    return len(left)


def set_title(tx: Transaction, chat_id: UUID, written: str) -> str | None:
    """Call a chat as a model suggests, unless its person has named it meanwhile; the title, if it was one."""
    title = titles.of_model(written)
    chat = chats.of_anybody(tx, chat_id)
    if title is None or chat is None or chat.title_by is TitleBy.PERSON:
        return None
    chats.change(tx, replace(chat, title=title, title_by=TitleBy.MODEL))
    return title


def forget_events(tx: Transaction) -> int:
    """Forget the events of answers that ended long ago; of how many. Call it again until there are none."""
    forgotten = chat_events.forget(tx, before=tx.now - KEEP_EVENTS, most=MOST_FORGOTTEN)
    if not forgotten:
        chat_index.tidy(tx.connection)
    return forgotten


def _begin(tx: Transaction, begun: Begun) -> None:
    stored.begin(
        tx,
        begun.message_id,
        worker=begun.worker,
        prompt_tokens=begun.prompt_tokens,
        dropped_turns=begun.dropped_turns,
    )


def _title_request(tx: Transaction, answer: ChatMessage) -> str | None:
    """What to ask for a title: after the first answer that is complete, unless somebody has named the chat."""
    chat = chats.of_anybody(tx, answer.chat_id)
    if answer.state is not State.COMPLETE or chat is None or chat.title_by is not TitleBy.PROMPT:
        return None
    prompt = None if answer.parent_id is None else stored.find(tx, answer.parent_id)
    if prompt is None or stored.has_complete(tx, answer.chat_id, besides=answer.id):
        return None
    return titles.request(prompt.content or "", answer.content or "")
