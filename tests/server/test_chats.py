"""Chats over HTTP: beginning them, talking, and watching the answers come."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import httpx

Json = dict[str, Any]


class Talk:
    """Somebody who chats with the hub."""

    def __init__(self, http: httpx.AsyncClient, token: str) -> None:
        self._http = http
        self._headers = {"authorization": f"Bearer {token}"}

    async def send(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        content = {} if body is None else {"json": body}
        return await self._http.request(method, path, headers={**self._headers, **(headers or {})}, **content)

    async def begin(self) -> str:
        answer = await self.send("POST", "/chats", {})
        assert answer.status_code == 200, answer.text
        return answer.json()["id"]

    async def write(self, chat: str, content: str, parent: str | None = None) -> Json:
        answer = await self.send("POST", f"/chats/{chat}/prompter_message", {"parent_id": parent, "content": content})
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def ask(self, chat: str, parent: str, **more: object) -> Json:
        body = {"parent_id": parent, "model_config_name": "echo", **more}
        answer = await self.send("POST", f"/chats/{chat}/assistant_message", body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def events(self, chat: str, message: str, after: int | None = 0) -> list[Json]:
        headers = {} if after is None else {"last-event-id": str(after)}
        answer = await self.send("GET", f"/chats/{chat}/messages/{message}/events", headers=headers)
        assert answer.status_code == 200, answer.text
        return [json.loads(line.removeprefix("data: ")) for line in answer.text.splitlines() if line[:5] == "data:"]


async def test_somebody_asks_and_is_answered(hub: Any, token: str) -> None:
    eve = Talk(hub.http, token)
    chat = await eve.begin()
    prompt = await eve.write(chat, "Good morning to you")
    answer = await eve.ask(chat, prompt["id"])
    assert (answer["state"], answer["content"], answer["parent_id"]) == ("pending", None, prompt["id"])
    events = await eve.events(chat, answer["id"])
    assert "".join(event["text"] for event in events if event["event_type"] == "token") == "Good morning to you"
    assert events[-1]["event_type"] == "message"
    assert events[-1]["message"]["content"] == "Good morning to you"
    whole = (await eve.send("GET", f"/chats/{chat}")).json()
    assert [message["state"] for message in whole["messages"]] == ["manual", "complete"]
    assert whole["title"] == "Good morning to you"
