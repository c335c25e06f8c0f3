"""The tables of what was found in texts when they came."""

# pyright: reportAssignmentType=false
# SQLModel types `__tablename__` as a declared attribute and takes a plain name all the same.
from __future__ import annotations

from uuid import UUID

from sqlalchemy import BigInteger, Table
from sqlmodel import Field, SQLModel


class TextWarning(SQLModel, table=True):
    """Something that a check found in a text that was taken all the same."""

    __tablename__ = "text_warning"
    message_id: UUID = Field(primary_key=True, foreign_key="message.id", ondelete="CASCADE")
    check: str = Field(primary_key=True)
    what: str = Field(primary_key=True)
    """What it is, and of personal data only the kind."""


class TextSketch(SQLModel, table=True):
    """A few marks of a text by which texts like it are found (`oa.domain.likeness.sketch`).

    Derived; filled only while the campaign looks for near duplicates, and then for every text that is long enough.
    """

    __tablename__ = "text_sketch"
    message_id: UUID = Field(primary_key=True, foreign_key="message.id", ondelete="CASCADE")
    mark_1: int = Field(sa_type=BigInteger, index=True)
    mark_2: int = Field(sa_type=BigInteger, index=True)
    mark_3: int = Field(sa_type=BigInteger, index=True)
    mark_4: int = Field(sa_type=BigInteger, index=True)
    mark_5: int = Field(sa_type=BigInteger, index=True)


text_warnings: Table = SQLModel.metadata.tables["text_warning"]
text_sketches: Table = SQLModel.metadata.tables["text_sketch"]
