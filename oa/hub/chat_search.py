"""Searching one's own chats."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from oa.domain.chats import Chat, ChatMessage
from oa.domain.paging import Page, PageRequest, written
from oa.domain.people import User
from oa.domain.search import SearchQuery, Snippet, snippet
from oa.store import chat_search as index
from oa.store import chats as stored
from oa.store.database import Transaction

MOST_TITLES = 20


@dataclass(frozen=True, slots=True)
class ChatHit:
    """A message that answers a query, with the part of it that does."""

    message: ChatMessage
    title: str | None
    """Of its chat."""
    snippet: Snippet


@dataclass(frozen=True, slots=True)
class ChatResults:
    titles: tuple[Chat, ...]
    """The newest chats whose title answers the query; on the first page only."""
    page: Page[ChatHit]


def search(
    tx: Transaction, person: User, query: SearchQuery, request: PageRequest[datetime], *, include_hidden: bool
) -> ChatResults:
    """A page of what somebody and their models said that answers a query, the newest first."""
    found = index.part(tx, person.id, query, request.part(), include_hidden=include_hidden)
    hits = [ChatHit(one.message, one.title, snippet(one.message.content or "", query)) for one in found]
    page = request.page(hits, lambda hit: written(hit.message.id, hit.message.created_date), "created_date")
    is_first = request.after is None and request.before is None
    titles = _titled(tx, person, query, include_hidden=include_hidden) if is_first else []
    return ChatResults(tuple(titles), page)


def _titled(tx: Transaction, person: User, query: SearchQuery, *, include_hidden: bool) -> list[Chat]:
    matching = (chat for chat in stored.all_of(tx, person.id) if include_hidden or not chat.hidden)
    return [chat for chat in matching if chat.title and query.finds(chat.title)][:MOST_TITLES]
