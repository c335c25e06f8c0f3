"""/chats: what people say to the assistant, in the protocol of Open-Assistant's inference server."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Annotated
from uuid import UUID

from litestar import Controller, delete, get, post, put
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from oa.domain.paging import PageRequest, date_place
from oa.errors import Invalid
from oa.hub import chats
from oa.hub.chats import ChatChanges
from oa.protocol.chats import (
    ChatListRead,
    ChatRead,
    ChatUpdateRequest,
    CreateChatRequest,
    ListChatsResponse,
)
from oa.server.auth import Call
from oa.server.chat_access import Visitor

Limit = Annotated[int, QueryParameter(gt=0, le=100, description="how many chats at most")]


async def visitor(call: NamedDependency[Call]) -> Visitor:
    return Visitor(call)


VISITOR = {"visitor": Provide(visitor)}


async def chat_page(
    limit: Limit = 10, after: FromQuery[str | None] = None, before: FromQuery[str | None] = None
) -> PageRequest[datetime]:
    if after and before:
        raise Invalid("send `after` or `before`, not both")
    return PageRequest(limit, before=date_place(before), after=date_place(after), descending=True)


class ChatController(Controller):
    path = "/chats"
    tags = ("chats",)
    dependencies = VISITOR

    @get("/", dependencies={"page": Provide(chat_page)})
    async def list_chats(
        self,
        visitor: NamedDependency[Visitor],
        page: NamedDependency[PageRequest[datetime]],
        include_hidden: FromQuery[bool] = False,
        only_hidden: FromQuery[bool] = False,
    ) -> ListChatsResponse:
        """Your chats, the newest first: send `next` back as `after`, or `prev` as `before`."""
        hidden = True if only_hidden else None if include_hidden else False
        return ListChatsResponse.of(
            await visitor.read(lambda tx, person: chats.listed(tx, person, page, hidden=hidden))
        )

    @post("/", status_code=200)
    async def create_chat(
        self, visitor: NamedDependency[Visitor], data: JSONBody[CreateChatRequest | None] = None
    ) -> ChatListRead:
        """Begin a chat. With an `Idempotency-Key`, sending the same again gives the same chat."""
        key = visitor.call.idempotency_key
        return ChatListRead.of(await visitor.write(lambda tx, person: chats.create(tx, person, key)))

    @put("/hide_all")
    async def hide_all_chats(self, visitor: NamedDependency[Visitor]) -> None:
        """Hide all your chats. They are still there: `include_hidden` lists them."""
        await visitor.write(chats.hide_all)

    @get("/{chat_id:uuid}")
    async def get_chat(self, visitor: NamedDependency[Visitor], chat_id: FromPath[UUID]) -> ChatRead:
        """A chat with all its messages."""
        return ChatRead.whole(*await visitor.read(lambda tx, person: chats.whole(tx, person, chat_id)))

    @put("/{chat_id:uuid}")
    async def update_chat(
        self, visitor: NamedDependency[Visitor], chat_id: FromPath[UUID], data: JSONBody[ChatUpdateRequest]
    ) -> None:
        """Rename a chat, hide it or show it again, say whether it may be used for training, or choose its branch."""
        changes = ChatChanges(
            title=data.title,
            hidden=data.hidden,
            allow_data_use=data.allow_data_use,
            active_tail_id=data.active_thread_tail_message_id,
        )
        await visitor.write(lambda tx, person: chats.change(tx, person, chat_id, changes))

    @delete("/{chat_id:uuid}", status_code=200)
    async def delete_chat(self, visitor: NamedDependency[Visitor], chat_id: FromPath[UUID]) -> None:
        """Remove a chat for good, with everything in it."""
        generations = visitor.call.hub.generations
        under_way = await visitor.write(lambda tx, person: chats.delete(tx, person, chat_id))
        await asyncio.gather(*(generations.end(message_id) for message_id in under_way))
