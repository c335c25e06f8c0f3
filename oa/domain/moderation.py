"""Keeping order: what red flags and skips do by themselves, and the words for what moderators do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from oa.domain.campaign import Campaign
from oa.domain.checks import Finding
from oa.domain.emoji import Emoji
from oa.domain.lifecycle import Tree, TreeState
from oa.domain.tree import Node

MODERATED = frozenset({TreeState.INITIAL_PROMPT_REVIEW, TreeState.GROWING})
"""States in which people are still shown messages one by one; what has been ranked is left to the moderators."""


class Action(StrEnum):
    ABORT_TREE = "abort_tree"
    DELETE_MESSAGE = "delete_message"
    """With everything below it."""
    HALT_TREE = "halt_tree"


def auto_moderation(emojis: Mapping[str, int], node: Node, tree: Tree, campaign: Campaign) -> Action | None:
    """What the reactions to one message bring about, if anything. Red flags weigh more than skips.

    A rejected reply is left alone: it is out of everybody's way already.

    Args:
        emojis: how many people gave each emoji to this message.
    """
    if not campaign.auto_mod_enabled or tree.state not in MODERATED or node.deleted:
        return None
    if node.parent_id is not None and not node.is_live(campaign.num_reviews_reply):
        return None
    if emojis.get(Emoji.RED_FLAG, 0) >= campaign.auto_mod_red_flags:
        return Action.ABORT_TREE if node.parent_id is None else Action.DELETE_MESSAGE
    if emojis.get(Emoji.SKIP_REPLY, 0) >= campaign.auto_mod_max_skip_reply:
        return Action.HALT_TREE
    return None


# --- by moderators ---------------------------------------------------------------------------------------------------


class Act(StrEnum):
    """What moderators do, as the journal calls it."""

    HALT = "tree_halted"
    RESUME = "tree_resumed"
    DELETE = "message_deleted"
    RESTORE = "message_restored"
    EDIT = "message_edited"
    STOP = "user_disabled"
    ENABLE = "user_enabled"
    BAN = "user_banned"
    UNBAN = "user_unbanned"
    PURGE = "user_purged"
    PURGE_MESSAGES = "user_messages_purged"
    MERGE = "users_merged"
    REPORT = "report_processed"


class Outcome(StrEnum):
    """What came of a report."""

    DISMISSED = "dismissed"
    MESSAGE_DELETED = "message_deleted"
    MESSAGE_EDITED = "message_edited"
    TREE_HALTED = "tree_halted"
    AUTHOR_STOPPED = "author_stopped"
    AUTHOR_BANNED = "author_banned"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened, as the journal has it."""

    id: int
    date: datetime
    kind: str
    user_id: UUID | None
    """Who did it; None for whoever has the hub's machine, a program in its own name, and what happens by itself."""
    message_id: UUID | None
    api_client_id: UUID | None
    facts: Mapping[str, Any]
    undoes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilter:
    """Which events are wanted; what is None or empty does not matter."""

    event_types: tuple[str, ...] = ()
    user_id: UUID | None = None
    """Who did it."""
    message_id: UUID | None = None
    before: int | None = None
    """Only those with a smaller number, which happened earlier."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What an act of moderation changed, or would change."""

    act: Act
    messages: tuple[UUID, ...] = ()
    users: tuple[UUID, ...] = ()
    before: Mapping[str, Any] | None = None
    """What was so; nothing when there was nothing to change."""
    after: Mapping[str, Any] | None = None
    warnings: tuple[Finding, ...] = ()
    """What checks have found in the text that a message has now."""

    @property
    def changed(self) -> bool:
        return self.before != self.after or bool(self.messages)


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """A text that a message had at some time."""

    id: UUID
    message_id: UUID
    text: str
    user_id: UUID | None
    """Who wrote this text."""
    created_date: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What one person has against a message."""

    user_id: UUID
    username: str
    created_date: datetime
    text: str = ""
    """In their own words, where they used any."""
    labels: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Flagged:
    """A message in the moderators' queue."""

    message_id: UUID
    processed: bool
    created_date: datetime
    """Of the latest report."""
    outcome: Outcome | None = None
    processed_by: UUID | None = None
    processed_date: datetime | None = None
    note: str | None = None
    reports: tuple[Report, ...] = ()
    warnings: tuple[Finding, ...] = ()
    """What checks found in the text when it came."""
