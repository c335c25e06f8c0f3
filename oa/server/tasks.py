"""/api/v1/tasks: work is asked for, acknowledged, answered, given back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated
from uuid import UUID

from litestar import Controller, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from oa.domain.people import Caller
from oa.domain.tasks import ANY_KIND, TaskKind
from oa.domain.views import Assignment
from oa.errors import TaskInvalidResponseType, TaskTypeNotAvailable
from oa.hub import answers, assignments, campaigns, checks, collect
from oa.hub.answers import LabelAnswer, RankingAnswer, TextAnswer
from oa.hub.second_thoughts import Answer
from oa.hub.transactions import Transaction
from oa.protocol.labels import TextLabels
from oa.protocol.tasks import (
    AnyTask,
    Interaction,
    MessageRanking,
    MessageRating,
    TaskAck,
    TaskClose,
    TaskDone,
    TaskNAck,
    TaskRequest,
    TaskRequestType,
    TextReplyToMessage,
    TextWarning,
    task_of,
)
from oa.protocol.users import User
from oa.server.auth import Call, named
from oa.server.body import unreadable

DEFAULT_LANG = "en"

Answering = Callable[[Transaction, Caller], TaskDone]
"""A use case that takes an answer and confirms it."""


class TaskController(Controller):
    path = "/tasks"
    tags = ("tasks",)

    @post("/", status_code=200)
    async def request_task(self, call: NamedDependency[Call], data: JSONBody[TaskRequest]) -> AnyTask:
        """Something to do, of the type asked for."""
        assignment = await call.write(_asking(call, data))
        return task_of(assignment)

    @post("/availability", status_code=200)
    async def tasks_availability(
        self,
        call: NamedDependency[Call],
        data: JSONBody[User | None] = None,
        lang: Annotated[str, QueryParameter(max_length=32)] = DEFAULT_LANG,
    ) -> dict[str, int]:
        """How many tasks of each type this user could be given now."""
        found = await call.read(lambda tx, caller: collect.availability(tx, caller, named(data), lang or DEFAULT_LANG))
        return _by_type(found)

    @post("/{task_id:str}/ack", status_code=204)
    async def tasks_acknowledge(
        self, call: NamedDependency[Call], task_id: FromPath[UUID], data: JSONBody[TaskAck]
    ) -> None:
        """The task was shown to the user, in the message named here."""

        def acknowledge(tx: Transaction, caller: Caller) -> None:
            collect.acknowledge(tx, caller, task_id, data.message_id)
            call.hub.limits.acknowledged(caller, task_id, data.message_id)

        await call.write(acknowledge)

    @post("/{task_id:str}/nack", status_code=204)
    async def tasks_acknowledge_failure(
        self, call: NamedDependency[Call], task_id: FromPath[UUID], data: JSONBody[TaskNAck]
    ) -> None:
        """The user gives the task back; `X-OASST-User` says who that is."""
        who = call.reader
        await call.write(lambda tx, caller: collect.decline(tx, caller, who, task_id, data.reason))

    @post("/interaction", status_code=200)
    async def tasks_interaction(self, call: NamedDependency[Call], data: JSONBody[Interaction]) -> TaskDone:
        """The answer to a task."""
        return await call.write(_answering(call, data))

    @post("/close", status_code=200)
    async def close_collective_task(self, call: NamedDependency[Call], data: JSONBody[TaskClose]) -> TaskDone:
        """Nobody may answer this collective task any more."""
        return TaskDone(id=await call.write(lambda tx, caller: collect.close_task(tx, caller, data.message_id)))


def _asking(call: Call, data: TaskRequest) -> Callable[[Transaction, Caller], Assignment]:
    limits, kind = call.hub.limits, data.type.kind
    request = assignments.TaskRequest(
        who=named(data.user),
        kinds=ANY_KIND if kind is None else frozenset({kind}),
        lang=data.lang or DEFAULT_LANG,
        collective=data.collective,
        key=call.idempotency_key,
    )

    def ask(tx: Transaction, caller: Caller) -> Assignment:
        is_limited = campaigns.current(tx).rate_limit
        windows = limits.take(caller, request.who, kind, tx.now) if is_limited else ()
        if kind is None and data.type is not TaskRequestType.RANDOM:
            raise TaskTypeNotAvailable(f"this hub has no tasks of the type {data.type}")
        assignment = collect.request_task(tx, caller, request)
        limits.handed_out(assignment.id, windows, tx.now)
        return assignment

    return ask


def _by_type(found: dict[TaskKind, int]) -> dict[str, int]:
    counts = {str(kind): found.get(kind.kind, 0) if kind.kind else 0 for kind in TaskRequestType}
    counts[TaskRequestType.RANDOM] = sum(found.values())
    return counts


def _answering(call: Call, data: Interaction) -> Answering:
    match data:
        case TextReplyToMessage():
            return _answering_text(call, data)
        case MessageRanking():
            return _answering_ranking(call, data)
        case TextLabels():
            return answering_labels(call, data)
        case MessageRating():
            return _refuse_rating


def _answering_text(call: Call, data: TextReplyToMessage) -> Answering:
    answer = text_answer(call, data)

    def run(tx: Transaction, caller: Caller) -> TaskDone:
        receipt = answers.answer_text(tx, caller, named(data.user), answer)
        call.hub.limits.answered_message(caller, data.message_id)
        return done(tx, caller, receipt, answer)

    return run


def done(tx: Transaction, caller: Caller, receipt: UUID, answer: Answer) -> TaskDone:
    """That an answer was taken, with what its author should know about it."""
    found = checks.warnings_of(tx, caller, answer.user_message_id) if isinstance(answer, TextAnswer) else ()
    return TaskDone(id=receipt, warnings=[TextWarning.of(one) for one in found])


def text_answer(call: Call, data: TextReplyToMessage) -> TextAnswer:
    text = data.text.strip()
    if not text:
        raise unreadable("must not be empty", key="text")
    return TextAnswer(
        frontend_message_id=data.message_id,
        user_message_id=data.user_message_id,
        text=text,
        lang=data.lang or None,
        key=call.idempotency_key,
    )


def _answering_ranking(call: Call, data: MessageRanking) -> Answering:
    answer = ranking_answer(call, data)

    def run(tx: Transaction, caller: Caller) -> TaskDone:
        receipt = answers.answer_ranking(tx, caller, named(data.user), answer)
        call.hub.limits.answered_message(caller, data.message_id)
        return TaskDone(id=receipt)

    return run


def ranking_answer(call: Call, data: MessageRanking) -> RankingAnswer:
    return RankingAnswer(
        frontend_message_id=data.message_id,
        ranking=tuple(data.ranking),
        not_rankable=bool(data.not_rankable),
        key=call.idempotency_key,
    )


def answering_labels(call: Call, data: TextLabels) -> Answering:
    """The use case for labels that answer a task."""
    answer = label_answer(call, data)

    def run(tx: Transaction, caller: Caller) -> TaskDone:
        receipt = answers.answer_labels(tx, caller, named(data.user), answer)
        if data.task_id is not None:
            call.hub.limits.answered(data.task_id)
        return TaskDone(id=receipt)

    return run


def label_answer(call: Call, data: TextLabels) -> LabelAnswer:
    return LabelAnswer(
        message_id=data.message_id,
        task_id=data.task_id,
        text=data.text,
        labels=data.labels,
        is_report=bool(data.is_report),
        key=call.idempotency_key,
    )


def _refuse_rating(tx: Transaction, caller: Caller) -> TaskDone:
    raise no_rating()


def no_rating() -> TaskInvalidResponseType:
    return TaskInvalidResponseType("no task asks for a rating; answer in the way that the task's type says")
