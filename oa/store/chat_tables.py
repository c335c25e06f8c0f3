"""The tables of chats. A message is a row, and so is everything that happens to it while it is written."""

# pyright: reportAssignmentType=false
# SQLModel types `__tablename__` as a declared attribute and takes a plain name all the same.
from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, Table, text
from sqlmodel import Field, SQLModel

from oa.store.columns import Json, UtcDateTime


def _once_per_person(table: str) -> Index:
    """What the same person sends again under one key is found, and not made twice."""
    return Index(
        f"{table}_by_request_key",
        "user_id",
        "request_key",
        unique=True,
        sqlite_where=text("request_key IS NOT NULL"),
        postgresql_where=text("request_key IS NOT NULL"),
    )


class Chat(SQLModel, table=True):
    __tablename__ = "chat"
    __table_args__ = (Index("chat_by_person", "user_id", "created_date", "id"), _once_per_person("chat"))
    id: UUID = Field(primary_key=True)
    user_id: UUID = Field(foreign_key="user.id", ondelete="CASCADE")
    created_date: datetime = Field(sa_type=UtcDateTime)
    modified_date: datetime = Field(sa_type=UtcDateTime)
    title: str | None = None
    title_by: str | None = None
    hidden: bool = False
    allow_data_use: bool = True
    active_tail_id: UUID | None = None
    request_key: str | None = None


class ChatMessage(SQLModel, table=True):
    __tablename__ = "chat_message"
    __table_args__ = (
        Index("chat_message_in_chat", "chat_id", "number", unique=True),
        Index("chat_message_by_person", "user_id", "created_date", "id"),
        Index(
            "chat_message_unfinished",
            "user_id",
            "state",
            sqlite_where=text("state IN ('pending', 'in_progress')"),
            postgresql_where=text("state IN ('pending', 'in_progress')"),
        ),
        _once_per_person("chat_message"),
    )
    id: UUID = Field(primary_key=True)
    chat_id: UUID = Field(foreign_key="chat.id", ondelete="CASCADE")
    number: int
    """Counts from 1 in its chat."""
    user_id: UUID = Field(foreign_key="user.id", ondelete="CASCADE")
    """The person whose chat it is, who speaks or is spoken to."""
    parent_id: UUID | None = Field(default=None, foreign_key="chat_message.id", ondelete="CASCADE", index=True)
    role: str
    created_date: datetime = Field(sa_type=UtcDateTime)
    state: str
    content: str | None = None
    error: str | None = None
    score: int = 0
    model: str | None = None
    work: dict[str, Any] | None = Field(default=None, sa_type=Json)
    begin_date: datetime | None = Field(default=None, sa_type=UtcDateTime)
    end_date: datetime | None = Field(default=None, sa_type=UtcDateTime)
    worker: str | None = None
    finish_reason: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    dropped_turns: int = 0
    used_plugin: dict[str, Any] | None = Field(default=None, sa_type=Json)
    last_event: int = 0
    """The number of the event that said how the answer has ended."""
    request_key: str | None = None


class ChatEvent(SQLModel, table=True):
    """Something that happened to an answer (`oa.domain.chats.Event`). Those of answers that ended long ago are gone."""

    __tablename__ = "chat_event"
    __table_args__ = ({"sqlite_with_rowid": False},)
    message_id: UUID = Field(primary_key=True, foreign_key="chat_message.id", ondelete="CASCADE")
    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    kind: str
    text: str = ""
    facts: dict[str, Any] | None = Field(default=None, sa_type=Json)


class ChatReport(SQLModel, table=True):
    __tablename__ = "chat_report"
    id: UUID = Field(primary_key=True)
    message_id: UUID = Field(foreign_key="chat_message.id", ondelete="CASCADE", index=True)
    user_id: UUID = Field(foreign_key="user.id", ondelete="CASCADE", index=True)
    report_type: str
    reason: str
    created_date: datetime = Field(sa_type=UtcDateTime)


class ChatEvaluation(SQLModel, table=True):
    """One answer was chosen over others to the same prompt."""

    __tablename__ = "chat_evaluation"
    id: UUID = Field(primary_key=True)
    chat_id: UUID = Field(foreign_key="chat.id", ondelete="CASCADE", index=True)
    user_id: UUID = Field(foreign_key="user.id", ondelete="CASCADE", index=True)
    selected_message_id: UUID = Field(foreign_key="chat_message.id", ondelete="CASCADE", index=True)
    inferior_message_ids: list[str] = Field(sa_type=Json)
    created_date: datetime = Field(sa_type=UtcDateTime)


class ChatShare(SQLModel, table=True):
    """A link by which anybody may read one thread of a chat as it stood."""

    __tablename__ = "chat_share"
    id: UUID = Field(primary_key=True)
    chat_id: UUID = Field(foreign_key="chat.id", ondelete="CASCADE", index=True)
    user_id: UUID = Field(foreign_key="user.id", ondelete="CASCADE", index=True)
    leaf_id: UUID = Field(foreign_key="chat_message.id", ondelete="CASCADE", index=True)
    token_hash: str = Field(unique=True, max_length=64)
    """SHA-256 of the secret part of the link in hex."""
    created_date: datetime = Field(sa_type=UtcDateTime)


class RefreshToken(SQLModel, table=True):
    """What a chat client shows to get a new access token."""

    __tablename__ = "refresh_token"
    token_hash: str = Field(primary_key=True, max_length=64)
    user_id: UUID = Field(foreign_key="user.id", ondelete="CASCADE", index=True)
    created_date: datetime = Field(sa_type=UtcDateTime)
    expiry_date: datetime = Field(sa_type=UtcDateTime)
    enabled: bool = True


def _table(model: type[SQLModel]) -> Table:
    return SQLModel.metadata.tables[str(model.__tablename__)]  # pyright: ignore[reportUnknownArgumentType, reportUnknownMemberType]


chats = _table(Chat)
chat_messages = _table(ChatMessage)
chat_events = _table(ChatEvent)
chat_reports = _table(ChatReport)
chat_evaluations = _table(ChatEvaluation)
chat_shares = _table(ChatShare)
refresh_tokens = _table(RefreshToken)
