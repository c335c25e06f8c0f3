"""Figures on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from oa.domain import statistics
from oa.domain.statistics import CachedName


class SystemStats(msgspec.Struct, frozen=True, kw_only=True):
    """How many messages there are."""

    all: int
    active: int
    """Those that are not deleted."""
    active_by_lang: dict[str, int]
    deleted: int
    message_trees: int

    @classmethod
    def of(cls, stats: statistics.SystemStats) -> SystemStats:
        return cls(
            all=stats.all,
            active=stats.active,
            active_by_lang=dict(stats.active_by_lang),
            deleted=stats.deleted,
            message_trees=stats.message_trees,
        )


class TreeMessageCountStats(msgspec.Struct, frozen=True, kw_only=True):
    """The messages of one tree that are not deleted, in figures."""

    message_tree_id: UUID
    state: str
    depth: int
    oldest: datetime
    youngest: datetime
    count: int
    goal_tree_size: int

    @classmethod
    def of(cls, tree: statistics.TreeCount) -> TreeMessageCountStats:
        return cls(
            message_tree_id=tree.message_tree_id,
            state=tree.state,
            depth=tree.depth,
            oldest=tree.oldest,
            youngest=tree.youngest,
            count=tree.count,
            goal_tree_size=tree.goal_tree_size,
        )


class TreeManagerStats(msgspec.Struct, frozen=True, kw_only=True):
    """Trees by state, and each active one in figures."""

    state_counts: dict[str, int]
    message_counts: list[TreeMessageCountStats]


class CachedStatsResponse(msgspec.Struct, frozen=True, kw_only=True):
    """Figures that are counted from time to time."""

    name: CachedName
    last_updated: datetime
    stats: dict[str, Any] | list[Any]

    @classmethod
    def of(cls, figures: statistics.CachedFigures) -> CachedStatsResponse:
        return cls(name=figures.name, last_updated=figures.last_updated, stats=figures.stats)


class AllCachedStatsResponse(msgspec.Struct, frozen=True, kw_only=True):
    stats_by_name: dict[str, CachedStatsResponse]
