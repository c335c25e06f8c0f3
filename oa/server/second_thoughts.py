"""/api/v1/tasks/{task_id}: an answer is taken back or replaced. Open-Assistant had nothing of the kind."""

from __future__ import annotations

from uuid import UUID

from litestar import Controller, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from oa.domain.people import Caller
from oa.domain.views import Assignment
from oa.hub import second_thoughts
from oa.hub.second_thoughts import Answer
from oa.hub.transactions import Transaction
from oa.protocol.labels import TextLabels
from oa.protocol.tasks import (
    AnyTask,
    Interaction,
    MessageRanking,
    MessageRating,
    TaskDone,
    TextReplyToMessage,
    task_of,
)
from oa.server.auth import Call, named
from oa.server.tasks import done, label_answer, no_rating, ranking_answer, text_answer


class SecondThoughtsController(Controller):
    path = "/tasks"
    tags = ("tasks",)

    @post("/{task_id:str}/undo", status_code=200)
    async def undo_answer(self, call: NamedDependency[Call], task_id: FromPath[UUID]) -> AnyTask:
        """Take an answer back, or take up again what was given back; `X-OASST-User` says whose.

        The task as it may be answered again. Refused once others have built on the answer, or its review or ranking
        has closed.
        """
        who = call.reader

        def undo(tx: Transaction, caller: Caller) -> Assignment:
            assignment = second_thoughts.undo(tx, caller, who, task_id)
            call.hub.limits.taken_back(task_id)
            return assignment

        return task_of(await call.write(undo))

    @put("/{task_id:str}/answer", status_code=200)
    async def replace_answer(
        self, call: NamedDependency[Call], task_id: FromPath[UUID], data: JSONBody[Interaction]
    ) -> TaskDone:
        """Hand in another answer instead of an earlier one, as long as that could be taken back."""
        answer, who = _answer(call, data), named(data.user)

        def replace(tx: Transaction, caller: Caller) -> TaskDone:
            receipt = second_thoughts.replace_answer(tx, caller, who, task_id, answer)
            return done(tx, caller, receipt, answer)

        return await call.write(replace)


def _answer(call: Call, data: Interaction) -> Answer:
    match data:
        case TextReplyToMessage():
            return text_answer(call, data)
        case MessageRanking():
            return ranking_answer(call, data)
        case TextLabels():
            return label_answer(call, data)
        case MessageRating():
            raise no_rating()
