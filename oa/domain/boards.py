"""Leaderboards, trollboards and one person's standing, as they are shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from oa.domain.people import User
from oa.domain.standing import TimeFrame


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One person in one time frame."""

    frame: TimeFrame
    at: datetime
    """When this held."""
    user: User
    rank: int | None = None
    """From 1; None for those who are not shown, and where nothing counts."""
    score: int | None = None
    """None where nothing counts."""
    counters: Mapping[str, int] = field(default_factory=dict[str, int])
    streak_days: int = 0
    is_reader: bool = False
    """Whether it is the person for whom this was read."""


@dataclass(frozen=True, slots=True)
class Board:
    """People in the order of their scores."""

    frame: TimeFrame
    at: datetime
    places: Sequence[Standing]
