from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from loopback import serving
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from workers import INFO, until

from oa.config import Config
from oa.domain.people import AccountRole
from oa.domain.sampling import Sampling
from oa.hub import accounts, keys, workers
from oa.hub.accounts import NewAccount
from oa.hub.keys import NewToken
from oa.hub.workers import IssuedWorker
from oa.inference.answering import Question
from oa.inference.engine import Role, Token, Turn
from oa.inference.service import LocalAnswering, ServiceSettings
from oa.server.app import create_app
from oa.store.database import Database, Transaction

ADMIN = "/admin/workers"


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


async def test_an_admin_makes_lists_and_removes_workers(hub: Any, admin_token: str) -> None:
    as_admin = bearer(admin_token)
    made = await hub.http.put(ADMIN, json={"name": "attic"}, headers=as_admin)
    assert made.status_code == 200, made.text
    created = made.json()
    assert re.fullmatch(r"oaw_[\w-]{43}", created["api_key"])
    listed = await hub.http.get(ADMIN, headers=as_admin)
    assert created["api_key"] not in listed.text
    (worker,) = listed.json()
    assert (worker["id"], worker["name"], worker["connected_at"]) == (created["id"], "attic", None)
    assert (await hub.http.delete(f"{ADMIN}/{created['id']}", headers=as_admin)).status_code == 200
    assert (await hub.http.get(ADMIN, headers=as_admin)).json() == []
    assert (await hub.http.delete(f"{ADMIN}/{created['id']}", headers=as_admin)).status_code == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ADMIN),
        ("PUT", ADMIN),
        ("DELETE", f"{ADMIN}/00000000-0000-4000-8000-000000000001"),
        ("GET", "/workers/sessions"),
    ],
)
async def test_only_administrators_learn_of_workers(hub: Any, token: str, method: str, path: str) -> None:
    moderator = hub.database.run(_moderators_token)
    for headers in ({}, bearer(token), bearer(moderator), {"x-api-key": hub.key}, {"x-api-key": hub.trusted_key}):
        answer = await hub.http.request(method, path, headers=headers, json={"name": "mine"})
        assert answer.status_code in (401, 403), answer.text


def _moderators_token(tx: Transaction) -> str:
    account = accounts.create_account(tx, NewAccount("mo", AccountRole.MODERATOR))
    return keys.issue_token(tx, account.user, NewToken("test")).secret


@dataclass(frozen=True)
class Workplace:
    """A hub on a port, without models of its own."""

    address: str
    answering: LocalAnswering
    database: Database

    def add(self, name: str) -> IssuedWorker:
        return self.database.run(lambda tx: workers.add(tx, name))

    def connect(self, key: str, version: str = "1") -> connect:
        headers = {"X-API-Key": key, "X-Protocol-Version": version}
        return connect(self.address.replace("http", "ws") + "/workers/work", additional_headers=headers)

    async def ask(self, text: str = "Hi") -> str:
        turns = (Turn(Role.USER, text),)
        question = Question(id="q", person="ada", model="tiny", turns=turns, sampling=Sampling(temperature=0))
        pieces = [piece async for piece in self.answering.answer(question)]
        return "".join(piece.text for piece in pieces if isinstance(piece, Token))


@pytest.fixture
async def workplace(database: Database, tmp_path: Path) -> AsyncIterator[Workplace]:
    answering = LocalAnswering([], ServiceSettings(data_dir=tmp_path))
    async with serving(create_app(database, Config(), answering)) as address:
        yield Workplace(address, answering, database)
    await answering.close()


async def hear(connection: ClientConnection, kind: str) -> dict[str, Any]:
    async with asyncio.timeout(10):
        while True:
            frame: dict[str, Any] = json.loads(await connection.recv())
            if frame["request_type"] == kind:
                return frame


@pytest.mark.parametrize("key", ["", "1234", "oaw_guessed"])
async def test_a_stranger_is_told_so_and_sent_away_with_a_code_of_websockets(workplace: Workplace, key: str) -> None:
    async with workplace.connect(key) as connection:
        await hear(connection, "wrong_api_key")
        with pytest.raises(ConnectionClosed) as closed:
            await connection.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4401


async def test_another_version_is_told_to_upgrade(workplace: Workplace) -> None:
    async with workplace.connect(workplace.add("attic").secret, version="2") as connection:
        await hear(connection, "upgrade_protocol")
        with pytest.raises(ConnectionClosed) as closed:
            await connection.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4426


async def test_an_open_assistant_worker_answers_and_is_seen(workplace: Workplace) -> None:
    issued = workplace.add("attic")
    async with workplace.connect(issued.secret) as connection:
        await connection.send(json.dumps(INFO))
        await until(lambda: bool(workplace.answering.loads()))
        asked = asyncio.create_task(workplace.ask())
        work = await hear(connection, "work")
        assert work["thread"]["messages"][0]["content"] == "Hi"
        (known,) = workplace.database.run(workers.every)
        assert (known.model, known.connected_date is None) == ("tiny", False)
        for frame in (
            {"response_type": "token", "request_id": work["id"], "text": "Hel", "log_prob": -1.0, "token_id": 3},
            {"response_type": "general_error", "error": "the fan is loud"},
            {
                "response_type": "generated_text",
                "request_id": work["id"],
                "text": "Hello",
                "finish_reason": "eos_token",
                "metrics": None,
                "used_plugin": None,
            },
        ):
            await connection.send(json.dumps(frame))
        assert await asked == "Hello"
    await until(lambda: workplace.database.run(workers.every)[0].connected_date is None)
