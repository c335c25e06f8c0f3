"""Whole trees in bulk, on their way in."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select

from oa.domain.lifecycle import Tree, TreeState
from oa.domain.people import User
from oa.domain.records import Events
from oa.domain.review import LabelMean
from oa.domain.tasks import REVIEWS
from oa.domain.tree import Message, Role
from oa.store import dialect
from oa.store.answers import ADD_CHILD, CastBallot, LabelSet, message_row
from oa.store.database import Transaction
from oa.store.messages import LARGEST_IN
from oa.store.tables import (
    ballots,
    imported_events,
    imported_labels,
    imported_toxicity,
    messages,
    tasks,
    text_labels,
    trees,
    users,
    waiting_prompts,
)
from oa.store.tasks import Task
from oa.store.trees import row_of

PLACES = select(messages.c.id, messages.c.message_tree_id, messages.c.depth, messages.c.role, messages.c.lang).where(
    messages.c.id.in_(bindparam("ids", expanding=True))
)

INSERT_MESSAGES = messages.insert()
INSERT_TREES = trees.insert()
INSERT_WAITING = waiting_prompts.insert()
INSERT_LABELS = imported_labels.insert()
INSERT_EVENTS = imported_events.insert()
INSERT_TOXICITY = imported_toxicity.insert()
INSERT_TASKS = tasks.insert()
INSERT_REVIEWS = text_labels.insert()
INSERT_BALLOTS = ballots.insert()


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message stands."""

    tree_id: UUID
    depth: int
    role: Role
    lang: str


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message and what it brings along that happened elsewhere."""

    message: Message
    emojis: Mapping[str, int] | None = None
    labels: Mapping[str, LabelMean] | None = None
    events: Events | None = None
    detoxify: Mapping[str, float] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipment:
    """What is to be added in one go. Everything that it refers to is in it or there already."""

    users: Sequence[User] = ()
    """Those who are there already are left as they are."""
    arrivals: Sequence[Arrival] = ()
    """Parents before their replies."""
    trees: Sequence[Tree] = ()
    new_replies: Mapping[UUID, int] = field(default_factory=dict[UUID, int])
    """Replies that are not deleted, for each parent that is not among the arrivals."""
    tasks: Sequence[Task] = ()
    reviews: Sequence[LabelSet] = ()
    ballots: Sequence[CastBallot] = ()
    """The messages that they rank have counted them already."""


def expect_much(tx: Transaction, *, cache_mib: int = 32) -> None:
    """Say beforehand that a great deal will be added through this database, and how much memory that may take."""
    dialect.expect_much(tx.connection, cache_mib)


def places(tx: Transaction, ids: Collection[UUID]) -> dict[UUID, Place]:
    """Where these messages stand; those that are not there are left out."""
    found: dict[UUID, Place] = {}
    wanted = list(ids)
    for start in range(0, len(wanted), LARGEST_IN):
        for row in tx.connection.execute(PLACES, {"ids": wanted[start : start + LARGEST_IN]}):
            found[row.id] = Place(row.message_tree_id, row.depth, Role(row.role), row.lang)
    return found


def add(tx: Transaction, shipment: Shipment) -> None:
    """Add everything in few statements; no rule is asked, and no work is opened."""
    _add_users(tx, shipment.users)
    arrivals = shipment.arrivals
    tx.execute_many(
        INSERT_MESSAGES, [message_row(arrival.message) | {"emojis": arrival.emojis} for arrival in arrivals]
    )
    tx.execute_many(ADD_CHILD, [{"parent": parent, "more": more} for parent, more in shipment.new_replies.items()])
    tx.execute_many(INSERT_TREES, [row_of(tree) for tree in shipment.trees])
    tx.execute_many(INSERT_WAITING, _waiting(shipment))
    tx.execute_many(INSERT_LABELS, [row for arrival in arrivals for row in _labels(arrival)])
    tx.execute_many(
        INSERT_EVENTS,
        [{"message_id": one.message.id, "events": one.events} for one in arrivals if one.events is not None],
    )
    tx.execute_many(
        INSERT_TOXICITY,
        [{"message_id": one.message.id, "scores": one.detoxify} for one in arrivals if one.detoxify is not None],
    )
    tx.execute_many(INSERT_TASKS, [_task_row(task) for task in shipment.tasks])
    tx.execute_many(INSERT_REVIEWS, [_fields(review) for review in shipment.reviews])
    tx.execute_many(INSERT_BALLOTS, [_ballot_row(ballot) for ballot in shipment.ballots])


def _add_users(tx: Transaction, added: Sequence[User]) -> None:
    if added:
        tx.connection.execute(dialect.insert_or_ignore(tx.connection, users), [_fields(user) for user in added])


def _waiting(shipment: Shipment) -> list[dict[str, Any]]:
    """The prompts among the arrivals that are in the draw."""
    authors = {arrival.message.id: arrival.message.user_id for arrival in shipment.arrivals}
    return [
        {"message_id": tree.id, "lang": tree.lang, "user_id": authors[tree.id]}
        for tree in shipment.trees
        if tree.state is TreeState.PROMPT_LOTTERY_WAITING
    ]


def _labels(arrival: Arrival) -> list[dict[str, Any]]:
    message_id = arrival.message.id
    return [
        {"message_id": message_id, "label": name, "value": mean.value, "count": mean.count}
        for name, mean in (arrival.labels or {}).items()
    ]


def _task_row(task: Task) -> dict[str, Any]:
    is_review = task.kind in REVIEWS
    return _fields(task) | {
        "kind": task.kind.value,
        "replies": [str(reply) for reply in task.replies] or None,
        "mode": task.mode.value if is_review else None,
        "valid_labels": task.valid_labels if is_review else None,
        "mandatory_labels": task.mandatory_labels if is_review else None,
    }


def _ballot_row(ballot: CastBallot) -> dict[str, Any]:
    return _fields(ballot) | {"ranking": [str(reply) for reply in ballot.ranking]}


def _fields(value: User | Task | LabelSet | CastBallot) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__slots__}
