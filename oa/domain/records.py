"""Trees as they travel between hubs: what a file says of them, what must hold, and what follows where it says nothing.

A record names things as its file does; `message_uuid` and `user_uuid` say what the hub calls them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from oa.domain.lifecycle import TreeState
from oa.domain.review import LabelMean
from oa.domain.tree import Role

IMPORT_USER_ID = UUID("ed6209e1-1a09-469f-9dcc-15f6738182c6")
"""Who is said to have written imported messages whose file names nobody."""

FOREIGN_IDS = UUID("a02970c8-101e-42f6-91c6-13d1665d0102")
"""Namespace of the ids that are made for messages and people whose file does not use UUIDs."""

DEEPEST = 200
"""Messages below the prompt on the longest path of a tree that is read. Nested JSON cannot go much deeper."""

UUID_FORM = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
DIGEST_FORM = re.compile(r"[0-9a-f]{64}")


# --- ids -------------------------------------------------------------------------------------------------------------


def canonical_id(given: str) -> str | None:
    """The id in small letters, if it is a UUID or the 64 hex digits of an anonymised export; else None."""
    lowered = given.lower()
    return lowered if UUID_FORM.fullmatch(lowered) or DIGEST_FORM.fullmatch(lowered) else None


def message_uuid(canonical: str) -> UUID:
    """The hub's id of a message, or of the tree that it begins. The same id always gives the same UUID."""
    return UUID(canonical) if len(canonical) == 36 else uuid5(FOREIGN_IDS, f"message:{canonical}")


def user_uuid(canonical: str) -> UUID:
    """The hub's id of a person."""
    return UUID(canonical) if len(canonical) == 36 else uuid5(FOREIGN_IDS, f"user:{canonical}")


# --- dates -----------------------------------------------------------------------------------------------------------

FIRST_DAY = datetime(1970, 1, 1, tzinfo=UTC)


def undated(place: int) -> datetime:
    """What stands for the date of a message whose file gives none, the `place`th of its import.

    Such messages sort in the order of their file and before all others, count in no statistics of recent days, and
    are known by the year, in which nobody talked to an assistant: an export leaves the date out again.
    """
    return FIRST_DAY + timedelta(microseconds=place)


def known_date(created: datetime) -> datetime | None:
    """The date itself, unless it only stands for one."""
    return None if created.year == FIRST_DAY.year else created


# --- records ---------------------------------------------------------------------------------------------------------

Events = Mapping[str, Sequence[Mapping[str, Any]]]
"""What people did to a message, by kind: who, when it is known, and what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRecord:
    """A message in a file; None where the file says nothing."""

    id: str
    parent_id: str | None = None
    user_id: str | None = None
    created_date: datetime | None = None
    text: str
    role: Role
    lang: str | None = None
    review_count: int = 0
    review_result: bool | None = None
    deleted: bool = False
    rank: int | None = None
    synthetic: bool | None = None
    model_name: str | None = None
    emojis: Mapping[str, int] | None = None
    labels: Mapping[str, LabelMean] | None = None
    events: Events | None = None
    detoxify: Mapping[str, float] | None = None
    """Scores of the Detoxify classifier, which published data sets carry."""
    line: int = 0
    """Where in its file it stands, for whoever has to correct it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeRecord:
    """A tree in a file, or the part of one that the file holds."""

    id: str
    """Its prompt's id; in a part without the prompt, the name under which the file puts the messages together."""
    state: TreeState | None = None
    origin: str | None = None
    messages: tuple[MessageRecord, ...]
    """In any order when they come from a file of single messages."""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Fault:
    """Why something in a file was not taken."""

    line: int
    """Counted from 1."""
    reason: str


def threads_in_order(messages: Sequence[MessageRecord]) -> Iterator[tuple[MessageRecord, int]]:
    """Every message after its parent and before its parent's next reply, with how deep it stands.

    A message whose parent is not among `messages` begins at depth 0. Messages in a circle never come.
    """
    ids = {message.id for message in messages}
    replies: dict[str | None, list[MessageRecord]] = {}
    waiting: list[tuple[MessageRecord, int]] = []
    for message in messages:
        if message.parent_id in ids:
            replies.setdefault(message.parent_id, []).append(message)
        else:
            waiting.append((message, 0))
    waiting.reverse()
    while waiting:
        message, depth = waiting.pop()
        yield message, depth
        waiting.extend((reply, depth + 1) for reply in reversed(replies.get(message.id, ())))


def in_ranked_order(messages: Sequence[MessageRecord]) -> list[MessageRecord]:
    """The messages depth first; replies by rank, and those without one last, in the order in which they are given."""
    ranked = sorted(messages, key=lambda message: (message.rank is None, message.rank or 0))
    return [message for message, _ in threads_in_order(ranked)]


# --- what must hold --------------------------------------------------------------------------------------------------


def fault_of(tree: TreeRecord) -> Fault | None:
    """The first thing that is wrong with how a tree is put together.

    A parent outside the record is not wrong by itself: it may be known already.
    """
    return _misnamed(tree) or _misplaced(tree)


def _misnamed(tree: TreeRecord) -> Fault | None:
    seen: set[str] = set()
    prompt: MessageRecord | None = None
    for message in tree.messages:
        if message.id in seen:
            return Fault(message.line, f"message {message.id} stands in its tree twice")
        seen.add(message.id)
        if message.parent_id is not None:
            continue
        if prompt is not None:
            return Fault(message.line, f"{prompt.id} and {message.id} both claim to be the prompt of one tree")
        prompt = message
        if message.role is not Role.PROMPTER:
            return Fault(message.line, f"message {message.id} begins a tree, so its role must be prompter")
    return None


def _misplaced(tree: TreeRecord) -> Fault | None:
    roles = {message.id: message.role for message in tree.messages}
    placed = 0
    for message, depth in threads_in_order(tree.messages):
        placed += 1
        if depth > DEEPEST:
            return Fault(message.line, f"message {message.id} stands more than {DEEPEST} messages below its prompt")
        if message.parent_id in roles and roles[message.parent_id] is message.role:
            return Fault(message.line, f"message {message.id} has the role of the message that it answers")
    if placed < len(tree.messages):
        return Fault(tree.line, "messages of this tree answer each other in a circle")
    return None


# --- what follows ----------------------------------------------------------------------------------------------------


def is_taken_on_trust(tree: TreeRecord) -> bool:
    """Whether nothing in the record says that anybody ever reviewed it: then its messages count as accepted.

    A file of finished conversations from elsewhere is like that. Where a state is given, reviews are part of it.
    """
    return tree.state is None and all(
        message.review_result is None and message.review_count == 0 for message in tree.messages
    )


def implied_state(tree: TreeRecord) -> TreeState:
    """Where a whole tree stands whose file does not say so.

    Ranks are given at the very end, so a ranked tree is finished. Replies without ranks wait in the backlog; a prompt
    alone waits for the draw, or for its reviews.
    """
    root = next(message for message in tree.messages if message.parent_id is None)
    if root.deleted:
        return TreeState.HALTED_BY_MODERATOR
    if root.review_result is False:
        return TreeState.ABORTED_LOW_GRADE
    if any(message.rank is not None for message in tree.messages):
        return TreeState.READY_FOR_EXPORT
    if len(tree.messages) > 1:
        return TreeState.BACKLOG_RANKING
    is_accepted = root.review_result is True or is_taken_on_trust(tree)
    return TreeState.PROMPT_LOTTERY_WAITING if is_accepted else TreeState.INITIAL_PROMPT_REVIEW


def has_grown(state: TreeState, *, replies: int) -> bool:
    """Whether a tree in this state must have won the draw once, so that it grows on if somebody resumes it."""
    if state in (TreeState.INITIAL_PROMPT_REVIEW, TreeState.PROMPT_LOTTERY_WAITING):
        return False
    return replies > 0 or state not in (TreeState.ABORTED_LOW_GRADE, TreeState.HALTED_BY_MODERATOR)


def is_synthetic(message: MessageRecord, *, by_model: bool) -> bool:
    """Whether a machine wrote the message.

    Args:
        by_model: the whole file is said to come from a model; then the assistant's messages do that say nothing else.
    """
    if message.synthetic is not None:
        return message.synthetic
    return message.model_name is not None or (by_model and message.role is Role.ASSISTANT)
