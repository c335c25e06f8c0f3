"""What people write in their chats, and what they ask of models.

Asking a model takes three steps, because a model is not asked inside a transaction: `plan` says what to ask, the server
puts the question, and `ask` keeps the answer's place once it is known that the question was taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from oa.domain import chats as rules
from oa.domain import titles
from oa.domain.chat_work import Work
from oa.domain.chats import Chat, ChatMessage, ChatTree, Event, EventKind, State, TitleBy
from oa.domain.people import User
from oa.domain.tree import Role
from oa.errors import ChatFull, ChatMessageNotFound, ChatMessageTooLong, Invalid
from oa.hub import campaigns, chats, terms
from oa.inference.answering import Question
from oa.inference.engine import Role as Speaker
from oa.inference.engine import Turn
from oa.store import chat_events
from oa.store import chat_messages as stored
from oa.store import chats as stored_chats
from oa.store.chat_events import NewEvent
from oa.store.database import Transaction

LARGEST_SEED = 2**31 - 1
"""What every engine takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatLimits:
    max_messages: int = 2000
    """Of one chat."""
    max_message_characters: int = 40_000


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPrompt:
    chat_id: UUID
    parent_id: UUID | None
    """The answer that it goes on from; None to begin the chat, or to begin it anew."""
    content: str
    request_key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAnswer:
    chat_id: UUID
    parent_id: UUID
    work: Work
    request_key: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """An answer that is to be written, or written on, and what to ask a model for it."""

    message: ChatMessage
    question: Question
    is_made: bool = False
    """The same request has been here before: there is nothing to ask."""


def find(tx: Transaction, person: User, chat_id: UUID, message_id: UUID) -> ChatMessage:
    """
    Raises:
        ChatNotFound: there is no such chat, or it is somebody else's.
        ChatMessageNotFound: the message is not in it.
    """
    chats.find(tx, person, chat_id)
    message = _found(stored.find(tx, message_id), chat_id)
    return replace(message, reports=stored.reports_of(tx, message_id))


def write_prompt(tx: Transaction, person: User, new: NewPrompt, limits: ChatLimits) -> ChatMessage:
    """Write a prompt; beside another one, that is to edit it. The same one for the same key.

    Raises:
        ChatNotFound: there is no such chat, or it is somebody else's.
        ChatMessageNotFound: what it goes on from is not in it.
        CannotAnswer: that is no answer, or not finished.
        Invalid: there is nothing in it.
        ChatMessageTooLong, ChatFull: it does not fit.
        TermsNotAccepted: the person has to accept the terms of service first.
    """
    chat = chats.find(tx, person, new.chat_id)
    terms.check_accepted(tx, person, campaigns.current(tx))
    if new.request_key is not None and (made := _made(tx, person, new.request_key, chat)):
        return made
    if not new.content.strip():
        raise Invalid("a prompt cannot be empty")
    if len(new.content) > limits.max_message_characters:
        raise ChatMessageTooLong(
            f"a message has at most {limits.max_message_characters} characters, not {len(new.content)}"
        )
    rules.check_prompt_below(None if new.parent_id is None else _in_chat(tx, chat, new.parent_id))
    _check_room(tx, chat, limits)
    message = ChatMessage(
        id=tx.new_id(),
        chat_id=chat.id,
        parent_id=new.parent_id,
        role=Role.PROMPTER,
        created_date=tx.now,
        state=State.MANUAL,
        content=new.content,
    )
    stored.add(tx, message, person.id, new.request_key)
    stored_chats.touch(tx, chat.id, message.id)
    if chat.title is None and (title := titles.of_prompt(new.content)):
        named = replace(chat, title=title, title_by=TitleBy.PROMPT, active_tail_id=message.id)
        stored_chats.change(tx, named)
    return message


def plan(tx: Transaction, person: User, new: NewAnswer, limits: ChatLimits) -> Plan:
    """What to ask a model for a new answer.

    Raises:
        ChatNotFound: there is no such chat, or it is somebody else's.
        ChatMessageNotFound: what is to be answered is not in it.
        CannotAnswer: that is no prompt, or is being answered too often already.
        ChatFull: it does not fit.
        TermsNotAccepted: the person has to accept the terms of service first.
    """
    chat = chats.find(tx, person, new.chat_id)
    terms.check_accepted(tx, person, campaigns.current(tx))
    if new.request_key is not None and (made := _made(tx, person, new.request_key, chat)):
        return Plan(made, _question(made.id, person, new.work, ()), is_made=True)
    tree = ChatTree(stored.of_chat(tx, chat.id))
    parent = tree.find(new.parent_id)
    rules.check_answer_below(parent, tree.children(parent.id))
    _check_room(tx, chat, limits)
    sampling = new.work.sampling
    if sampling.seed is None:
        sampling = replace(sampling, seed=tx.rng.randint(0, LARGEST_SEED))
    work = replace(new.work, sampling=sampling)
    message = ChatMessage(
        id=tx.new_id(),
        chat_id=chat.id,
        parent_id=parent.id,
        role=Role.ASSISTANT,
        created_date=tx.now,
        state=State.PENDING,
        model=work.model,
        work=work.facts(),
    )
    return Plan(message, _question(message.id, person, work, tree.thread(parent.id)))


def ask(tx: Transaction, person: User, planned: Plan, request_key: str | None, limits: ChatLimits) -> ChatMessage:
    """Keep the place of an answer that a model has been asked for.

    Raises:
        ChatNotFound, ChatMessageNotFound, CannotAnswer, ChatFull: as `plan`, of what has happened since.
    """
    message = planned.message
    chat = chats.find(tx, person, message.chat_id)
    if request_key is not None and (made := _made(tx, person, request_key, chat)):
        return made
    assert message.parent_id is not None
    rules.check_answer_below(_in_chat(tx, chat, message.parent_id), stored.children(tx, message.parent_id))
    _check_room(tx, chat, limits)
    placed = replace(message, created_date=tx.now)
    stored.add(tx, placed, person.id, request_key)
    stored_chats.set_tail(tx, chat.id, placed.id)
    return placed


def plan_continue(tx: Transaction, person: User, chat_id: UUID, message_id: UUID) -> Plan:
    """What to ask a model for the rest of an answer that has ended too early.

    Raises:
        ChatNotFound: there is no such chat, or it is somebody else's.
        ChatMessageNotFound: the message is not in it.
        CannotAnswer: it is no answer, being written, complete, or was answered itself.
    """
    chats.find(tx, person, chat_id)
    tree = ChatTree(stored.of_chat(tx, chat_id))
    message = tree.find(message_id)
    rules.check_continue(message, bool(tree.children(message_id)))
    thread = tree.thread(message_id)
    return Plan(message, _question(message_id, person, Work.of(message.work or {}), thread))


def continue_answer(tx: Transaction, person: User, chat_id: UUID, message_id: UUID) -> ChatMessage:
    """Have an answer wait again for a model that has been asked for the rest of it.

    Raises:
        ChatNotFound, ChatMessageNotFound, CannotAnswer: as `plan_continue`, of what has happened since.
    """
    chats.find(tx, person, chat_id)
    message = _found(stored.find(tx, message_id), chat_id)
    rules.check_continue(message, stored.has_children(tx, message_id))
    if message.content and not chat_events.last_number(tx, message_id):  # they were forgotten: who reads it from the
        whole = Event(message.last_event, EventKind.TOKEN, message.content)  # beginning must still find all of it
        chat_events.add(tx, [NewEvent(message_id, whole)])
    stored.wait_again(tx, message_id)
    return replace(message, state=State.PENDING, error=None, end_date=None, finish_reason=None)


def _question(message_id: UUID, person: User, work: Work, thread: Sequence[ChatMessage]) -> Question:
    system = [Turn(Speaker.SYSTEM, work.system_text)] if work.system_text else []
    said = [
        Turn(Speaker.USER if message.role is Role.PROMPTER else Speaker.ASSISTANT, message.content)
        for message in thread
        if message.content
    ]
    return Question(
        id=str(message_id),
        person=str(person.id),
        model=work.model,
        turns=(*system, *said),
        sampling=work.sampling,
        max_tokens=work.max_tokens,
    )


def _in_chat(tx: Transaction, chat: Chat, message_id: UUID) -> ChatMessage:
    return _found(stored.find(tx, message_id), chat.id)


def _found(message: ChatMessage | None, chat_id: UUID) -> ChatMessage:
    if message is None or message.chat_id != chat_id:
        raise ChatMessageNotFound("there is no such message in this chat")
    return message


def _made(tx: Transaction, person: User, request_key: str, chat: Chat) -> ChatMessage | None:
    """What the same request has made before."""
    made = stored.by_request_key(tx, person.id, request_key)
    if made is not None and made.chat_id != chat.id:
        raise Invalid("this idempotency key was used for another chat; choose a new one for each request")
    return made


def _check_room(tx: Transaction, chat: Chat, limits: ChatLimits) -> None:
    if stored.count(tx, chat.id) >= limits.max_messages:
        raise ChatFull(f"this chat has {limits.max_messages} messages, which is as many as one may have; begin another")
