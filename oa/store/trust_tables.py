"""The table of trust: what should be looked at by a human."""

# pyright: reportAssignmentType=false
# SQLModel types `__tablename__` as a declared attribute and takes a plain name all the same.
from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, Table
from sqlmodel import Field, SQLModel

from oa.store.columns import Json, UtcDateTime


class AbuseSign(SQLModel, table=True):
    """Something about a person, or about two, that a moderator should look at or has looked at."""

    __tablename__ = "abuse_sign"
    __table_args__ = (Index("abuse_sign_by_date", "created_date", "id"),)
    id: UUID = Field(primary_key=True)
    kind: str
    user_id: UUID = Field(foreign_key="user.id", ondelete="CASCADE", index=True)
    other_user_id: UUID | None = Field(default=None, foreign_key="user.id", ondelete="CASCADE", index=True)
    evidence: dict[str, Any] = Field(sa_type=Json)
    """Counts and ids; never a text or a name."""
    since: datetime = Field(sa_type=UtcDateTime)
    created_date: datetime = Field(sa_type=UtcDateTime)
    status: str = Field(index=True)
    decided_by: UUID | None = Field(default=None, foreign_key="user.id", ondelete="SET NULL")
    decided_date: datetime | None = Field(default=None, sa_type=UtcDateTime)
    note: str = ""


abuse_signs: Table = SQLModel.metadata.tables["abuse_sign"]
