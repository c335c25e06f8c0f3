"""Users on the wire: as a program names them, and as the hub knows them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from oa.domain import people
from oa.domain.paging import Page
from oa.domain.people import AuthMethod


class User(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody, as a program names them."""

    id: str
    """The name that the program gives them; with `auth_method` it says who they are."""
    display_name: str
    auth_method: AuthMethod

    def identity(self) -> people.Identity:
        return people.Identity(str(self.auth_method), self.id, self.display_name)


class CreateFrontendUserRequest(User, frozen=True, kw_only=True):
    """A user to make known, or to change. What is left out stays as it is."""

    show_on_leaderboard: bool | None = None
    enabled: bool | None = None
    tos_acceptance: bool | None = None
    """True: they accept the terms of use now, if they have not before."""
    notes: Annotated[str, Meta(max_length=1024)] | None = None


class FrontEndUser(User, frozen=True, kw_only=True):
    """A user as the hub knows them."""

    user_id: UUID
    """The hub's own id of them."""
    enabled: bool
    deleted: bool
    notes: str
    created_date: datetime | None = None
    show_on_leaderboard: bool
    streak_days: int | None = None
    """Days in a row, by the calendar of UTC, on which they answered a task; 0 once a whole day has passed without."""
    streak_last_day_date: datetime | None = None
    """The last day on which they answered a task."""
    last_activity_date: datetime | None = None
    tos_acceptance_date: datetime | None = None

    @classmethod
    def of(cls, user: people.User) -> FrontEndUser:
        return cls(
            id=user.username,
            display_name=user.display_name,
            auth_method=AuthMethod(user.auth_method),
            user_id=user.id,
            enabled=user.enabled,
            deleted=user.deleted,
            notes=user.notes,
            created_date=user.created_date,
            show_on_leaderboard=user.show_on_leaderboard,
            streak_days=user.streak_days,
            streak_last_day_date=user.streak_last_day_date,
            last_activity_date=user.last_activity_date,
            tos_acceptance_date=user.tos_acceptance_date,
        )


class FrontEndUserPage(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a list of users."""

    prev: str | None = None
    """Send it as `before` to get the page before this one; null at the beginning."""
    next: str | None = None
    """Send it as `after` to get the page after this one; null at the end."""
    sort_key: str
    items: list[FrontEndUser]
    order: Literal["asc", "desc"]

    @classmethod
    def of(cls, page: Page[people.User]) -> FrontEndUserPage:
        items = [FrontEndUser.of(user) for user in page.items]
        return cls(prev=page.prev, next=page.next, sort_key=page.sort_key, items=items, order=page.order)
