"""What one reader is shown."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from oa.domain.people import User
from oa.domain.tasks import ReviewMode, TaskKind
from oa.domain.tree import Message


@dataclass(frozen=True, slots=True)
class MessageView:
    """A message and what it is to this reader."""

    message: Message
    user_emojis: tuple[str, ...] = ()
    """What this reader has put on it."""
    user_is_author: bool = False
    author: User | None = None
    """Only where it was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageFilter:
    """Which messages a list has; whatever is None or empty does not matter."""

    user_id: UUID | None = None
    auth_method: str | None = None
    username: str | None = None
    """Goes with `auth_method`: the author as their program names them."""
    api_client_id: UUID | None = None
    lang: str | None = None
    only_roots: bool = False
    include_deleted: bool = False
    words: tuple[str, ...] = ()
    """What to look for, as `oa.domain.search.parse` reads it with spaces between them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UserFilter:
    """Which users a list has; whatever is None or empty does not matter."""

    api_client_id: UUID | None = None
    auth_method: str | None = None
    search_text: str | None = None
    """Stands in the name by which the list is sorted, in whatever case."""


class UserSortKey(StrEnum):
    """What a list of users is sorted by."""

    USERNAME = "username"
    DISPLAY_NAME = "display_name"


@dataclass(frozen=True, slots=True)
class TreeView:
    """A tree or a part of it."""

    id: UUID
    """Of the tree's first message; of the part's own message where it is only a part."""
    messages: tuple[MessageView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """A task as the person sees it who is to do it."""

    id: UUID
    kind: TaskKind
    conversation: tuple[MessageView, ...] = ()
    """From the prompt down; ends with the message to answer or to review, or whose replies are to be ranked."""
    replies: tuple[MessageView, ...] = ()
    """To be ranked; a ranking's numbers count in this order."""
    tree_id: UUID | None = None
    reveal_synthetic: bool = False
    """All replies are machines', so that it gives nothing away to say so."""
    mode: ReviewMode = ReviewMode.FULL
    valid_labels: tuple[str, ...] = ()
    mandatory_labels: tuple[str, ...] = ()
