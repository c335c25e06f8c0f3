"""Clients written for Open-Assistant's inference server find what they know, and one that is written like its text
client chats here unmodified.

The original's description lies beside the tests; it is older than two operations, which are named here.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from interfaces import Comparison, operations
from loopback import serving
from scripted_answering import ScriptedAnswering

from oa.config import Auth, Config
from oa.server.app import create_app
from oa.store.database import Database

Json = dict[str, Any]

FILE = Path(__file__).parents[1] / "fixtures/openassistant_inference_openapi.json"
REFERENCE: Json = json.loads(FILE.read_text())
THEIRS = operations(REFERENCE)

LATER = {
    ("post", "/chats/{chat_id}/messages/{message_id}/message_evals"),
    ("put", "/chats/hide_all"),
}
"""What the original had and its description lacked."""

NOT_BUILT = {
    ("get", f"/auth/{step}/{site}") for step in ("login", "callback") for site in ("discord", "github", "google")
}
"""Signing in at other sites: people sign in here by password, token or SSH key, and programs bring their own users."""

BUILT = [operation for operation in THEIRS if operation not in NOT_BUILT]


@pytest.fixture(scope="module")
def schema() -> Json:
    """What a hub says of itself that lets anybody sign in."""

    async def ask() -> Json:
        app = create_app(None, Config(auth=Auth(allow_debug_login=True)))  # type: ignore[arg-type]  # it has no data
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hub") as http:
            return (await http.get("/schema")).json()

    return asyncio.run(ask())


@pytest.mark.parametrize("operation", [pytest.param(operation, id=" ".join(operation)) for operation in BUILT])
def test_the_operation_offers_all_that_the_originals_does(operation: tuple[str, str], schema: Json) -> None:
    found = operations(schema).get(operation)
    assert found is not None, "there is no such operation"
    success = {"302", "200"} & found["responses"].keys()
    theirs = {**THEIRS[operation], "responses": {status: THEIRS[operation]["responses"]["200"] for status in success}}
    assert Comparison(schema, REFERENCE).operation(theirs, found, success) == []


def test_what_the_description_lacks_is_there_too_and_what_is_not_built_is_said(schema: Json) -> None:
    ours = operations(schema).keys()
    assert ours >= LATER
    assert not ours & NOT_BUILT


# --- a client ---------------------------------------------------------------------------------------------------------


class TextClient:
    """What Open-Assistant's text client does, with the requests and the expectations that it has."""

    def __init__(self, address: str) -> None:
        self._http = httpx.Client(base_url=address, timeout=30)
        self._headers: dict[str, str] = {}
        self._chat = ""
        self._last: str | None = None

    def log_in(self, name: str) -> None:
        tokens = self._http.get("/auth/callback/debug", params={"code": name}).raise_for_status().json()
        assert tokens["access_token"]["token_type"] == "bearer"
        self._headers = {"Authorization": f"Bearer {tokens['access_token']['access_token']}"}

    def models(self) -> list[str]:
        return [model["name"] for model in self._http.get("/configs/model_configs").raise_for_status().json()]

    def begin(self) -> None:
        made = self._http.post("/chats", json={}, headers=self._headers).raise_for_status()
        self._chat, self._last = made.json()["id"], None

    def send(self, text: str, model: str) -> Iterator[str]:
        """The pieces of the answer to a message."""
        self._last = self._post("prompter_message", {"parent_id": self._last, "content": text})
        sampling = {"top_k": 50, "top_p": 0.95, "temperature": 0.75, "repetition_penalty": 1.2}
        asked = {"parent_id": self._last, "model_config_name": model, "sampling_parameters": sampling}
        self._last = self._post("assistant_message", asked)
        path = f"/chats/{self._chat}/messages/{self._last}"
        headers = {**self._headers, "Accept": "text/event-stream"}
        with self._http.stream("GET", f"{path}/events", headers=headers) as stream:
            if stream.raise_for_status().status_code == 204:
                yield self._http.get(path, headers=self._headers).raise_for_status().json()["content"]
                return
            for line in stream.iter_lines():
                if not line.startswith("data:"):
                    continue
                event = json.loads(line.removeprefix("data:"))
                if event["event_type"] == "error":
                    raise RuntimeError(event["error"])
                if event["event_type"] == "token":
                    yield event["text"]

    def close(self) -> None:
        self._http.close()

    def _post(self, what: str, body: Json) -> str:
        sent = self._http.post(f"/chats/{self._chat}/{what}", json=body, headers=self._headers)
        return sent.raise_for_status().json()["id"]


def converse(address: str) -> list[str]:
    client = TextClient(address)
    try:
        client.log_in("ada")
        (model,) = client.models()
        client.begin()
        return ["".join(client.send(text, model)) for text in ("Hello there", "And now?")]
    finally:
        client.close()


async def test_a_client_like_the_originals_signs_in_begins_a_chat_and_reads_the_answers(database: Database) -> None:
    answering = ScriptedAnswering()
    app = create_app(database, Config(auth=Auth(allow_debug_login=True)), answering)
    async with serving(app) as address:
        assert await asyncio.to_thread(converse, address) == ["Hello there", "And now?"]
    assert [turn.content for turn in answering.asked[-1].turns] == ["Hello there", "Hello there", "And now?"]


async def test_without_the_setting_nobody_signs_in_by_name_alone(hub: Any) -> None:
    for path in ("/auth/callback/debug?code=ada", "/auth/login/debug?username=ada"):
        assert (await hub.http.get(path)).status_code == 404
    assert (await hub.http.get("/auth/providers")).json() == []
