"""What happened to answers while they were written, in order, so that any client can read it again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Integer, bindparam, delete, func, insert, select

from oa.domain.chats import Event, EventKind, State
from oa.store.chat_tables import chat_events as events
from oa.store.chat_tables import chat_messages as messages
from oa.store.columns import UtcDateTime
from oa.store.database import Transaction

FINISHED = sorted(state.value for state in State if state.is_finished)
OF_MESSAGE = events.c.message_id == bindparam("of_message")

ADD = insert(events)
AFTER = (
    select(events.c.number, events.c.kind, events.c.text, events.c.facts)
    .where(OF_MESSAGE, events.c.number > bindparam("after"))
    .order_by(events.c.number)
)
LAST_NUMBER = select(func.max(events.c.number)).where(OF_MESSAGE)
TOKENS = select(events.c.text).where(OF_MESSAGE, events.c.kind == EventKind.TOKEN.value).order_by(events.c.number)
OLD_ONES = (
    select(events.c.message_id)
    .join_from(events, messages, events.c.message_id == messages.c.id)
    .where(messages.c.end_date < bindparam("before", type_=UtcDateTime()), messages.c.state.in_(FINISHED))
    .distinct()
    .limit(bindparam("most", type_=Integer()))
)
FORGET = delete(events).where(OF_MESSAGE)


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event that is to be kept, and whose it is."""

    message_id: UUID
    event: Event


def add(tx: Transaction, new: Sequence[NewEvent]) -> None:
    """Keep events; their numbers are new for their messages."""
    tx.execute_many(ADD, [_row(one) for one in new])


def after(tx: Transaction, message_id: UUID, number: int) -> list[Event]:
    """What came after an event, in order; after 0, everything."""
    rows = tx.execute(AFTER, {"of_message": message_id, "after": number})
    return [Event(row[0], EventKind(row[1]), row[2], row[3]) for row in rows]


def last_number(tx: Transaction, message_id: UUID) -> int:
    return tx.execute(LAST_NUMBER, {"of_message": message_id}).scalar() or 0


def text(tx: Transaction, message_id: UUID) -> str:
    """What all tokens say together."""
    return "".join(tx.execute(TOKENS, {"of_message": message_id}).scalars())


def forget(tx: Transaction, *, before: datetime, most: int) -> int:
    """Forget the events of up to `most` answers that ended before a moment; of how many.

    Whoever reads such an answer once more finds all of it in the message.
    """
    found = tx.execute(OLD_ONES, {"before": before, "most": most}).scalars()
    tx.execute_many(FORGET, [{"of_message": message_id} for message_id in found])
    return len(found)


def _row(new: NewEvent) -> dict[str, Any]:
    event = new.event
    facts = None if event.facts is None else dict(event.facts)
    kind = event.kind.value
    return {
        "message_id": new.message_id,
        "number": event.number,
        "kind": kind,
        "text": event.text,
        "facts": facts,
    }
