"""Sharing a thread of a chat by a link that nobody can guess, and that its person can take back.

What is shared is the thread down to one message, as it stands: what is written later does not follow.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from oa.domain.chats import Chat, ChatMessage, ChatShare, ChatTree
from oa.domain.people import User
from oa.errors import CannotAnswer, ChatNotFound, NotFound
from oa.hub import chats
from oa.hub.access import hash_secret
from oa.store import chat_messages
from oa.store import chat_shares as stored
from oa.store import chats as stored_chats
from oa.store.database import Transaction


@dataclass(frozen=True, slots=True)
class NewShare:
    share: ChatShare
    secret: str = field(repr=False)
    """The end of the link. It is told once and kept nowhere."""


@dataclass(frozen=True, slots=True)
class SharedThread:
    chat: Chat
    messages: Sequence[ChatMessage]
    """From the beginning of the chat."""


def share(tx: Transaction, person: User, chat_id: UUID, leaf_id: UUID | None) -> NewShare:
    """Make a link to a thread.

    Args:
        leaf_id: the last message to be seen; None for the end of the branch that was looked at last.

    Raises:
        ChatNotFound, ChatMessageNotFound: it is not in a chat of theirs.
        CannotAnswer: there is nothing in the chat, or the last message is still being written.
    """
    chat, tree = chats.whole(tx, person, chat_id)
    last_id = leaf_id or tree.tail(chat.active_tail_id)
    if last_id is None:
        raise CannotAnswer("there is nothing in this chat yet that could be shared")
    if not tree.find(last_id).state.is_finished:
        raise CannotAnswer("this answer is still being written; share the chat once it is done")
    made = ChatShare(id=tx.new_id(), chat_id=chat_id, leaf_id=last_id, created_date=tx.now)
    secret = secrets.token_urlsafe(24)
    stored.add(tx, person.id, made, hash_secret(secret))
    return NewShare(made, secret)


def shares(tx: Transaction, person: User, chat_id: UUID) -> list[ChatShare]:
    """The links to a chat that hold, oldest first.

    Raises:
        ChatNotFound: it is not a chat of theirs.
    """
    chats.find(tx, person, chat_id)
    return stored.of_chat(tx, chat_id)


def revoke(tx: Transaction, person: User, chat_id: UUID, share_id: UUID) -> None:
    """Make a link worthless.

    Raises:
        ChatNotFound: it is not a chat of theirs.
        NotFound: the chat has no such link.
    """
    chats.find(tx, person, chat_id)
    if not stored.revoke(tx, chat_id, share_id):
        raise NotFound("there is no such link to this chat; it may have been taken back already")


def shared(tx: Transaction, secret: str) -> SharedThread:
    """What a link shows to anybody.

    Raises:
        ChatNotFound: there is no such link, or it was taken back.
    """
    found = stored.by_hash(tx, hash_secret(secret))
    chat = None if found is None else stored_chats.of_anybody(tx, found.chat_id)
    if found is None or chat is None:
        raise ChatNotFound("this link leads nowhere: mistyped, or taken back by whoever made it")
    return SharedThread(chat, ChatTree(chat_messages.of_chat(tx, chat.id)).thread(found.leaf_id))
