"""Whatever is sent to any operation that the schema describes, the hub answers, and never with a fault of its own."""

from __future__ import annotations

import asyncio
import random
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st
from litestar import Litestar
from schemathesis import GenerationMode

from oa.config import Config
from oa.domain.people import AccountRole
from oa.hub import accounts, keys
from oa.hub.accounts import NewAccount
from oa.hub.keys import NewClient, NewToken
from oa.server.app import create_app
from oa.store import dialect
from oa.store.database import Database, Transaction

pytestmark = pytest.mark.slow

EXAMPLES = 20
"""Requests for each operation, in each of the two modes: as the schema says, and not as it says."""

EXPECTED_UNAVAILABLE = {
    "no_classifier",
    "task_requested_type_not_available",
    "tool_failed",
    "unavailable",
    "user_disabled",
}


async def interface(app: Litestar) -> dict[str, Any]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hub") as http:
        return (await http.get("/schema")).json()


DOCUMENT = asyncio.run(interface(create_app(None, Config())))  # type: ignore[arg-type]  # no data is asked for
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
OPERATIONS = {operation.label: operation for operation in (found.ok() for found in SCHEMA.get_all_operations())}

CASES = [
    pytest.param(label, mode, id=f"{label} {mode.value}")
    for label, operation in OPERATIONS.items()
    for mode in GenerationMode
    if mode is GenerationMode.POSITIVE or operation.definition.raw.keys() & {"parameters", "requestBody"}
]

ASKING = (
    {"type": "random", "user": {"id": "ada", "display_name": "Ada", "auth_method": "local"}},
    {"type": "label_initial_prompt", "user": {"id": "bob", "display_name": "Bob", "auth_method": "local"}},
)


class World:
    """A hub with a little in it, some of whose ids the requests may hit upon."""

    def __init__(self, data_file: Path) -> None:
        self.database = Database(dialect.sqlite_url(data_file), rng=random.Random(7))
        self.secrets = self.database.run(_secrets)
        transport = httpx.ASGITransport(create_app(self.database, Config()))
        self.http = httpx.AsyncClient(transport=transport, base_url="http://hub")
        self.runner = asyncio.Runner()
        self.ids = self.runner.run(self._plant())

    def send(self, request: httpx.Request) -> httpx.Response:
        return self.runner.run(self.http.send(request))

    def close(self) -> None:
        self.runner.run(self.http.aclose())
        self.runner.run(self.database.close())
        self.runner.close()

    async def _plant(self) -> list[str]:
        """A prompt that waits for reviews and tasks that are open; their ids."""
        headers = {"x-api-key": self.secrets["trusted"]}
        first = (await self.http.post("/api/v1/tasks/", json=ASKING[0], headers=headers)).json()
        await self.http.post(f"/api/v1/tasks/{first['id']}/ack", json={"message_id": "shown"}, headers=headers)
        written = {"type": "text_reply_to_message", "message_id": "shown", "user_message_id": "mine", "text": "Why?"}
        await self.http.post("/api/v1/tasks/interaction", json={**ASKING[0], **written}, headers=headers)
        review = (await self.http.post("/api/v1/tasks/", json=ASKING[1], headers=headers)).json()
        await self.http.post(f"/api/v1/tasks/{review['id']}/ack", json={"message_id": review["id"]}, headers=headers)
        return [first["id"], review["id"], review["message_id"], "shown", "mine"]


def _secrets(tx: Transaction) -> dict[str, str]:
    admin = accounts.create_account(tx, NewAccount("root", AccountRole.ADMIN)).user
    return {
        "trusted": keys.create_client(tx, NewClient(description="trusted", trusted=True)).secret,
        "untrusted": keys.create_client(tx, NewClient(description="untrusted")).secret,
        "admin": keys.issue_token(tx, admin, NewToken("test")).secret,
    }


@pytest.fixture(scope="module")
def world(empty_database_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    data_file = tmp_path_factory.mktemp("fuzz") / "oa.db"
    shutil.copy(empty_database_file, data_file)
    world = World(data_file)
    yield world
    world.close()


def with_known_ids(values: Any, known: str | None) -> Any:
    """The same values, with an id that exists wherever an id belongs; None leaves them as they are."""
    if known is None or not isinstance(values, Mapping):
        return values
    return {name: known if str(name).endswith(("message_id", "task_id")) else value for name, value in values.items()}


def request_of(case: Any, secret: str | None, known: str | None) -> httpx.Request:
    case.path_parameters = with_known_ids(case.path_parameters, known)
    case.body = with_known_ids(case.body, known)
    sent = case.as_transport_kwargs(base_url="http://hub")
    headers = {name: str(value).encode("utf-8", "replace") for name, value in dict(sent["headers"]).items()}
    if secret is not None:
        headers |= {"X-API-Key": secret.encode(), "Authorization": f"Bearer {secret}".encode()}
        sent["params"] = {name: value for name, value in (sent["params"] or {}).items() if name != "api_key"}
    body = {"json": sent["json"]} if "json" in sent else {"content": sent.get("data")}
    return httpx.Request(sent["method"], sent["url"], params=sent["params"], headers=headers, **body)


@pytest.mark.parametrize(("label", "mode"), CASES)
def test_no_request_makes_the_hub_fail(world: World, label: str, mode: GenerationMode) -> None:
    secrets = st.sampled_from([*world.secrets.values(), None])
    known = st.sampled_from([*world.ids, None])

    @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck), database=None)
    @given(case=OPERATIONS[label].as_strategy(generation_mode=mode), secret=secrets, known=known)
    def send(case: Any, secret: str | None, known: str | None) -> None:
        try:
            request = request_of(case, secret, known)
        except httpx.InvalidURL:
            reject()  # longer than any client sends
        answer = world.send(request)
        if answer.status_code >= 500:
            assert answer.status_code in (501, 503), answer.text
            refused = answer.json()
            assert (refused.get("code") or refused["type"].removeprefix("urn:oa:")) in EXPECTED_UNAVAILABLE
        elif answer.status_code >= 400:
            told = answer.json().get("error", answer.json())
            assert told.get("message") or told.get("title")

    send()
