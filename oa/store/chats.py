"""Chats as rows, each of them somebody's: whoever asks for one says whose it must be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, delete, insert, select, tuple_, update

from oa.domain.chats import Chat, TitleBy
from oa.domain.paging import Part
from oa.store.chat_tables import chats
from oa.store.columns import UtcDateTime
from oa.store.database import Transaction

COLUMNS = (
    chats.c.id,
    chats.c.user_id,
    chats.c.created_date,
    chats.c.modified_date,
    chats.c.title,
    chats.c.title_by,
    chats.c.hidden,
    chats.c.allow_data_use,
    chats.c.active_tail_id,
)
OF_PERSON = chats.c.user_id == bindparam("owner_id")

ONE = select(*COLUMNS).where(chats.c.id == bindparam("chat_id"), OF_PERSON)
BY_ID = select(*COLUMNS).where(chats.c.id == bindparam("chat_id"))
BY_REQUEST_KEY = select(*COLUMNS).where(
    OF_PERSON, chats.c.request_key == bindparam("key"), chats.c.request_key.is_not(None)
)
TITLES = select(*COLUMNS).where(OF_PERSON).order_by(chats.c.created_date.desc(), chats.c.id.desc())
ADD = insert(chats)
CHANGE = (
    update(chats)
    .where(chats.c.id == bindparam("chat_id"))
    .values(
        title=bindparam("new_title"),
        title_by=bindparam("new_title_by"),
        hidden=bindparam("new_hidden"),
        allow_data_use=bindparam("new_allow_data_use"),
        active_tail_id=bindparam("new_tail"),
    )
)
TOUCH = (
    update(chats)
    .where(chats.c.id == bindparam("chat_id"))
    .values(modified_date=bindparam("now", type_=UtcDateTime()), active_tail_id=bindparam("new_tail"))
)
SET_TAIL = update(chats).where(chats.c.id == bindparam("chat_id")).values(active_tail_id=bindparam("new_tail"))
HIDE_ALL = update(chats).where(OF_PERSON, ~chats.c.hidden).values(hidden=True)
DELETE = delete(chats).where(chats.c.id == bindparam("chat_id"))
DELETE_ALL = delete(chats).where(OF_PERSON)


def add(tx: Transaction, chat: Chat, request_key: str | None) -> None:
    tx.execute(
        ADD,
        {
            "id": chat.id,
            "user_id": chat.user_id,
            "created_date": chat.created_date,
            "modified_date": chat.modified_date,
            "title": chat.title,
            "title_by": chat.title_by and str(chat.title_by),
            "hidden": chat.hidden,
            "allow_data_use": chat.allow_data_use,
            "active_tail_id": chat.active_tail_id,
            "request_key": request_key,
        },
    )


def find(tx: Transaction, chat_id: UUID, owner_id: UUID) -> Chat | None:
    """The chat, if it is this person's."""
    row = tx.execute(ONE, {"chat_id": chat_id, "owner_id": owner_id}).one_or_none()
    return chat_of(row) if row else None


def of_anybody(tx: Transaction, chat_id: UUID) -> Chat | None:
    row = tx.execute(BY_ID, {"chat_id": chat_id}).one_or_none()
    return chat_of(row) if row else None


def by_request_key(tx: Transaction, owner_id: UUID, key: str) -> Chat | None:
    row = tx.execute(BY_REQUEST_KEY, {"owner_id": owner_id, "key": key}).one_or_none()
    return chat_of(row) if row else None


def all_of(tx: Transaction, owner_id: UUID) -> list[Chat]:
    """Every chat of a person, the newest first."""
    return [chat_of(row) for row in tx.execute(TITLES, {"owner_id": owner_id})]


def part(tx: Transaction, owner_id: UUID, wanted: Part[datetime], *, hidden: bool | None) -> list[Chat]:
    """Some of a person's chats, by the date when they began.

    Args:
        hidden: only those that are, or are not; None for both.
    """
    key = (chats.c.created_date, chats.c.id)
    statement = select(*COLUMNS).where(chats.c.user_id == owner_id, *between(key, wanted)).limit(wanted.limit)
    if hidden is not None:
        statement = statement.where(chats.c.hidden.is_(hidden))
    order = [column.desc() if wanted.descending else column for column in key]
    return [chat_of(row) for row in tx.connection.execute(statement.order_by(*order))]


def between(
    key: tuple[ColumnElement[datetime], ColumnElement[UUID]], part: Part[datetime]
) -> Iterator[ColumnElement[bool]]:
    """That rows known by a date and an id lie in a part of a list."""
    date, row_id = key
    for place, is_low in ((part.low, True), (part.high, False)):
        if place is None:
            continue
        if place.id is None:
            yield date >= place.value if is_low else date <= place.value
            continue
        at = tuple_(bindparam(None, place.value, UtcDateTime()), bindparam(None, place.id, row_id.type))
        yield tuple_(date, row_id) > at if is_low else tuple_(date, row_id) < at


def change(tx: Transaction, chat: Chat) -> None:
    """Keep what a person, or a model that found a title, can change."""
    tx.execute(
        CHANGE,
        {
            "chat_id": chat.id,
            "new_title": chat.title,
            "new_title_by": chat.title_by and str(chat.title_by),
            "new_hidden": chat.hidden,
            "new_allow_data_use": chat.allow_data_use,
            "new_tail": chat.active_tail_id,
        },
    )


def touch(tx: Transaction, chat_id: UUID, tail_id: UUID) -> None:
    """A prompt was written."""
    tx.execute(TOUCH, {"chat_id": chat_id, "now": tx.now, "new_tail": tail_id})


def set_tail(tx: Transaction, chat_id: UUID, tail_id: UUID) -> None:
    tx.execute(SET_TAIL, {"chat_id": chat_id, "new_tail": tail_id})


def hide_all(tx: Transaction, owner_id: UUID) -> int:
    """Hide every chat of a person; how many were not hidden before."""
    return tx.execute(HIDE_ALL, {"owner_id": owner_id}).rowcount


def remove(tx: Transaction, chat_id: UUID) -> None:
    """With everything in it."""
    tx.execute(DELETE, {"chat_id": chat_id})


def remove_all(tx: Transaction, owner_id: UUID) -> int:
    return tx.execute(DELETE_ALL, {"owner_id": owner_id}).rowcount


def chat_of(row: Iterable[Any]) -> Chat:
    chat_id, user_id, created, modified, title, title_by, hidden, allow_data_use, tail = row
    return Chat(
        id=chat_id,
        user_id=user_id,
        created_date=created,
        modified_date=modified,
        title=title,
        title_by=title_by and TitleBy(title_by),
        hidden=hidden,
        allow_data_use=allow_data_use,
        active_tail_id=tail,
    )
