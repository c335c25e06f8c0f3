"""Reading what the community wrote, and reacting to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar
from urllib.parse import quote
from uuid import UUID

from oa.client.connection import Connection, Parameter, Repeat, Request
from oa.client.users import asserted_user
from oa.domain.emoji import Emoji, EmojiOperation
from oa.domain.search_page import SearchFilter
from oa.domain.views import MessageFilter
from oa.protocol.conversations import Conversation
from oa.protocol.messages import (
    Message,
    MessageEmojiRequest,
    MessagePage,
    MessageTree,
    MessageTreeStateResponse,
)
from oa.protocol.search import SearchHit, SearchPage

T = TypeVar("T")

Reference = UUID | str
"""A message, by the hub's id (a UUID) or by the name that this program gave it (text)."""

EVERYTHING = MessageFilter()
EVERYWHERE = SearchFilter()


@dataclass(frozen=True, slots=True, kw_only=True)
class Paging:
    """Which page of a list, and how it is to look."""

    size: int = 100
    """At most 1000."""
    after: str | None = None
    """The `next` of another page."""
    before: str | None = None
    """The `prev` of another page."""
    newest_first: bool = False
    include_user: bool = False
    """Say who wrote each message."""


FIRST_PAGE = Paging()


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

    async def by_date(
        self,
        selection: MessageFilter = EVERYTHING,
        *,
        limit: int = 10,
        since: datetime | None = None,
        until: datetime | None = None,
        newest_first: bool = True,
    ) -> list[Message]:
        """Up to `limit` (at most 1000) messages, by date. `user_id` and `words` of a selection are for `page` only."""
        query = _parameters(selection) | {
            "allow_deleted": selection.include_deleted,
            "max_count": limit,
            "start_date": since,
            "end_date": until,
            "desc": newest_first,
        }
        return await self._connection.call(_read("/messages/", query), list[Message])

    async def page(self, selection: MessageFilter = EVERYTHING, paging: Paging = FIRST_PAGE) -> MessagePage:
        """A part of a list by date, with the cursors of its neighbours."""
        query = _parameters(selection) | {
            "user_id": selection.user_id,
            "search_query": " ".join(selection.words) or None,
            "include_deleted": selection.include_deleted,
            "include_user": paging.include_user,
            "max_count": paging.size,
            "desc": paging.newest_first,
            "after": paging.after,
            "before": paging.before,
        }
        return await self._connection.call(_read("/messages/cursor", query), MessagePage)

    async def walk(self, selection: MessageFilter = EVERYTHING, start: Paging = FIRST_PAGE) -> AsyncIterator[Message]:
        """Every message of a list from some page on, fetched page by page as they are needed."""
        paging = start
        while True:
            page = await self.page(selection, paging)
            for message in page.items:
                yield message
            if page.next is None or not page.items:
                return
            paging = replace(paging, after=page.next, before=None)

    async def search(
        self, query: str, selection: SearchFilter = EVERYWHERE, *, size: int = 10, cursor: str | None = None
    ) -> SearchPage:
        """The messages that answer a query (`oa.domain.search.parse`), best first, each with the part that does.

        Args:
            query: at most 500 characters.
            size: of the page, at most 100.
            cursor: the `next` of the page before.
        """
        parameters = _parameters(selection) | {
            "query": query,
            "user_id": selection.user_id,
            "role": selection.role,
            "state": selection.state,
            "tree_state": selection.tree_state,
            "include_deleted": selection.include_deleted,
            "min_date": selection.min_date,
            "max_date": selection.max_date,
            "label": tuple(f"{bound.label}{bound.operator}{bound.value}" for bound in selection.labels),
            "max_count": size,
            "cursor": cursor,
        }
        return await self._connection.call(_read("/messages/search", parameters), SearchPage)

    async def walk_search(self, query: str, selection: SearchFilter = EVERYWHERE) -> AsyncIterator[SearchHit]:
        """Everything that a search ranks, fetched page by page as it is needed."""
        cursor: str | None = None
        while True:
            page = await self.search(query, selection, size=100, cursor=cursor)
            for hit in page.items:
                yield hit
            if page.next is None:
                return
            cursor = page.next

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


def _parameters(selection: MessageFilter) -> dict[str, Parameter]:
    """What every list can be narrowed to."""
    return {
        "lang": selection.lang,
        "auth_method": selection.auth_method,
        "username": selection.username,
        "api_client_id": selection.api_client_id,
        "only_roots": selection.only_roots,
    }


def _path(message: Reference) -> str:
    return f"/messages/{message}" if isinstance(message, UUID) else f"/frontend_messages/{quote(message, safe='')}"


def _read(path: str, query: Mapping[str, Parameter] | None = None) -> Request:
    return Request(method="GET", path=path, query=query or {}, repeat=Repeat.ALWAYS)
