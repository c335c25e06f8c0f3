"""What people say about answers: votes, choices among drafts, and reports."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from oa.domain import chats as rules
from oa.domain.chats import ChatTree, Report, ReportType
from oa.domain.people import User
from oa.hub import chat_messages, chats
from oa.store import chat_judgements as stored
from oa.store import chat_messages as stored_messages
from oa.store import chats as stored_chats
from oa.store.database import Transaction


def vote(tx: Transaction, person: User, chat_id: UUID, message_id: UUID, score: int) -> None:
    """Praise an answer (1), complain of it (-1), or take that back (0).

    Raises:
        ChatNotFound, ChatMessageNotFound: it is not in a chat of theirs.
        Invalid: the score is another number.
        CannotAnswer: it is no answer, or not finished.
    """
    message = chat_messages.find(tx, person, chat_id, message_id)
    rules.check_score(score)
    rules.check_judgement(message)
    stored_messages.vote(tx, message_id, score)


def choose(tx: Transaction, person: User, chat_id: UUID, message_id: UUID, inferior_ids: Sequence[UUID]) -> None:
    """Choose one of several answers to the same prompt; the chat goes on from it.

    Raises:
        ChatNotFound, ChatMessageNotFound: one of them is not in a chat of theirs.
        Invalid: they are not answers to one prompt.
        CannotAnswer: the chosen one is no answer, or not finished.
    """
    chats.find(tx, person, chat_id)
    tree = ChatTree(stored_messages.of_chat(tx, chat_id))
    selected = tree.find(message_id)
    rules.check_judgement(selected)
    inferior = [tree.find(one) for one in dict.fromkeys(inferior_ids)]
    rules.check_inferior(selected, inferior)
    stored.add_choice(tx, person.id, selected, inferior)
    stored_chats.set_tail(tx, chat_id, message_id)


def report(tx: Transaction, person: User, chat_id: UUID, message_id: UUID, kind: ReportType, reason: str) -> Report:
    """Complain of an answer to those who run the hub.

    Raises:
        ChatNotFound, ChatMessageNotFound: it is not in a chat of theirs.
        CannotAnswer: it is no answer, or not finished.
    """
    rules.check_judgement(chat_messages.find(tx, person, chat_id, message_id))
    made = Report(id=tx.new_id(), report_type=kind, reason=reason)
    stored.add_report(tx, person.id, message_id, made)
    return made
