"""Reading messages: one, a thread, a tree, a part of a list, and what a reader has put on them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, bindparam, false, func, literal, null, select, tuple_

from oa.domain.paging import Part, Place
from oa.domain.people import User
from oa.domain.search import parse
from oa.domain.tree import Message, Node, Role, check_thread
from oa.domain.views import MessageFilter
from oa.errors import MessageNotFound
from oa.store import search
from oa.store.database import Transaction
from oa.store.people import USER_COLUMNS, user_of
from oa.store.search import Facets
from oa.store.tables import message_emojis, messages, users

AnySelect = Select[*tuple[Any, ...]]

MESSAGE_COLUMNS = tuple(messages.c)

LARGEST_IN = 1000
"""Ids in one statement at most; databases limit how many values a statement may carry."""


def _order(statement: AnySelect) -> AnySelect:
    """Oldest first, with the id to tell messages of one moment apart."""
    return statement.order_by(messages.c.created_date, messages.c.id)


def _thread() -> AnySelect:
    start = select(messages.c.id, messages.c.parent_id, literal(0).label("distance"))
    up = start.where(messages.c.id == bindparam("leaf_id")).cte("up", recursive=True)
    above = select(messages.c.id, messages.c.parent_id, (up.c.distance + 1).label("distance"))
    up = up.union_all(above.where(messages.c.id == up.c.parent_id))
    return select(*MESSAGE_COLUMNS).join(up, messages.c.id == up.c.id).order_by(up.c.distance.desc())


FIND = select(*MESSAGE_COLUMNS).where(messages.c.id == bindparam("message_id"))
FIND_ALL = select(*MESSAGE_COLUMNS).where(messages.c.id.in_(bindparam("message_ids", expanding=True)))
FIND_BY_FRONTEND_ID = select(*MESSAGE_COLUMNS).where(
    messages.c.api_client_id == bindparam("client_id"), messages.c.frontend_message_id == bindparam("frontend_id")
)
THREAD = _thread()
TREE = _order(select(*MESSAGE_COLUMNS).where(messages.c.message_tree_id == bindparam("tree_id")))
CHILDREN = _order(select(*MESSAGE_COLUMNS).where(messages.c.parent_id == bindparam("parent_id")))
NODES = _order(
    select(
        messages.c.id,
        messages.c.parent_id,
        messages.c.user_id,
        messages.c.role,
        messages.c.lang,
        messages.c.depth,
        messages.c.deleted,
        messages.c.review_result,
        messages.c.review_count,
    ).where(messages.c.message_tree_id == bindparam("tree_id"))
)
EMOJIS_OF_USER = (
    select(message_emojis.c.message_id, message_emojis.c.emoji)
    .where(
        message_emojis.c.user_id == bindparam("user_id"),
        message_emojis.c.message_id.in_(bindparam("message_ids", expanding=True)),
    )
    .order_by(message_emojis.c.message_id, message_emojis.c.created_date, message_emojis.c.emoji)
)
USERS = select(*USER_COLUMNS).where(users.c.id.in_(bindparam("user_ids", expanding=True)))


def message_of(row: Row[*tuple[Any, ...]]) -> Message:
    """The message in a row of `MESSAGE_COLUMNS`, whatever else was selected with them."""
    return Message(
        id=row.id,
        parent_id=row.parent_id,
        tree_id=row.message_tree_id,
        user_id=row.user_id,
        api_client_id=row.api_client_id,
        frontend_message_id=row.frontend_message_id,
        task_id=row.task_id,
        role=Role(row.role),
        text=row.text,
        lang=row.lang,
        depth=row.depth,
        created_date=row.created_date,
        children_count=row.children_count,
        deleted=row.deleted,
        review_count=row.review_count,
        review_result=row.review_result,
        ranking_count=row.ranking_count,
        rank=row.rank,
        synthetic=row.synthetic,
        edited=row.edited,
        model_name=row.model_name,
        emojis=row.emojis or {},
    )


def find(tx: Transaction, message_id: UUID) -> Message:
    """The message, deleted or not.

    Raises:
        MessageNotFound: no message has that id.
    """
    row = tx.execute(FIND, {"message_id": message_id}).one_or_none()
    if row is None:
        raise MessageNotFound("there is no message with this id", message_id=str(message_id))
    return message_of(row)


def find_by_frontend_id(tx: Transaction, client_id: UUID, frontend_id: str) -> Message:
    """The message that a program calls `frontend_id`; other programs' names for theirs do not count.

    Raises:
        MessageNotFound: this program has no message of that name.
    """
    row = tx.execute(FIND_BY_FRONTEND_ID, {"client_id": client_id, "frontend_id": frontend_id}).one_or_none()
    if row is None:
        raise MessageNotFound("there is no message with this id", message_id=frontend_id)
    return message_of(row)


def thread(tx: Transaction, leaf_id: UUID) -> list[Message]:
    """The path from the root to a message, root first, in one query.

    Raises:
        MessageNotFound: no message has that id.
        BrokenConversation: a message above it is missing.
    """
    found = _messages(tx, THREAD, {"leaf_id": leaf_id})
    if not found:
        raise MessageNotFound("there is no message with this id", message_id=str(leaf_id))
    check_thread(found)
    return found


def tree(tx: Transaction, tree_id: UUID) -> list[Message]:
    """Every message of a tree, the deleted and the rejected ones too, oldest first."""
    return _messages(tx, TREE, {"tree_id": tree_id})


def nodes(tx: Transaction, tree_id: UUID) -> list[Node]:
    """What the rules need to know of every message of a tree, oldest first."""
    rows = tx.execute(NODES, {"tree_id": tree_id})
    return [
        Node(
            id=row.id,
            parent_id=row.parent_id,
            user_id=row.user_id,
            role=Role(row.role),
            lang=row.lang,
            depth=row.depth,
            deleted=row.deleted,
            review_result=row.review_result,
            review_count=row.review_count,
        )
        for row in rows
    ]


def children(tx: Transaction, parent_id: UUID) -> list[Message]:
    """The direct replies to a message, the deleted and the rejected ones too, oldest first."""
    return _messages(tx, CHILDREN, {"parent_id": parent_id})


def replies(tx: Transaction, parent_id: UUID, ids: Sequence[UUID]) -> list[Message]:
    """The replies to a message that have these ids, in the order of the ids; others are left out."""
    found = {message.id: message for message in children(tx, parent_id)}
    return [found[message_id] for message_id in ids if message_id in found]


def with_ids(tx: Transaction, ids: Sequence[UUID]) -> list[Message]:
    """The messages with these ids, in the order of the ids; unknown ids are left out."""
    rows = (row for some in _slices(ids) for row in tx.execute(FIND_ALL, {"message_ids": some}))
    found = {message.id: message for message in map(message_of, rows)}
    return [found[message_id] for message_id in ids if message_id in found]


def emojis_of_user(tx: Transaction, user_id: UUID, message_ids: Iterable[UUID]) -> dict[UUID, tuple[str, ...]]:
    """What one person has put on these messages, in the order in which they did; messages without any are left out."""
    found: dict[UUID, tuple[str, ...]] = {}
    for some in _slices(message_ids):
        for message_id, emoji in tx.execute(EMOJIS_OF_USER, {"user_id": user_id, "message_ids": some}):
            found[message_id] = (*found.get(message_id, ()), emoji)
    return found


def authors(tx: Transaction, found: Iterable[Message]) -> dict[UUID, User]:
    """Who wrote these messages, by the id of the user."""
    ids = {message.user_id for message in found if message.user_id is not None}
    rows = (row for some in _slices(ids) for row in tx.execute(USERS, {"user_ids": some}))
    return {user.id: user for user in map(user_of, rows)}


def part_of_list(tx: Transaction, wanted: MessageFilter, part: Part[datetime]) -> list[Message]:
    """A part of the list of messages, which is sorted by the date on which they were written."""
    place = (messages.c.created_date, messages.c.id)
    statement = (
        select(*MESSAGE_COLUMNS)
        .where(*_conditions(tx, wanted), *_bounds(part))
        .order_by(*(column.desc() if part.descending else column.asc() for column in place))
        .limit(part.limit)
    )
    return [message_of(row) for row in tx.connection.execute(statement)]


def _conditions(tx: Transaction, wanted: MessageFilter) -> Iterator[ColumnElement[bool]]:
    if wanted.user_id is not None:
        yield messages.c.user_id == wanted.user_id
    if wanted.username:
        named = users.c.username == wanted.username, users.c.auth_method == wanted.auth_method
        yield messages.c.user_id.in_(select(users.c.id).where(*named))
    if wanted.api_client_id is not None:
        # Nearly all messages may be one program's: the list must be read by date, not sorted after a search for these.
        yield _without_index(messages.c.api_client_id) == wanted.api_client_id
    if wanted.lang:
        yield messages.c.lang == wanted.lang
    if wanted.only_roots:
        yield messages.c.id == messages.c.message_tree_id
    if not wanted.include_deleted:
        yield messages.c.deleted == false()
    if wanted.words:
        facets = Facets(lang=wanted.lang, api_client_id=wanted.api_client_id, user_ids=_one(wanted.user_id))
        yield search.holding(tx, parse(" ".join(wanted.words)), facets)


def _one(user_id: UUID | None) -> Sequence[UUID] | None:
    return None if user_id is None else (user_id,)


def _without_index(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """The same value in a form that no index is made for."""
    return func.nullif(column, null(), type_=column.type)


def _bounds(part: Part[datetime]) -> Iterator[ColumnElement[bool]]:
    date = messages.c.created_date
    # Compared as one value: that is what lets the index find the place.
    place = tuple_(date, messages.c.id)
    if part.low is not None:
        yield date >= part.low.value if part.low.id is None else place > _bound(part.low)
    if part.high is not None:
        yield date <= part.high.value if part.high.id is None else place < _bound(part.high)


def _bound(place: Place[datetime]) -> ColumnElement[Any]:
    return tuple_(
        bindparam(None, place.value, type_=messages.c.created_date.type),
        bindparam(None, place.id, type_=messages.c.id.type),
    )


def _messages(tx: Transaction, statement: AnySelect, values: dict[str, Any]) -> list[Message]:
    return [message_of(row) for row in tx.execute(statement, values)]


def _slices(ids: Iterable[UUID]) -> Iterator[list[UUID]]:
    rest = iter(ids)
    while some := list(islice(rest, LARGEST_IN)):
        yield some
