"""/chats/{chat_id}/messages/{message_id}/…: what people say about answers."""

from __future__ import annotations

from uuid import UUID

from litestar import Controller, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from oa.hub import chat_judgements
from oa.protocol.chats import MessageEvalRequest, ReportRequest, VoteRequest
from oa.server.chat_access import Visitor
from oa.server.chats import VISITOR


class ChatJudgementController(Controller):
    path = "/chats/{chat_id:uuid}/messages/{message_id:uuid}"
    tags = ("chats",)
    dependencies = VISITOR

    @post("/votes", status_code=200)
    async def vote(
        self,
        visitor: NamedDependency[Visitor],
        chat_id: FromPath[UUID],
        message_id: FromPath[UUID],
        data: JSONBody[VoteRequest],
    ) -> None:
        """Praise an answer (1), complain of it (-1), or take that back (0)."""
        await visitor.write(
            lambda tx, person: chat_judgements.vote(tx, person, chat_id, message_id, data.score),
        )

    @post("/message_evals", status_code=200)
    async def choose(
        self,
        visitor: NamedDependency[Visitor],
        chat_id: FromPath[UUID],
        message_id: FromPath[UUID],
        data: JSONBody[MessageEvalRequest],
    ) -> None:
        """Choose this one of several answers to the same prompt; the chat goes on from it."""
        inferior = data.inferior_message_ids
        await visitor.write(lambda tx, person: chat_judgements.choose(tx, person, chat_id, message_id, inferior))

    @post("/reports", status_code=200)
    async def report(
        self,
        visitor: NamedDependency[Visitor],
        chat_id: FromPath[UUID],
        message_id: FromPath[UUID],
        data: JSONBody[ReportRequest],
    ) -> None:
        """Complain of an answer to those who run the hub."""
        kind, reason = data.report_type, data.reason
        await visitor.write(lambda tx, person: chat_judgements.report(tx, person, chat_id, message_id, kind, reason))
