"""Handing out work: what there is to do, one task for one person, and giving it back."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from oa.domain.campaign import Campaign
from oa.domain.emoji import EmojiOperation
from oa.domain.people import Caller, Identity, User
from oa.domain.tasks import TaskKind
from oa.domain.views import Assignment
from oa.errors import (
    InvalidFrontendMessageId,
    TaskAlreadyDone,
    TaskAlreadyUpdated,
    TaskNotAssigned,
    TaskNotCollective,
    TaskTypeNotAvailable,
    TooManyPending,
    UserNotFound,
    UserNotSpecified,
)
from oa.hub import access, assignments, campaigns, growth, moderate, terms
from oa.hub import tasks as held
from oa.hub.assignments import TaskRequest
from oa.store import messages, tasks, work
from oa.store.database import Transaction
from oa.store.work import SKIP_EMOJI


def request_task(tx: Transaction, caller: Caller, request: TaskRequest) -> Assignment:
    """Hand out one task and keep its place free of others for a while.

    Raises:
        TaskTypeNotAvailable: nothing of these kinds is open for this person, or nothing at all in this language.
        TermsNotAccepted: the campaign asks for it, and they have not.
        TooManyPending: the person holds too many unanswered tasks already.
    """
    user = access.acting_user(tx, caller, request.who)
    if request.key and (given := tasks.find_by_request_key(tx, caller.client.id, request.key)):
        held.check_holder(given, user)
        return assignments.show(tx, given, user)
    growth.release_places(tx)
    campaign = campaigns.current(tx)
    _check_lang(request.lang, campaign)
    terms.check_accepted(tx, user, campaign)
    _check_pending(tx, user, campaign)
    task = assignments.choose(tx, assignments.Search(caller, user, request, campaign))
    return assignments.show(tx, task, user)


def availability(tx: Transaction, caller: Caller, who: Identity | None, lang: str) -> dict[TaskKind, int]:
    """How many tasks of each kind this person could be given now; reads only."""
    campaign = campaigns.current(tx)
    if lang in campaign.disabled_langs:
        return dict.fromkeys(TaskKind, 0)
    user = _known_user(tx, caller, who)
    found = dict.fromkeys(TaskKind, 0) | work.counts(tx, lang, user.id if user else None)
    found[TaskKind.INITIAL_PROMPT] = growth.prompts_wanted(tx, lang, campaign)
    return found


def acknowledge(tx: Transaction, caller: Caller, task_id: UUID, frontend_message_id: str) -> None:
    """Bind a task to the id by which the program will answer it; the same id again changes nothing.

    Raises:
        TaskNotFound, TaskExpired
        TaskAlreadyUpdated: it was acknowledged with another id.
        InvalidFrontendMessageId: the id is empty, or names another task.
    """
    if not frontend_message_id:
        raise InvalidFrontendMessageId("message_id must not be empty")
    holder = caller.person.id if caller.person else None
    if tasks.acknowledge(tx, caller.client.id, task_id, frontend_message_id, holder):
        return
    task = held.find(tx, caller, task_id)
    if caller.person is not None:
        held.check_holder(task, caller.person)
    if task.frontend_message_id != frontend_message_id:
        held.check_not_expired(tx, task)
        raise TaskAlreadyUpdated("this task was acknowledged with another message_id")


def decline(tx: Transaction, caller: Caller, who: Identity | None, task_id: UUID, reason: str | None) -> None:
    """Give a task back; this person will not be asked for the same again. Giving it back twice changes nothing.

    Raises:
        UserNotSpecified, UserNotFound, UserDisabled, TaskNotFound, TaskNotAssigned
        TaskAlreadyDone: it has been answered.
    """
    if access.reading_user(tx, caller, who) is None:
        raise UserNotSpecified("say who gives the task back: `x-oasst-user: auth_method:username`")
    user = access.acting_user(tx, caller, who)
    task = held.find(tx, caller, task_id)
    held.check_holder(task, user)
    if task.done:
        raise TaskAlreadyDone("this task has been answered, so it cannot be given back")
    if task.skipped:
        return
    if not task.collective:
        tasks.skip(tx, task.id, reason)
    if task.parent_message_id is not None:
        emoji = SKIP_EMOJI[task.kind]
        moderate.put_emoji(tx, user, messages.find(tx, task.parent_message_id), emoji, EmojiOperation.ADD)
    held.free_place(tx, task)


def close_task(tx: Transaction, caller: Caller, frontend_message_id: str) -> UUID:
    """End a task that was open to everybody.

    Raises:
        TaskNotFound
        TaskNotCollective: it belongs to one person.
        TaskNotAssigned: a person closes what they asked for; moderators and programs close any.
        TaskAlreadyDone: it is closed.
    """
    task = held.find_by_frontend_id(tx, caller, frontend_message_id)
    if not task.collective:
        raise TaskNotCollective("only a collective task is closed; this one ends with its answer")
    if caller.person is not None and task.user_id != caller.person.id and not caller.may_moderate:
        raise TaskNotAssigned("somebody else asked for this task, so it is theirs to close")
    if task.done:
        raise TaskAlreadyDone("this task is closed already")
    tasks.finish(tx, task.id, None)
    return held.receipt(task)


def _check_lang(lang: str, campaign: Campaign) -> None:
    if lang in campaign.disabled_langs:
        raise TaskTypeNotAvailable(f"this community does not collect in the language {lang} now; ask for another")


def _check_pending(tx: Transaction, user: User, campaign: Campaign) -> None:
    since = tx.now - timedelta(seconds=campaign.recent_tasks_span_sec)
    if tasks.pending(tx, user.id, since) >= campaign.max_pending_tasks_per_user:
        raise TooManyPending(
            f"you hold {campaign.max_pending_tasks_per_user} tasks that you have neither answered nor skipped; "
            "finish one of them first"
        )


def _known_user(tx: Transaction, caller: Caller, who: Identity | None) -> User | None:
    """The user as far as known: asking what there is to do makes nobody."""
    try:
        return access.reading_user(tx, caller, who)
    except UserNotFound:
        return None
