"""One way to the hub, for every call: encode, send, try again where that is safe, decode."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto
from typing import TypeVar
from uuid import UUID, uuid4

import httpx
import msgspec

from oa.client.failures import failure, retry_after_s
from oa.domain.people import Identity
from oa.errors import OaError, TaskTypeNotAvailable, Unavailable, UserDisabled

T = TypeVar("T")

Parameter = str | int | float | bool | UUID | datetime | tuple[str, ...] | None
"""None is left out, and a tuple sent as often as it has values."""

PREFIX = "/api/v1"
"""Where the part of the hub lies that calls usually go to."""

NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
"""Failures before the hub can have seen anything of the request."""

BUSY = frozenset({429, 502, 503, 504})
"""Statuses that may be gone in a moment."""

REFUSED_UNDONE = frozenset({429, 503})
"""Of these, the ones by which a hub says that it has not begun; a proxy's 502 and 504 do not say so."""

FINAL = (TaskTypeNotAvailable, UserDisabled)
"""Failures with such a status that waiting a moment does not change."""


class Repeat(Enum):
    """Whether a call that may or may not have arrived can be sent once more."""

    ALWAYS = auto()
    """It reads, or a second time changes nothing."""
    WITH_KEY = auto()
    """It changes something, and an idempotency key tells the hub that the second is the first."""
    NEVER = auto()


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a call goes on trying. Waits double; chance shortens each, so that clients do not all return at once."""

    attempts: int = 5
    first_wait_s: float = 0.25
    longest_wait_s: float = 30.0
    """A hub that asks for more than this gets no second attempt; the caller hears about it instead."""

    def wait_s(self, attempt: int, rng: random.Random) -> float:
        """Seconds to wait after an attempt; the first is 0."""
        return min(self.longest_wait_s, self.first_wait_s * 2**attempt) * rng.uniform(0.5, 1.0)


USUAL_PATIENCE = Patience()


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One call, before it is known on whose behalf."""

    method: str
    path: str
    query: Mapping[str, Parameter] = field(default_factory=dict[str, Parameter])
    body: object = None
    repeat: Repeat = Repeat.NEVER


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """Who calls, through what, and how patiently. A value: another caller through the same sockets is another value."""

    http: httpx.AsyncClient
    key: str | None = field(default=None, repr=False)
    """A program's API key."""
    token: str | None = field(default=None, repr=False)
    """A person's access token."""
    identity: Identity | None = None
    """The user for whom a program acts; a person's token says by itself who acts."""
    patience: Patience = USUAL_PATIENCE
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    rng: random.Random = field(default_factory=random.Random)
    new_id: Callable[[], UUID] = uuid4
    """Names calls for the hub. Not from a seed: the second run would be given the answers of the first."""

    async def call(self, request: Request, answer: type[T]) -> T:
        """Send a request and read what comes back.

        Args:
            answer: what the hub answers with; `type(None)` for nothing.

        Raises:
            OaError: the leaf that the hub names.
            Unavailable: the hub cannot be reached, broke off, or does not speak the protocol.
        """
        response = await self._persist(request)
        if answer is type(None):
            return msgspec.convert(None, answer)
        try:
            return msgspec.json.decode(response.content, type=answer)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise Unavailable(
                f"{self._address} does not answer like a hub; check the address, and that the versions fit"
            ) from error

    async def text(self, request: Request) -> str:
        """Send a request and take what comes back as it is.

        Raises:
            OaError: as `call`.
        """
        return (await self._persist(request)).text

    @asynccontextmanager
    async def stream(self, request: Request, headers: Mapping[str, str]) -> AsyncGenerator[httpx.Response, None]:
        """Send a request, once, and read what comes back piece by piece.

        Raises:
            OaError: the leaf that the hub names.
            Unavailable: the hub cannot be reached, or broke off.
        """
        prepared = self._prepare(request)
        prepared.headers.update(headers)
        try:
            response = await self.http.send(prepared, stream=True)
            try:
                if not response.is_success:
                    await response.aread()
                    raise failure(response)
                yield response
            finally:
                await response.aclose()
        except httpx.TransportError as error:
            raise self._unreachable(error) from error

    def at_root(self, path: str) -> str:
        """The address of what lies beside the part of the hub that calls usually go to."""
        base = self.http.base_url
        root = base.path.rstrip("/").removesuffix(PREFIX)
        return str(base.copy_with(path=root + path))

    @property
    def _address(self) -> str:
        """The hub as people name it."""
        return str(self.http.base_url.copy_with(path="/")).rstrip("/")

    async def _persist(self, request: Request) -> httpx.Response:
        """Send, and send again until it works, cannot work, or patience ends."""
        prepared = self._prepare(request)
        attempt = 0
        while True:
            failed, wait_s = await self._attempt(prepared, request.repeat)
            if isinstance(failed, httpx.Response):
                return failed
            attempt += 1
            if wait_s is None or attempt >= self.patience.attempts or wait_s > self.patience.longest_wait_s:
                raise failed
            await self.sleep(wait_s + self.patience.wait_s(attempt - 1, self.rng))

    async def _attempt(self, prepared: httpx.Request, repeat: Repeat) -> tuple[httpx.Response | OaError, float | None]:
        """A good answer, or the failure and how long it asks to wait (None: another attempt is no use, or not safe)."""
        is_safe = repeat is not Repeat.NEVER
        try:
            response = await self.http.send(prepared)
        except httpx.TransportError as error:
            return self._unreachable(error), 0.0 if is_safe or isinstance(error, NOT_SENT) else None
        if response.is_success:
            return response, None
        refusal = failure(response)
        may_pass = response.status_code in BUSY and not isinstance(refusal, FINAL)
        asked_s = retry_after_s(response)
        was_undone = response.status_code in REFUSED_UNDONE and asked_s is not None
        return refusal, float(asked_s or 0) if may_pass and (is_safe or was_undone) else None

    def _unreachable(self, error: httpx.TransportError) -> Unavailable:
        address = self._address
        if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.UnsupportedProtocol):
            return Unavailable(f"no hub answers at {address}; check the address, and that it runs")
        if isinstance(error, httpx.TimeoutException):
            return Unavailable(f"the hub at {address} took too long to answer; try again in a moment")
        return Unavailable(f"the connection to the hub at {address} broke off; try again in a moment")

    def _prepare(self, request: Request) -> httpx.Request:
        headers: dict[bytes, bytes] = {}
        if self.key is not None:
            headers[b"x-api-key"] = self.key.encode()
        if self.token is not None:
            headers[b"authorization"] = b"Bearer " + self.token.encode()
        if self.identity is not None:
            headers[b"x-oasst-user"] = f"{self.identity.auth_method}:{self.identity.username}".encode()
        if request.repeat is Repeat.WITH_KEY:
            headers[b"idempotency-key"] = str(self.new_id()).encode()
        content = None
        if request.body is not None:
            content = msgspec.json.encode(request.body)
            headers[b"content-type"] = b"application/json"
        query = {
            name: list(value) if isinstance(value, tuple) else _text(value)
            for name, value in request.query.items()
            if value is not None
        }
        return self.http.build_request(request.method, request.path, params=query, content=content, headers=headers)


def _text(value: Parameter) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, datetime) else str(value)
