"""What a request says about who sends it, and the way from there to the use cases.

Programs send their API key as `X-API-Key` or `?api_key=`, people their token likewise or as `Authorization: Bearer`.
A program names the user it reads for as `X-OASST-User: auth_method:username` or `?oasst_user=`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from litestar import Request

from oa.config import Config
from oa.domain.people import Caller, Identity
from oa.errors import AuthAndUsernameRequired, ClientNotAuthorized, RootTokenNotAuthorized
from oa.hub import access
from oa.hub.access import Credential, Uses
from oa.hub.sign_in import FrontDesk
from oa.hub.transactions import Database, Transaction
from oa.inference.answering import Answering
from oa.inference.plugins import Plugins
from oa.inference.presets import Preset
from oa.inference.workforce import Workforce
from oa.protocol.users import User
from oa.server.body import unreadable
from oa.server.chat_rate import ChatRate
from oa.server.generations import Generations
from oa.server.limits import Limits
from oa.server.metrics import Metrics

T = TypeVar("T")

SAFE_METHODS = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Hub:
    """What requests need of the running hub."""

    database: Database
    config: Config
    limits: Limits
    uses: Uses
    metrics: Metrics
    front_desk: FrontDesk
    answering: Answering
    generations: Generations
    chat_rate: ChatRate
    workforce: Workforce
    presets: Sequence[Preset]
    plugins: Plugins


class Call:
    """One request: whose it is, and the use cases on behalf of them."""

    __slots__ = ("_scope", "credential", "hub", "request")

    def __init__(self, hub: Hub, request: Request[Any, Any, Any]) -> None:
        self.hub = hub
        self.request = request
        self._scope = request.scope
        if b"%00" in self._scope["query_string"] or "\0" in self._scope["path"]:
            raise unreadable("must not hold a NUL character", "query", "address")  # no database could look for it
        secret = self._query("api_key") or self.header(b"x-api-key") or self._bearer()
        self.credential = None if secret is None else self._credential(secret)

    async def write(self, use_case: Callable[[Transaction, Caller], T]) -> T:
        """Run a use case that may change something, for whoever calls.

        Raises:
            ClientNotAuthorized: the caller cannot prove who they are.
        """

        def run(tx: Transaction) -> T:
            caller = access.caller(tx, self.credential)
            if self.credential is not None and self.hub.uses.is_due(self.credential, tx.now):
                access.note_use(tx, self.credential)
            return use_case(tx, caller)

        return await self.hub.database.write(run)

    async def read(self, query: Callable[[Transaction, Caller], T]) -> T:
        """Run a use case that only reads, for whoever calls.

        Raises:
            ClientNotAuthorized: the caller cannot prove who they are.
        """
        return await self.hub.database.read(lambda tx: query(tx, access.caller(tx, self.credential)))

    async def caller(self) -> Caller:
        """Who calls, for what is no use case of the hub's data.

        Raises:
            ClientNotAuthorized: the caller cannot prove who they are.
        """
        caller, now = await self.read(lambda tx, caller: (caller, tx.now))
        credential = self.credential
        if credential is not None and self.hub.uses.is_due(credential, now):
            await self.hub.database.write(lambda tx: access.note_use(tx, credential))
        return caller

    async def write_as_admin(self, use_case: Callable[[Transaction, Caller], T]) -> T:
        """Run a use case that takes an administrator's token, sent as `Authorization: Bearer`.

        Raises:
            RootTokenNotAuthorized: there is none, or it is not an administrator's.
        """
        secret = self._bearer()
        credential = None if secret is None else self._credential(secret)

        def run(tx: Transaction) -> T:
            try:
                caller = access.caller(tx, credential)
            except ClientNotAuthorized:
                raise RootTokenNotAuthorized("this needs an admin's token, as `Authorization: Bearer …`") from None
            access.require_admin(caller)
            return use_case(tx, caller)

        return await self.hub.database.write(run)

    @property
    def reader(self) -> Identity | None:
        """The user for whom a program reads, if it names one.

        Raises:
            AuthAndUsernameRequired: the name is not `auth_method:username`.
        """
        named = self.header(b"x-oasst-user") or self._query("oasst_user")
        if not named:
            return None
        auth_method, _, username = named.partition(":")
        if not auth_method or not username:
            raise AuthAndUsernameRequired("name the user as `auth_method:username`, for example `local:ada`")
        return Identity(auth_method, username)

    @property
    def idempotency_key(self) -> str | None:
        """What the sender calls this request, so that sending it twice does it once."""
        key = self.header(b"idempotency-key")
        if key is not None and len(key) > 200:
            raise unreadable("Idempotency-Key has at most 200 characters", "header")
        return key or None

    def header(self, name: bytes) -> str | None:
        """A header by its lower-case name; UTF-8 is understood although HTTP promises only Latin-1."""
        for known, value in self._scope["headers"]:
            if known == name:
                try:
                    return value.decode()
                except UnicodeDecodeError:
                    return value.decode("latin-1")
        return None

    def _query(self, name: str) -> str | None:
        return self.request.query_params.get(name) if self._scope["query_string"] else None

    def _bearer(self) -> str | None:
        scheme, _, token = (self.header(b"authorization") or "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else None

    def _credential(self, secret: str) -> Credential:
        return Credential(secret, only_reads=self._scope["method"] in SAFE_METHODS)


def named(user: User | None) -> Identity | None:
    """Whom a body names; with a person's token it need not name anybody."""
    return None if user is None else user.identity()
