"""Answers are taken back: whatever they have moved moves back, as if they had never been.

Each kind of answer says what keeps it where it is; then it is removed, its task stands open again with the place that
it had, and the person's streak is what their other answers make it. The journal keeps that there was an answer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from oa.domain import second_thoughts as rules
from oa.domain.emoji import Emoji, EmojiOperation
from oa.domain.lifecycle import TreeState
from oa.domain.people import Caller, User
from oa.domain.standing import ONE_DAY, Streak, day_of
from oa.domain.tasks import REVIEWS, TEXTS
from oa.domain.tree import Message
from oa.errors import AnswerBuiltUpon, AnswerInUse, TaskNotAnswered
from oa.hub import campaigns, growth, moderate, standing
from oa.store import answers, journal, messages, removal, second_thoughts, tasks, trees, work
from oa.store.database import Transaction
from oa.store.second_thoughts import GivenReview, Queued
from oa.store.tasks import Task

REPORTED = "message_reported"
"""The event by which it is known how the moderators' queue was before a report."""


@dataclass(frozen=True, slots=True)
class _Taken:
    """What the journal keeps of an answer, and when it had been given."""

    date: datetime
    message_id: UUID | None
    facts: dict[str, Any]


def take_back(tx: Transaction, caller: Caller, user: User, task: Task) -> Task:
    """Remove what this person has answered to a task, or take it up again if they gave it back; the task as it is then.

    Raises:
        TaskNotAnswered: there is nothing to take back.
        AnswerBuiltUpon: others have built on it, or its review or ranking has closed.
        AnswerInUse: somebody is reviewing the text now.
    """
    if task.skipped:
        reopened = _take_up_again(tx, user, task)
        _record(tx, caller, user, task, task.parent_message_id, {"skipped": True})
        return reopened
    if task.kind in TEXTS:
        taken = _take_back_text(tx, user, task)
    elif task.kind in REVIEWS:
        taken = _take_back_review(tx, user, task)
    else:
        taken = _take_back_ballot(tx, user, task)
    _forget_activity(tx, user, taken.date)
    reopened = _reopen(tx, user, task, _place(tx, user, task))
    if task.parent_message_id is not None and task.message_tree_id is not None:
        growth.reopen_work_of(tx, task.message_tree_id)
    _record(tx, caller, user, task, taken.message_id, taken.facts)
    return reopened


def _record(
    tx: Transaction, caller: Caller, user: User, task: Task, message_id: UUID | None, before: dict[str, Any]
) -> None:
    journal.add(
        tx,
        "answer_taken_back",
        user_id=user.id,
        message_id=message_id,
        api_client_id=caller.client.id,
        task=str(task.id),
        task_type=task.kind.value,
        before=before,
    )


def _not_answered() -> TaskNotAnswered:
    return TaskNotAnswered("you have not answered this task, or have taken your answer back; there is nothing to undo")


def _let_pass(reason: str | None) -> None:
    if reason is not None:
        raise AnswerBuiltUpon(f"your answer stays as it is: {reason}")


# --- texts -----------------------------------------------------------------------------------------------------------


def _take_back_text(tx: Transaction, user: User, task: Task) -> _Taken:
    message_id = second_thoughts.text_of(tx, user.id, task)
    if message_id is None:
        raise _not_answered()
    message = messages.find(tx, message_id)
    _check_text(tx, user, message)
    with standing.following(tx, [message.tree_id]):
        removal.remove_messages(tx, [message.id])
    if message.parent_id is not None:
        answers.count_child(tx, message.parent_id, -1)
    # No text: whoever takes it back wants it gone.
    return _Taken(message.created_date, message.id, {"length": len(message.text)})


def _check_text(tx: Transaction, user: User, message: Message) -> None:
    upon = second_thoughts.upon(tx, message.id, user.id)
    has_moved = (
        message.parent_id is None and trees.find(tx, message.tree_id).state is not TreeState.INITIAL_PROMPT_REVIEW
    )
    _let_pass(rules.why_text_stays(upon, is_deleted=message.deleted, has_tree_moved=has_moved))
    if upon.is_held:
        raise AnswerInUse("somebody is reviewing your text right now; try again in a few minutes")


# --- reviews ---------------------------------------------------------------------------------------------------------


def _take_back_review(tx: Transaction, user: User, task: Task) -> _Taken:
    review = second_thoughts.review_of(tx, user.id, task)
    if review is None or task.parent_message_id is None:
        raise _not_answered()
    message = messages.find(tx, task.parent_message_id)
    campaign = campaigns.current(tx)
    required = campaign.num_reviews_initial_prompt if message.parent_id is None else campaign.num_reviews_reply
    state = trees.find(tx, message.tree_id).state
    missing = required - message.review_count
    reason = rules.why_review_stays(message.review_result, missing=missing, state=state, is_deleted=message.deleted)
    _let_pass(reason)
    with standing.following(tx, [message.tree_id]):
        second_thoughts.remove_review(tx, review.id, message.id)
        _take_back_report(tx, user, task, message, review)
    return _Taken(review.created_date, message.id, {"labels": dict(review.labels)})


def note_report(tx: Transaction, task: Task, user: User, message: Message) -> None:
    """Write down how the moderators' queue is before a review reports a message."""
    was = second_thoughts.queued(tx, message.id)
    before = None if was is None else _written(was)
    journal.add(
        tx,
        REPORTED,
        user_id=user.id,
        message_id=message.id,
        api_client_id=task.api_client_id,
        task=str(task.id),
        before=before,
    )


def _written(was: Queued) -> dict[str, Any]:
    """A place in the queue as the journal keeps it."""
    return {
        "processed": was.is_processed,
        "created_date": was.reported.isoformat(),
        "processed_date": was.processed and was.processed.isoformat(),
        "outcome": was.outcome,
        "processed_by": was.processed_by and str(was.processed_by),
        "note": was.note,
    }


def _take_back_report(tx: Transaction, user: User, task: Task, message: Message, review: GivenReview) -> None:
    """Take off the red flag that came with a review, if one did, and bring the moderators' queue back."""
    if second_thoughts.flagged_by(tx, message.id, user.id) != review.created_date:
        return
    queued = second_thoughts.queued(tx, message.id)
    if queued is not None and queued.processed is not None and queued.processed >= review.created_date:
        _let_pass("a moderator has looked at your report")
    if queued is not None and queued.reported == review.created_date:  # else others have reported it since
        second_thoughts.put_back_queued(tx, message.id, _queued_before(tx, task, message))
    moderate.put_emoji(tx, user, message, Emoji.RED_FLAG, EmojiOperation.REMOVE)


def _queued_before(tx: Transaction, task: Task, message: Message) -> Queued | None:
    noted = (event for event in journal.about(tx, [message.id], [REPORTED]) if event.facts["task"] == str(task.id))
    event = next(noted, None)
    if event is None or (before := event.facts["before"]) is None:
        return None
    processed_date, processed_by = before.get("processed_date"), before.get("processed_by")
    return Queued(
        before["processed"],
        datetime.fromisoformat(before["created_date"]),
        processed_date and datetime.fromisoformat(processed_date),
        before.get("outcome"),
        processed_by and UUID(processed_by),
        before.get("note"),
    )


# --- ballots ---------------------------------------------------------------------------------------------------------


def _take_back_ballot(tx: Transaction, user: User, task: Task) -> _Taken:
    ballot = second_thoughts.ballot_of(tx, user.id, task)
    if ballot is None or task.message_tree_id is None:
        raise _not_answered()
    _let_pass(rules.why_ballot_stays(trees.find(tx, task.message_tree_id).state))
    with standing.following(tx, [task.message_tree_id]):
        second_thoughts.remove_ballot(tx, user.id, task, ballot)
    facts = {"ranking": [str(reply) for reply in ballot.ranking], "not_rankable": ballot.not_rankable}
    return _Taken(ballot.created_date, task.parent_message_id, facts)


# --- tasks that were given back --------------------------------------------------------------------------------------


def _take_up_again(tx: Transaction, user: User, task: Task) -> Task:
    """Its sign is taken off the message, unless another task that was given back put it there as well."""
    if task.parent_message_id is None or task.message_tree_id is None:
        return _reopen(tx, user, task, None)
    _let_pass(rules.why_skip_stays(trees.find(tx, task.message_tree_id).state))
    sign = work.SKIP_EMOJI[task.kind]
    if not second_thoughts.has_like(tx, user.id, task, moderate.SKIPS[sign], skipped=True):
        message = messages.find(tx, task.parent_message_id)
        moderate.put_emoji(tx, user, message, sign, EmojiOperation.REMOVE)
    place = _place(tx, user, task)
    if place is not None and not _has_room(tx, task):
        place = None
    reopened = _reopen(tx, user, task, place)
    growth.refresh_tree(tx, task.message_tree_id)
    return reopened


def _has_room(tx: Transaction, task: Task) -> bool:
    assert task.message_tree_id is not None
    of_task = (task.kind, task.parent_message_id)
    return any(
        (slot.kind, slot.message_id) == of_task and slot.free > 0 for slot in work.of_tree(tx, task.message_tree_id)
    )


# --- what all have in common -----------------------------------------------------------------------------------------


def _place(tx: Transaction, user: User, task: Task) -> datetime | None:
    """Until when the task would keep its place, had it not been answered; None where it has none."""
    if task.collective or task.parent_message_id is None:
        return None
    until = task.created_date + timedelta(seconds=campaigns.current(tx).recent_tasks_span_sec)
    is_over = until <= tx.now or (task.expiry_date is not None and task.expiry_date <= tx.now)
    if is_over or second_thoughts.has_like(tx, user.id, task, frozenset({task.kind}), skipped=False):
        return None
    return until


def _reopen(tx: Transaction, user: User, task: Task, place_until: datetime | None) -> Task:
    second_thoughts.reopen(tx, task, place_until)
    if place_until is not None:
        tasks.note_place(tx, place_until)
    is_done = task.done and task.collective
    return replace(task, done=is_done, skipped=False, answer_key=None, place_until=place_until)


def _forget_activity(tx: Transaction, user: User, date: datetime) -> None:
    """Make a person's last activity and streak what they are without the answer of this date, which is removed."""
    day = day_of(date)
    on_day = second_thoughts.last_answer(tx, user.id, before=day + ONE_DAY)
    last = second_thoughts.last_answer(tx, user.id, before=tasks.NEVER)
    streak: Streak | None = Streak(user.streak_days or 0, user.streak_last_day_date)
    if on_day is None or on_day < day:
        streak = rules.streak_without(streak, day, last, tx.now)
    last_activity = last if user.last_activity_date == date else user.last_activity_date
    second_thoughts.set_activity(tx, user.id, last_activity, streak)
