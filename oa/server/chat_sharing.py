"""Finding what was said in chats, taking it along, and sharing it with anybody by a link."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from html import escape
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Controller, Response, delete, get, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, FromQuery, JSONBody, PathParameter, QueryParameter

from oa.domain import chat_markdown
from oa.domain.chats import ChatMessage
from oa.domain.paging import PageRequest
from oa.domain.search import parse
from oa.domain.tree import Role
from oa.hub import chat_export, chat_search, chat_sharing
from oa.hub.chat_sharing import SharedThread
from oa.protocol.chat_sharing import (
    ChatChoice,
    ChatExport,
    ChatHit,
    ChatSearchPage,
    SharedChat,
    SharedMessage,
    ShareRead,
    ShareRequest,
)
from oa.protocol.chats import ChatListRead, MessageRead
from oa.protocol.search import Snippet
from oa.server.auth import Call
from oa.server.chat_access import Visitor
from oa.server.chats import VISITOR, chat_page
from oa.server.setup import HEADERS, PAGE

Words = Annotated[
    str,
    QueryParameter(
        name="query", min_length=1, max_length=500, description='words, "words in a row", and -either to leave out'
    ),
]

Secret = Annotated[str, PathParameter(max_length=100, description="the end of the link")]

PUBLIC_HEADERS = {**HEADERS, "x-robots-tag": "noindex, nofollow"}
"""Of what a link shows: no cache keeps it, no search engine lists it, and no page learns the link from the reader."""

MARKDOWN = "text/markdown; charset=utf-8"


class ExportFormat(StrEnum):
    MARKDOWN = "markdown"
    JSON = "json"


class ChatSearchController(Controller):
    path = "/chats/search"
    tags = ("chats",)
    dependencies = VISITOR

    @get("/", dependencies={"page": Provide(chat_page)})
    async def search_chats(
        self,
        visitor: NamedDependency[Visitor],
        page: NamedDependency[PageRequest[datetime]],
        words: Words,
        include_hidden: FromQuery[bool] = True,
    ) -> ChatSearchPage:
        """What you and the assistant said with these words in it, the newest first."""
        asked = parse(words)
        found = await visitor.read(
            lambda tx, person: chat_search.search(tx, person, asked, page, include_hidden=include_hidden)
        )
        hits = [
            ChatHit(message=MessageRead.of(hit.message), title=hit.title, snippet=Snippet.of(hit.snippet))
            for hit in found.page.items
        ]
        titles = [ChatListRead.of(chat) for chat in found.titles]
        return ChatSearchPage(chats=titles, items=hits, next=found.page.next, prev=found.page.prev)


class ChatSharingController(Controller):
    path = "/chats/{chat_id:uuid}"
    tags = ("chats",)
    dependencies = VISITOR

    @get("/export", media_type="text/markdown")
    async def export_chat(
        self,
        visitor: NamedDependency[Visitor],
        chat_id: FromPath[UUID],
        format: FromQuery[ExportFormat] = ExportFormat.MARKDOWN,
        message_id: FromQuery[UUID | None] = None,
    ) -> Response[Any]:
        """A chat to take along: one thread as Markdown, which ends with `message_id`, or everything as JSON."""
        if format is ExportFormat.MARKDOWN:
            chat, text = await visitor.read(lambda tx, person: chat_export.markdown(tx, person, chat_id, message_id))
            return Response(text, media_type=MARKDOWN, headers=_attachment(chat_markdown.file_name(chat, "md")))
        found = await visitor.read(lambda tx, person: chat_export.whole(tx, person, chat_id))
        choices = [
            ChatChoice(selected_message_id=selected, inferior_message_ids=list(inferior))
            for selected, inferior in found.choices
        ]
        body = msgspec.json.encode(ChatExport.of(found.chat, list(found.tree.messages), choices))
        headers = _attachment(chat_markdown.file_name(found.chat, "json"))
        return Response(body, media_type="application/json", headers=headers)

    @post("/shares", status_code=201)
    async def share_chat(
        self, visitor: NamedDependency[Visitor], chat_id: FromPath[UUID], data: JSONBody[ShareRequest]
    ) -> ShareRead:
        """Make a link by which anybody may read one thread of the chat as it stands. It is told once."""
        leaf_id = data.message_id
        made = await visitor.write(lambda tx, person: chat_sharing.share(tx, person, chat_id, leaf_id))
        return ShareRead.of(made.share, f"{_address(visitor.call)}/shared/{made.secret}")

    @get("/shares")
    async def list_shares(self, visitor: NamedDependency[Visitor], chat_id: FromPath[UUID]) -> list[ShareRead]:
        """The links to the chat that hold, oldest first."""
        found = await visitor.read(lambda tx, person: chat_sharing.shares(tx, person, chat_id))
        return [ShareRead.of(share) for share in found]

    @delete("/shares/{share_id:uuid}", status_code=200)
    async def revoke_share(
        self, visitor: NamedDependency[Visitor], chat_id: FromPath[UUID], share_id: FromPath[UUID]
    ) -> None:
        """Make a link worthless."""
        await visitor.write(lambda tx, person: chat_sharing.revoke(tx, person, chat_id, share_id))


class SharedChatController(Controller):
    path = "/shared"
    tags = ("chats",)

    @get("/{secret:str}", security=[{}])
    async def read_shared(self, call: NamedDependency[Call], secret: Secret) -> Response[Any]:
        """What a link shows: a page for browsers, Markdown for whoever asks for `text/markdown`, and else JSON."""
        found = await call.hub.database.read(lambda tx: chat_sharing.shared(tx, secret))
        accepted = (call.header(b"accept") or "").lower()
        if "text/html" in accepted:
            return Response(_page(found), media_type="text/html", headers=PUBLIC_HEADERS)
        if "text/markdown" in accepted:
            text = chat_markdown.document(found.chat, found.messages)
            return Response(text, media_type=MARKDOWN, headers=PUBLIC_HEADERS)
        chat = SharedChat(
            title=found.chat.title,
            created_at=found.chat.created_date,
            messages=[SharedMessage.of(message) for message in found.messages],
        )
        return Response(msgspec.json.encode(chat), media_type="application/json", headers=PUBLIC_HEADERS)


def _address(call: Call) -> str:
    """The hub as people reach it."""
    configured = call.hub.config.server.base_url
    return configured.rstrip("/") if configured else str(call.request.base_url).rstrip("/")


def _attachment(name: str) -> dict[str, str]:
    return {"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-store"}


def _page(found: SharedThread) -> str:
    title = escape(found.chat.title or chat_markdown.UNTITLED)
    return PAGE.format(title=title, body="\n".join(_section(message) for message in found.messages))


def _section(message: ChatMessage) -> str:
    speaker = "Question" if message.role is Role.PROMPTER else f"Answer ({message.model or 'assistant'})"
    text = escape(message.content or f"(no answer: {message.state.value})")
    return f'<h2>{escape(speaker)}</h2>\n<p style="white-space: pre-wrap; overflow-wrap: anywhere">{text}</p>'
