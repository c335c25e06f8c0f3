"""Signing in, and keys for programs."""

from __future__ import annotations

from oa.client.connection import Connection, Repeat, Request
from oa.protocol.accounts import CreateApiClientRequest, Login, Registration, SignedIn


class Accounts:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def sign_in(self, login: Login) -> SignedIn:
        """A token for a name and its password; use it with `hub.with_token`.

        Raises:
            InvalidAuthentication: the name or the password is wrong.
        """
        return await self._connection.call(Request(method="POST", path="/auth/login", body=login), SignedIn)

    async def register(self, registration: Registration) -> SignedIn:
        """An account, where this hub takes registrations, and a token for it.

        Raises:
            RegistrationClosed: it takes none, or wants an invitation.
            NameTaken: somebody has that name.
        """
        return await self._connection.call(Request(method="POST", path="/auth/register", body=registration), SignedIn)

    async def whoami(self) -> str:
        """The name of the person whose token this is.

        Raises:
            InvalidAuthentication: it is nobody's.
        """
        return await self._connection.call(Request(method="GET", path="/auth/check", repeat=Repeat.ALWAYS), str)

    async def create_api_client(self, program: CreateApiClientRequest) -> str:
        """The key of a new program, told once; for admins."""
        return await self._connection.call(Request(method="POST", path="/admin/api_client", body=program), str)
