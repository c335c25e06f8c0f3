"""The users of a program, as the hub knows them."""

from __future__ import annotations

from urllib.parse import quote
from uuid import UUID

from oa.client.connection import Connection, Repeat, Request
from oa.domain.people import AuthMethod, Identity
from oa.errors import Invalid, UserNotSpecified
from oa.protocol.users import CreateFrontendUserRequest, FrontEndUser, User

WHOEVER_HOLDS_THE_TOKEN = User(id="me", display_name="me", auth_method=AuthMethod.LOCAL)
"""Bodies must name a user; with a person's token the hub looks at the token and not at this."""


def asserted_user(connection: Connection) -> User:
    """The user whom a body names.

    Raises:
        UserNotSpecified: a program has not said for whom it acts.
        Invalid: its `auth_method` does not exist.
    """
    if connection.token is not None:
        return WHOEVER_HOLDS_THE_TOKEN
    who = connection.identity
    if who is None:
        raise UserNotSpecified("an API key acts for somebody: name them with `hub.as_user(Identity(...))`")
    if who.auth_method not in frozenset(AuthMethod):
        raise Invalid(f"auth_method is one of {', '.join(AuthMethod)}, not {who.auth_method!r}")
    return User(id=who.username, display_name=who.display_name or who.username, auth_method=AuthMethod(who.auth_method))


class Users:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def get(self, user_id: UUID) -> FrontEndUser:
        """A user by the hub's id."""
        request = Request(method="GET", path=f"/users/{user_id}", repeat=Repeat.ALWAYS)
        return await self._connection.call(request, FrontEndUser)

    async def find(self, who: Identity) -> FrontEndUser:
        """A user by the name that the program gives them."""
        path = f"/frontend_users/{quote(who.auth_method, safe='')}/{quote(who.username, safe='')}"
        return await self._connection.call(Request(method="GET", path=path, repeat=Repeat.ALWAYS), FrontEndUser)

    async def put(self, user: CreateFrontendUserRequest) -> FrontEndUser:
        """Make a user known, or change one; what is left out stays as it is."""
        request = Request(method="POST", path="/frontend_users/", body=user, repeat=Repeat.ALWAYS)
        return await self._connection.call(request, FrontEndUser)
