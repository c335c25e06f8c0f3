"""Signing in as chat clients do, on the wire."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import msgspec

from oa.domain.people import User


class Token(msgspec.Struct, frozen=True, kw_only=True):
    access_token: str
    token_type: str


class TokenPair(msgspec.Struct, frozen=True, kw_only=True):
    access_token: Token
    """Send it as `Authorization: Bearer …`; it holds for an hour."""
    refresh_token: Token
    """Send it as `Refresh: …` to GET /auth/refresh; it holds for a week."""


class ChatUser(msgspec.Struct, frozen=True, kw_only=True):
    """A user of a program, as Open-Assistant's website knew them."""

    id: UUID
    provider: str
    provider_account_id: str
    """What the program calls them."""
    display_name: str
    deleted: bool = False

    @classmethod
    def of(cls, user: User) -> ChatUser:
        return cls(
            id=user.id,
            provider=user.auth_method,
            provider_account_id=user.username,
            display_name=user.display_name,
            deleted=user.deleted,
        )


class DeleteAccount(msgspec.Struct, frozen=True, kw_only=True):
    """What is needed to delete an account that has a password."""

    password: Annotated[str, msgspec.Meta(max_length=1024)] | None = None

    def __repr__(self) -> str:
        return "DeleteAccount()"  # no log shows a password
