"""The facts that standing is counted from: all of them, those of some trees, or those of a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, ColumnElement, Select, and_, select, true

from oa.domain.labels import ReviewMode
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


@dataclass(frozen=True, slots=True)
class Written:
    """A message and who wrote it."""

    user_id: UUID | None
    date: datetime
    lang: str
    deleted: bool
    synthetic: bool
    message: Authored
    is_in_aborted_tree: bool


@dataclass(frozen=True, slots=True)
class Vote:
    """Labels on a message that is not deleted; they count for its author, with the date of the message."""

    author_id: UUID
    date: datetime
    labels: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Review:
    user_id: UUID
    date: datetime
    mode: ReviewMode


@dataclass(frozen=True, slots=True)
class Cast:
    """A ballot, and the places that its replies have in the consensus."""

    user_id: UUID
    date: datetime
    order: Sequence[str]
    not_rankable: bool
    ranks: Mapping[str, int] = field(default_factory=dict[str, int])


WRITTEN = select(
    messages.c.user_id,
    messages.c.created_date,
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
VOTES = (
    select(messages.c.user_id, messages.c.created_date, text_labels.c.labels)
    .join_from(messages, text_labels, text_labels.c.message_id == messages.c.id)
    .where(messages.c.user_id.is_not(None), messages.c.deleted.is_(False))
)
REVIEWS = select(text_labels.c.user_id, text_labels.c.created_date, tasks.c.mode).join_from(
    text_labels, tasks, tasks.c.id == text_labels.c.task_id
)
REVIEWS_OF_TREES = REVIEWS.join(messages, messages.c.id == text_labels.c.message_id)
CAST = select(
    ballots.c.user_id, ballots.c.created_date, ballots.c.ranking, ballots.c.not_rankable, ballots.c.message_tree_id
)
RANKS = select(messages.c.id, messages.c.rank).where(messages.c.rank.is_not(None))


def written(tx: Transaction, part: Part) -> Iterator[Written]:
    for row in _rows(tx, WRITTEN, part, messages.c.message_tree_id, messages.c.created_date):
        yield Written(
            row.user_id,
            row.created_date,
            row.lang,
            row.deleted,
            row.synthetic,
            Authored(
                role=Role(row.role),
                is_prompt=row.parent_id is None,
                is_accepted=row.review_result is True,
                rank=row.rank,
                emojis=row.emojis or {},
            ),
            row.state == TreeState.ABORTED_LOW_GRADE,
        )


def votes(tx: Transaction, part: Part) -> Iterator[Vote]:
    for row in _rows(tx, VOTES, part, messages.c.message_tree_id, messages.c.created_date):
        yield Vote(row.user_id, row.created_date, row.labels)


def reviews(tx: Transaction, part: Part) -> Iterator[Review]:
    statement = REVIEWS_OF_TREES if isinstance(part, OfTrees) else REVIEWS
    for row in _rows(tx, statement, part, messages.c.message_tree_id, text_labels.c.created_date):
        yield Review(row.user_id, row.created_date, ReviewMode(row.mode))


def cast(tx: Transaction, part: Part) -> Iterator[Cast]:
    rows = list(_rows(tx, CAST, part, ballots.c.message_tree_id, ballots.c.created_date))
    if not rows:
        return
    some = part if not isinstance(part, OfTime) else OfTrees(list({row.message_tree_id for row in rows}))
    ranked = _rows(tx, RANKS, some, messages.c.message_tree_id, messages.c.created_date)
    ranks = {str(row.id): row.rank for row in ranked}
    for row in rows:
        yield Cast(row.user_id, row.created_date, row.ranking, row.not_rankable, ranks)


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
