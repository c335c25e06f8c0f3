"""What moderators look at and change: the queue of reports, and the texts of messages with their history."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, func, or_, select, tuple_

from oa.domain.emoji import Emoji
from oa.domain.moderation import MODERATED, Flagged, Outcome, Report, Revision
from oa.domain.paging import Part
from oa.store import text_checks
from oa.store.database import Transaction
from oa.store.messages import LARGEST_IN
from oa.store.tables import flagged_messages, message_emojis, messages, revisions, text_labels, trees, users

# --- reports ---------------------------------------------------------------------------------------------------------

FIND = select(flagged_messages).where(flagged_messages.c.message_id == bindparam("of_message"))
PROCESS = (
    flagged_messages.update()
    .where(flagged_messages.c.message_id == bindparam("of_message"))
    .values(
        processed=bindparam("is_processed"),
        outcome=bindparam("new_outcome"),
        processed_by=bindparam("by_user"),
        processed_date=bindparam("on_date"),
        note=bindparam("new_note"),
    )
)
FLAGS = (
    select(message_emojis.c.message_id, message_emojis.c.user_id, message_emojis.c.created_date, users.c.username)
    .join(users, users.c.id == message_emojis.c.user_id)
    .where(
        message_emojis.c.message_id.in_(bindparam("message_ids", expanding=True)),
        message_emojis.c.emoji == Emoji.RED_FLAG.value,
    )
    .order_by(message_emojis.c.created_date, message_emojis.c.user_id)
)
LABELS = (
    select(text_labels.c.message_id, text_labels.c.user_id, text_labels.c.text, text_labels.c.labels)
    .where(text_labels.c.message_id.in_(bindparam("message_ids", expanding=True)))
    .order_by(text_labels.c.task_id.is_(None), text_labels.c.created_date)
)


OFTEN_MARKED = (
    select(message_emojis.c.message_id)
    .join(messages, messages.c.id == message_emojis.c.message_id)
    .join(trees, trees.c.message_tree_id == messages.c.message_tree_id)
    .outerjoin(flagged_messages, flagged_messages.c.message_id == messages.c.id)
    .where(
        message_emojis.c.emoji == bindparam("sign"),
        messages.c.deleted.is_(False),
        trees.c.state.in_(sorted(state.value for state in MODERATED)),
        or_(flagged_messages.c.processed.is_(None), flagged_messages.c.processed.is_(False)),
    )
    .group_by(message_emojis.c.message_id)
    .having(func.count() >= bindparam("least"))
    .order_by(message_emojis.c.message_id)
)


def often_marked(tx: Transaction, sign: Emoji, least: int) -> list[UUID]:
    """Messages in trees under way on which so many people put a sign, and about which no moderator has decided."""
    return list(tx.execute(OFTEN_MARKED, {"sign": sign.value, "least": least}).scalars())


def flagged(tx: Transaction, message_id: UUID) -> Flagged | None:
    row = tx.execute(FIND, {"of_message": message_id}).one_or_none()
    return None if row is None else next(_with_reports(tx, [row]))


def process(tx: Transaction, change: Flagged) -> None:
    """Write what came of the reports about a message."""
    values = {
        "of_message": change.message_id,
        "is_processed": change.processed,
        "new_outcome": change.outcome and change.outcome.value,
        "by_user": change.processed_by,
        "on_date": change.processed_date,
        "new_note": change.note,
    }
    tx.execute(PROCESS, values)


def queue(tx: Transaction, part: Part[datetime], *, processed: bool | None = None) -> list[Flagged]:
    """A part of the queue, which is sorted by the date of the latest report."""
    place = (flagged_messages.c.created_date, flagged_messages.c.message_id)
    statement = (
        select(flagged_messages)
        .where(*_bounds(part))
        .order_by(*(column.desc() if part.descending else column.asc() for column in place))
        .limit(part.limit)
    )
    if processed is not None:
        statement = statement.where(flagged_messages.c.processed.is_(processed))
    return list(_with_reports(tx, tx.connection.execute(statement).all()))


def _bounds(part: Part[datetime]) -> Iterator[ColumnElement[bool]]:
    date, key = flagged_messages.c.created_date, flagged_messages.c.message_id
    for bound, is_low in ((part.low, True), (part.high, False)):
        if bound is None:
            continue
        if bound.id is None:
            yield date >= bound.value if is_low else date <= bound.value
        else:
            own = tuple_(bindparam(None, bound.value, type_=date.type), bindparam(None, bound.id, type_=key.type))
            yield tuple_(date, key) > own if is_low else tuple_(date, key) < own


def _with_reports(tx: Transaction, rows: Sequence[Any]) -> Iterator[Flagged]:
    ids = [row.message_id for row in rows]
    said: dict[tuple[UUID, UUID], Any] = {}
    reports: dict[UUID, list[Report]] = {}
    for start in range(0, len(ids), LARGEST_IN):
        values = {"message_ids": ids[start : start + LARGEST_IN]}
        said |= {(row.message_id, row.user_id): row for row in tx.connection.execute(LABELS, values)}
        for row in tx.connection.execute(FLAGS, values):
            words = said.get((row.message_id, row.user_id))
            reports.setdefault(row.message_id, []).append(
                Report(
                    user_id=row.user_id,
                    username=row.username,
                    created_date=row.created_date,
                    text=words.text if words else "",
                    labels=words.labels if words else {},
                )
            )
    warnings = text_checks.warnings_about(tx, ids)
    for row in rows:
        yield Flagged(
            message_id=row.message_id,
            processed=row.processed,
            created_date=row.created_date,
            outcome=Outcome(row.outcome) if row.outcome else None,
            processed_by=row.processed_by,
            processed_date=row.processed_date,
            note=row.note,
            reports=tuple(reports.get(row.message_id, ())),
            warnings=tuple(warnings.get(row.message_id, ())),
        )


# --- texts -----------------------------------------------------------------------------------------------------------

REVISIONS = (
    select(revisions)
    .where(revisions.c.message_id == bindparam("message_id"))
    .order_by(revisions.c.created_date, revisions.c.number)
)
ADD_REVISION = revisions.insert()
LAST_NUMBER = select(func.max(revisions.c.number)).where(revisions.c.message_id == bindparam("message_id"))
SET_TEXT = (
    messages.update()
    .where(messages.c.id == bindparam("of_message"))
    .values(text=bindparam("new_text"), edited=bindparam("is_edited"))
)


def history(tx: Transaction, message_id: UUID) -> list[Revision]:
    """Every text that a message has had, oldest first; nothing when it was never edited."""
    return [
        Revision(
            id=row.id,
            message_id=row.message_id,
            text=row.text,
            user_id=row.user_id,
            created_date=row.created_date,
        )
        for row in tx.execute(REVISIONS, {"message_id": message_id})
    ]


def add_revision(tx: Transaction, revision: Revision) -> None:
    number = tx.execute(LAST_NUMBER, {"message_id": revision.message_id}).scalar() or 0
    row = {name: getattr(revision, name) for name in Revision.__slots__}
    tx.execute(ADD_REVISION, row | {"number": number + 1})


def set_text(tx: Transaction, message_id: UUID, text: str, *, edited: bool) -> None:
    tx.execute(SET_TEXT, {"of_message": message_id, "new_text": text, "is_edited": edited})


def trees_of(tx: Transaction, message_ids: Iterable[UUID]) -> set[UUID]:
    """The trees of some messages."""
    ids, found = list(message_ids), set[UUID]()
    for start in range(0, len(ids), LARGEST_IN):
        statement = select(messages.c.message_tree_id).where(messages.c.id.in_(ids[start : start + LARGEST_IN]))
        found |= set(tx.connection.execute(statement).scalars())
    return found
