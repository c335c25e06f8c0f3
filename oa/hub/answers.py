"""Handing in: texts, labels and rankings, each checked, kept and carried through to everything that it moves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from oa.domain import labels, lifecycle
from oa.domain.emoji import Emoji, EmojiOperation
from oa.domain.labels import ALL_LABELS
from oa.domain.people import Caller, Identity, User
from oa.domain.standing import continued
from oa.domain.tasks import RANKINGS, REVIEWS, TEXTS, TaskKind, written_role
from oa.domain.tree import Message
from oa.errors import (
    AlreadyLabeled,
    CorruptRanking,
    DuplicateReply,
    InvalidFrontendMessageId,
    InvalidRanking,
    LabelsForWrongMessage,
    MessageDuplicated,
    MessageTextEmpty,
    MessageTooLong,
    NoSelfLabeling,
    OwnMessage,
    SlotTaken,
    TaskAlreadyDone,
    TaskInvalidResponseType,
    TaskNotAcknowledged,
    TaskNotFound,
    TreeAborted,
)
from oa.hub import access, campaigns, checks, growth, moderate, standing, taking_back, verdicts
from oa.hub import tasks as held
from oa.store import answers, journal, messages, people, tasks, trees, work
from oa.store.answers import CastBallot, LabelSet
from oa.store.database import Transaction
from oa.store.tasks import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class TextAnswer:
    frontend_message_id: str
    """The id under which the task was acknowledged."""
    user_message_id: str
    """The program's own id for the new message."""
    text: str
    lang: str | None = None
    """Of the text; the parent's, or the one that was asked for, when None."""
    key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RankingAnswer:
    frontend_message_id: str
    ranking: tuple[int, ...]
    """Places in the task's list of replies, best first."""
    not_rankable: bool = False
    """None of the replies is acceptable."""
    key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelAnswer:
    message_id: UUID
    task_id: UUID | None
    text: str
    labels: Mapping[str, float]
    is_report: bool = False
    key: str | None = None


# --- texts -----------------------------------------------------------------------------------------------------------


def answer_text(
    tx: Transaction, caller: Caller, who: Identity | None, answer: TextAnswer, *, reopened: Task | None = None
) -> UUID:
    """Take a prompt or a reply; what confirms it.

    Args:
        reopened: the task, where this replaces an answer that has just been taken back; so in all functions here.

    Raises:
        MessageTooLong, MessageTextEmpty, MessageDuplicated, InvalidFrontendMessageId
        TextRefused: it has something that the campaign refuses.
        TreeAborted: the tree takes no more replies.
        OwnMessage, DuplicateReply: this person wrote or has answered the message.
        OaError: the task cannot be answered (`_is_news`).
    """
    user = access.acting_user(tx, caller, who)
    if not answer.user_message_id:
        raise InvalidFrontendMessageId("user_message_id must not be empty")
    task = reopened or held.find_by_frontend_id(tx, caller, answer.frontend_message_id)
    if reopened is None and not _is_news(tx, task, user, TEXTS, answer.key):
        return held.receipt(task)
    checked = _check_text(tx, user, answer)
    parent = _parent_for_reply(tx, task, user)
    message = _message(tx, caller, user, task, parent, answer)
    answers.add_message(tx, message)
    checks.keep(tx, message.id, checked)
    standing.wrote(tx, message)
    _finish(tx, task, user, answer.key)
    journal.add(
        tx,
        "text_reply_to_message",
        user_id=user.id,
        message_id=message.id,
        api_client_id=caller.client.id,
        length=len(message.text),
        role=message.role.value,
        task_type=task.kind.value,
    )
    if parent is None:
        trees.add(tx, lifecycle.new_tree(message.id, message.lang, campaigns.current(tx), tx.rng))
    growth.refresh_tree(tx, message.tree_id)
    return held.receipt(task)


def _check_text(tx: Transaction, user: User, answer: TextAnswer) -> checks.Checked:
    campaign = campaigns.current(tx)
    if not answer.text.strip():
        raise MessageTextEmpty("the text is empty; write something, or skip the task")
    if len(answer.text) > campaign.message_size_limit:
        raise MessageTooLong(
            f"the text has {len(answer.text)} characters, and {campaign.message_size_limit} are allowed; shorten it"
        )
    window = timedelta(minutes=campaign.duplicate_message_filter_window_minutes)
    if window and answers.has_sent(tx, user.id, answer.text, since=tx.now - window):
        raise MessageDuplicated("you sent the same text a short time ago; write another")
    return checks.check(tx, answer.text)


def _parent_for_reply(tx: Transaction, task: Task, user: User) -> Message | None:
    if task.parent_message_id is None:
        return None
    parent = messages.find(tx, task.parent_message_id)
    state = trees.find(tx, parent.tree_id).state
    if state not in lifecycle.TAKES_REPLIES:
        raise TreeAborted(f"this conversation takes no more replies ({state}); ask for another task")
    if parent.user_id == user.id and not campaigns.current(tx).allow_self_replies:
        raise OwnMessage("you wrote this message, so others must answer it")
    if _bar(tx, user, task):
        raise DuplicateReply("you have answered this message already")
    return parent


def _message(
    tx: Transaction, caller: Caller, user: User, task: Task, parent: Message | None, answer: TextAnswer
) -> Message:
    message_id = tx.new_id()
    return Message(
        id=message_id,
        parent_id=parent.id if parent else None,
        tree_id=parent.tree_id if parent else message_id,
        user_id=user.id,
        api_client_id=caller.client.id,
        frontend_message_id=answer.user_message_id,
        task_id=task.id,
        role=written_role(task.kind),
        text=answer.text,
        lang=answer.lang or (parent.lang if parent else task.lang),
        depth=parent.depth + 1 if parent else 0,
        created_date=tx.now,
        deleted=parent.deleted if parent else False,
    )


# --- labels ----------------------------------------------------------------------------------------------------------


def answer_labels(
    tx: Transaction, caller: Caller, who: Identity | None, answer: LabelAnswer, *, reopened: Task | None = None
) -> UUID:
    """Take a review; what confirms it.

    Without a task id it answers the task of reviewing this message that the person has.

    Raises:
        LabelsForWrongMessage: the task is about another message.
        InvalidLabel, MandatoryLabelMissing, Invalid: the labels are not what was asked for.
        NoSelfLabeling, AlreadyLabeled: this person wrote or has reviewed the message.
        OaError: the task cannot be answered (`_is_news`).
    """
    user = access.acting_user(tx, caller, who)
    task = reopened or _review_task(tx, caller, user, answer)
    if reopened is None and not _is_news(tx, task, user, REVIEWS, answer.key):
        return held.receipt(task)
    if answer.message_id != task.parent_message_id:
        raise LabelsForWrongMessage("these labels are for another message than the task")
    labels.check_labels(answer.labels, task.valid_labels, task.mandatory_labels)
    message = messages.find(tx, answer.message_id)
    _check_reviewer(tx, user, task, message)
    _add_labels(tx, caller, user, answer, task_id=task.id, text="")
    is_undecided, accepts = verdicts.count_review(tx, message)
    standing.reviewed(tx, user.id, task.mode, message, answer.labels, accepts=accepts)
    _finish(tx, task, user, answer.key)
    if not is_undecided or task.place_until is None:
        # Else the place that was held is now an answer, and as many as before are still free.
        growth.refresh_tree(tx, message.tree_id)
    if answer.is_report:
        taking_back.note_report(tx, task, user, message)
        moderate.put_emoji(tx, user, message, Emoji.RED_FLAG, EmojiOperation.ADD)
    return held.receipt(task)


def remark(tx: Transaction, caller: Caller, who: Identity | None, answer: LabelAnswer) -> None:
    """Take labels that nobody asked for: kept and exported, but no review, so they decide nothing.

    With a task id they are a review like any other. A second remark by the same person replaces the first; a report
    raises a red flag as well.

    Raises:
        MessageNotFound: there is no such message.
        InvalidLabel, Invalid: the labels do not exist or their values are out of range.
    """
    if answer.task_id is not None:
        answer_labels(tx, caller, who, answer)
        return
    user = access.acting_user(tx, caller, who)
    labels.check_labels(answer.labels, ALL_LABELS)
    message = messages.find(tx, answer.message_id)
    with standing.following(tx, [message.tree_id]):
        if (earlier := answers.remark_of(tx, user.id, message.id)) is not None:
            answers.replace_remark(tx, earlier, answer.labels)
        else:
            _add_labels(tx, caller, user, answer, task_id=None, text=answer.text)
    if answer.is_report:
        moderate.put_emoji(tx, user, message, Emoji.RED_FLAG, EmojiOperation.ADD)


def _review_task(tx: Transaction, caller: Caller, user: User, answer: LabelAnswer) -> Task:
    if answer.task_id is not None:
        return held.find(tx, caller, answer.task_id)
    task = tasks.find_review(tx, caller.client.id, user.id, answer.message_id)
    if task is None:
        raise TaskNotFound("you have no task of reviewing this message; ask for one, or send a remark instead")
    return task


def _check_reviewer(tx: Transaction, user: User, task: Task, message: Message) -> None:
    if message.user_id == user.id and not campaigns.current(tx).allow_self_labeling:
        raise NoSelfLabeling("you wrote this message, so others must review it")
    if _bar(tx, user, task):
        raise AlreadyLabeled("you have reviewed this message already")


def _add_labels(
    tx: Transaction, caller: Caller, user: User, answer: LabelAnswer, *, task_id: UUID | None, text: str
) -> None:
    answers.add_labels(
        tx,
        LabelSet(
            id=tx.new_id(),
            user_id=user.id,
            created_date=tx.now,
            api_client_id=caller.client.id,
            text=text,
            message_id=answer.message_id,
            labels=dict(answer.labels),
            task_id=task_id,
        ),
    )


# --- rankings --------------------------------------------------------------------------------------------------------


def answer_ranking(
    tx: Transaction, caller: Caller, who: Identity | None, answer: RankingAnswer, *, reopened: Task | None = None
) -> UUID:
    """Take a ballot; what confirms it.

    Raises:
        InvalidRanking: it does not name every reply exactly once.
        CorruptRanking: a reply has been moved or removed.
        SlotTaken: the ranking was completed by others meanwhile, or stopped.
        OwnMessage: this person wrote one of the replies.
        TaskAlreadyDone: this person has ranked them.
        OaError: the task cannot be answered (`_is_news`).
    """
    user = access.acting_user(tx, caller, who)
    task = reopened or held.find_by_frontend_id(tx, caller, answer.frontend_message_id)
    if reopened is None and not _is_news(tx, task, user, RANKINGS, answer.key):
        return held.receipt(task)
    if sorted(answer.ranking) != list(range(len(task.replies))):
        raise InvalidRanking(f"a ranking names each of the {len(task.replies)} replies once, as 0 to n-1, best first")
    parent_id, tree_id = _where(task)
    ranked = messages.replies(tx, parent_id, [task.replies[place] for place in answer.ranking])
    if len(ranked) != len(task.replies):
        raise CorruptRanking("a reply of this ranking is no longer there; ask for a new task")
    if trees.find(tx, tree_id).state is not lifecycle.TreeState.RANKING:
        raise SlotTaken("this ranking was completed or stopped meanwhile; ask for a new task")
    if any(reply.user_id == user.id for reply in ranked) and not campaigns.current(tx).allow_self_ranking:
        raise OwnMessage("you wrote one of these replies, so others must rank them")
    if _bar(tx, user, task):
        raise TaskAlreadyDone("you have ranked these replies already")
    answers.add_ballot(tx, _ballot(tx, caller, user, task, ranked, answer))
    standing.ranked(tx, user.id, ranked, not_rankable=answer.not_rankable)
    _finish(tx, task, user, answer.key)
    journal.add(
        tx,
        "message_ranking",
        user_id=user.id,
        message_id=parent_id,
        api_client_id=caller.client.id,
        ranking=list(answer.ranking),
        not_rankable=answer.not_rankable,
        task_type=task.kind.value,
    )
    is_last = trees.ballots_on(tx, parent_id) >= campaigns.current(tx).num_required_rankings
    if is_last or task.place_until is None:  # else the place is a ballot now, as with labels
        growth.refresh_tree(tx, tree_id)
    return held.receipt(task)


def _where(task: Task) -> tuple[UUID, UUID]:
    """The message whose replies are ranked, and its tree: every ranking has both."""
    assert task.parent_message_id is not None
    assert task.message_tree_id is not None
    return task.parent_message_id, task.message_tree_id


def _ballot(
    tx: Transaction, caller: Caller, user: User, task: Task, ranked: Sequence[Message], answer: RankingAnswer
) -> CastBallot:
    parent_id, tree_id = _where(task)
    return CastBallot(
        task_id=task.id,
        user_id=user.id,
        created_date=tx.now,
        api_client_id=caller.client.id,
        parent_id=parent_id,
        message_tree_id=tree_id,
        ranking=[reply.id for reply in ranked],
        not_rankable=answer.not_rankable,
        first_user_id=None if answer.not_rankable else ranked[0].user_id,
    )


# --- what all answers share ------------------------------------------------------------------------------------------


def _is_news(tx: Transaction, task: Task, user: User, kinds: frozenset[TaskKind], key: str | None) -> bool:
    """Whether this answer is to be taken; False when the very same one has been taken before.

    Raises:
        TaskExpired, TaskNotAcknowledged, TaskAlreadyDone, TaskNotAssigned, TaskSkipped
        TaskInvalidResponseType: the task asked for something else.
    """
    if task.done and key is not None and task.answer_key == key and task.user_id == user.id:
        return False
    held.check_not_expired(tx, task)
    if not task.ack:
        raise TaskNotAcknowledged("acknowledge the task first: POST /api/v1/tasks/{id}/ack")
    if task.done:
        raise TaskAlreadyDone("this task has been answered already")
    held.check_holder(task, user)
    held.check_not_skipped(task)
    if task.kind not in kinds:
        raise TaskInvalidResponseType(f"this task is of the kind {task.kind}, which takes another kind of answer")
    return True


def _finish(tx: Transaction, task: Task, user: User, key: str | None) -> None:
    """Close the task with its place, and note that the person was active."""
    if not task.collective:
        tasks.finish(tx, task.id, key)
    people.note_activity(tx, user, continued(user.streak_days, user.streak_last_day_date, tx.now))


def _bar(tx: Transaction, user: User, task: Task) -> bool:
    """Never ask this person for the same again; whether they have done it before all the same."""
    assert task.parent_message_id is not None
    if campaigns.current(tx).allow_duplicate_tasks:  # one answer to a collective task is enough all the same
        return task.collective and work.has_done(tx, task.kind, task.parent_message_id, user.id)
    is_new = work.bar_from(tx, task.kind, task.parent_message_id, user.id)
    return not is_new and work.has_done(tx, task.kind, task.parent_message_id, user.id)
