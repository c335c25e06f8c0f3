"""Who chats: a person with a token, or a user of a program that speaks for its users.

A program names its user as it does everywhere (`X-OASST-User`), or the way that Open-Assistant's website did: in the
header `TrustedClient`, which is JSON in base64 with its API key and the user's id. That takes a trusted program's key.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeVar

import msgspec

from oa.domain.people import AuthMethod, Caller, Identity, User
from oa.errors import ClientNotAuthorized, Forbidden, InvalidAuthentication, UserNotSpecified
from oa.hub import access
from oa.hub.access import Credential
from oa.hub.transactions import Transaction
from oa.server.auth import SAFE_METHODS, Call

T = TypeVar("T")


class TrustedClient(msgspec.Struct, frozen=True, kw_only=True):
    """What the header of that name says."""

    api_key: str
    client: str = ""
    user_id: str
    provider_account_id: str = ""
    username: str = ""


class Visitor:
    """One request about chats, and the person whose chats they are. A plain class, since requests make many."""

    __slots__ = ("_trusted", "_who", "call")

    def __init__(self, call: Call) -> None:
        """
        Raises:
            ClientNotAuthorized: the header `TrustedClient` cannot be read.
        """
        self.call = call
        shown = call.header(b"trustedclient")
        self._trusted = None if not shown else _read(shown)
        self._who = call.reader
        if self._trusted is not None:
            name = self._trusted.username or self._trusted.user_id
            self._who = Identity(AuthMethod.LOCAL, self._trusted.user_id, name)
            call.credential = Credential(self._trusted.api_key, only_reads=call.request.method in SAFE_METHODS)

    async def write(self, use_case: Callable[[Transaction, User], T]) -> T:
        """Run a use case that may change something, for whoever chats.

        Raises:
            ClientNotAuthorized: nothing was shown that says who it is, or it does not reach so far.
            InvalidAuthentication: what was shown is not valid, or not any more.
        """

        def run(tx: Transaction, caller: Caller) -> T:
            self._check(caller)
            return use_case(tx, access.acting_user(tx, caller, self._who))

        return await self._explained(lambda: self.call.write(run))

    async def read(self, query: Callable[[Transaction, User], T]) -> T:
        """Run a use case that only reads, for whoever chats.

        Raises:
            ClientNotAuthorized, InvalidAuthentication: as `write`.
        """

        def run(tx: Transaction, caller: Caller) -> T:
            self._check(caller)
            user = access.reading_user(tx, caller, self._who)
            if user is None:
                raise UserNotSpecified("say whose chats these are: `X-OASST-User: auth_method:username`")
            return query(tx, user)

        return await self._explained(lambda: self.call.read(run))

    @property
    def who(self) -> Identity | None:
        """The user whom a program speaks for."""
        return self._who

    def _check(self, caller: Caller) -> None:
        if self._trusted is not None and caller.person is None:
            access.require_trusted(caller)

    async def _explained(self, run: Callable[[], Awaitable[T]]) -> T:
        """Tell a token that is over, which its owner renews, from one that may not do this."""
        try:
            return await run()
        except ClientNotAuthorized:
            credential = self.call.credential
            if credential is None or await self._is_valid(credential):
                raise
            raise InvalidAuthentication("sign in again: this token is mistyped, expired or revoked") from None

    async def _is_valid(self, credential: Credential) -> bool:
        reading = replace(credential, only_reads=True)
        try:
            await self.call.hub.database.read(lambda tx: access.caller(tx, reading))
        except ClientNotAuthorized:
            return False
        return True


def _read(shown: str) -> TrustedClient:
    try:
        return msgspec.json.decode(base64.b64decode(shown, validate=True), type=TrustedClient)
    except (binascii.Error, msgspec.DecodeError, UnicodeDecodeError, ValueError):
        raise Forbidden("the header TrustedClient must be JSON in base64 with api_key and user_id") from None
