"""What people do with their chats. Somebody else's chat is not there, whoever asks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from oa.domain import titles
from oa.domain.chats import Chat, ChatTree, TitleBy
from oa.domain.paging import Page, PageRequest, written
from oa.domain.people import User
from oa.domain.tree import Role
from oa.errors import ChatNotFound
from oa.hub import campaigns, terms
from oa.store import chat_messages
from oa.store import chats as stored
from oa.store.database import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatChanges:
    """What somebody wants to be different; None leaves it as it is."""

    title: str | None = None
    """An empty one has the chat called by its first prompt again."""
    hidden: bool | None = None
    allow_data_use: bool | None = None
    active_tail_id: UUID | None = None


def create(tx: Transaction, person: User, request_key: str | None = None) -> Chat:
    """Begin a chat; the same one for the same key.

    Raises:
        TermsNotAccepted: the person has to accept the terms of service first.
    """
    terms.check_accepted(tx, person, campaigns.current(tx))
    if request_key is not None and (made := stored.by_request_key(tx, person.id, request_key)):
        return made
    chat = Chat(id=tx.new_id(), user_id=person.id, created_date=tx.now, modified_date=tx.now)
    stored.add(tx, chat, request_key)
    return chat


def listed(tx: Transaction, person: User, request: PageRequest[datetime], *, hidden: bool | None) -> Page[Chat]:
    """A page of somebody's chats, by the date when they began.

    Args:
        hidden: only those that are, or are not; None for both.
    """
    found = stored.part(tx, person.id, request.part(), hidden=hidden)
    return request.page(found, lambda chat: written(chat.id, chat.created_date), "created_date")


def find(tx: Transaction, person: User, chat_id: UUID) -> Chat:
    """
    Raises:
        ChatNotFound: there is none, or it is somebody else's.
    """
    chat = stored.find(tx, chat_id, person.id)
    if chat is None:
        raise ChatNotFound("there is no such chat; GET /chats lists yours")
    return chat


def whole(tx: Transaction, person: User, chat_id: UUID) -> tuple[Chat, ChatTree]:
    """A chat with all its messages.

    Raises:
        ChatNotFound: there is none, or it is somebody else's.
    """
    return find(tx, person, chat_id), ChatTree(chat_messages.of_chat(tx, chat_id))


def change(tx: Transaction, person: User, chat_id: UUID, changes: ChatChanges) -> Chat:
    """Change what people decide about a chat.

    Raises:
        ChatNotFound: there is none, or it is somebody else's.
        ChatMessageNotFound: the active message is not in this chat.
        Invalid: the title is too long.
    """
    chat = find(tx, person, chat_id)
    if changes.title is not None:
        chat = _named(tx, chat, changes.title)
    if changes.hidden is not None:
        chat = replace(chat, hidden=changes.hidden)
    if changes.allow_data_use is not None:
        chat = replace(chat, allow_data_use=changes.allow_data_use)
    if changes.active_tail_id is not None:
        ChatTree(chat_messages.of_chat(tx, chat_id)).find(changes.active_tail_id)
        chat = replace(chat, active_tail_id=changes.active_tail_id)
    stored.change(tx, chat)
    return chat


def hide_all(tx: Transaction, person: User) -> int:
    """Hide every chat of somebody; how many were not hidden before."""
    return stored.hide_all(tx, person.id)


def delete(tx: Transaction, person: User, chat_id: UUID) -> list[UUID]:
    """Remove a chat for good, with everything in it; the answers in it that were being written.

    Raises:
        ChatNotFound: there is none, or it is somebody else's.
    """
    find(tx, person, chat_id)
    under_way = chat_messages.unfinished_in(tx, chat_id)
    stored.remove(tx, chat_id)
    return under_way


def _named(tx: Transaction, chat: Chat, typed: str) -> Chat:
    title = titles.of_person(typed)
    if title is not None:
        return replace(chat, title=title, title_by=TitleBy.PERSON)
    messages = chat_messages.of_chat(tx, chat.id)
    first = next((message for message in messages if message.role is Role.PROMPTER), None)
    title = titles.of_prompt(first.content or "") if first else None
    return replace(chat, title=title, title_by=title and TitleBy.PROMPT)
