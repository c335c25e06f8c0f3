"""How a program names the user for whom it acts."""

from __future__ import annotations

import msgspec

from oa.domain.people import AuthMethod, Identity


class User(msgspec.Struct, frozen=True, kw_only=True):
    """A user as the program knows them."""

    id: str
    """The user's name within `auth_method`."""
    display_name: str
    auth_method: AuthMethod

    def identity(self) -> Identity:
        return Identity(str(self.auth_method), self.id, self.display_name)


def identity_of(user: User | None) -> Identity | None:
    """Whom a body names; a person's token needs to name nobody."""
    return None if user is None else user.identity()
