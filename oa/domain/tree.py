"""Messages and the trees they form: who speaks, paths, siblings and what must always hold."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import pairwise
from typing import TypeVar
from uuid import UUID

from oa.errors import BrokenConversation


class Role(StrEnum):
    PROMPTER = "prompter"
    ASSISTANT = "assistant"

    @property
    def other(self) -> Role:
        """Who speaks next."""
        return Role.ASSISTANT if self is Role.PROMPTER else Role.PROMPTER


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """What the rules of a tree's life need to know of a message, without its text."""

    id: UUID
    parent_id: UUID | None
    user_id: UUID | None
    role: Role
    lang: str
    depth: int = 0
    deleted: bool = False
    review_result: bool | None = None
    """None while undecided."""
    review_count: int = 0

    def is_accepted(self) -> bool:
        return not self.deleted and self.review_result is True

    def is_live(self, required_reviews: int) -> bool:
        """Accepted, or still with a chance of it: such a reply takes up a place under its parent."""
        return not self.deleted and (self.review_result is not False or self.review_count < required_reviews)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message with everything that its readers see."""

    id: UUID
    parent_id: UUID | None
    tree_id: UUID
    user_id: UUID | None
    api_client_id: UUID
    frontend_message_id: str
    task_id: UUID | None = None
    role: Role
    text: str
    lang: str
    depth: int
    created_date: datetime
    children_count: int = 0
    deleted: bool = False
    review_count: int = 0
    review_result: bool | None = None
    ranking_count: int = 0
    rank: int | None = None
    """Place among its siblings in the consensus, 0 is best; None when never ranked."""
    synthetic: bool = False
    edited: bool = False
    model_name: str | None = None
    emojis: Mapping[str, int] = field(default_factory=dict[str, int])

    def is_unproven(self) -> bool:
        """A reply that reviews have not accepted, or not yet; the prompt, on which everything hangs, never is."""
        return self.parent_id is not None and self.review_result is not True


Member = TypeVar("Member", Node, Message)


def children_of(members: Iterable[Member]) -> dict[UUID | None, list[Member]]:
    """The messages by parent; the root stands under None."""
    found: dict[UUID | None, list[Member]] = {}
    for member in members:
        found.setdefault(member.parent_id, []).append(member)
    return found


def root_of(nodes: Iterable[Node]) -> Node:
    """The one message without a parent.

    Raises:
        BrokenConversation: there is none.
    """
    for node in nodes:
        if node.parent_id is None:
            return node
    raise BrokenConversation("this tree has lost its first message")


def check_thread(thread: Sequence[Message]) -> Sequence[Message]:
    """The thread itself, if it is a path from a root down, each the parent of the next.

    Raises:
        BrokenConversation: a message of it is missing.
    """
    broken = not thread or thread[0].parent_id is not None
    if broken or any(reply.parent_id != parent.id for parent, reply in pairwise(thread)):
        raise BrokenConversation("a message of this conversation is missing")
    return thread


def below(messages: Iterable[Message], start: UUID) -> Iterator[Message]:
    """Everything under `start`, level by level; `start` itself is left out."""
    children = children_of(messages)
    waiting = deque(children.get(start, ()))
    while waiting:
        message = waiting.popleft()
        yield message
        waiting.extend(children.get(message.id, ()))


def longest_thread(messages: Iterable[Message]) -> list[Message]:
    """The longest path from the root down; of several, the one whose last message is oldest.

    Messages without a path to the root in `messages` do not count. Empty when there is no root.
    """
    children = children_of(messages)
    level = [[root] for root in children.get(None, ())]
    longest = level
    while level:
        longest = level
        level = [[*path, child] for path in level for child in children.get(path[-1].id, ())]
    if not longest:
        return []
    return min(longest, key=lambda path: (path[-1].created_date, path[-1].id))


def most_replied(messages: Sequence[Message]) -> tuple[Message, list[Message]] | None:
    """The message with the most replies and those replies; the oldest of several. None when nothing has a reply."""
    children = children_of(messages)
    parents = [message for message in messages if message.id in children]
    if not parents:
        return None
    parent = min(parents, key=lambda message: (-len(children[message.id]), message.created_date, message.id))
    return parent, children[parent.id]
