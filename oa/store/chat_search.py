"""Finding what one person and their models said, by its words (`oa.store.chat_index`)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, false, literal_column, select
from sqlalchemy.dialects.postgresql import TSVECTOR

from oa.domain.chats import ChatMessage
from oa.domain.paging import Part
from oa.domain.search import SearchQuery
from oa.store import chat_messages, dialect
from oa.store.chat_index import NAME, fts
from oa.store.chat_tables import chat_messages as messages
from oa.store.chat_tables import chats
from oa.store.chats import between
from oa.store.database import Transaction
from oa.store.search import postgres_query

_NUMBER: ColumnElement[int] = literal_column("chat_message.rowid")
"""SQLite's own number of a message, by which its index knows it."""

_VECTOR: ColumnElement[Any] = literal_column(f"chat_message.{NAME}", TSVECTOR)
"""PostgreSQL's column of words."""


@dataclass(frozen=True, slots=True)
class Found:
    """A message that answers a query, and what its chat is called."""

    message: ChatMessage
    title: str | None


def part(
    tx: Transaction, owner_id: UUID, query: SearchQuery, wanted: Part[datetime], *, include_hidden: bool
) -> list[Found]:
    """Some of the messages in a person's chats that answer the query, by date."""
    key = (messages.c.created_date, messages.c.id)
    statement = (
        select(*chat_messages.COLUMNS, chats.c.title)
        .join_from(messages, chats, messages.c.chat_id == chats.c.id)
        .where(messages.c.user_id == owner_id, _holds(tx, owner_id, query), *between(key, wanted))
        .limit(wanted.limit)
    )
    if not include_hidden:
        statement = statement.where(~chats.c.hidden)
    order = [column.desc() if wanted.descending else column for column in key]
    rows = tx.connection.execute(statement.order_by(*order))
    return [Found(chat_messages.message_of(message), title) for *message, title in rows]


def _holds(tx: Transaction, owner_id: UUID, query: SearchQuery) -> ColumnElement[bool]:
    if query.is_empty:
        return false()
    if not dialect.is_sqlite(tx.connection):
        return _VECTOR.bool_op("@@")(postgres_query(query))
    found = select(fts.c.rowid).where(literal_column(NAME).bool_op("MATCH")(_sqlite_query(query, owner_id)))
    return _NUMBER.in_(found)


def _sqlite_query(query: SearchQuery, owner_id: UUID) -> str:
    """A query as FTS5 reads it; words hold nothing that FTS5 knows."""
    wanted = [f'facets : "u{owner_id.hex}"', *(f'words : "{" ".join(term)}"' for term in query.wanted)]
    all_wanted = " AND ".join(f"({part})" for part in wanted)
    excluded = " OR ".join(f'words : "{" ".join(term)}"' for term in query.excluded)
    return f"({all_wanted}) NOT ({excluded})" if excluded else all_wanted
