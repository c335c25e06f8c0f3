"""A few pages on a port of the loopback device, under the names and addresses that a test gives them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpcore

Page = tuple[int, dict[str, str], bytes]


@dataclass
class LittleWeb:
    """Answers requests by their path, and notes them."""

    port: int = 0
    pages: dict[str, Page] = field(default_factory=dict[str, Page])
    asked: list[tuple[str, str, bytes]] = field(default_factory=list[tuple[str, str, bytes]])
    """Method, path with query, and body."""

    def add(self, path: str, body: bytes | str, kind: str = "text/html", status: int = 200, **headers: str) -> None:
        content = body.encode() if isinstance(body, str) else body
        self.pages[path] = status, {"content-type": kind, **headers}, content

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        method, path, _ = head.split("\r\n")[0].split(" ")
        length = next((int(line[16:]) for line in head.split("\r\n") if line.lower().startswith("content-length: ")), 0)
        self.asked.append((method, path, await reader.readexactly(length)))
        if path.startswith("/silent"):
            await reader.read()  # until the client gives up
        status, headers, body = self.pages.get(path.partition("?")[0], (404, {}, b"nothing here"))
        lines = [f"HTTP/1.1 {status} X", f"content-length: {len(body)}", "connection: close"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        writer.close()


@asynccontextmanager
async def little_web() -> AsyncGenerator[LittleWeb]:
    web = LittleWeb()
    server = await asyncio.start_server(web.answer, "127.0.0.1", 0)
    web.port = server.sockets[0].getsockname()[1]
    async with server:
        yield web


class Names:
    """A resolver that knows what it is told, and notes what it is asked. A name's later answers may differ."""

    def __init__(self, known: Mapping[str, Sequence[Sequence[str]]]) -> None:
        self._known = {name: list(answers) for name, answers in known.items()}
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        answers = self._known.get(host)
        if not answers:
            raise OSError(f"no {host}")
        return answers.pop(0) if len(answers) > 1 else answers[0]


class AllRoadsLeadHome(httpcore.AsyncNetworkBackend):
    """Notes which address was wanted and connects to the loopback device, as if all the world were there."""

    def __init__(self) -> None:
        self.wanted: list[str] = []
        made: Any = httpcore.AnyIOBackend
        self._real = made()

    async def connect_tcp(self, host: str, port: int, *more: Any, **named: Any) -> httpcore.AsyncNetworkStream:
        self.wanted.append(host)
        stream: httpcore.AsyncNetworkStream = await self._real.connect_tcp("127.0.0.1", port, *more, **named)
        return stream
