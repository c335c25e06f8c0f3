"""Asking for work, and answering it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import cast
from uuid import UUID

import msgspec

from oa.client.connection import Connection, Repeat, Request
from oa.client.users import asserted_user
from oa.domain.tasks import TaskKind
from oa.protocol.labels import TextLabels
from oa.protocol.tasks import (
    AnyTask,
    MessageRanking,
    ReviewTask,
    TaskAck,
    TaskClose,
    TaskDone,
    TaskNAck,
    TaskRequest,
    TaskRequestType,
    TextReplyToMessage,
)

DEFAULT_LANG = "en"


class Tasks:
    """One person's work: request, acknowledge, then reply, rank or label; or decline. And second thoughts about it.

    Every call here may be repeated by itself after a broken connection: what changes something carries a key by which
    the hub knows a second attempt.
    """

    def __init__(self, connection: Connection, *, replaced: UUID | None = None) -> None:
        self._connection = connection
        self._replaced = replaced

    async def request(
        self, kind: TaskKind | None = None, *, lang: str = DEFAULT_LANG, collective: bool = False
    ) -> AnyTask:
        """Something to do, of one kind or (None) of any.

        Raises:
            TaskTypeNotAvailable: there is nothing of it for this person now.
            TooManyPending: they hold too many unanswered tasks.
            TooMany: they asked too often without answering.
        """
        asked = TaskRequestType.RANDOM if kind is None else TaskRequestType(kind)
        body = TaskRequest(type=asked, user=asserted_user(self._connection), collective=collective, lang=lang)
        return await self._connection.call(
            Request(method="POST", path="/tasks/", body=body, repeat=Repeat.WITH_KEY), cast(type[AnyTask], AnyTask)
        )

    async def availability(self, lang: str = DEFAULT_LANG) -> dict[TaskRequestType, int]:
        """How many tasks of each kind this person could get now; `random` is their sum."""
        body = asserted_user(self._connection)
        request = Request(
            method="POST", path="/tasks/availability", query={"lang": lang}, body=body, repeat=Repeat.ALWAYS
        )
        return await self._connection.call(request, dict[TaskRequestType, int])

    async def acknowledge(self, task_id: UUID, frontend_message_id: str) -> None:
        """Take a task, under the name by which it will be answered; that name must be new to this program."""
        body = TaskAck(message_id=frontend_message_id)
        request = Request(method="POST", path=f"/tasks/{task_id}/ack", body=body, repeat=Repeat.ALWAYS)
        await self._connection.call(request, type(None))

    async def decline(self, task_id: UUID, reason: str | None = None) -> None:
        """Give a task back; this person is not asked for the same again."""
        body = TaskNAck(reason=reason)
        request = Request(method="POST", path=f"/tasks/{task_id}/nack", body=body, repeat=Repeat.ALWAYS)
        await self._connection.call(request, type(None))

    async def reply(
        self, frontend_message_id: str, text: str, *, user_message_id: str, lang: str | None = None
    ) -> TaskDone:
        """Hand in a text.

        Args:
            frontend_message_id: the name under which the task was acknowledged.
            user_message_id: the name that the new message gets; it must be new to this program.
            lang: the language of the text, if it is not that of the task.
        """
        return await self._answer(
            TextReplyToMessage(
                user=asserted_user(self._connection),
                message_id=frontend_message_id,
                user_message_id=user_message_id,
                text=text,
                lang=lang,
            )
        )

    async def rank(
        self, frontend_message_id: str, ranking: Sequence[int], *, not_rankable: bool | None = None
    ) -> TaskDone:
        """Hand in an order: places in the task's list of replies, best first."""
        return await self._answer(
            MessageRanking(
                user=asserted_user(self._connection),
                message_id=frontend_message_id,
                ranking=list(ranking),
                not_rankable=not_rankable,
            )
        )

    async def label(self, task: ReviewTask, labels: Mapping[str, float]) -> TaskDone:
        """Hand in a review: 0..1 for each label; what is not answered is left out."""
        return await self._answer(
            TextLabels(
                user=asserted_user(self._connection),
                text=task.conversation.messages[-1].text,
                labels=dict(labels),
                message_id=task.message_id,
                task_id=task.id,
            )
        )

    async def undo(self, task_id: UUID) -> AnyTask:
        """Take back one's own answer, or take up again what one gave back; the task, which waits for an answer again.

        After a broken connection it may have happened: then a second attempt says that there is no answer.

        Raises:
            AnswerBuiltUpon: others have built on it, or its review or ranking has closed.
            AnswerInUse: somebody is at work on it now.
            TaskNotAnswered: there is none.
        """
        request = Request(method="POST", path=f"/tasks/{task_id}/undo")
        return await self._connection.call(request, cast(type[AnyTask], AnyTask))

    def replacing(self, task_id: UUID) -> Tasks:
        """The same, where `reply`, `rank` and `label` hand in something else for a task that has been answered."""
        return Tasks(self._connection, replaced=task_id)

    def keyed(self, key: UUID) -> Tasks:
        """The same, where every call carries this idempotency key: for one intention that outlives the process."""
        return Tasks(dataclasses.replace(self._connection, new_id=lambda: key), replaced=self._replaced)

    async def close(self, frontend_message_id: str) -> TaskDone:
        """End a collective task."""
        body = TaskClose(message_id=frontend_message_id)
        return await self._connection.call(Request(method="POST", path="/tasks/close", body=body), TaskDone)

    async def _answer(self, body: msgspec.Struct) -> TaskDone:
        if self._replaced is None:
            request = Request(method="POST", path="/tasks/interaction", body=body, repeat=Repeat.WITH_KEY)
        else:
            path = f"/tasks/{self._replaced}/answer"
            request = Request(method="PUT", path=path, body=body, repeat=Repeat.WITH_KEY)
        return await self._connection.call(request, TaskDone)
