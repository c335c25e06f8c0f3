"""Taking a chat along."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from oa.domain.chat_markdown import document
from oa.domain.chats import Chat, ChatTree
from oa.domain.people import User
from oa.hub import chats
from oa.store import chat_judgements
from oa.store.database import Transaction


@dataclass(frozen=True, slots=True)
class WholeChat:
    """A chat with everything in it."""

    chat: Chat
    tree: ChatTree
    choices: list[tuple[UUID, tuple[UUID, ...]]]
    """The chosen answers, each with those that it was better than."""


def whole(tx: Transaction, person: User, chat_id: UUID) -> WholeChat:
    """
    Raises:
        ChatNotFound: it is not a chat of theirs.
    """
    chat, tree = chats.whole(tx, person, chat_id)
    return WholeChat(chat, tree, chat_judgements.choices(tx, chat_id))


def markdown(tx: Transaction, person: User, chat_id: UUID, leaf_id: UUID | None) -> tuple[Chat, str]:
    """One thread of a chat as a document.

    Args:
        leaf_id: the last message; None for the end of the branch that was looked at last.

    Raises:
        ChatNotFound, ChatMessageNotFound: it is not in a chat of theirs.
    """
    chat, tree = chats.whole(tx, person, chat_id)
    last_id = leaf_id or tree.tail(chat.active_tail_id)
    return chat, document(chat, tree.thread(last_id) if last_id else [])
