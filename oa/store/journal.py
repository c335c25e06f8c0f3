"""What happened, in order, for those who must explain it later."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, insert, select

from oa.domain.moderation import Event, EventFilter
from oa.store import tables
from oa.store.database import Transaction

journal = tables.journal

_add = insert(journal)
FIND = select(journal).where(journal.c.id == bindparam("event_id"))
UNDOING = select(journal.c.id).where(journal.c.undoes == bindparam("event_id"))
LATEST_ABOUT = (
    select(journal)
    .where(
        journal.c.message_id.in_(bindparam("message_ids", expanding=True)),
        journal.c.event_type.in_(bindparam("event_types", expanding=True)),
    )
    .order_by(journal.c.id.desc())
)


def add(
    tx: Transaction,
    event_type: str,
    *,
    user_id: UUID | None = None,
    message_id: UUID | None = None,
    api_client_id: UUID | None = None,
    undoes: int | None = None,
    **facts: object,
) -> None:
    """Write down one event.

    Args:
        user_id: who did it; None for whoever has the hub's machine, and for what happens by itself.
        api_client_id: the program through which it was done.
        undoes: the number of the event that this one takes back.
        facts: what else is worth knowing, fit for JSON; never a secret.
    """
    event = {
        "created_date": tx.now,
        "user_id": user_id,
        "message_id": message_id,
        "api_client_id": api_client_id,
        "event_type": event_type,
        "event_payload": facts,
        "undoes": undoes,
    }
    tx.execute(_add, event)


def find(tx: Transaction, event_id: int) -> Event | None:
    row = tx.execute(FIND, {"event_id": event_id}).one_or_none()
    return None if row is None else _event(row)


def undoing(tx: Transaction, event_id: int) -> int | None:
    """The number of the event that took this one back."""
    found: int | None = tx.execute(UNDOING, {"event_id": event_id}).scalar()
    return found


def about(tx: Transaction, message_ids: Iterable[UUID], event_types: Sequence[str]) -> list[Event]:
    """What happened of these kinds to these messages, newest first."""
    values = {"message_ids": list(message_ids), "event_types": list(event_types)}
    return [_event(row) for row in tx.connection.execute(LATEST_ABOUT, values)]


def latest(tx: Transaction, wanted: EventFilter, limit: int) -> list[Event]:
    """The newest events, newest first."""
    statement = select(journal).order_by(journal.c.id.desc()).limit(limit)
    if wanted.event_types:
        statement = statement.where(journal.c.event_type.in_(wanted.event_types))
    if wanted.user_id is not None:
        statement = statement.where(journal.c.user_id == wanted.user_id)
    if wanted.message_id is not None:
        statement = statement.where(journal.c.message_id == wanted.message_id)
    if wanted.before is not None:
        statement = statement.where(journal.c.id < wanted.before)
    return [_event(row) for row in tx.connection.execute(statement)]


def _event(row: Any) -> Event:
    return Event(
        id=row.id,
        date=row.created_date,
        kind=row.event_type,
        user_id=row.user_id,
        message_id=row.message_id,
        api_client_id=row.api_client_id,
        facts=row.event_payload,
        undoes=row.undoes,
    )
