"""The tables of what people decide about themselves: their languages, the terms they accept, what they are called."""

# pyright: reportAssignmentType=false
# SQLModel types `__tablename__` as a declared attribute and takes a plain name all the same.
from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Table
from sqlmodel import Field, SQLModel

from oa.store.columns import UtcDateTime


class UserLanguage(SQLModel, table=True):
    """A language that somebody works in; that of the interface is another matter."""

    __tablename__ = "user_language"
    user_id: UUID = Field(primary_key=True, foreign_key="user.id", ondelete="CASCADE")
    lang: str = Field(primary_key=True)
    place: int
    """Counts from 0: the language that they like best."""


class Terms(SQLModel, table=True):
    """One version of the terms of service; none is ever changed."""

    __tablename__ = "terms"
    version: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    text: str
    from_date: datetime = Field(sa_type=UtcDateTime)
    created_date: datetime = Field(sa_type=UtcDateTime)
    created_by: UUID | None = Field(default=None, foreign_key="user.id", ondelete="SET NULL")


class TermsAcceptance(SQLModel, table=True):
    """Somebody has accepted one version."""

    __tablename__ = "terms_acceptance"
    user_id: UUID = Field(primary_key=True, foreign_key="user.id", ondelete="CASCADE")
    version: int = Field(primary_key=True, foreign_key="terms.version")
    accepted_date: datetime = Field(sa_type=UtcDateTime)


class FormerName(SQLModel, table=True):
    """What somebody was called before. The journal may call them so, and must not any more when they leave."""

    __tablename__ = "former_name"
    user_id: UUID = Field(primary_key=True, foreign_key="user.id", ondelete="CASCADE")
    name: str = Field(primary_key=True)
    until_date: datetime = Field(sa_type=UtcDateTime)


def _table(model: type[SQLModel]) -> Table:
    return SQLModel.metadata.tables[str(model.__tablename__)]  # pyright: ignore[reportUnknownArgumentType, reportUnknownMemberType]


user_languages = _table(UserLanguage)
terms = _table(Terms)
terms_acceptances = _table(TermsAcceptance)
former_names = _table(FormerName)
