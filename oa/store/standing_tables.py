"""The tables of standing: what people have earned, what the community aims at, and what it is told."""

# pyright: reportAssignmentType=false
# SQLModel types `__tablename__` as a declared attribute and takes a plain name all the same.
from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, Table, Uuid, text
from sqlmodel import Field, SQLModel

from oa.domain.standing import COUNTERS, SUMS
from oa.store.columns import UtcDateTime

standing = Table(
    "standing",
    SQLModel.metadata,
    Column("user_id", Uuid, ForeignKey("user.id", ondelete="CASCADE"), primary_key=True),
    Column("frame", Integer, primary_key=True, autoincrement=False),
    *(
        Column(name, BigInteger if name in SUMS else Integer, nullable=False, server_default=text("0"))
        for name in COUNTERS
    ),
    # Minus the scores, so that an index in plain order has the best first; NULL where nothing counts. No generated
    # columns: an index over one does not cover a query, and counting places would take ten times as long.
    Column("leader_order", Integer),
    Column("troll_order", Integer),
    Index("leaderboard", "frame", "leader_order", "user_id"),
    Index("trollboard", "frame", "troll_order", "user_id"),
    sqlite_with_rowid=False,  # a person's frames lie side by side, and one statement moves them all
)
"""Derived: what one person has in one time frame (`TimeFrame.breadth`); no row where that is nothing."""


class StandingFrame(SQLModel, table=True):
    """Derived: from which moment on `standing` counts in a frame."""

    __tablename__ = "standing_frame"
    frame: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    base_date: datetime = Field(sa_type=UtcDateTime)


class Collected(SQLModel, table=True):
    """Derived: how much the community has of each kind of sample, in each language."""

    __tablename__ = "collected"
    kind: str = Field(primary_key=True)
    lang: str = Field(primary_key=True)
    samples: int


class CampaignGoal(SQLModel, table=True):
    """How much of it the community wants."""

    __tablename__ = "campaign_goal"
    kind: str = Field(primary_key=True)
    lang: str = Field(primary_key=True)
    wanted: int


class Announcement(SQLModel, table=True):
    """What everybody is told for a while."""

    __tablename__ = "announcement"
    id: UUID = Field(primary_key=True)
    text: str
    lang: str | None = None
    """Whom it concerns by the language they work in; everybody when None."""
    from_date: datetime = Field(sa_type=UtcDateTime)
    until_date: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    created_date: datetime = Field(sa_type=UtcDateTime)
    created_by: UUID | None = Field(default=None, foreign_key="user.id", ondelete="SET NULL")


def _table(model: type[SQLModel]) -> Table:
    return SQLModel.metadata.tables[str(model.__tablename__)]  # pyright: ignore[reportUnknownArgumentType, reportUnknownMemberType]


standing_frames = _table(StandingFrame)
collected = _table(Collected)
campaign_goals = _table(CampaignGoal)
announcements = _table(Announcement)
