"""Figures about the whole community."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemStats:
    """How much there is."""

    all: int
    active: int
    """Messages that are not deleted."""
    active_by_lang: Mapping[str, int]
    deleted: int
    message_trees: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeCount:
    """The messages of one tree that are not deleted, in figures."""

    message_tree_id: UUID
    state: str
    depth: int
    oldest: datetime
    youngest: datetime
    count: int
    goal_tree_size: int


class CachedName(StrEnum):
    """The figures that are counted from time to time."""

    HUMAN_MESSAGES_BY_LANG = "human_messages_by_lang"
    HUMAN_MESSAGES_BY_ROLE = "human_messages_by_role"
    MESSAGE_TREES_BY_STATE = "message_trees_by_state"
    MESSAGE_TREES_STATES_BY_LANG = "message_trees_states_by_lang"
    USERS_ACCEPTED_TOS = "users_accepted_tos"


@dataclass(frozen=True, slots=True, kw_only=True)
class CachedFigures:
    name: CachedName
    last_updated: datetime
    stats: Any
    """An object or a list of objects."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """What was done on one day (UTC)."""

    day: date
    messages: int = 0
    labels: int = 0
    rankings: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """Everything that `oa stats` shows."""

    system: SystemStats
    trees_by_state: Mapping[str, int]
    open_work: Mapping[str, int]
    """Slots with free places, by kind of task."""
    users: int
    active_users: int
    """Who did something within the last seven days."""
    open_reports: int
    activity: tuple[Activity, ...]
    """Day by day, oldest first."""
