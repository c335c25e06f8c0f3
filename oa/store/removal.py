"""Removing rows for good, and giving them to somebody else, with everything that refers to them.

Which tables refer to which is read from the tables themselves, so that one that is added later is not forgotten.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Table, UniqueConstraint, and_, exists, select

from oa.store.database import Transaction
from oa.store.messages import LARGEST_IN
from oa.store.tables import (
    accounts,
    ballots,
    chat_messages,
    chats,
    messages,
    metadata,
    open_work,
    refresh_tokens,
    standing,
    tasks,
    text_labels,
    tokens,
    users,
)

NEVER_GIVEN = frozenset({accounts.name, tokens.name, refresh_tokens.name, standing.name})
"""What a person proves who they are with goes when they do; sums are moved by whoever counts them."""

ASKED_UNDER_KEYS = frozenset({chats.name, chat_messages.name})
"""Two people may have called requests the same; of those that are given away nobody remembers the name."""

AnyColumn = Column[Any]


def references(target: AnyColumn) -> Iterator[AnyColumn]:
    """Every column that refers to this one."""
    for table in metadata.sorted_tables:
        for key in table.foreign_keys:
            if key.column is target:
                yield key.parent


def slices(ids: Iterable[UUID]) -> Iterator[Sequence[UUID]]:
    found = list(ids)
    for start in range(0, len(found), LARGEST_IN):
        yield found[start : start + LARGEST_IN]


# --- messages --------------------------------------------------------------------------------------------------------


def remove_messages(tx: Transaction, deepest_first: Sequence[UUID]) -> None:
    """Remove messages with their trees, and every row that is about one of them: tasks, answers, reports, history."""
    for some in slices(deepest_first):
        for column in references(messages.c.id):
            if column.table is not messages:
                _remove(tx, column, some)
    for message_id in deepest_first:
        tx.connection.execute(messages.delete().where(messages.c.id == message_id))


def remove_tasks(tx: Transaction, task_ids: Iterable[UUID]) -> None:
    """Remove tasks, and the answers that were given to them."""
    for some in slices(task_ids):
        _remove(tx, tasks.c.id, some)


def _remove(tx: Transaction, column: AnyColumn, values: Sequence[Any]) -> None:
    """Remove the rows in which a column has one of these values, and first those that refer to them."""
    table = column.table
    assert isinstance(table, Table)
    keys = list(table.primary_key.columns)
    if len(keys) == 1 and any(True for _ in references(keys[0])):
        found = list(tx.connection.execute(select(keys[0]).where(column.in_(values))).scalars())
        for start in range(0, len(found), LARGEST_IN):
            for referring in references(keys[0]):
                _remove(tx, referring, found[start : start + LARGEST_IN])
    tx.connection.execute(table.delete().where(column.in_(values)))


def close_trees(tx: Transaction, tree_ids: Iterable[UUID]) -> None:
    """Close all work on some trees."""
    for some in slices(tree_ids):
        tx.connection.execute(open_work.delete().where(open_work.c.message_tree_id.in_(some)))


# --- one person's part -----------------------------------------------------------------------------------------------


def places_of(tx: Transaction, user_id: UUID) -> dict[UUID, UUID]:
    """The tasks with which a person keeps a place on a slot of open work, and their trees."""
    held = select(tasks.c.id, tasks.c.message_tree_id).where(
        tasks.c.user_id == user_id,
        tasks.c.done.is_(False),
        tasks.c.skipped.is_(False),
        tasks.c.place_until.is_not(None),
    )
    return {row.id: row.message_tree_id for row in tx.connection.execute(held)}


def idle_tasks_of(tx: Transaction, user_id: UUID) -> list[UUID]:
    """A person's tasks to which neither a review nor a ballot is the answer."""
    answered = exists().where(text_labels.c.task_id == tasks.c.id), exists().where(ballots.c.task_id == tasks.c.id)
    statement = select(tasks.c.id).where(tasks.c.user_id == user_id, ~answered[0], ~answered[1])
    return list(tx.connection.execute(statement).scalars())


def give(tx: Transaction, source: UUID, destination: UUID) -> dict[str, int]:
    """Whatever refers to one user refers to another from now on; how many rows that are, by table.

    Where both have what only one may have, the destination's stays.
    """
    moved: dict[str, int] = {}
    for column in references(users.c.id):
        table = column.table
        assert isinstance(table, Table)
        if table.name in NEVER_GIVEN:
            tx.connection.execute(table.delete().where(column == source))
            continue
        if table.name in ASKED_UNDER_KEYS:
            tx.connection.execute(table.update().where(column == source).values(request_key=None))
        for key in _unique_keys(table):
            if column in key:
                _remove_doubles(tx, table, column, [one for one in key if one is not column], (source, destination))
        changed = tx.connection.execute(table.update().where(column == source).values({column: destination})).rowcount
        if changed:
            moved[table.name] = moved.get(table.name, 0) + changed
    return moved


def remove_user(tx: Transaction, user_id: UUID) -> None:
    tx.connection.execute(users.delete().where(users.c.id == user_id))


def _unique_keys(table: Table) -> Iterator[list[AnyColumn]]:
    yield list(table.primary_key.columns)
    for constraint in table.constraints:
        if isinstance(constraint, UniqueConstraint):
            yield list(constraint.columns)
    for index in table.indexes:
        if index.unique:
            yield list(index.columns)


def _remove_doubles(
    tx: Transaction, table: Table, column: AnyColumn, rest: Sequence[AnyColumn], who: tuple[UUID, UUID]
) -> None:
    source, destination = who
    other = table.alias()
    same = and_(other.c[column.name] == destination, *(other.c[one.name] == one for one in rest))
    tx.connection.execute(table.delete().where(column == source, exists().where(same)))


# --- ballots ---------------------------------------------------------------------------------------------------------


def ballots_by(tx: Transaction, user_id: UUID) -> list[Any]:
    """A person's ballots: task, tree and ranking."""
    columns = (ballots.c.task_id, ballots.c.user_id, ballots.c.message_tree_id, ballots.c.ranking)
    return list(tx.connection.execute(select(*columns).where(ballots.c.user_id == user_id)))


def ballots_in(tx: Transaction, tree_ids: Iterable[UUID]) -> list[Any]:
    """The ballots on replies of some trees."""
    columns = (ballots.c.task_id, ballots.c.user_id, ballots.c.message_tree_id, ballots.c.ranking)
    return [
        row
        for some in slices(tree_ids)
        for row in tx.connection.execute(select(*columns).where(ballots.c.message_tree_id.in_(some)))
    ]


def remove_ballot(tx: Transaction, ballot: Any) -> None:
    """Remove a ballot, and count it no longer with the replies that it places."""
    tx.connection.execute(ballots.delete().where(*_is(ballot)))
    placed = [UUID(reply) for reply in ballot.ranking]
    fewer = messages.update().where(messages.c.id.in_(placed)).values(ranking_count=messages.c.ranking_count - 1)
    tx.connection.execute(fewer)


def shorten_ballot(tx: Transaction, ballot: Any, ranking: Sequence[str]) -> None:
    """Leave replies out of a ballot."""
    first = select(messages.c.user_id).where(messages.c.id == UUID(ranking[0])).scalar_subquery()
    tx.connection.execute(ballots.update().where(*_is(ballot)).values(ranking=list(ranking)))
    tx.connection.execute(
        ballots.update().where(*_is(ballot), ballots.c.not_rankable.is_(False)).values(first_user_id=first)
    )


def _is(ballot: Any) -> tuple[Any, ...]:
    return ballots.c.task_id == ballot.task_id, ballots.c.user_id == ballot.user_id
