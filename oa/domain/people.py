"""Programs, the users they speak for, and people who sign in here."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from oa.errors import Invalid

HUB_CLIENT_ID = UUID("00000000-0000-4000-8000-000000000001")
"""The hub itself, as the program through which its own people act."""

IMPORT_CLIENT_ID = UUID("bd8fde8b-1d8e-4e9a-9966-e96d000f8363")
"""The program that imported messages belong to; Open-Assistant's id, so that moved data keeps its owner."""

LONGEST_USERNAME = 128
LONGEST_DISPLAY_NAME = 256

CONTROL_CHARACTERS = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
"""What no name may hold: it could break a line, command a terminal, or not be stored at all."""


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


class Admission(StrEnum):
    """Who may make an account without an administrator."""

    OPEN = "open"
    INVITATION = "invitation"
    CLOSED = "closed"


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
    """Midnight (UTC) at the beginning of the last day on which they answered a task."""
    streak_days: int | None = None
    """How many such days in a row ended with it; `oa.domain.standing.lasting` says whether they still count."""
    last_activity_date: datetime | None = None
    tos_acceptance_date: datetime | None = None


DELETED_USER = "Deleted User"
"""What is shown in place of the name of somebody who has left."""


def left_name(user_id: UUID) -> str:
    """The user name of somebody who has left; Open-Assistant's."""
    return f"deleted_{user_id}"


LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*")
MOST_LANGUAGES = 50


def working_languages(typed: Iterable[str]) -> tuple[str, ...]:
    """The languages that somebody works in, the one they like best first, each once.

    Raises:
        Invalid: one of them is no language tag, or there are too many.
    """
    langs = tuple(dict.fromkeys(lang.strip() for lang in typed))
    for lang in langs:
        if not LANGUAGE.fullmatch(lang) or len(lang) > 32:
            raise Invalid(f"{lang[:40]!r} is no language; write them as en, de or pt-BR")
    if len(langs) > MOST_LANGUAGES:
        raise Invalid(f"{MOST_LANGUAGES} working languages are enough")
    return langs


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever sent a request: a program, or a person with a token (then `person` and `role` are set)."""

    client: Client
    person: User | None = None
    role: AccountRole | None = None
    is_limited: bool = False
    """Shows a token that reaches less far than its owner."""

    @property
    def may_moderate(self) -> bool:
        """Trusted programs, moderators and admins."""
        return self.client.trusted if self.role is None else self.role is not AccountRole.VOLUNTEER

    @property
    def is_admin(self) -> bool:
        return self.role is AccountRole.ADMIN


@dataclass(frozen=True, slots=True)
class Account:
    """A person who signs in at this hub."""

    user: User
    role: AccountRole
    password_hash: str | None = None
    """None for people who use access tokens alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessToken:
    """What is known of a person's token. The token itself is shown once and kept nowhere."""

    id: UUID
    user_id: UUID
    name: str
    hint: str
    """How the token begins, to tell one from another."""
    scopes: tuple[TokenScope, ...]
    created_date: datetime
    expiry_date: datetime | None
    last_used_date: datetime | None = None
    """To the hour."""
    revoked_date: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A program and what is known of its key."""

    client: Client
    hint: str
    created_date: datetime
    last_used_date: datetime | None = None
    """To the hour."""


def check_name(what: str, name: str, longest: int) -> None:
    """Let a name pass that somebody else vouches for.

    Raises:
        Invalid: it is longer than `longest` characters or holds control characters.
    """
    if len(name) > longest:
        raise Invalid(f"{what} has at most {longest} characters, not {len(name)}")
    if CONTROL_CHARACTERS.search(name):
        raise Invalid(f"{what} cannot hold control characters")


def account_name(typed: str) -> str:
    """The name under which somebody signs in who typed `typed`: capitals and forms of one letter make no difference.

    Raises:
        Invalid: nothing is left, it is too long, or it holds a slash or characters that cannot be seen.
    """
    name = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", typed).casefold()).strip()
    if not name:
        raise Invalid("a user name has at least one character")
    check_name("a user name", name, LONGEST_USERNAME)
    if not name.isprintable() or "/" in name:
        raise Invalid("a user name holds no slash and nothing that cannot be seen")
    return name


def account_display_name(typed: str) -> str:
    """The name that others see of somebody who typed `typed`: as it was written.

    Raises:
        Invalid: it is too long or holds control characters.
    """
    name = unicodedata.normalize("NFC", typed).strip()
    check_name("a display name", name, LONGEST_DISPLAY_NAME)
    return name
