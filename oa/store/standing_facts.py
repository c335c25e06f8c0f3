"""The facts that standing is counted from: all of them, those of some trees, or those of a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Column, ColumnElement, Integer, Select, bindparam, case, func, literal_column, select

from oa.domain.lifecycle import TreeState
from oa.domain.standing import Authored
from oa.domain.tree import Role
from oa.store.database import Transaction
from oa.store.messages import LARGEST_IN
from oa.store.tables import UtcDateTime, ballots, messages, tasks, text_labels, trees

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
    for row in _facts(tx, _WRITTEN, part, bases):
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
    yield from _facts(tx, _VOTES, part, bases)


def reviews(tx: Transaction, part: Part, bases: Bases) -> Iterator[tuple[UUID, int, str, int]]:
    """Who gave reviews, of which mode, and how many."""
    yield from _facts(tx, _REVIEWS_OF_TREES if isinstance(part, OfTrees) else _REVIEWS, part, bases)


def cast(tx: Transaction, part: Part, bases: Bases) -> Iterator[Cast]:
    found = list(_facts(tx, _CAST, part, bases))
    if not found:
        return
    some = part if not isinstance(part, OfTime) else OfTrees(list({row[4] for row in found}))
    ranks = {str(message_id): rank for message_id, _, rank in _facts(tx, _RANKS, some, {})}
    for user_id, breadth, order, not_rankable, _ in found:
        yield Cast(user_id, breadth, order, not_rankable, ranks)


# --- statements ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class _Source:
    """A kind of fact: whose, when, and what else; the breadth is put in as the second column."""

    statement: AnySelect
    tree_id: Column[Any]
    date: Column[Any]
    is_counted: bool = False
    """Rows that are alike come as one, with their number as the last column."""


_WRITTEN = _Source(
    select(
        messages.c.user_id,
        messages.c.lang,
        messages.c.deleted,
        messages.c.synthetic,
        messages.c.role,
        messages.c.parent_id,
        messages.c.review_result,
        messages.c.rank,
        messages.c.emojis,
        trees.c.state,
    ).outerjoin_from(messages, trees, trees.c.message_tree_id == messages.c.id),
    messages.c.message_tree_id,
    messages.c.created_date,
)
_VOTES = _Source(
    select(messages.c.user_id, text_labels.c.labels)
    .join_from(messages, text_labels, text_labels.c.message_id == messages.c.id)
    .where(messages.c.user_id.is_not(None), messages.c.deleted.is_(False)),
    messages.c.message_tree_id,
    messages.c.created_date,
)
_REVIEWS = _Source(
    select(text_labels.c.user_id, tasks.c.mode).join_from(text_labels, tasks, tasks.c.id == text_labels.c.task_id),
    messages.c.message_tree_id,
    text_labels.c.created_date,
    is_counted=True,
)
_REVIEWS_OF_TREES = replace(
    _REVIEWS, statement=_REVIEWS.statement.join(messages, messages.c.id == text_labels.c.message_id)
)
_CAST = _Source(
    select(ballots.c.user_id, ballots.c.ranking, ballots.c.not_rankable, ballots.c.message_tree_id),
    ballots.c.message_tree_id,
    ballots.c.created_date,
)
_RANKS = _Source(
    select(messages.c.id, messages.c.rank).where(messages.c.rank.is_not(None)),
    messages.c.message_tree_id,
    messages.c.created_date,
)


def _facts(tx: Transaction, source: _Source, part: Part, bases: Bases) -> Iterator[Any]:
    values: dict[str, Any] = {f"base_{breadth}": base for breadth, base in bases.items()}
    breadths = tuple(bases)
    match part:
        case OfTrees([tree_id]):
            yield from tx.execute(_statement(source, "tree", breadths), {**values, "tree_id": tree_id})
        case OfTrees(tree_ids):
            statement = _statement(source, "trees", breadths)
            for start in range(0, len(tree_ids), LARGEST_IN):
                some = list(tree_ids[start : start + LARGEST_IN])
                yield from tx.connection.execute(statement, {**values, "tree_ids": some})
        case OfTime(start, end):
            statement = _statement(source, "time" if end is None else "period", breadths)
            yield from tx.connection.execute(statement, {**values, "start": start, "end": end})
        case Everything():
            statement = _statement(source, "everything", breadths)
            yield from tx.connection.execute(statement, values, execution_options={"yield_per": ROWS_AT_ONCE})


@cache
def _statement(source: _Source, which: str, breadths: tuple[int, ...]) -> AnySelect:
    breadth = _breadth(source.date, breadths).label("breadth")
    whose, *others = source.statement.selected_columns
    statement = source.statement.with_only_columns(whose, breadth, *others, maintain_column_froms=True)
    if source.is_counted:
        statement = statement.add_columns(func.count()).group_by(whose, literal_column("breadth"), *others)
    start, end = (bindparam(name, type_=UtcDateTime()) for name in ("start", "end"))
    conditions: dict[str, tuple[ColumnElement[bool], ...]] = {
        "tree": (source.tree_id == bindparam("tree_id"),),
        "trees": (source.tree_id.in_(bindparam("tree_ids", expanding=True)),),
        "time": (source.date >= start,),
        "period": (source.date >= start, source.date < end),
        "everything": (),
    }
    return statement.where(*conditions[which])


def _breadth(date: Column[Any], breadths: tuple[int, ...]) -> ColumnElement[int]:
    """How many frames narrower than the widest a date lies in: each lies inside the wider ones."""
    one, none = literal_column("1", Integer()), literal_column("0", Integer())
    starts = [bindparam(f"base_{breadth}", type_=UtcDateTime()) for breadth in breadths]
    return sum((case((date >= start, one), else_=none) for start in starts), none)
