"""Tasks: handed out, acknowledged, answered or given back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Uuid, bindparam, func, select
from sqlalchemy.exc import IntegrityError

from oa.domain.labels import ReviewMode
from oa.domain.tasks import TaskKind
from oa.errors import InvalidFrontendMessageId
from oa.store.database import Transaction
from oa.store.tables import UtcDateTime, tasks


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A piece of work in somebody's hands."""

    id: UUID
    created_date: datetime
    expiry_date: datetime | None
    user_id: UUID | None
    kind: TaskKind
    api_client_id: UUID
    lang: str
    ack: bool | None = None
    done: bool = False
    skipped: bool = False
    collective: bool = False
    frontend_message_id: str | None = None
    message_tree_id: UUID | None = None
    parent_message_id: UUID | None = None
    """The message to answer or to review, or whose replies are to be ranked."""
    replies: tuple[UUID, ...] = ()
    """To be ranked, in the order in which they were shown."""
    place_until: datetime | None = None
    """Until when it keeps others from its place on a slot of open work; None when it has no place (any more)."""
    mode: ReviewMode = ReviewMode.FULL
    valid_labels: tuple[str, ...] = ()
    mandatory_labels: tuple[str, ...] = ()
    request_key: str | None = None
    answer_key: str | None = None


COLUMNS = tuple(tasks.c[name] for name in Task.__slots__)


def _by(*conditions: ColumnElement[bool]) -> Any:
    return select(*COLUMNS).where(tasks.c.api_client_id == bindparam("client_id"), *conditions)


FIND = _by(tasks.c.id == bindparam("task_id"))
FIND_BY_FRONTEND_ID = _by(tasks.c.frontend_message_id == bindparam("frontend_id"))
FIND_BY_REQUEST_KEY = _by(tasks.c.request_key == bindparam("request_key"))
FIND_REVIEW = (
    _by(
        tasks.c.parent_message_id == bindparam("message_id"),
        tasks.c.user_id == bindparam("user_id"),
        tasks.c.mode.is_not(None),
    )
    .order_by(tasks.c.done, tasks.c.skipped, tasks.c.ack.is_(None), tasks.c.created_date.desc())
    .limit(1)
)
PENDING = select(func.count()).where(
    tasks.c.user_id == bindparam("user_id"),
    tasks.c.created_date >= bindparam("since", type_=UtcDateTime()),
    tasks.c.done.is_(False),
    tasks.c.skipped.is_(False),
)
INSERT = tasks.insert()
ACKNOWLEDGE = (
    tasks.update()
    .where(
        tasks.c.id == bindparam("task_id"),
        tasks.c.api_client_id == bindparam("client_id"),
        tasks.c.frontend_message_id.is_(None),
        tasks.c.expiry_date.is_(None) | (tasks.c.expiry_date > bindparam("now", type_=UtcDateTime())),
        bindparam("holder_id", type_=Uuid()).is_(None)
        | (tasks.c.user_id == bindparam("holder_id", type_=Uuid()))
        | tasks.c.collective.is_(True),
    )
    .values(ack=True, frontend_message_id=bindparam("new_frontend_id"))
)
SKIP = tasks.update().where(tasks.c.id == bindparam("task_id")).values(skipped=True, skip_reason=bindparam("reason"))
FINISH = (
    tasks.update()
    .where(tasks.c.id == bindparam("task_id"))
    .values(done=True, answer_key=bindparam("new_key"), place_until=None)
)
RELEASE = tasks.update().where(tasks.c.id == bindparam("task_id")).values(place_until=None)
LOST_PLACE = select(tasks.c.id, tasks.c.message_tree_id).where(
    tasks.c.place_until <= bindparam("now", type_=UtcDateTime())
)
NEXT_LOSS = select(func.min(tasks.c.place_until)).where(tasks.c.place_until.is_not(None))  # so the index serves
HELD = (
    select(tasks.c.kind, tasks.c.parent_message_id, func.count().label("held"))
    .where(tasks.c.message_tree_id == bindparam("tree_id"), tasks.c.place_until.is_not(None))
    .group_by(tasks.c.kind, tasks.c.parent_message_id)
)


def _task(row: Any) -> Task | None:
    if row is None:
        return None
    values: dict[str, Any] = row._asdict()
    values["kind"] = TaskKind(row.kind)
    values["mode"] = ReviewMode(row.mode or ReviewMode.FULL)
    values["replies"] = tuple(UUID(reply) for reply in row.replies or ())
    values["valid_labels"] = tuple(row.valid_labels or ())
    values["mandatory_labels"] = tuple(row.mandatory_labels or ())
    return Task(**values)


def find(tx: Transaction, client_id: UUID, task_id: UUID) -> Task | None:
    return _task(tx.execute(FIND, {"client_id": client_id, "task_id": task_id}).one_or_none())


def find_by_frontend_id(tx: Transaction, client_id: UUID, frontend_id: str) -> Task | None:
    """The task that a program acknowledged under this id of its own."""
    values = {"client_id": client_id, "frontend_id": frontend_id}
    return _task(tx.execute(FIND_BY_FRONTEND_ID, values).one_or_none())


def find_by_request_key(tx: Transaction, client_id: UUID, key: str) -> Task | None:
    values = {"client_id": client_id, "request_key": key}
    return _task(tx.execute(FIND_BY_REQUEST_KEY, values).one_or_none())


def find_review(tx: Transaction, client_id: UUID, user_id: UUID, message_id: UUID) -> Task | None:
    """The task of reviewing this message that this person has; one that can be answered goes first."""
    values = {"client_id": client_id, "user_id": user_id, "message_id": message_id}
    return _task(tx.execute(FIND_REVIEW, values).one_or_none())


def pending(tx: Transaction, user_id: UUID, since: datetime) -> int:
    """How many tasks of this age or younger a person has neither answered nor given back."""
    count: int = tx.execute(PENDING, {"user_id": user_id, "since": since}).scalar_one()
    return count


def add(tx: Transaction, task: Task) -> None:
    is_review = bool(task.valid_labels)
    tx.execute(
        INSERT,
        {
            "id": task.id,
            "created_date": task.created_date,
            "expiry_date": task.expiry_date,
            "user_id": task.user_id,
            "kind": task.kind.value,
            "api_client_id": task.api_client_id,
            "lang": task.lang,
            "done": False,
            "skipped": False,
            "collective": task.collective,
            "message_tree_id": task.message_tree_id,
            "parent_message_id": task.parent_message_id,
            "place_until": task.place_until,
            "replies": [str(reply) for reply in task.replies] or None,
            "mode": task.mode.value if is_review else None,
            "valid_labels": list(task.valid_labels) if is_review else None,
            "mandatory_labels": list(task.mandatory_labels) if is_review else None,
            "request_key": task.request_key,
        },
    )


def acknowledge(tx: Transaction, client_id: UUID, task_id: UUID, frontend_id: str, holder_id: UUID | None) -> bool:
    """Bind a task to a program's id for it; False, and nothing changed, where it is not there to be bound.

    Args:
        holder_id: whose task it must be, unless it is collective; anybody's when None.

    Raises:
        InvalidFrontendMessageId: the program has given this id to another task.
    """
    values = {
        "task_id": task_id,
        "client_id": client_id,
        "holder_id": holder_id,
        "now": tx.now,
        "new_frontend_id": frontend_id,
    }
    try:
        return tx.execute(ACKNOWLEDGE, values).rowcount == 1
    except IntegrityError as error:
        raise InvalidFrontendMessageId("this message_id names another task; use one that is new") from error


def skip(tx: Transaction, task_id: UUID, reason: str | None) -> None:
    tx.execute(SKIP, {"task_id": task_id, "reason": reason})


def finish(tx: Transaction, task_id: UUID, answer_key: str | None) -> None:
    """Mark a task as done, give up its place, and keep under which key its answer came."""
    tx.execute(FINISH, {"task_id": task_id, "new_key": answer_key})


# --- places on slots of open work ------------------------------------------------------------------------------------

NEVER = datetime.max.replace(tzinfo=UTC)
NEXT_LOSS_KNOWN = "when the next task loses its place"
"""Kept between transactions, so that most need not look."""


def release(tx: Transaction, task_id: UUID) -> None:
    """Give up a task's place."""
    tx.execute(RELEASE, {"task_id": task_id})


def lost_places(tx: Transaction) -> list[tuple[UUID, UUID]]:
    """Tasks that have kept their place for long enough, and their trees."""
    known: datetime | None = tx.cache.get(NEXT_LOSS_KNOWN)
    if known is not None and tx.now < known:
        return []
    lost = [(row.id, row.message_tree_id) for row in tx.execute(LOST_PLACE, {"now": tx.now})]
    if not lost:
        tx.cache[NEXT_LOSS_KNOWN] = tx.execute(NEXT_LOSS).scalar() or NEVER
    return lost


def note_place(tx: Transaction, until: datetime) -> None:
    """Remember a place that has just been taken, in case it is the next to be lost."""
    if (known := tx.cache.get(NEXT_LOSS_KNOWN)) is not None and until < known:
        tx.cache[NEXT_LOSS_KNOWN] = until


def held(tx: Transaction, tree_id: UUID) -> dict[tuple[TaskKind, UUID], int]:
    """How many tasks hold a place, by kind and message."""
    rows = tx.execute(HELD, {"tree_id": tree_id})
    return {(TaskKind(row.kind), row.parent_message_id): row.held for row in rows}
