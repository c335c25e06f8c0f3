"""Reading what the community wrote, and reacting to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from urllib.parse import quote
from uuid import UUID

from oa.client.connection import Connection, Parameter, Repeat, Request
from oa.client.users import asserted_user
from oa.domain.emoji import Emoji, EmojiOperation
from oa.protocol.messages import (
    Conversation,
    Message,
    MessageEmojiRequest,
    MessagePage,
    MessageTree,
    MessageTreeStateResponse,
)

T = TypeVar("T")

Reference = UUID | str
"""A message, by the hub's id (a UUID) or by the name that this program gave it (text)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageFilter:
    """Which messages of a list; what is None does not matter."""

    lang: str | None = None
    auth_method: str | None = None
    username: str | None = None
    user_id: UUID | None = None
    """Only for `Messages.walk` and `Messages.page`."""
    api_client_id: UUID | None = None
    search: str | None = None
    """Words that the text has; needs `lang`. Only for `Messages.walk` and `Messages.page`."""
    only_roots: bool = False
    include_deleted: bool = False
    include_user: bool = False
    """Say who wrote each. Only for `Messages.walk` and `Messages.page`."""
    newest_first: bool = False

    def query(self) -> dict[str, Parameter]:
        """As parameters that every list takes."""
        return {
            "lang": self.lang,
            "auth_method": self.auth_method,
            "username": self.username,
            "api_client_id": self.api_client_id,
            "only_roots": self.only_roots,
            "desc": self.newest_first,
        }


class Messages:
    """Single messages, and lists of them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def get(self, message: Reference) -> Message:
        return await self._get(message, "", Message)

    async def conversation(self, message: Reference) -> Conversation:
        """From the first message of the tree down to this one."""
        return await self._get(message, "/conversation", Conversation)

    async def children(self, message: Reference) -> list[Message]:
        """The direct replies."""
        return await self._get(message, "/children", list[Message])

    async def descendants(self, message: Reference) -> MessageTree:
        """Everything below the message, without itself."""
        return await self._get(message, "/descendants", MessageTree)

    async def latest(
        self,
        selection: MessageFilter = MessageFilter(newest_first=True),
        *,
        limit: int = 10,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> list[Message]:
        """Up to `limit` (at most 1000) messages, by date."""
        query = selection.query() | {
            "allow_deleted": selection.include_deleted,
            "max_count": limit,
            "start_date": since,
            "end_date": until,
        }
        return await self._connection.call(_read("/messages/", query), list[Message])

    async def page(
        self,
        selection: MessageFilter = MessageFilter(),
        *,
        size: int = 100,
        after: str | None = None,
        before: str | None = None,
    ) -> MessagePage:
        """A part of a list; `after` and `before` are the cursors `next` and `prev` of another page."""
        query = selection.query() | {
            "user_id": selection.user_id,
            "search_query": selection.search,
            "include_deleted": selection.include_deleted,
            "include_user": selection.include_user,
            "max_count": size,
            "after": after,
            "before": before,
        }
        return await self._connection.call(_read("/messages/cursor", query), MessagePage)

    async def walk(self, selection: MessageFilter = MessageFilter(), *, page_size: int = 100) -> AsyncIterator[Message]:
        """Every message of a list, fetched page by page as they are needed."""
        after: str | None = None
        while True:
            page = await self.page(selection, size=page_size, after=after)
            for message in page.items:
                yield message
            if page.next is None or not page.items:
                return
            after = page.next

    async def react(self, message: UUID, emoji: Emoji, operation: EmojiOperation = EmojiOperation.TOGGLE) -> Message:
        """Put an emoji on a message, or take it back; returns the message as it is then."""
        body = MessageEmojiRequest(user=asserted_user(self._connection), op=operation, emoji=emoji)
        repeat = Repeat.NEVER if operation is EmojiOperation.TOGGLE else Repeat.ALWAYS
        request = Request(method="POST", path=f"/messages/{message}/emoji", body=body, repeat=repeat)
        return await self._connection.call(request, Message)

    async def _get(self, message: Reference, part: str, answer: type[T]) -> T:
        return await self._connection.call(_read(_path(message) + part), answer)


class Trees:
    """Whole trees. A message stands for the tree that it is in."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def get(self, message: Reference, *, include_spam: bool = True, include_deleted: bool = False) -> MessageTree:
        """All of a tree's messages; without spam, only those that are accepted."""
        query: dict[str, Parameter] = {"include_spam": include_spam, "include_deleted": include_deleted}
        return await self._connection.call(_read(_path(message) + "/tree", query), MessageTree)

    async def longest_conversation(self, message: Reference) -> Conversation:
        return await self._connection.call(_read(_path(message) + "/longest_conversation_in_tree"), Conversation)

    async def most_replied(self, message: Reference) -> MessageTree:
        """The message of the tree that has most replies, and these."""
        return await self._connection.call(_read(_path(message) + "/max_children_in_tree"), MessageTree)

    async def state(self, message: UUID) -> MessageTreeStateResponse:
        return await self._connection.call(_read(f"/messages/{message}/tree/state"), MessageTreeStateResponse)

    async def halt(self, message: UUID) -> MessageTreeStateResponse:
        """Stop all work on a tree; for moderators."""
        return await self._set_state(message, halt=True)

    async def resume(self, message: UUID) -> MessageTreeStateResponse:
        """Let work go on where it stopped; for moderators."""
        return await self._set_state(message, halt=False)

    async def _set_state(self, message: UUID, *, halt: bool) -> MessageTreeStateResponse:
        path = f"/messages/{message}/tree/state"
        request = Request(method="PUT", path=path, query={"halt": halt}, repeat=Repeat.ALWAYS)
        return await self._connection.call(request, MessageTreeStateResponse)


def _path(message: Reference) -> str:
    return f"/messages/{message}" if isinstance(message, UUID) else f"/frontend_messages/{quote(message, safe='')}"


def _read(path: str, query: Mapping[str, Parameter] | None = None) -> Request:
    return Request(method="GET", path=path, query=query or {}, repeat=Repeat.ALWAYS)
