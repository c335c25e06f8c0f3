"""What the built-in model is taught, in which order, and how much of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a question is about."""

    GREETING = "greeting"
    WHO = "who are you"
    SUM = "small sum"
    CAPITAL = "capital"
    OPPOSITE = "opposite"
    UNIT = "unit"
    WEEKDAY = "weekday"
    NAME = "name"
    UNKNOWN = "does not know"


@dataclass(frozen=True, slots=True)
class Course:
    """What lessons are about."""

    shares: Mapping[Kind, float]
    """How often a question is of each kind."""
    lengths: Mapping[int, float]
    """How many questions a lesson has."""
    told: float
    """How often somebody says their name before they ask for it."""
    told_again: float
    """How often somebody who has told it tells another one, instead of asking."""


FACTS: Mapping[Kind, float] = {
    Kind.GREETING: 0.05,
    Kind.WHO: 0.06,
    Kind.SUM: 0.22,
    Kind.CAPITAL: 0.13,
    Kind.OPPOSITE: 0.10,
    Kind.UNIT: 0.08,
    Kind.WEEKDAY: 0.04,
    Kind.NAME: 0.05,
    Kind.UNKNOWN: 0.27,
}
MEMORY: Mapping[Kind, float] = {
    Kind.GREETING: 0.06,
    Kind.WHO: 0.06,
    Kind.SUM: 0.13,
    Kind.CAPITAL: 0.06,
    Kind.OPPOSITE: 0.05,
    Kind.UNIT: 0.06,
    Kind.WEEKDAY: 0.04,
    Kind.NAME: 0.27,
    Kind.UNKNOWN: 0.27,
}

CONVERSATION: Mapping[Kind, float] = {
    Kind.GREETING: 0.03,
    Kind.WHO: 0.03,
    Kind.SUM: 0.13,
    Kind.CAPITAL: 0.06,
    Kind.OPPOSITE: 0.06,
    Kind.UNIT: 0.07,
    Kind.WEEKDAY: 0.03,
    Kind.NAME: 0.33,
    Kind.UNKNOWN: 0.26,
}

FIRST_COURSE = Course(shares=FACTS, lengths={1: 0.3, 2: 0.25, 3: 0.2, 4: 0.15, 6: 0.1}, told=0.75, told_again=0.3)
"""Mostly facts."""

SECOND_COURSE = Course(shares=MEMORY, lengths={1: 0.1, 2: 0.2, 3: 0.25, 4: 0.25, 6: 0.2}, told=0.85, told_again=0.12)
"""Looking back at what was said, once the facts are known."""

THIRD_COURSE = Course(shares=CONVERSATION, lengths={2: 0.2, 3: 0.3, 4: 0.3, 6: 0.2}, told=0.9, told_again=0.08)
"""Looking back further, and saying over again exactly what was said."""
