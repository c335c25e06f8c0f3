"""Oneself on the wire: the profile, one's messages and their fate, leaving."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from oa.domain import oneself
from oa.domain.campaign import LeftMessages
from oa.domain.lifecycle import TreeState
from oa.domain.paging import Page
from oa.domain.people import AccountRole, AuthMethod
from oa.protocol.terms import TermsAcceptance


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody, as they know themselves."""

    user_id: UUID
    username: str
    auth_method: AuthMethod
    display_name: str
    role: AccountRole | None = None
    """Null for the users of programs."""
    has_password: bool
    enabled: bool
    created_date: datetime
    show_on_leaderboard: bool
    languages: list[str]
    """In which they work, the one they like best first; the language of the interface is another matter."""
    streak_days: int | None = None
    last_activity_date: datetime | None = None
    tos_acceptance_date: datetime | None = None
    terms_accepted: list[TermsAcceptance]
    """Versions of the terms of service, oldest first."""
    terms_to_accept: int | None = None
    """The version that holds now, if it is not accepted yet."""
    must_accept_terms: bool
    """Without accepting it, no tasks are handed out."""
    deleted_account_messages: LeftMessages
    """What becomes of one's messages on deleting the account: kept without the name, or removed."""

    @classmethod
    def of(cls, found: oneself.Profile) -> Profile:
        user = found.user
        return cls(
            user_id=user.id,
            username=user.username,
            auth_method=AuthMethod(user.auth_method),
            display_name=user.display_name,
            role=found.role,
            has_password=found.has_password,
            enabled=user.enabled,
            created_date=user.created_date,
            show_on_leaderboard=user.show_on_leaderboard,
            languages=list(found.langs),
            streak_days=user.streak_days,
            last_activity_date=user.last_activity_date,
            tos_acceptance_date=user.tos_acceptance_date,
            terms_accepted=[TermsAcceptance.of(one) for one in found.accepted],
            terms_to_accept=found.terms_to_accept,
            must_accept_terms=found.must_accept,
            deleted_account_messages=found.left_messages,
        )


class ProfileChanges(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be different. What is left out stays as it is."""

    display_name: Annotated[str, Meta(min_length=1, max_length=256)] | None = None
    show_on_leaderboard: bool | None = None
    languages: Annotated[list[Annotated[str, Meta(max_length=32)]], Meta(max_length=50)] | None = None


class OwnMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message of one's own, and what has become of it."""

    id: UUID
    parent_id: UUID | None = None
    message_tree_id: UUID
    role: str
    lang: str
    text: str
    created_date: datetime
    deleted: bool
    edited: bool
    review_count: int
    review_result: bool | None = None
    """Accepted, rejected, or null while undecided."""
    ranking_count: int
    """Ballots that placed it."""
    rank: int | None = None
    """Its place among its siblings, 0 is best; null while not ranked."""
    emojis: dict[str, int]
    tree_state: TreeState | None = None
    """Where its tree stands; null where nobody ever worked on it."""

    @classmethod
    def of(cls, fate: oneself.Fate) -> OwnMessage:
        message = fate.message
        return cls(
            id=message.id,
            parent_id=message.parent_id,
            message_tree_id=message.tree_id,
            role=message.role.value,
            lang=message.lang,
            text=message.text,
            created_date=message.created_date,
            deleted=message.deleted,
            edited=message.edited,
            review_count=message.review_count,
            review_result=message.review_result,
            ranking_count=message.ranking_count,
            rank=message.rank,
            emojis=dict(message.emojis),
            tree_state=fate.tree_state,
        )


class OwnMessagePage(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the list of one's own messages."""

    prev: str | None = None
    next: str | None = None
    sort_key: str
    items: list[OwnMessage]
    order: Literal["asc", "desc"]

    @classmethod
    def of(cls, page: Page[oneself.Fate]) -> OwnMessagePage:
        items = [OwnMessage.of(fate) for fate in page.items]
        return cls(prev=page.prev, next=page.next, sort_key=page.sort_key, items=items, order=page.order)


class Leave(msgspec.Struct, frozen=True, kw_only=True):
    """That somebody really wants their account deleted."""

    username: str
    """Their own, once more."""
    password: str | None = None
    """Their own, where they have one."""


class Left(msgspec.Struct, frozen=True, kw_only=True):
    """The account is deleted."""

    deleted_account_messages: LeftMessages
    """What has become of the messages."""
    messages: int
    """How many there were."""
