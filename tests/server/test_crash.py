"""The hub's process is killed under load, again and again: nothing that was acknowledged is lost or there twice."""

from __future__ import annotations

import asyncio
import os
import random
import re
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from recount import differences
from sqlalchemy import select

from oa.hub import campaigns, keys
from oa.hub.keys import NewClient
from oa.store import dialect, tables
from oa.store.database import Database, Transaction
from oa.store.opening import FILE_NAME

CRASHES = 20
VOLUNTEERS = 12

CAMPAIGN = {
    "goal_tree_size": "3",
    "max_tree_depth": "1",
    "max_children_count": "2",
    "num_reviews_initial_prompt": "2",
    "num_reviews_reply": "2",
    "num_required_rankings": "2",
    "rate_limit": "false",
}
"""Small trees, so that every kind of work comes soon."""


class Hub:
    """A hub in a process of its own that is started and killed, and what it has acknowledged so far."""

    def __init__(self, data_dir: Path, key: str) -> None:
        self.handed_out: set[UUID] = set()
        self.acknowledged: set[UUID] = set()
        self.answered: set[UUID] = set()
        self._data_dir = data_dir
        self._key = key
        self._http = httpx.AsyncClient(timeout=30)
        self._address = ""
        self._is_up = asyncio.Event()
        self._process: asyncio.subprocess.Process | None = None
        self._wanted = 0
        self._is_enough = asyncio.Event()

    async def start(self) -> None:
        command = [sys.executable, "-m", "oa", "serve", "--port", "0", "--data-dir", str(self._data_dir)]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("OA_")}
        with (self._data_dir.parent / "stderr").open("ab") as errors:
            self._process = await asyncio.create_subprocess_exec(
                *command, stdout=asyncio.subprocess.PIPE, stderr=errors, env=environment
            )
        assert self._process.stdout is not None
        greeting = (await self._process.stdout.readline()).decode()
        found = re.search(r"http://127\.0\.0\.1:\d+", greeting)
        assert found, greeting
        self._address = found[0]
        self._is_up.set()

    async def kill(self) -> None:
        assert self._process is not None
        self._is_up.clear()
        self._process.kill()
        await self._process.wait()

    async def stop(self) -> int:
        assert self._process is not None
        self._is_up.clear()
        self._process.terminate()
        return await self._process.wait()

    async def close(self) -> None:
        await self._http.aclose()
        if self._process is not None and self._process.returncode is None:
            await self.kill()

    async def take_answers(self, number: int) -> None:
        """Wait until so many more answers have been acknowledged."""
        self._is_enough.clear()
        self._wanted = len(self.answered) + number
        await self._is_enough.wait()

    def note_answer(self, task_id: UUID) -> None:
        self.answered.add(task_id)
        if len(self.answered) >= self._wanted:
            self._is_enough.set()

    async def send(self, path: str, body: dict[str, Any]) -> httpx.Response:
        """Send this once, however often the hub dies over it."""
        headers = {"x-api-key": self._key, "idempotency-key": uuid4().hex}
        while True:
            await self._is_up.wait()
            with suppress(httpx.TransportError):
                return await self._http.post(f"{self._address}/api/v1{path}", json=body, headers=headers)


async def volunteer(hub: Hub, name: str) -> None:
    """Takes whatever there is to do and does it, for ever."""
    user = {"id": name, "display_name": name, "auth_method": "local"}
    for number in count():
        asked = await hub.send("/tasks/", {"type": "random", "user": user})
        if asked.status_code == 503:  # nothing to do just now
            continue
        assert asked.status_code == 200, asked.text
        task = asked.json()
        hub.handed_out.add(UUID(task["id"]))
        frontend_id = f"{name} {number}"
        acknowledged = await hub.send(f"/tasks/{task['id']}/ack", {"message_id": frontend_id})
        assert acknowledged.status_code == 204, acknowledged.text
        hub.acknowledged.add(UUID(task["id"]))
        answered = await hub.send("/tasks/interaction", {"user": user, **answer(task, frontend_id)})
        assert answered.status_code == 200, answered.text
        hub.note_answer(UUID(task["id"]))


def answer(task: dict[str, Any], frontend_id: str) -> dict[str, Any]:
    if "valid_labels" in task:
        labels = {"spam": 0, "quality": 0.75}
        facts = {"message_id": task["message_id"], "task_id": task["id"], "text": "", "labels": labels}
        return {"type": "text_labels", **facts}
    if "reply_messages" in task:
        ranking = list(range(len(task["reply_messages"])))
        return {"type": "message_ranking", "message_id": frontend_id, "ranking": ranking}
    facts = {"user_message_id": f"{frontend_id} text", "text": f"What {frontend_id} says."}
    return {"type": "text_reply_to_message", "message_id": frontend_id, **facts}


@asynccontextmanager
async def at_work(hub: Hub) -> AsyncIterator[None]:
    """Volunteers who go on whatever becomes of the hub; that one of them fails ends everything."""
    async with asyncio.TaskGroup() as group:
        people = [group.create_task(volunteer(hub, f"volunteer {number}")) for number in range(VOLUNTEERS)]
        yield
        for person in people:
            person.cancel()


def open_file(data_dir: Path) -> Database:
    return Database(dialect.sqlite_url(data_dir / FILE_NAME))


def prepare(data_dir: Path) -> str:
    """An API key for a hub with small trees."""
    database = open_file(data_dir)
    try:
        database.run(lambda tx: campaigns.change(tx, CAMPAIGN))
        return database.run(lambda tx: keys.create_client(tx, NewClient(description="load"))).secret
    finally:
        database.shut()


def check(data_dir: Path, hub: Hub) -> None:
    """The file is sound, everything acknowledged is there once, and what is derived agrees with the facts."""
    database = open_file(data_dir)
    try:
        assert database.run(lambda tx: tx.connection.exec_driver_sql("PRAGMA integrity_check").scalars().all()) == [
            "ok"
        ]
        assert database.run(lambda tx: tx.connection.exec_driver_sql("PRAGMA foreign_key_check").all()) == []
        database.run(lambda tx: check_acknowledged(tx, hub))
        assert differences(database) == []
    finally:
        database.shut()


def check_acknowledged(tx: Transaction, hub: Hub) -> None:
    tasks = {row.id: row for row in tx.connection.execute(select(tables.tasks))}
    columns = (tables.messages.c.task_id, tables.text_labels.c.task_id, tables.ballots.c.task_id)
    answers = Counter(task_id for column in columns for task_id in tx.connection.execute(select(column)).scalars())
    assert hub.handed_out <= tasks.keys()
    assert hub.acknowledged <= {task_id for task_id, task in tasks.items() if task.ack}
    assert hub.answered <= {task_id for task_id, task in tasks.items() if task.done}
    assert answers.keys() == {task_id for task_id, task in tasks.items() if task.done}
    assert set(answers.values()) <= {1}


@pytest.mark.slow
async def test_a_hub_that_is_killed_under_load_keeps_what_it_has_acknowledged(data_dir: Path) -> None:
    hub, chance = Hub(data_dir, prepare(data_dir)), random.Random(20)
    try:
        async with at_work(hub):
            for _ in range(CRASHES):
                await hub.start()
                await hub.take_answers(chance.randint(5, 60))
                await hub.kill()
                check(data_dir, hub)
            await hub.start()
            await hub.take_answers(1)
        assert await hub.stop() == 0
    finally:
        await hub.close()
    check(data_dir, hub)
    assert len(hub.answered) > CRASHES * 5
