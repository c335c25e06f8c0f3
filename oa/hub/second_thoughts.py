"""Second thoughts: people take back or replace what they handed in, as long as nobody has built on it."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from oa.domain.people import Caller, Identity, User
from oa.domain.tasks import RANKINGS, REVIEWS, TEXTS, TaskKind
from oa.domain.views import Assignment
from oa.errors import LabelsForWrongMessage, TaskAlreadyUpdated, TaskInvalidResponseType, UserNotSpecified
from oa.hub import access, answers, assignments, taking_back
from oa.hub import tasks as held
from oa.hub.answers import LabelAnswer, RankingAnswer, TextAnswer
from oa.store import people
from oa.store.database import Transaction
from oa.store.tasks import Task

Answer = TextAnswer | LabelAnswer | RankingAnswer


def undo(tx: Transaction, caller: Caller, who: Identity | None, task_id: UUID) -> Assignment:
    """Take an answer back, or take up again what was given back; the task, which may be answered until it expires.

    Raises:
        UserNotSpecified, UserNotFound, UserDisabled, TaskNotFound, TaskNotAssigned
        TaskNotAnswered, AnswerBuiltUpon, AnswerInUse: as `taking_back.take_back`.
    """
    if access.reading_user(tx, caller, who) is None:
        raise UserNotSpecified("say whose answer is taken back: `x-oasst-user: auth_method:username`")
    user = access.acting_user(tx, caller, who)
    task = held.find(tx, caller, task_id)
    held.check_holder(task, user)
    reopened = taking_back.take_back(tx, caller, user, task)
    return assignments.show(tx, reopened, user)


def replace_answer(tx: Transaction, caller: Caller, who: Identity | None, task_id: UUID, answer: Answer) -> UUID:
    """Take an answer back and hand in another for it at once; what confirms it.

    The task need not be acknowledged and may have expired since the first answer, which may have been to give it back.

    Raises:
        TaskNotFound, TaskNotAssigned
        TaskInvalidResponseType, TaskAlreadyUpdated, LabelsForWrongMessage: it is no answer to this task.
        TaskNotAnswered, AnswerBuiltUpon, AnswerInUse: as `taking_back.take_back`.
        OaError: whatever the answer raises when it is handed in (`oa.hub.answers`).
    """
    user = access.acting_user(tx, caller, who)
    task = held.find(tx, caller, task_id)
    held.check_holder(task, user)
    _check_answers(task, answer)
    if task.done and answer.key is not None and task.answer_key == answer.key:
        return held.receipt(task)  # this very answer came before
    reopened = taking_back.take_back(tx, caller, user, task)
    caller = _as_now(tx, caller, user)
    match answer:
        case TextAnswer():
            return answers.answer_text(tx, caller, who, answer, reopened=reopened)
        case LabelAnswer():
            return answers.answer_labels(tx, caller, who, answer, reopened=reopened)
        case RankingAnswer():
            return answers.answer_ranking(tx, caller, who, answer, reopened=reopened)


def _kinds(answer: Answer) -> frozenset[TaskKind]:
    match answer:
        case TextAnswer():
            return TEXTS
        case LabelAnswer():
            return REVIEWS
        case RankingAnswer():
            return RANKINGS


def _check_answers(task: Task, answer: Answer) -> None:
    if task.kind not in _kinds(answer):
        raise TaskInvalidResponseType(f"this task is of the kind {task.kind}, which takes another kind of answer")
    if isinstance(answer, LabelAnswer):
        if answer.task_id not in (None, task.id):
            raise LabelsForWrongMessage("these labels name another task than the address does")
    elif task.frontend_message_id not in (None, answer.frontend_message_id):
        raise TaskAlreadyUpdated("this task was acknowledged with another message_id")


def _as_now(tx: Transaction, caller: Caller, user: User) -> Caller:
    """The caller as they are without the answer: their streak goes on from there."""
    return caller if caller.person is None else replace(caller, person=people.user_by_id(tx, user.id))
