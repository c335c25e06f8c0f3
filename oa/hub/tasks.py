"""Tasks in somebody's hands: finding them, what keeps one from being answered, and giving up its place."""

from __future__ import annotations

from uuid import UUID, uuid5

from oa.domain.people import Caller, User
from oa.errors import InvalidFrontendMessageId, TaskExpired, TaskNotAssigned, TaskNotFound, TaskSkipped
from oa.hub import growth
from oa.store import tasks as task_rows
from oa.store.database import Transaction
from oa.store.tasks import Task


def receipt(task: Task) -> UUID:
    """What confirms an answer; the same for the same task, so that a repeated answer gets it again."""
    return uuid5(task.id, "done")


def find(tx: Transaction, caller: Caller, task_id: UUID) -> Task:
    """
    Raises:
        TaskNotFound: this program was given no such task.
    """
    task = task_rows.find(tx, caller.client.id, task_id)
    if task is None:
        raise TaskNotFound("there is no task with this id")
    return task


def find_by_frontend_id(tx: Transaction, caller: Caller, frontend_message_id: str) -> Task:
    """
    Raises:
        InvalidFrontendMessageId: the id is empty.
        TaskNotFound: this program acknowledged no task under it.
    """
    if not frontend_message_id:
        raise InvalidFrontendMessageId("message_id must not be empty")
    task = task_rows.find_by_frontend_id(tx, caller.client.id, frontend_message_id)
    if task is None:
        raise TaskNotFound("no task was acknowledged with this message_id; acknowledge it first")
    return task


def check_not_expired(tx: Transaction, task: Task) -> None:
    """
    Raises:
        TaskExpired: its time is over.
    """
    if task.expiry_date is not None and task.expiry_date <= tx.now:
        raise TaskExpired("the time for this task is over; ask for a new one")


def check_not_skipped(task: Task) -> None:
    """
    Raises:
        TaskSkipped: it was given back.
    """
    if task.skipped:
        raise TaskSkipped("this task was given back, so it takes no answer; ask for a new one")


def free_place(tx: Transaction, task: Task) -> None:
    """Let others have the place that a task held, if it still held one."""
    if task.place_until is None or task.message_tree_id is None:
        return
    task_rows.release(tx, task.id)
    growth.refresh_tree(tx, task.message_tree_id)


def check_holder(task: Task, user: User) -> None:
    """
    Raises:
        TaskNotAssigned: it is somebody else's, and not open to everybody.
    """
    if task.user_id != user.id and not task.collective:
        raise TaskNotAssigned("this task belongs to somebody else")
