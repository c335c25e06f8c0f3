"""Finding, taking along and sharing what was said in chats, on the wire."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from oa.domain.chats import Chat, ChatMessage, ChatShare, State
from oa.domain.tree import Role
from oa.protocol.chats import ChatListRead, MessageRead
from oa.protocol.search import Snippet


class ChatHit(msgspec.Struct, frozen=True, kw_only=True):
    """A message that was found."""

    message: MessageRead
    title: str | None
    """Of its chat."""
    snippet: Snippet


class ChatSearchPage(msgspec.Struct, frozen=True, kw_only=True):
    """A part of what a search found, the newest first."""

    chats: list[ChatListRead]
    """The newest chats whose title answers the query; on the first page only."""
    items: list[ChatHit]
    next: str | None = None
    """Send it as `after`, with the same words, to get the next page; null at the end."""
    prev: str | None = None


class ShareRequest(msgspec.Struct, frozen=True, kw_only=True):
    message_id: UUID | None = None
    """The last message to be seen; null for the end of the branch that was looked at last."""


class ShareRead(msgspec.Struct, frozen=True, kw_only=True):
    """A link that anybody may read by, until it is taken back."""

    id: UUID
    chat_id: UUID
    message_id: UUID
    """The last message that it shows."""
    created_at: datetime
    url: str | None = None
    """Told once, when the link is made."""

    @classmethod
    def of(cls, share: ChatShare, url: str | None = None) -> ShareRead:
        return cls(id=share.id, chat_id=share.chat_id, message_id=share.leaf_id, created_at=share.created_date, url=url)


class SharedMessage(msgspec.Struct, frozen=True, kw_only=True):
    role: Role
    content: str | None
    created_at: datetime
    state: State
    model: str | None = None

    @classmethod
    def of(cls, message: ChatMessage) -> SharedMessage:
        return cls(
            role=message.role,
            content=message.content,
            created_at=message.created_date,
            state=message.state,
            model=message.model,
        )


class SharedChat(msgspec.Struct, frozen=True, kw_only=True):
    """What a link shows: who it was is not said."""

    title: str | None
    created_at: datetime
    messages: list[SharedMessage]


class ChatChoice(msgspec.Struct, frozen=True, kw_only=True):
    """One answer was chosen over others to the same prompt."""

    selected_message_id: UUID
    inferior_message_ids: list[UUID]


class ChatExport(msgspec.Struct, frozen=True, kw_only=True):
    """A chat with everything in it."""

    chat: ChatListRead
    messages: list[MessageRead]
    choices: list[ChatChoice]

    @classmethod
    def of(cls, chat: Chat, messages: list[ChatMessage], choices: list[ChatChoice]) -> ChatExport:
        return cls(
            chat=ChatListRead.of(chat), messages=[MessageRead.of(message) for message in messages], choices=choices
        )
