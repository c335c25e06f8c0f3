"""Answers that are to be taken back: finding them, what has come upon them, and removing what they were."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, bindparam, exists, func, or_, select

from oa.domain.emoji import Emoji
from oa.domain.second_thoughts import Upon
from oa.domain.standing import Streak
from oa.domain.tasks import TaskKind
from oa.store import people
from oa.store.database import Transaction
from oa.store.tables import (
    UtcDateTime,
    ballots,
    flagged_messages,
    message_emojis,
    messages,
    revisions,
    tasks,
    text_labels,
    text_warnings,
    users,
)
from oa.store.tasks import Task

# --- texts -----------------------------------------------------------------------------------------------------------

TEXT_OF = select(messages.c.id).where(
    messages.c.user_id == bindparam("user_id"),
    messages.c.created_date >= bindparam("since", type_=UtcDateTime()),  # the index of authors is by date
    messages.c.task_id == bindparam("task_id"),
)
_ABOUT: BindParameter[Any] = bindparam("about")
_AUTHOR: BindParameter[Any] = bindparam("author_id")
UPON = select(
    exists().where(messages.c.parent_id == _ABOUT).label("is_answered"),
    exists().where(text_labels.c.message_id == _ABOUT, text_labels.c.task_id.is_not(None)).label("is_reviewed"),
    or_(
        exists().where(text_labels.c.message_id == _ABOUT, text_labels.c.user_id != _AUTHOR),
        exists().where(message_emojis.c.message_id == _ABOUT, message_emojis.c.user_id != _AUTHOR),
    ).label("is_remarked"),
    exists()
    .where(
        flagged_messages.c.message_id == _ABOUT,
        # Its author alone brought it there who was warned of what it has.
        or_(flagged_messages.c.processed, ~exists().where(text_warnings.c.message_id == _ABOUT)),
    )
    .label("is_reported"),
    exists().where(revisions.c.message_id == _ABOUT).label("is_edited"),
    exists()
    .where(
        tasks.c.parent_message_id == _ABOUT,
        tasks.c.user_id != _AUTHOR,
        tasks.c.place_until > bindparam("now", type_=UtcDateTime()),
    )
    .label("is_held"),
)


def text_of(tx: Transaction, user_id: UUID, task: Task) -> UUID | None:
    """The message with which this person has answered a task."""
    values = {"user_id": user_id, "task_id": task.id, "since": task.created_date}
    found: UUID | None = tx.execute(TEXT_OF, values).scalar()
    return found


def upon(tx: Transaction, message_id: UUID, author_id: UUID) -> Upon:
    """What others than its author have done about a message."""
    row = tx.execute(UPON, {"about": message_id, "author_id": author_id, "now": tx.now}).one()
    return Upon(**{name: bool(value) for name, value in row._asdict().items()})


# --- reviews ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class GivenReview:
    id: UUID
    created_date: datetime
    labels: Mapping[str, float]


REVIEW_OF = select(text_labels.c.id, text_labels.c.created_date, text_labels.c.labels).where(
    text_labels.c.message_id == bindparam("message_id"),
    text_labels.c.user_id == bindparam("user_id"),
    text_labels.c.task_id == bindparam("task_id"),
)
DELETE_REVIEW = text_labels.delete().where(text_labels.c.id == bindparam("review_id"))
COUNT_FEWER_REVIEWS = (
    messages.update().where(messages.c.id == bindparam("of_message")).values(review_count=messages.c.review_count - 1)
)
FLAGGED_BY = select(message_emojis.c.created_date).where(
    message_emojis.c.message_id == bindparam("message_id"),
    message_emojis.c.user_id == bindparam("user_id"),
    message_emojis.c.emoji == Emoji.RED_FLAG.value,
)
QUEUED = select(flagged_messages).where(flagged_messages.c.message_id == bindparam("message_id"))
DELETE_QUEUED = flagged_messages.delete().where(flagged_messages.c.message_id == bindparam("of_message"))
PUT_BACK_QUEUED = (
    flagged_messages.update()
    .where(flagged_messages.c.message_id == bindparam("of_message"))
    .values(
        processed=bindparam("was_processed"),
        created_date=bindparam("was_reported"),
        outcome=bindparam("was_outcome"),
        processed_by=bindparam("was_processed_by"),
        processed_date=bindparam("was_processed_date"),
        note=bindparam("was_note"),
    )
)


@dataclass(frozen=True, slots=True)
class Queued:
    """A message's place in the moderators' queue."""

    is_processed: bool
    reported: datetime
    """When the latest report came."""
    processed: datetime | None = None
    outcome: str | None = None
    processed_by: UUID | None = None
    note: str | None = None


def review_of(tx: Transaction, user_id: UUID, task: Task) -> GivenReview | None:
    """The review with which this person has answered a task."""
    values = {"message_id": task.parent_message_id, "user_id": user_id, "task_id": task.id}
    row = tx.execute(REVIEW_OF, values).first()
    return None if row is None else GivenReview(row.id, row.created_date, row.labels)


def remove_review(tx: Transaction, review_id: UUID, message_id: UUID) -> None:
    """Remove a review that has decided nothing, and count it no longer."""
    tx.execute(DELETE_REVIEW, {"review_id": review_id})
    tx.execute(COUNT_FEWER_REVIEWS, {"of_message": message_id})


def flagged_by(tx: Transaction, message_id: UUID, user_id: UUID) -> datetime | None:
    """When this person put a red flag on a message that is still there."""
    found: datetime | None = tx.execute(FLAGGED_BY, {"message_id": message_id, "user_id": user_id}).scalar()
    return found


def queued(tx: Transaction, message_id: UUID) -> Queued | None:
    row = tx.execute(QUEUED, {"message_id": message_id}).one_or_none()
    if row is None:
        return None
    return Queued(row.processed, row.created_date, row.processed_date, row.outcome, row.processed_by, row.note)


def put_back_queued(tx: Transaction, message_id: UUID, was: Queued | None) -> None:
    """Make a message's place in the moderators' queue what it was before a report, which brought it there if None."""
    if was is None:
        tx.execute(DELETE_QUEUED, {"of_message": message_id})
        return
    values = {
        "of_message": message_id,
        "was_processed": was.is_processed,
        "was_reported": was.reported,
        "was_outcome": was.outcome,
        "was_processed_by": was.processed_by,
        "was_processed_date": was.processed,
        "was_note": was.note,
    }
    tx.execute(PUT_BACK_QUEUED, values)


# --- ballots ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class GivenBallot:
    created_date: datetime
    ranking: tuple[UUID, ...]
    not_rankable: bool


BALLOT_OF = select(ballots.c.created_date, ballots.c.ranking, ballots.c.not_rankable).where(
    ballots.c.task_id == bindparam("task_id"), ballots.c.user_id == bindparam("user_id")
)
DELETE_BALLOT = ballots.delete().where(
    ballots.c.task_id == bindparam("of_task"), ballots.c.user_id == bindparam("of_user")
)
COUNT_FEWER_BALLOTS = (
    messages.update().where(messages.c.id == bindparam("message_id")).values(ranking_count=messages.c.ranking_count - 1)
)


def ballot_of(tx: Transaction, user_id: UUID, task: Task) -> GivenBallot | None:
    """The ballot with which this person has answered a task."""
    row = tx.execute(BALLOT_OF, {"task_id": task.id, "user_id": user_id}).one_or_none()
    if row is None:
        return None
    return GivenBallot(row.created_date, tuple(UUID(reply) for reply in row.ranking), row.not_rankable)


def remove_ballot(tx: Transaction, user_id: UUID, task: Task, ballot: GivenBallot) -> None:
    """Remove a ballot, and count it no longer with the replies that it places."""
    tx.execute(DELETE_BALLOT, {"of_task": task.id, "of_user": user_id})
    tx.execute_many(COUNT_FEWER_BALLOTS, [{"message_id": reply} for reply in ballot.ranking])


# --- tasks -----------------------------------------------------------------------------------------------------------

REOPEN = (
    tasks.update()
    .where(tasks.c.id == bindparam("of_task"))
    .values(
        done=bindparam("is_done"),
        skipped=False,
        skip_reason=None,
        answer_key=None,
        place_until=bindparam("new_place_until", type_=UtcDateTime()),
    )
)
TASKS_LIKE = select(tasks.c.id, tasks.c.kind, tasks.c.skipped, tasks.c.place_until).where(
    tasks.c.parent_message_id == bindparam("message_id"),
    tasks.c.user_id == bindparam("user_id"),
    tasks.c.id != bindparam("task_id"),
)


def reopen(tx: Transaction, task: Task, place_until: datetime | None) -> None:
    """Make a task what it was before it was answered or given back. A collective one stays open or closed."""
    values = {"of_task": task.id, "is_done": task.done and task.collective, "new_place_until": place_until}
    tx.execute(REOPEN, values)


def has_like(tx: Transaction, user_id: UUID, task: Task, kinds: frozenset[TaskKind], *, skipped: bool) -> bool:
    """Whether this person has another task of these kinds about the same, given back or with a place."""
    values = {"message_id": task.parent_message_id, "user_id": user_id, "task_id": task.id}
    return any(
        row.kind in kinds and (row.skipped if skipped else row.place_until is not None)
        for row in tx.execute(TASKS_LIKE, values)
    )


# --- who answered ----------------------------------------------------------------------------------------------------

_BEFORE = bindparam("before", type_=UtcDateTime())
_OF_USER: BindParameter[Any] = bindparam("user_id")
LAST_TEXT = select(func.max(messages.c.created_date)).where(
    messages.c.user_id == _OF_USER, messages.c.task_id.is_not(None), messages.c.created_date < _BEFORE
)
LAST_REVIEW = select(func.max(text_labels.c.created_date)).where(
    text_labels.c.user_id == _OF_USER, text_labels.c.task_id.is_not(None), text_labels.c.created_date < _BEFORE
)
LAST_BALLOT = select(func.max(ballots.c.created_date)).where(
    ballots.c.user_id == _OF_USER, ballots.c.created_date < _BEFORE
)
SET_ACTIVITY = (
    users.update()
    .where(users.c.id == bindparam("of_user"))
    .values(
        last_activity_date=bindparam("new_last_activity", type_=UtcDateTime()),
        streak_last_day_date=bindparam("new_last_day", type_=UtcDateTime()),
        streak_days=bindparam("new_days"),
    )
)


def last_answer(tx: Transaction, user_id: UUID, before: datetime) -> datetime | None:
    """When this person answered a task for the last time before a moment, by what is left of their answers."""
    values = {"user_id": user_id, "before": before}
    found: list[datetime | None] = [tx.execute(one, values).scalar() for one in (LAST_TEXT, LAST_REVIEW, LAST_BALLOT)]
    return max((date for date in found if date is not None), default=None)


def set_activity(tx: Transaction, user_id: UUID, last_activity: datetime | None, streak: Streak | None) -> None:
    """Write when a user was active for the last time, and how their streak stands; None if they never had one."""
    values: dict[str, Any] = {
        "of_user": user_id,
        "new_last_activity": last_activity,
        "new_last_day": streak and streak.last_day,
        "new_days": streak and streak.days,
    }
    tx.execute(SET_ACTIVITY, values)
    people.forget_users(tx)
