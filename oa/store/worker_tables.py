"""The table of workers: machines that answer for the hub."""

# pyright: reportAssignmentType=false
# SQLModel types `__tablename__` as a declared attribute and takes a plain name all the same.
from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Table
from sqlmodel import Field, SQLModel

from oa.store.columns import UtcDateTime


class Worker(SQLModel, table=True):
    """A machine with a key. Several may connect with one key; the dates are those of the last one."""

    __tablename__ = "worker"
    id: UUID = Field(primary_key=True)
    name: str
    key_hash: str = Field(unique=True, max_length=64)
    key_hint: str
    trusted: bool = False
    created_date: datetime = Field(sa_type=UtcDateTime)
    connected_date: datetime | None = Field(default=None, sa_type=UtcDateTime)
    last_seen_date: datetime | None = Field(default=None, sa_type=UtcDateTime)
    model: str | None = None


workers: Table = SQLModel.metadata.tables["worker"]
