"""Which task somebody gets, and what they see of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from oa.domain import labels
from oa.domain.campaign import Campaign
from oa.domain.labels import Position, ReviewMode
from oa.domain.people import Caller, Identity, User
from oa.domain.tasks import RANKINGS, REPLIES, REVIEWS, Pool, TaskKind, pools_in_order, review_mode
from oa.domain.tree import Message
from oa.domain.views import Assignment, MessageView
from oa.errors import TaskTypeNotAvailable
from oa.hub import growth
from oa.store import messages, tasks, work
from oa.store.database import Transaction
from oa.store.tasks import Task
from oa.store.work import Opening

POSITIONS = {
    TaskKind.LABEL_INITIAL_PROMPT: Position.INITIAL_PROMPT,
    TaskKind.LABEL_PROMPTER_REPLY: Position.PROMPTER_REPLY,
    TaskKind.LABEL_ASSISTANT_REPLY: Position.ASSISTANT_REPLY,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRequest:
    """Somebody wants something to do."""

    who: Identity | None
    kinds: frozenset[TaskKind]
    """Any of these will do."""
    lang: str = "en"
    collective: bool = False
    """Whoever sees the task may answer it."""
    key: str | None = None
    """Asking again with the same key gives the same task."""


@dataclass(frozen=True, slots=True)
class Search:
    """Who looks for work, and under which settings."""

    caller: Caller
    user: User
    request: TaskRequest
    campaign: Campaign


def choose(tx: Transaction, search: Search) -> Task:
    """Draw a task that this person may be given, write it down and keep its place.

    Raises:
        TaskTypeNotAvailable: there is none.
    """
    request = search.request
    for pool in pools_in_order(request.kinds, tx.rng):
        if pool is Pool.PROMPT:
            if growth.prompts_wanted(tx, request.lang, search.campaign) > 0:
                task = _task(tx, search, TaskKind.INITIAL_PROMPT)
                tasks.add(tx, task)
                return task
        elif (opening := _probe(tx, search, pool)) is not None:
            task = _task_on(tx, search, opening)
            tasks.add(tx, task)
            _take_place(tx, task, opening)
            return task
    raise TaskTypeNotAvailable("there is nothing of this kind to do for you now; ask again later, or for another kind")


def _probe(tx: Transaction, search: Search, pool: Pool) -> Opening | None:
    kinds, lang, user_id = search.request.kinds, search.request.lang, search.user.id
    lonely_first = pool is Pool.REPLY and tx.rng.random() < search.campaign.p_lonely_child_extension
    return work.probe(tx, pool, kinds, lang, user_id, lonely_first=lonely_first)


def _task(tx: Transaction, search: Search, kind: TaskKind, **details: object) -> Task:
    request, validity = search.request, search.campaign.task_validity_minutes
    expires = None if request.collective or validity == 0 else tx.now + timedelta(minutes=validity)
    return Task(
        id=tx.new_id(),
        created_date=tx.now,
        expiry_date=expires,
        user_id=search.user.id,
        kind=kind,
        api_client_id=search.caller.client.id,
        lang=request.lang,
        collective=request.collective,
        request_key=request.key or None,
        **details,  # type: ignore[arg-type]
    )


def _task_on(tx: Transaction, search: Search, opening: Opening) -> Task:
    kind = opening.kind
    where: dict[str, object] = {"message_tree_id": opening.tree_id, "parent_message_id": opening.message_id}
    if not search.request.collective:  # such a task is nobody's in particular, so it takes no place
        where["place_until"] = tx.now + timedelta(seconds=search.campaign.recent_tasks_span_sec)
    if kind in RANKINGS:
        replies = [reply.id for reply in messages.children(tx, opening.message_id) if _is_accepted(reply)]
        tx.rng.shuffle(replies)
        return _task(tx, search, kind, replies=tuple(replies), **where)
    if kind in REVIEWS:
        asked_for = len(search.request.kinds) == 1
        mode = review_mode(kind, search.campaign, tx.rng, asked_for=asked_for)
        return _task(tx, search, kind, mode=mode, **_labels(kind, mode, search.campaign), **where)
    return _task(tx, search, kind, **where)


def _is_accepted(message: Message) -> bool:
    return message.review_result is True and not message.deleted


def _labels(kind: TaskKind, mode: ReviewMode, campaign: Campaign) -> dict[str, tuple[str, ...]]:
    position = POSITIONS[kind]
    mandatory: tuple[str, ...] = getattr(campaign, f"mandatory_labels_{position}")
    offered = labels.valid_labels(position, mode, full=getattr(campaign, f"labels_{position}"), mandatory=mandatory)
    return {"valid_labels": tuple(str(label) for label in offered), "mandatory_labels": mandatory}


def _take_place(tx: Transaction, task: Task, opening: Opening) -> None:
    if task.place_until is None:
        work.move(tx, opening.id)
        return
    tasks.note_place(tx, task.place_until)
    if opening.kind in REPLIES:
        work.move(tx, opening.id)
        growth.refresh_tree(tx, opening.tree_id)  # the goal bounds the replies of the whole tree
    else:
        work.take(tx, opening.id)


# --- what the person sees --------------------------------------------------------------------------------------------


def show(tx: Transaction, task: Task, user: User) -> Assignment:
    """The task with the messages that it is about.

    Whoever reviews or ranks is not told who wrote what they judge, nor which reply a machine wrote unless all are.
    """
    if task.parent_message_id is None:
        return Assignment(id=task.id, kind=task.kind)
    thread = messages.thread(tx, task.parent_message_id)
    replies = messages.replies(tx, task.parent_message_id, task.replies) if task.replies else []
    reacted_to = [message.id for message in (*thread, *replies) if message.emojis]
    emojis = messages.emojis_of_user(tx, user.id, reacted_to) if reacted_to else {}

    def view(message: Message) -> MessageView:
        return MessageView(message, emojis.get(message.id, ()), message.user_id == user.id)

    return Assignment(
        id=task.id,
        kind=task.kind,
        conversation=tuple(view(message) for message in thread),
        replies=tuple(view(reply) for reply in replies),
        tree_id=task.message_tree_id,
        reveal_synthetic=bool(replies) and all(reply.synthetic for reply in replies),
        mode=task.mode,
        valid_labels=task.valid_labels,
        mandatory_labels=task.mandatory_labels,
    )
