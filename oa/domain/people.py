"""Programs, the users they speak for, and people who sign in here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

HUB_CLIENT_ID = UUID("00000000-0000-4000-8000-000000000001")
"""The hub itself, as the program through which its own people act."""

IMPORT_CLIENT_ID = UUID("bd8fde8b-1d8e-4e9a-9966-e96d000f8363")
"""The program that imported messages belong to; Open-Assistant's id, so that moved data keeps its owner."""


class AuthMethod(StrEnum):
    """Who vouches for a user name."""

    DISCORD = "discord"
    GOOGLE = "google"
    LOCAL = "local"
    SYSTEM = "system"


class AccountRole(StrEnum):
    VOLUNTEER = "volunteer"
    MODERATOR = "moderator"
    ADMIN = "admin"


class TokenScope(StrEnum):
    """How far a person's token reaches; what it does not cover, its owner cannot do with it."""

    READ = "read"
    """See what a volunteer sees."""
    COLLECT = "collect"
    """Besides, ask for tasks, answer them and react, as a volunteer whatever the owner's role is."""
    ALL = "all"
    """Everything that the owner's role allows."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A user as a program names them."""

    auth_method: str
    username: str
    display_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A program with an API key."""

    id: UUID
    description: str
    trusted: bool
    enabled: bool = True
    frontend_type: str | None = None
    admin_email: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    id: UUID
    username: str
    auth_method: str
    display_name: str
    api_client_id: UUID
    created_date: datetime
    enabled: bool = True
    deleted: bool = False
    notes: str = ""
    show_on_leaderboard: bool = True
    streak_last_day_date: datetime | None = None
    """When the present streak began; Open-Assistant's name says otherwise."""
    streak_days: int | None = None
    last_activity_date: datetime | None = None
    tos_acceptance_date: datetime | None = None


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever sent a request: a program, or a person with a token (then `person` and `role` are set)."""

    client: Client
    person: User | None = None
    role: AccountRole | None = None

    @property
    def may_moderate(self) -> bool:
        """Trusted programs, moderators and admins."""
        return self.client.trusted if self.role is None else self.role is not AccountRole.VOLUNTEER

    @property
    def is_admin(self) -> bool:
        return self.role is AccountRole.ADMIN
