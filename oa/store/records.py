"""Trees on their way out: rows become records, in batches that follow each other in one stable order.

An imported message or person goes by the id that it came with, so that what was imported comes out as it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import fsum
from typing import Any, cast
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, Table, bindparam, exists, select, true

from oa.domain.labels import ALL_LABELS
from oa.domain.lifecycle import TreeState
from oa.domain.people import IMPORT_CLIENT_ID
from oa.domain.records import IMPORT_USER_ID, Events, MessageRecord, TreeRecord, known_date
from oa.domain.review import LabelMean, summarise
from oa.domain.selection import Selection, Share
from oa.domain.tree import Role
from oa.store.database import Transaction
from oa.store.messages import LARGEST_IN
from oa.store.tables import (
    ballots,
    imported_events,
    imported_labels,
    imported_toxicity,
    message_emojis,
    messages,
    tasks,
    text_labels,
    trees,
    users,
)

BATCH = 200
"""Trees, or single messages, that are read together."""

AnySelect = Select[*tuple[Any, ...]]
AnyRow = Row[*tuple[Any, ...]]

MESSAGE_COLUMNS = (
    messages.c.id,
    messages.c.parent_id,
    messages.c.message_tree_id,
    messages.c.user_id,
    messages.c.api_client_id,
    messages.c.frontend_message_id,
    messages.c.created_date,
    messages.c.text,
    messages.c.role,
    messages.c.lang,
    messages.c.review_count,
    messages.c.review_result,
    messages.c.deleted,
    messages.c.rank,
    messages.c.synthetic,
    messages.c.model_name,
    messages.c.emojis,
    users.c.username,
    users.c.api_client_id.label("user_client_id"),
)
MESSAGES = select(*MESSAGE_COLUMNS).outerjoin_from(messages, users, users.c.id == messages.c.user_id)
IN_ORDER = (messages.c.created_date, messages.c.id)
OF_TREES = MESSAGES.where(messages.c.message_tree_id.in_(bindparam("ids", expanding=True))).order_by(*IN_ORDER)
NAMES = select(messages.c.id, messages.c.api_client_id, messages.c.frontend_message_id).where(
    messages.c.id.in_(bindparam("ids", expanding=True))
)


def _of_messages(statement: AnySelect, column: ColumnElement[UUID], *order: ColumnElement[Any]) -> AnySelect:
    return statement.where(column.in_(bindparam("ids", expanding=True))).order_by(*order)


def _with_name(table: Table) -> AnySelect:
    """Rows of a table that names a user, with what the user is called."""
    named = select(*table.c, users.c.username, users.c.api_client_id.label("user_client_id"))
    return named.join_from(table, users, users.c.id == table.c.user_id)


IMPORTED_LABELS = _of_messages(
    select(
        imported_labels.c.message_id,
        imported_labels.c.label,
        imported_labels.c.value,
        imported_labels.c.count.label("voters"),  # a row is a tuple, whose `count` is something else
    ),
    imported_labels.c.message_id,
    imported_labels.c.label,
)
VOTES = _of_messages(
    select(text_labels.c.message_id, text_labels.c.labels),
    text_labels.c.message_id,
    text_labels.c.created_date,
    text_labels.c.id,
)
TOXICITY = _of_messages(select(imported_toxicity), imported_toxicity.c.message_id)
IMPORTED_EVENTS = _of_messages(select(imported_events), imported_events.c.message_id)
EMOJIS = _of_messages(
    _with_name(message_emojis),
    message_emojis.c.message_id,
    message_emojis.c.created_date,
    message_emojis.c.user_id,
    message_emojis.c.emoji,
)
BALLOTS = _of_messages(
    _with_name(ballots).add_columns(tasks.c.replies).join(tasks, tasks.c.id == ballots.c.task_id),
    ballots.c.parent_id,
    ballots.c.created_date,
    ballots.c.task_id,
    ballots.c.user_id,
)


# --- which -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Head:
    """A tree without its messages."""

    id: UUID
    state: TreeState
    origin: str | None


def heads(tx: Transaction, wanted: Selection) -> Iterator[list[Head]]:
    """The trees that a selection asks for, by the date of their prompts, in batches."""
    statement = (
        select(trees.c.message_tree_id, trees.c.state, trees.c.origin)
        .join_from(trees, messages, messages.c.id == trees.c.message_tree_id)
        .where(*_conditions(wanted))
        .order_by(*IN_ORDER)
    )
    for rows in _batches(tx, statement):
        yield [Head(row.message_tree_id, TreeState(row.state), row.origin) for row in rows]


def _conditions(wanted: Selection) -> Iterator[ColumnElement[bool]]:
    if wanted.state is not None:
        yield trees.c.state == wanted.state.value
    if wanted.lang is not None:
        yield messages.c.lang == wanted.lang
    if wanted.synthetic is not Share.ALSO:
        any_message = messages.alias()
        has_synthetic = exists().where(
            any_message.c.message_tree_id == trees.c.message_tree_id, any_message.c.synthetic == true()
        )
        yield has_synthetic if wanted.synthetic is Share.ONLY else ~has_synthetic


def _batches(tx: Transaction, statement: AnySelect) -> Iterator[Sequence[AnyRow]]:
    """The rows in batches, without the database or us holding all of them."""
    rows = tx.connection.execute(statement, execution_options={"stream_results": True, "yield_per": BATCH})
    try:
        yield from rows.partitions()
    finally:
        rows.close()  # whoever has enough leaves early


# --- what ------------------------------------------------------------------------------------------------------------


def of_trees(tx: Transaction, some: Sequence[Head], wanted: Selection) -> Iterator[TreeRecord]:
    """The trees with all their messages, in the order given; messages by date."""
    by_tree: dict[UUID, list[AnyRow]] = {head.id: [] for head in some}
    rows = tx.connection.execute(OF_TREES, {"ids": list(by_tree)}).all()
    for row in rows:
        by_tree[row.message_tree_id].append(row)
    reader = _Reader(tx, {row.id: _message_name(row) for row in rows}, wanted)
    additions = reader.additions([row.id for row in rows])
    for head in some:
        yield TreeRecord(
            id=reader.names[head.id],
            state=head.state,
            origin=head.origin if wanted.origin else None,
            messages=tuple(reader.record(row, additions) for row in by_tree[head.id]),
        )


def of_user(tx: Transaction, wanted: Selection) -> Iterator[TreeRecord]:
    """What one person wrote, oldest first: of each tree one message at a time."""
    statement = MESSAGES.add_columns(trees.c.state, trees.c.origin).join(
        trees, trees.c.message_tree_id == messages.c.message_tree_id
    )
    statement = statement.where(messages.c.user_id == wanted.user_id).order_by(*IN_ORDER)
    if wanted.lang is not None:
        statement = statement.where(messages.c.lang == wanted.lang)
    if wanted.synthetic is not Share.ALSO:
        statement = statement.where(messages.c.synthetic.is_(wanted.synthetic is Share.ONLY))
    for rows in _batches(tx, statement):
        reader = _Reader(tx, {row.id: _message_name(row) for row in rows}, wanted)
        reader.learn_names(place for row in rows for place in (row.parent_id, row.message_tree_id))
        additions = reader.additions([row.id for row in rows])
        for row in rows:
            yield TreeRecord(
                id=reader.names[row.message_tree_id],
                state=TreeState(row.state),
                messages=(reader.record(row, additions),),
            )


@dataclass(frozen=True, slots=True)
class _Additions:
    """What stands in other tables, by message."""

    labels: Mapping[UUID, Mapping[str, LabelMean]]
    events: Mapping[UUID, Events]
    detoxify: Mapping[UUID, Mapping[str, float]]


@dataclass(slots=True)
class _Reader:
    """Makes records of one batch of rows."""

    tx: Transaction
    names: dict[UUID, str]
    wanted: Selection

    def record(self, row: AnyRow, additions: _Additions) -> MessageRecord:
        return MessageRecord(
            id=self.names[row.id],
            parent_id=None if row.parent_id is None else self.names[row.parent_id],
            user_id=_user_name(row),
            created_date=known_date(row.created_date),
            text=row.text,
            role=Role(row.role),
            lang=row.lang,
            review_count=row.review_count,
            review_result=row.review_result,
            deleted=row.deleted,
            rank=row.rank,
            synthetic=row.synthetic,
            model_name=row.model_name,
            emojis=row.emojis,
            labels=additions.labels.get(row.id),
            events=additions.events.get(row.id),
            detoxify=additions.detoxify.get(row.id),
        )

    def learn_names(self, ids: Iterable[UUID | None]) -> None:
        """Find out what messages are called that are not in the batch."""
        missing = {message_id for message_id in ids if message_id is not None} - self.names.keys()
        for row in self._rows(NAMES, list(missing)):
            self.names[row.id] = _message_name(row)

    def additions(self, ids: Sequence[UUID]) -> _Additions:
        labels, detoxify, events = {}, {}, {}
        if self.wanted.labels:
            labels = self._labels(ids)
            detoxify = {row.message_id: row.scores for row in self._rows(TOXICITY, ids)}
        if self.wanted.events:
            events = self._events(ids)
        return _Additions(labels, events, detoxify)

    def _labels(self, ids: Sequence[UUID]) -> dict[UUID, Mapping[str, LabelMean]]:
        """Mean and count over everybody's labels, those included that a message came with."""
        imported: dict[UUID, dict[str, LabelMean]] = {}
        for row in self._rows(IMPORTED_LABELS, ids):
            imported.setdefault(row.message_id, {})[row.label] = LabelMean(row.value, row.voters)
        votes: dict[UUID, list[Mapping[str, float]]] = {}
        for row in self._rows(VOTES, ids):
            votes.setdefault(row.message_id, []).append(row.labels)
        own = {message_id: summarise(cast_votes) for message_id, cast_votes in votes.items()}
        return {
            message_id: _merged(imported.get(message_id, {}), own.get(message_id, {}))
            for message_id in imported.keys() | own.keys()
        }

    def _events(self, ids: Sequence[UUID]) -> dict[UUID, Events]:
        found: dict[UUID, dict[str, list[Mapping[str, Any]]]] = {}

        def note(message_id: UUID, event: dict[str, Any]) -> None:
            found.setdefault(message_id, {}).setdefault(event["type"], []).append(event)

        for row in self._rows(IMPORTED_EVENTS, ids):
            found[row.message_id] = {kind: list(events) for kind, events in row.events.items()}
        for row in self._rows(EMOJIS, ids):
            note(row.message_id, {"type": "emoji", "user_id": _user_name(row), "emoji": row.emoji})
        cast_ballots = self._rows(BALLOTS, ids)
        self.learn_names(UUID(reply) for row in cast_ballots for reply in row.ranking)
        for row in cast_ballots:
            note(row.parent_id, self._ranking(row))
        return cast(dict[UUID, Events], found)

    def _ranking(self, row: AnyRow) -> dict[str, Any]:
        shown: list[str] = row.replies or row.ranking
        event: dict[str, Any] = {
            "type": "ranking",
            "user_id": _user_name(row),
            "ranking": [shown.index(reply) for reply in row.ranking],
            "ranked_message_ids": [self.names.get(UUID(reply), reply) for reply in row.ranking],
            "ranking_parent_id": self.names[row.parent_id],
            "message_tree_id": self.names[row.message_tree_id],
        }
        return event | {"not_rankable": True} if row.not_rankable else event

    def _rows(self, statement: AnySelect, ids: Sequence[UUID]) -> list[AnyRow]:
        found: list[AnyRow] = []
        for start in range(0, len(ids), LARGEST_IN):
            found.extend(self.tx.connection.execute(statement, {"ids": ids[start : start + LARGEST_IN]}).all())
        return found


def _message_name(row: AnyRow) -> str:
    return row.frontend_message_id if row.api_client_id == IMPORT_CLIENT_ID else str(row.id)


def _user_name(row: AnyRow) -> str | None:
    if row.user_id is None or row.user_id == IMPORT_USER_ID:
        return None
    return row.username if row.user_client_id == IMPORT_CLIENT_ID else str(row.user_id)


def _merged(imported: Mapping[str, LabelMean], own: Mapping[str, LabelMean]) -> dict[str, LabelMean]:
    """Two means of each label in one, each weighing as much as the people behind it; in the order of the catalogue."""
    merged: dict[str, LabelMean] = {**own, **imported}
    for name in imported.keys() & own.keys():
        both = (imported[name], own[name])
        count = sum(mean.count for mean in both)
        merged[name] = LabelMean(fsum(mean.value * mean.count for mean in both) / count, count)
    others = sorted(merged.keys() - set(ALL_LABELS))
    return {name: merged[name] for name in (*(str(label) for label in ALL_LABELS if label in merged), *others)}
