"""Chats: the states of a message, the tree that messages form, and what may be done to which of them.

A chat is a tree like those of data collection, but its person's alone. Prompts and answers take turns. A message may
have any number of siblings: an answer is generated anew beside the old one, and a prompt is edited by writing another
beside it, the first one of the chat included.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from oa.domain.tree import Role
from oa.errors import CannotAnswer, ChatMessageNotFound, Invalid

LONGEST_TITLE = 100

MOST_DRAFTS = 8
"""Answers to one prompt that may be under way at the same time."""


class State(StrEnum):
    """Where a message stands; Open-Assistant's words."""

    MANUAL = "manual"
    """A prompt: a person wrote it."""
    PENDING = "pending"
    """An answer that waits for a model."""
    IN_PROGRESS = "in_progress"
    COMPLETE = "complete"
    CANCELLED = "cancelled"
    """Its person stopped it, or asked something else while it waited."""
    ABORTED = "aborted_by_worker"
    """The model, or what runs it, failed."""
    TIMEOUT = "timeout"

    @property
    def is_finished(self) -> bool:
        return self not in UNFINISHED

    @property
    def is_failure(self) -> bool:
        """Whether a stream ends with an error because of it. Who stops an answer gets what there is of it."""
        return self in FAILED


UNFINISHED = frozenset({State.PENDING, State.IN_PROGRESS})
FAILED = frozenset({State.ABORTED, State.TIMEOUT})
NEXT: Mapping[State, frozenset[State]] = {
    State.MANUAL: frozenset(),
    State.PENDING: frozenset({State.IN_PROGRESS, State.COMPLETE, State.CANCELLED, State.ABORTED, State.TIMEOUT}),
    State.IN_PROGRESS: frozenset({State.COMPLETE, State.CANCELLED, State.ABORTED, State.TIMEOUT}),
    State.COMPLETE: frozenset({State.PENDING}),
    State.CANCELLED: frozenset({State.PENDING}),
    State.ABORTED: frozenset({State.PENDING}),
    State.TIMEOUT: frozenset({State.PENDING}),
}
"""What may follow a state. An answer that is finished becomes pending again when it is continued."""


class TitleBy(StrEnum):
    """Who has given a chat its title."""

    PROMPT = "prompt"
    """It is the beginning of the first prompt, for lack of a better one."""
    MODEL = "model"
    PERSON = "person"


class ReportType(StrEnum):
    SPAM = "spam"
    OFFENSIVE = "offensive"
    FEEDBACK = "feedback"


class EventKind(StrEnum):
    """What a stream tells; Open-Assistant's words. The last two end it, and only tokens and plugins are kept."""

    PENDING = "pending"
    TOKEN = "token"
    PLUGIN = "plugin_intermediate"
    MESSAGE = "message"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to an answer, numbered from 1 within its message. That it has ended is no event of its
    own: `ChatMessage.last_event` is the number under which that is told, and all the rest stands in the message."""

    number: int
    kind: EventKind
    text: str = ""
    """Of a token: what it adds to the answer."""
    facts: Mapping[str, Any] | None = None
    """Of the use of a tool."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chat:
    id: UUID
    user_id: UUID
    created_date: datetime
    modified_date: datetime
    """When its last prompt was written."""
    title: str | None = None
    title_by: TitleBy | None = None
    hidden: bool = False
    allow_data_use: bool = True
    """Without it, nothing of the chat is ever exported for training."""
    active_tail_id: UUID | None = None
    """The leaf of the branch that its person looked at last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A complaint about an answer."""

    id: UUID
    report_type: ReportType
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatShare:
    """A link by which anybody may read one thread of a chat."""

    id: UUID
    chat_id: UUID
    leaf_id: UUID
    """The last message that it shows."""
    created_date: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatMessage:
    id: UUID
    chat_id: UUID
    parent_id: UUID | None
    role: Role
    created_date: datetime
    state: State
    content: str | None = None
    """None while it is being written, and where nothing came."""
    error: str | None = None
    """Why it failed, in a sentence."""
    score: int = 0
    """Its person's vote: -1, 0 or 1."""
    model: str | None = None
    work: Mapping[str, Any] | None = None
    """What the model was asked to keep to: sampling, seed, system prompt and so on."""
    begin_date: datetime | None = None
    end_date: datetime | None = None
    worker: str | None = None
    finish_reason: str | None = None
    """`end`, `stop` or `length` (`oa.inference.engine.Reason`)."""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    dropped_turns: int = 0
    """The oldest turns of the conversation that the model was not shown, for lack of room."""
    used_plugin: Mapping[str, Any] | None = None
    last_event: int = 0
    reports: tuple[Report, ...] = ()

    @property
    def can_be_answered(self) -> bool:
        """Whether there is anything to answer: a prompt, or an answer that has ended with some text."""
        return self.role is Role.PROMPTER or (self.state.is_finished and bool(self.content))


@dataclass(frozen=True, slots=True)
class ChatTree:
    """The messages of a chat, oldest first."""

    messages: Sequence[ChatMessage]
    _by_id: dict[UUID, ChatMessage] = field(init=False, repr=False, default_factory=dict[UUID, ChatMessage])
    _below: dict[UUID | None, list[ChatMessage]] = field(
        init=False, repr=False, default_factory=dict[UUID | None, list[ChatMessage]]
    )

    def __post_init__(self) -> None:
        for message in self.messages:
            self._by_id[message.id] = message
            self._below.setdefault(message.parent_id, []).append(message)

    def find(self, message_id: UUID) -> ChatMessage:
        """
        Raises:
            ChatMessageNotFound
        """
        found = self._by_id.get(message_id)
        if found is None:
            raise ChatMessageNotFound("there is no such message in this chat")
        return found

    def children(self, message_id: UUID | None) -> Sequence[ChatMessage]:
        """The messages below one, or those that begin the chat."""
        return self._below.get(message_id, ())

    def thread(self, leaf_id: UUID) -> list[ChatMessage]:
        """From the beginning of the chat down to a message."""
        path: list[ChatMessage] = []
        at: UUID | None = leaf_id
        while at is not None:
            message = self.find(at)
            path.append(message)
            at = message.parent_id
        return path[::-1]

    def tail(self, active_id: UUID | None) -> UUID | None:
        """The leaf to show: below the one that was looked at last, the newest; None where there are no messages."""
        at = active_id if active_id in self._by_id else None
        while below := self.children(at):
            at = below[-1].id
        return at


# --- rules -----------------------------------------------------------------------------------------------------------


def check_prompt_below(parent: ChatMessage | None) -> None:
    """Whether somebody may write a prompt below a message, or at the beginning of the chat.

    Raises:
        CannotAnswer: it is a prompt, not finished, or has no text.
    """
    if parent is None:
        return
    if parent.role is Role.PROMPTER:
        raise CannotAnswer("a prompt is answered by the assistant; ask for that, or write beside the prompt instead")
    if not parent.state.is_finished:
        raise CannotAnswer("this answer is still being written; wait for it, or stop it first")
    if not parent.can_be_answered:
        raise CannotAnswer("this answer failed before it said anything; continue it, or ask for another one beside it")


def check_answer_below(parent: ChatMessage, siblings: Iterable[ChatMessage]) -> None:
    """Whether a model may be asked to answer a message.

    Raises:
        CannotAnswer: it is no prompt, or too many answers to it are under way.
    """
    if parent.role is not Role.PROMPTER:
        raise CannotAnswer("the assistant answers prompts; this is an answer: continue it, or write a prompt below it")
    under_way = sum(not sibling.state.is_finished for sibling in siblings)
    if under_way >= MOST_DRAFTS:
        raise CannotAnswer(f"{under_way} answers to this prompt are being written; wait for them, or stop one first")


def check_continue(message: ChatMessage, has_children: bool) -> None:
    """Whether a model may write on where an answer ends.

    Raises:
        CannotAnswer: it is no answer, being written, complete, or was answered itself.
    """
    if message.role is not Role.ASSISTANT:
        raise CannotAnswer("only an answer of the assistant can be continued")
    if not message.state.is_finished:
        raise CannotAnswer("this answer is being written already")
    if message.state is State.COMPLETE and message.finish_reason != "length":
        raise CannotAnswer("this answer is complete; write a prompt below it, or ask for another one beside it")
    if has_children:
        raise CannotAnswer("this answer has been answered itself; ask for another one beside it instead")


def check_judgement(message: ChatMessage) -> None:
    """Whether somebody may vote on a message, choose it among drafts or report it.

    Raises:
        CannotAnswer: it is no answer of the assistant, or not finished.
    """
    if message.role is not Role.ASSISTANT:
        raise CannotAnswer("only answers of the assistant are judged")
    if not message.state.is_finished:
        raise CannotAnswer("this answer is still being written")


def check_score(score: int) -> None:
    """
    Raises:
        Invalid: a vote is something else.
    """
    if score not in (-1, 0, 1):
        raise Invalid(f"a vote is 1, -1, or 0 to take it back, not {score}")


def check_inferior(selected: ChatMessage, others: Sequence[ChatMessage]) -> None:
    """
    Raises:
        Invalid: the others are no answers to the same prompt, or the chosen one is among them.
    """
    for other in others:
        if other.id == selected.id or other.parent_id != selected.parent_id or other.role is not Role.ASSISTANT:
            raise Invalid("the answers that were not chosen must be other answers to the same prompt")
