"""Clients of /v1/chat/completions on plain sockets, which read and count and cost next to nothing; and of /chats."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp

USAGE = re.compile(rb'"completion_tokens":(\d+)')
CONTENT = b'"delta":{"content":'


@dataclass(frozen=True)
class Plan:
    """What every client asks, again and again."""

    host: str
    port: int
    key: str
    tokens: int
    seconds: float


@dataclass
class Load:
    """What came of it."""

    tokens: int = 0
    answers: int = 0
    took_s: float = 0.0
    firsts_s: list[float] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)

    @property
    def tokens_per_s(self) -> float:
        return round(self.tokens / self.took_s, 1)

    @property
    def first_token_ms(self) -> float:
        return round(1000 * sorted(self.firsts_s)[len(self.firsts_s) // 2], 2) if self.firsts_s else float("nan")


def request_of(plan: Plan) -> bytes:
    """One request, as it goes over the socket."""
    body = {
        "model": "",
        "messages": [{"role": "user", "content": "Tell me about everything."}],
        "stream": True,
        "stream_options": {"include_usage": True},
        "temperature": 0,
        "max_tokens": plan.tokens,
    }
    content = json.dumps(body).encode()
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nhost: {plan.host}\r\nauthorization: Bearer {plan.key}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


async def run(plan: Plan, clients: int) -> Load:
    """Let so many clients ask until the time is over, and wait for their last answers."""
    load = Load()
    begin = time.perf_counter()
    await asyncio.gather(*(_client(plan, load, begin + plan.seconds) for _ in range(clients)))
    load.took_s = time.perf_counter() - begin
    return load


async def _client(plan: Plan, load: Load, over: float) -> None:
    request = request_of(plan)
    reader, writer = await asyncio.open_connection(plan.host, plan.port)
    while time.perf_counter() < over:
        begin = time.perf_counter()
        writer.write(request)
        tail = await _read(reader, load, begin)
        found = USAGE.search(tail)
        if found is None:
            load.errors[tail[-200:].decode(errors="replace")] += 1
            break
        load.tokens += int(found[1])
        load.answers += 1
    writer.close()


async def _read(reader: asyncio.StreamReader, load: Load, begin: float) -> bytes:
    """Read one chunked answer; its last bytes."""
    tail, is_waiting = b"", True
    while not tail.endswith(b"\r\n0\r\n\r\n"):
        part = await reader.read(65536)
        if not part:
            break
        if is_waiting and CONTENT in part:
            load.firsts_s.append(time.perf_counter() - begin)
            is_waiting = False
        tail = (tail + part)[-600:]
        if is_waiting and b"HTTP/1.1 200" not in tail and b"HTTP/1.1" in tail:
            break  # refused; such an answer is not chunked
    return tail


async def run_chats(plan: Plan, model: str, clients: int) -> Load:
    """The same through /chats: every client is somebody else, begins chats, and reads the events of their answers."""
    load = Load()
    async with contextlib.AsyncExitStack() as stack:
        people = [await stack.enter_async_context(_person(plan, number)) for number in range(clients)]
        begin = time.perf_counter()
        await asyncio.gather(*(_chat(http, plan, model, load, begin + plan.seconds) for http in people))
        load.took_s = time.perf_counter() - begin
    return load


@contextlib.asynccontextmanager
async def _person(plan: Plan, number: int) -> AsyncIterator[aiohttp.ClientSession]:
    """Somebody who has signed in."""
    address = f"http://{plan.host}:{plan.port}"
    async with aiohttp.ClientSession(address) as http:
        async with http.get("/auth/callback/debug", params={"code": f"person{number}"}) as answer:
            found = await answer.json()
        http.headers["authorization"] = f"Bearer {found['access_token']['access_token']}"
        yield http


async def _chat(http: aiohttp.ClientSession, plan: Plan, model: str, load: Load, over: float) -> None:
    sampling = {"temperature": 0, "max_new_tokens": plan.tokens}
    while time.perf_counter() < over:
        chat = (await _post(http, "/chats", {}))["id"]
        asked = {"parent_id": None, "content": "Tell me about everything."}
        prompt = (await _post(http, f"/chats/{chat}/prompter_message", asked))["id"]
        wanted = {"parent_id": prompt, "model_config_name": model, "sampling_parameters": sampling}
        begin, is_waiting, tail = time.perf_counter(), True, b""
        message = (await _post(http, f"/chats/{chat}/assistant_message", wanted))["id"]
        async with http.get(f"/chats/{chat}/messages/{message}/events") as events:
            async for part in events.content.iter_any():
                if is_waiting and b'"token"' in part:
                    load.firsts_s.append(time.perf_counter() - begin)
                    is_waiting = False
                tail = (tail + part)[-20_000:]
        if b'"event_type":"message"' not in tail:
            load.errors[tail[-200:].decode(errors="replace")] += 1
            return
        load.tokens += plan.tokens  # the models here never end by themselves
        load.answers += 1


async def _post(http: aiohttp.ClientSession, path: str, body: object) -> dict[str, Any]:
    async with http.post(path, json=body) as answer:
        if answer.status >= 300:
            raise SystemExit(f"{path}: {answer.status} {await answer.text()}")
        return await answer.json()


async def hold(plan: Plan, streams: int) -> list[asyncio.StreamWriter]:
    """Open streams and leave them open, each with its status and nothing more read.

    Raises:
        SystemExit: the hub refused one.
    """
    request = request_of(plan)

    async def open_one() -> asyncio.StreamWriter:
        reader, writer = await asyncio.open_connection(plan.host, plan.port)
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        if b" 200 " not in head.split(b"\r\n")[0]:
            raise SystemExit(f"a stream was refused: {head.decode(errors='replace')}")
        return writer

    return list(await asyncio.gather(*(open_one() for _ in range(streams))))
