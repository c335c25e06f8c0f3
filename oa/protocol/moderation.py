"""Moderation on the wire: history, reports, purges, merges, the journal."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from oa.domain import moderation
from oa.domain.moderation import Act, Outcome
from oa.domain.paging import Page
from oa.domain.tree import Message
from oa.protocol.stats import SystemStats
from oa.protocol.tasks import TextWarning
from oa.protocol.users import User


class MessageEditRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Another text for a message."""

    user: User
    """Who edits; with a person's token it is always its owner."""
    new_content: str
    why: Annotated[str, Meta(max_length=1000)] | None = None
    """Goes into the journal."""


class MessageRevision(msgspec.Struct, frozen=True, kw_only=True):
    """A text that a message had at some time."""

    id: UUID
    text: str
    message_id: UUID
    user_id: UUID | None = None
    """Who wrote this text."""
    created_date: datetime | None = None
    user_is_author: bool | None = None
    """Whether they also wrote the message."""

    @classmethod
    def of(cls, revision: moderation.Revision, message: Message) -> MessageRevision:
        return cls(
            id=revision.id,
            text=revision.text,
            message_id=revision.message_id,
            user_id=revision.user_id,
            created_date=revision.created_date,
            user_is_author=revision.user_id is not None and revision.user_id == message.user_id,
        )


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What one person has against a message."""

    user_id: UUID
    username: str
    created_date: datetime
    text: str
    """In their own words, where they used any."""
    labels: Mapping[str, float]


class FlaggedMessageResponse(msgspec.Struct, frozen=True, kw_only=True):
    """A message in the moderators' queue."""

    message_id: UUID
    processed: bool
    created_date: datetime | None = None
    """Of the latest report."""
    outcome: Outcome | None = None
    processed_by: UUID | None = None
    processed_date: datetime | None = None
    note: str | None = None
    reports: list[Report] = []
    warnings: list[TextWarning] = []
    """What checks found in the text when it came."""

    @classmethod
    def of(cls, flagged: moderation.Flagged) -> FlaggedMessageResponse:
        return cls(
            message_id=flagged.message_id,
            processed=flagged.processed,
            created_date=flagged.created_date,
            outcome=flagged.outcome,
            processed_by=flagged.processed_by,
            processed_date=flagged.processed_date,
            note=flagged.note,
            reports=[
                Report(
                    user_id=report.user_id,
                    username=report.username,
                    created_date=report.created_date,
                    text=report.text,
                    labels=report.labels,
                )
                for report in flagged.reports
            ],
            warnings=[TextWarning.of(one) for one in flagged.warnings],
        )


class FlaggedMessagePage(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the queue, and the cursors of its neighbours."""

    prev: str | None = None
    next: str | None = None
    sort_key: str
    items: list[FlaggedMessageResponse]
    order: Literal["asc", "desc"]

    @classmethod
    def of(cls, page: Page[moderation.Flagged]) -> FlaggedMessagePage:
        items = [FlaggedMessageResponse.of(one) for one in page.items]
        return cls(prev=page.prev, next=page.next, sort_key=page.sort_key, items=items, order=page.order)


class PurgeResultModel(msgspec.Struct, frozen=True, kw_only=True):
    """What a purge removed, or would remove."""

    before: SystemStats
    after: SystemStats
    preview: bool
    """Nothing was changed."""
    duration: float
    """In seconds."""
    messages: int
    """Those that went, with the replies of others under them."""
    trees: int
    """Those that went as a whole."""
    ballots: int
    reactions: int
    tasks: int


class MergeUsersRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Users who are the same person."""

    destination_user_id: UUID
    """Who stays."""
    source_user_ids: Annotated[list[UUID], Meta(max_length=100)]
    """Whose everything goes to the destination; they are removed."""
    why: Annotated[str, Meta(max_length=1000)] | None = None
    """Goes into the journal."""


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """What an act of moderation changed, or would change."""

    act: Act
    changed: bool
    """False: everything was so already."""
    preview: bool
    """Nothing was changed."""
    messages: list[UUID]
    """Those that were hidden, shown again or rewritten."""
    users: list[UUID]
    before: dict[str, Any]
    after: dict[str, Any]
    warnings: list[TextWarning] = []
    """What checks have found in the text that a message has now."""

    @classmethod
    def of(cls, effect: moderation.Effect, *, preview: bool) -> Effect:
        return cls(
            act=effect.act,
            changed=effect.changed,
            preview=preview,
            messages=list(effect.messages),
            users=list(effect.users),
            before=dict(effect.before or {}),
            after=dict(effect.after or {}),
            warnings=[TextWarning.of(one) for one in effect.warnings],
        )


class JournalEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened."""

    id: int
    created_date: datetime
    event_type: str
    user_id: UUID | None
    """Who did it; null for whoever has the hub's machine, a program in its own name, and what happens by itself."""
    message_id: UUID | None
    api_client_id: UUID | None
    payload: dict[str, Any]
    """For acts of moderation: `before`, `after`, `users` upon whom, and `why` if that was said."""
    undoes: int | None = None

    @classmethod
    def of(cls, event: moderation.Event) -> JournalEvent:
        return cls(
            id=event.id,
            created_date=event.date,
            event_type=event.kind,
            user_id=event.user_id,
            message_id=event.message_id,
            api_client_id=event.api_client_id,
            payload=dict(event.facts),
            undoes=event.undoes,
        )
