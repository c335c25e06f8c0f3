"""Signing in, and the keys of programs, on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec

from oa.domain.people import AccountRole

Word = Annotated[str, msgspec.Meta(max_length=1024)]
"""A name, a password or a code, long enough for anybody."""


class Login(msgspec.Struct, frozen=True, kw_only=True):
    username: Word
    password: Word
    device: Annotated[str, msgspec.Meta(min_length=1, max_length=256)] = "sign-in"
    """What the token will be called in the list of tokens."""

    def __repr__(self) -> str:
        return f"Login(username={self.username!r})"  # no log shows a password


class Registration(Login, frozen=True, kw_only=True):
    invitation: Word | None = None
    """The code of an invitation, where the hub asks for one."""


class SignedIn(msgspec.Struct, frozen=True, kw_only=True):
    """Proof of who somebody is."""

    token: str
    """Send it as `Authorization: Bearer …`. It is told here once and kept nowhere."""
    expires: datetime | None
    user_id: UUID
    username: str
    display_name: str
    role: AccountRole


class CreateApiClientRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A program that is to get a key."""

    description: str
    frontend_type: str
    trusted: bool = False
    """It may moderate, and sees what other programs' users did."""
    admin_email: str | None = None
    """Whom to write to about it."""
