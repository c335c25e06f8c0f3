"""Lists of users, sorted by one of their names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, bindparam, func, null, select, tuple_

from oa.domain.paging import Part, Place
from oa.domain.people import User
from oa.domain.views import UserFilter, UserSortKey
from oa.store.database import Transaction
from oa.store.people import USER_COLUMNS, user_of
from oa.store.tables import users


def part_of_list(tx: Transaction, wanted: UserFilter, sort_key: UserSortKey, part: Part[str]) -> list[User]:
    """A part of the list of users, those who have left included."""
    name = users.c[sort_key.value]
    statement = (
        select(*USER_COLUMNS)
        .where(*_conditions(wanted, name), *_bounds(name, part))
        .order_by(*(column.desc() if part.descending else column.asc() for column in (name, users.c.id)))
        .limit(part.limit)
    )
    return [user_of(row) for row in tx.connection.execute(statement)]


def _conditions(wanted: UserFilter, name: ColumnElement[str]) -> Iterator[ColumnElement[bool]]:
    if wanted.api_client_id is not None:
        # In a form that no index is made for: the list must be read by name, not sorted after a search for these.
        yield func.nullif(users.c.api_client_id, null(), type_=users.c.api_client_id.type) == wanted.api_client_id
    if wanted.auth_method:
        yield users.c.auth_method == wanted.auth_method
    if wanted.search_text:
        yield name.icontains(wanted.search_text, autoescape=True)


def _bounds(name: ColumnElement[str], part: Part[str]) -> Iterator[ColumnElement[bool]]:
    place = tuple_(name, users.c.id)
    if part.low is not None:
        yield name >= part.low.value if part.low.id is None else place > _bound(part.low)
    if part.high is not None:
        yield name <= part.high.value if part.high.id is None else place < _bound(part.high)


def _bound(place: Place[str]) -> ColumnElement[Any]:
    return tuple_(bindparam(None, place.value), bindparam(None, place.id, type_=users.c.id.type))
