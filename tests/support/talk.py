"""Somebody who chats with a hub over HTTP."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx

Json = dict[str, Any]


def told(text: str) -> list[Json]:
    """The events in the text of a stream."""
    return [json.loads(line.removeprefix("data: ")) for line in text.splitlines() if line.startswith("data: ")]


def said(events: list[Json]) -> str:
    """What the tokens among some events say together."""
    return "".join(event["text"] for event in events if event["event_type"] == "token")


class Talk:
    """One person with a token, and the chats of theirs."""

    def __init__(self, http: httpx.AsyncClient, token: str) -> None:
        self.http = http
        self._headers = {"authorization": f"Bearer {token}"}

    async def send(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        content: dict[str, Any] = {} if body is None else {"json": body}
        return await self.http.request(method, path, headers={**self._headers, **(headers or {})}, **content)

    async def get(self, path: str) -> Any:
        answer = await self.send("GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, body: object = None) -> Any:
        answer = await self.send("POST", path, body)
        assert answer.status_code in (200, 201), answer.text
        return answer.json()

    async def begin(self) -> str:
        """A new chat."""
        return (await self.post("/chats", {}))["id"]

    async def write(self, chat: str, content: str, parent: str | None = None) -> str:
        return (await self.post(f"/chats/{chat}/prompter_message", {"parent_id": parent, "content": content}))["id"]

    async def ask(self, chat: str, parent: str, **more: object) -> str:
        """An answer, which may not be there yet."""
        body = {"parent_id": parent, "model_config_name": "echo", **more}
        return (await self.post(f"/chats/{chat}/assistant_message", body))["id"]

    async def answer(self, chat: str, parent: str, **more: object) -> Json:
        """An answer, as it has ended."""
        message = await self.ask(chat, parent, **more)
        await self.events(chat, message)
        return await self.message(chat, message)

    async def turn(self, chat: str, content: str, parent: str | None = None) -> Json:
        """A prompt and the answer to it; the answer."""
        return await self.answer(chat, await self.write(chat, content, parent))

    async def message(self, chat: str, message: str) -> Json:
        return await self.get(f"/chats/{chat}/messages/{message}")

    async def events(self, chat: str, message: str, after: int = 0) -> list[Json]:
        """What is told of an answer from one event on, to its end."""
        headers = {"last-event-id": str(after)}
        answer = await self.send("GET", f"/chats/{chat}/messages/{message}/events", headers=headers)
        assert answer.status_code == 200, answer.text
        return told(answer.text)

    @asynccontextmanager
    async def watching(self, chat: str, message: str, after: int | None = None) -> AsyncIterator[Watch]:
        """The stream of an answer, piece by piece; for hubs on a port."""
        headers = self._headers | ({} if after is None else {"last-event-id": str(after)})
        path = f"/chats/{chat}/messages/{message}/events"
        async with self.http.stream("GET", path, headers=headers) as answer:
            assert answer.status_code == 200
            assert answer.headers["content-type"].startswith("text/event-stream")
            yield Watch(answer.aiter_lines())


class Watch:
    """A stream that somebody reads."""

    def __init__(self, lines: AsyncIterator[str]) -> None:
        self._lines = lines
        self.last_id = 0
        self.heartbeats = 0

    async def next(self) -> Json | None:
        """The next event; None at the end."""
        async for line in self._lines:
            if line.startswith("id: "):
                self.last_id = int(line[4:])
            elif line.startswith(":"):
                self.heartbeats += 1
            elif line.startswith("data: "):
                return json.loads(line[6:])
        return None

    async def rest(self) -> list[Json]:
        events: list[Json] = []
        while (event := await self.next()) is not None:
            events.append(event)
        return events

    async def heartbeat(self) -> None:
        """Wait for a sign of life."""
        async for line in self._lines:
            if line.startswith(":"):
                return
