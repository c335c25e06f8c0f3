"""Goals, announcements and badges on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from oa.domain import announcements, badges, goals
from oa.domain.standing import Sample


class NewGoal(msgspec.Struct, frozen=True, kw_only=True):
    """How many samples of a kind and language are wanted."""

    kind: Sample
    lang: Annotated[str, Meta(min_length=2, max_length=35)]
    wanted: Annotated[int, Meta(ge=1, le=goals.LARGEST)]


class Goal(NewGoal, frozen=True, kw_only=True):
    """A goal and how far it is reached."""

    collected: int
    """Accepted messages that people wrote, or rankings that have a consensus."""
    progress: float
    """From 0 to 1."""

    @classmethod
    def of(cls, goal: goals.Goal) -> Goal:
        return cls(kind=goal.kind, lang=goal.lang, wanted=goal.wanted, collected=goal.collected, progress=goal.progress)


class NewAnnouncement(msgspec.Struct, frozen=True, kw_only=True):
    """What everybody is to be told."""

    text: Annotated[str, Meta(min_length=1, max_length=announcements.LONGEST)]
    lang: Annotated[str, Meta(min_length=2, max_length=35)] | None = None
    """Whom it concerns, by the language that they work in; everybody when left out."""
    from_date: datetime | None = None
    """At once when left out."""
    until_date: datetime | None = None
    """Until it is ended when left out."""


class Announcement(msgspec.Struct, frozen=True, kw_only=True):
    """What everybody is told for a while."""

    id: UUID
    text: str
    lang: str | None = None
    from_date: datetime
    until_date: datetime | None = None
    created_date: datetime

    @classmethod
    def of(cls, found: announcements.Announcement) -> Announcement:
        return cls(
            id=found.id,
            text=found.text,
            lang=found.lang,
            from_date=found.from_date,
            until_date=found.until_date,
            created_date=found.created_date,
        )


class Badge(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody has reached."""

    name: str
    text: str
    """In words, without the person."""
    earned_date: datetime
    """Of the deed that reached it."""

    @classmethod
    def of(cls, earned: badges.Earned) -> Badge:
        return cls(name=earned.badge.name, text=earned.badge.text, earned_date=earned.date)
