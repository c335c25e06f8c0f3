"""The facts that standing is counted from: all of them, those of some trees, or those of a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import add
from typing import Any
from uuid import UUID

from sqlalchemy import Column, ColumnElement, Select, and_, case, func, literal, select, true

from oa.domain.lifecycle import TreeState
from oa.domain.standing import Authored
from oa.domain.tree import Role
from oa.store.database import Transaction
from oa.store.messages import LARGEST_IN
from oa.store.tables import ballots, messages, tasks, text_labels, trees

AnySelect = Select[*tuple[Any, ...]]

ROWS_AT_ONCE = 2000


@dataclass(frozen=True, slots=True)
class OfTrees:
    """The facts of some trees."""

    tree_ids: Sequence[UUID]


@dataclass(frozen=True, slots=True)
class OfTime:
    """The facts that count from `start` on, and before `end` where there is one."""

    start: datetime
    end: datetime | None = None


@dataclass(frozen=True, slots=True)
class Everything:
    """All facts."""


Part = OfTrees | OfTime | Everything

Bases = Mapping[int, datetime]
"""Where each frame begins, by its breadth; the widest has no beginning."""


@dataclass(frozen=True, slots=True)
class Written:
    """A message and who wrote it. `breadth` is here and below that of the narrowest frame that the fact lies in."""

    user_id: UUID | None
    breadth: int
    lang: str
    deleted: bool
    synthetic: bool
    message: Authored
    is_in_aborted_tree: bool


@dataclass(frozen=True, slots=True)
class Cast:
    """A ballot, and the places that its replies have in the consensus."""

    user_id: UUID
    breadth: int
    order: Sequence[str]
    not_rankable: bool
    ranks: Mapping[str, int]


def written(tx: Transaction, part: Part, bases: Bases) -> Iterator[Written]:
    statement = select(
        messages.c.user_id,
        _breadth(messages.c.created_date, bases),
        messages.c.lang,
        messages.c.deleted,
        messages.c.synthetic,
        messages.c.role,
        messages.c.parent_id,
        messages.c.review_result,
        messages.c.rank,
        messages.c.emojis,
        trees.c.state,
    ).outerjoin_from(messages, trees, trees.c.message_tree_id == messages.c.id)
    for row in _rows(tx, statement, part, messages.c.message_tree_id, messages.c.created_date):
        user_id, breadth, lang, deleted, synthetic, role, parent_id, result, rank, emojis, state = row
        message = Authored(
            role=Role(role),
            is_prompt=parent_id is None,
            is_accepted=result is True,
            rank=rank,
            emojis=emojis or {},
        )
        yield Written(user_id, breadth, lang, deleted, synthetic, message, state == TreeState.ABORTED_LOW_GRADE)


def votes(tx: Transaction, part: Part, bases: Bases) -> Iterator[tuple[UUID, int, Mapping[str, float]]]:
    """Labels on messages that are not deleted, which count for their authors and with the dates of the messages."""
    statement = (
        select(messages.c.user_id, _breadth(messages.c.created_date, bases), text_labels.c.labels)
        .join_from(messages, text_labels, text_labels.c.message_id == messages.c.id)
        .where(messages.c.user_id.is_not(None), messages.c.deleted.is_(False))
    )
    yield from _rows(tx, statement, part, messages.c.message_tree_id, messages.c.created_date)


def reviews(tx: Transaction, part: Part, bases: Bases) -> Iterator[tuple[UUID, int, str, int]]:
    """Who gave reviews, of which mode, and how many."""
    breadth = _breadth(text_labels.c.created_date, bases)
    statement = (
        select(text_labels.c.user_id, breadth, tasks.c.mode, func.count())
        .join_from(text_labels, tasks, tasks.c.id == text_labels.c.task_id)
        .group_by(text_labels.c.user_id, breadth, tasks.c.mode)
    )
    if isinstance(part, OfTrees):
        statement = statement.join(messages, messages.c.id == text_labels.c.message_id)
    yield from _rows(tx, statement, part, messages.c.message_tree_id, text_labels.c.created_date)


def cast(tx: Transaction, part: Part, bases: Bases) -> Iterator[Cast]:
    date = ballots.c.created_date
    statement = select(
        ballots.c.user_id,
        _breadth(date, bases),
        ballots.c.ranking,
        ballots.c.not_rankable,
        ballots.c.message_tree_id,
    )
    found = list(_rows(tx, statement, part, ballots.c.message_tree_id, date))
    if not found:
        return
    some = part if not isinstance(part, OfTime) else OfTrees(list({row.message_tree_id for row in found}))
    placed = select(messages.c.id, messages.c.rank).where(messages.c.rank.is_not(None))
    rows = _rows(tx, placed, some, messages.c.message_tree_id, messages.c.created_date)
    ranks = {str(message_id): rank for message_id, rank in rows}
    for user_id, breadth, order, not_rankable, _ in found:
        yield Cast(user_id, breadth, order, not_rankable, ranks)


def _breadth(date: Column[Any], bases: Bases) -> ColumnElement[int]:
    """How many frames narrower than the widest a date lies in: each lies inside the wider ones."""
    inside: list[ColumnElement[int]] = [case((date >= base, 1), else_=0) for base in bases.values()]
    return reduce(add, inside) if inside else literal(0)


def _rows(tx: Transaction, statement: AnySelect, part: Part, tree_id: Column[Any], date: Column[Any]) -> Iterator[Any]:
    for condition in _conditions(part, tree_id, date):
        rows = tx.connection.execute(statement.where(condition), execution_options={"yield_per": ROWS_AT_ONCE})
        yield from rows


def _conditions(part: Part, tree_id: Column[Any], date: Column[Any]) -> Iterable[ColumnElement[bool]]:
    match part:
        case Everything():
            yield true()
        case OfTime(start, None):
            yield date >= start
        case OfTime(start, end):
            yield and_(date >= start, date < end)
        case OfTrees(tree_ids):
            for start in range(0, len(tree_ids), LARGEST_IN):
                yield tree_id.in_(tree_ids[start : start + LARGEST_IN])
