"""Requests of tools to the world: to public addresses only, with limits on time, size and redirects.

A name is resolved once, its addresses are checked, and the connection goes to the address that was checked: a name that
means something else a moment later (DNS rebinding) gains nothing, and neither does a redirect, which starts anew.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import SplitResult, quote, urljoin, urlsplit

import httpcore

from oa.errors import ToolFailed

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""The addresses of a host, as text."""

NAT64 = ipaddress.ip_network("64:ff9b::/96")

REDIRECTS = frozenset({301, 302, 303, 307, 308})
MOST_REDIRECTS = 5

SAFE_IN_URL = "%/:=&?~#+!$,;'@()*[]"


@dataclass(frozen=True, slots=True)
class Reach:
    """What tools may reach."""

    hosts: tuple[str, ...] = ("*",)
    """Names, with `*` for any part; only public addresses count."""
    private_hosts: tuple[str, ...] = ()
    """Names that may be reached whatever their address is: services of one's own."""

    def check(self, host: str) -> None:
        """Refuse hosts that are not on the list.

        Raises:
            ToolFailed
        """
        if not _matches(host, (*self.hosts, *self.private_hosts)):
            raise ToolFailed(f"tools of this hub may not reach {host}; whoever runs it decides (setting tools.hosts)")

    def allows_private(self, host: str) -> bool:
        return _matches(host, self.private_hosts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One request."""

    url: str
    method: str = "GET"
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    limit_bytes: int = 2 * 2**20
    within_s: float = 10.0
    """For everything together, redirects included."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came back."""

    url: str
    """Where it was found in the end."""
    status: int
    content_type: str
    body: bytes

    def text(self) -> str:
        """The body in the encoding that it claims, or UTF-8."""
        found = re.search(r"charset=[\"']?([\w-]+)", self.content_type)
        try:
            return self.body.decode(found[1] if found else "utf-8", "replace")
        except LookupError:  # an encoding that nobody knows
            return self.body.decode("utf-8", "replace")


async def resolve(host: str, port: int) -> Sequence[str]:
    """The addresses of a host by the system's resolver, in its order."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


class Guard(httpcore.AsyncNetworkBackend):
    """Connects to addresses that may be reached, and to no others."""

    def __init__(
        self, reach: Reach, resolve: Resolve = resolve, connections: httpcore.AsyncNetworkBackend | None = None
    ) -> None:
        self._reach = reach
        self._resolve = resolve
        default: Any = httpcore.AnyIOBackend  # the library gives it no type where anyio is optional
        self._connections: httpcore.AsyncNetworkBackend = connections or default()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  # the library's interface
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        address = await self._checked(host, port)
        return await self._connections.connect_tcp(address, port, timeout, local_address, socket_options)

    async def _checked(self, host: str, port: int) -> str:
        """An address of the host, if all that it has may be reached."""
        self._reach.check(host)
        try:
            found = [host] if _is_address(host) else await self._resolve(host, port)
        except OSError:
            raise ToolFailed(f"there is no host {host}") from None
        if not found:
            raise ToolFailed(f"there is no host {host}")
        if not self._reach.allows_private(host) and not all(map(is_public, found)):
            raise ToolFailed(f"{host} is in a private network, which tools may not reach")
        return found[0]


class Fetcher:
    """Sends requests through a guard; every request has connections of its own."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    async def fetch(self, wanted: Outgoing) -> Fetched:
        """Send a request; a GET follows redirects.

        Raises:
            ToolFailed: the address is not allowed, not there, too slow, answers too much or not in HTTP.
        """
        try:
            async with asyncio.timeout(wanted.within_s):
                return await self._follow(wanted)
        except TimeoutError:
            raise ToolFailed(f"{_shown(wanted.url)} did not answer within {wanted.within_s:g} seconds") from None
        except (httpcore.ConnectError, httpcore.ConnectTimeout, OSError):
            raise ToolFailed(f"{_shown(wanted.url)} cannot be reached") from None
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException):
            raise ToolFailed(f"{_shown(wanted.url)} broke off or does not speak HTTP") from None

    async def _follow(self, wanted: Outgoing) -> Fetched:
        url = wanted.url
        for _ in range(MOST_REDIRECTS + 1):
            found, location = await self._send(url, wanted)
            if location is None:
                return found
            url = urljoin(url, location)
        raise ToolFailed(f"{_shown(wanted.url)} redirects more than {MOST_REDIRECTS} times")

    async def _send(self, url: str, wanted: Outgoing) -> tuple[Fetched, str | None]:
        parts = _parts(url)
        given = {"host": parts.netloc, "user-agent": "OA-tools", "accept-encoding": "identity", **wanted.headers}
        headers: list[tuple[bytes | str, bytes | str]] = list(given.items())
        async with (
            httpcore.AsyncConnectionPool(network_backend=self._guard, max_keepalive_connections=0) as pool,
            pool.stream(wanted.method, _target(parts), headers=headers, content=wanted.body) as response,
        ):
            told = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
            location = told.get("location") if response.status in REDIRECTS and wanted.method == "GET" else None
            body = b"" if location else await _read(response, wanted)
        return Fetched(url, response.status, told.get("content-type", ""), body), location


def is_public(address: str) -> bool:
    """Whether an address belongs to the public internet, also one that is wrapped in another."""
    found: Address = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        if found.teredo is not None:
            return False
        wrapped = found.ipv4_mapped or found.sixtofour
        if found in NAT64:
            wrapped = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        found = wrapped or found
    return found.is_global and not found.is_multicast and not found.is_reserved


async def _read(response: httpcore.Response, wanted: Outgoing) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in response.aiter_stream():
        size += len(part)
        if size > wanted.limit_bytes:
            raise ToolFailed(f"{_shown(wanted.url)} answers with more than {wanted.limit_bytes // 1024} KiB")
        parts.append(part)
    return b"".join(parts)


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url.strip())
        is_good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        encoded = parts._replace(netloc=parts.netloc.encode("idna").decode())
    except (ValueError, UnicodeError):
        is_good, encoded = False, SplitResult("", "", "", "", "")
    if not is_good or "@" in encoded.netloc:
        raise ToolFailed(f"{_shown(url)} is no address that a tool can open; it begins with http:// or https://")
    return encoded


def _target(parts: SplitResult) -> httpcore.URL:
    query = f"?{quote(parts.query, SAFE_IN_URL)}" if parts.query else ""
    return httpcore.URL(
        scheme=parts.scheme.encode(),
        host=(parts.hostname or "").encode(),
        port=parts.port,
        target=(quote(parts.path, SAFE_IN_URL) or "/").encode() + query.encode(),
    )


def _matches(host: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(host.lower().rstrip("."), pattern.lower()) for pattern in patterns)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _shown(url: str) -> str:
    return url if len(url) <= 100 else f"{url[:97]}..."
