from __future__ import annotations

import asyncio
import os
import random
import shutil
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import settings
from litestar import Litestar
from scripted_answering import ScriptedAnswering
from sqlalchemy import Connection, make_url
from sqlmodel import SQLModel

from oa.config import Config
from oa.domain.people import AccountRole
from oa.hub import accounts, campaigns, keys
from oa.hub.access import hash_secret
from oa.hub.accounts import NewAccount
from oa.hub.keys import NewClient, NewToken
from oa.server.app import create_app
from oa.store import dialect, tables
from oa.store.database import Database, Transaction
from oa.store.opening import FILE_NAME, open_database

# A busy machine is slow, not wrong: only what a property says can fail it.
# In CI the examples are always the same, so that a run says something about the change and not about its luck.
settings.register_profile("oa", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("oa")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--postgres",
        action="store_true",
        help="give tests a database of the server that OA_TEST_POSTGRES_URL names instead of a SQLite file",
    )


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.config.getoption("--postgres") and item.get_closest_marker("sqlite"):
        pytest.skip("asks for what only a SQLite file has")


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """The developer's own hub must not decide how tests end."""
    for name in list(os.environ):
        if name.startswith("OA_") and not name.startswith("OA_TEST_"):
            monkeypatch.delenv(name)


# --- databases -------------------------------------------------------------------------------------------------------


class Clock:
    """Stands still until it is told to go on."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, by: timedelta) -> None:
        self.now += by


@pytest.fixture
def clock() -> Clock:
    return Clock(datetime(2026, 11, 20, 12, tzinfo=UTC))


@pytest.fixture
def tx_now(clock: Clock) -> datetime:
    """What the clock of `database` shows when the test begins."""
    return clock.now


@pytest.fixture
def rng() -> random.Random:
    return random.Random(7)


@pytest.fixture(scope="session")
def empty_database_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file with nothing in it but the clients that every hub has; to be copied."""
    data_dir = tmp_path_factory.mktemp("empty")
    open_database(data_dir).shut()
    return data_dir / FILE_NAME


@pytest.fixture
def data_dir(tmp_path: Path, empty_database_file: Path) -> Path:
    """A data directory with an up-to-date SQLite file."""
    directory = tmp_path / "oa-data"
    directory.mkdir(mode=0o700)
    shutil.copy(empty_database_file, directory / FILE_NAME)
    return directory


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def any_database_url(request: pytest.FixtureRequest) -> str:
    """An up-to-date database: the test runs once with SQLite and once with PostgreSQL."""
    if request.param == "sqlite":
        return dialect.sqlite_url(request.getfixturevalue("data_dir") / FILE_NAME)
    return request.getfixturevalue("postgres_url")


@pytest.fixture
async def any_database(any_database_url: str, clock: Clock, rng: random.Random) -> AsyncIterator[Database]:
    database = Database(any_database_url, now=clock, rng=rng)
    yield database
    await database.close()


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> str:
    """An up-to-date database: a SQLite file, or what `--postgres` asks for."""
    if request.config.getoption("--postgres"):
        return request.getfixturevalue("postgres_url")
    return dialect.sqlite_url(request.getfixturevalue("data_dir") / FILE_NAME)


@pytest.fixture
async def database(database_url: str, clock: Clock, rng: random.Random) -> AsyncIterator[Database]:
    """An up-to-date database, at the time that `clock` shows, with chance from a fixed seed."""
    database = Database(database_url, now=clock, rng=rng)
    yield database
    await database.close()


# --- trees -----------------------------------------------------------------------------------------------------------


class Garden:
    """Puts messages and their authors straight into the store. Each message is a second younger than the last."""

    FIRST_DAY = datetime(2024, 1, 1, tzinfo=UTC)

    def __init__(self, database: Database) -> None:
        self._database = database
        self._numbers = count(1)
        self.client = self.add_client("key", trusted=True)

    def add_client(self, key: str, *, trusted: bool = False) -> uuid.UUID:
        """A program that shows this key."""
        facts = {"key_hash": hash_secret(key), "trusted": trusted, "created_date": self.FIRST_DAY}
        return self._add(tables.ApiClient(id=uuid.uuid4(), **facts)).id

    def add_user(self, username: str, **facts: Any) -> uuid.UUID:
        """A user of the garden's own program, unless `api_client_id` names another."""
        plain = {"display_name": username.title(), "auth_method": "local", "api_client_id": self.client}
        row = tables.User(id=uuid.uuid4(), username=username, created_date=self.FIRST_DAY, **{**plain, **facts})
        return self._add(row).id

    def add_message(self, parent: uuid.UUID | None = None, **facts: Any) -> uuid.UUID:
        """A message that its program calls `m1`, `m2` and so on."""
        number, message_id = next(self._numbers), facts.pop("id", uuid.uuid4())
        above = None if parent is None else self.row(tables.Message, parent)
        plain = {
            "message_tree_id": message_id if above is None else above["message_tree_id"],
            "role": "assistant" if above is not None and above["role"] == "prompter" else "prompter",
            "api_client_id": self.client,
            "frontend_message_id": f"m{number}",
            "created_date": self.FIRST_DAY + timedelta(seconds=number),
            "text": f"text {number}",
            "lang": "en",
            "depth": 0 if above is None else above["depth"] + 1,
        }
        return self._add(tables.Message(id=message_id, parent_id=parent, **{**plain, **facts})).id

    def add_tree(self, root: uuid.UUID, **facts: Any) -> None:
        """The state of the tree under a message."""
        plain = {"state": "growing", "active": True, "goal_tree_size": 12, "max_depth": 3, "max_children_count": 3}
        self._add(tables.MessageTree(message_tree_id=root, lang="en", tie_seed=0, **{**plain, **facts}))

    def add_emoji(self, message: uuid.UUID, user: uuid.UUID, emoji: str) -> None:
        date = self.FIRST_DAY + timedelta(seconds=next(self._numbers))
        self._add(tables.MessageEmoji(message_id=message, user_id=user, emoji=emoji, created_date=date))

    def row(self, model: type[SQLModel], row_id: uuid.UUID) -> dict[str, Any]:
        """The row with this id as it stands."""
        table = tables.metadata.tables[str(model.__tablename__)]
        query = table.select().where(table.c.id == row_id)
        return self._database.run(lambda tx: dict(tx.connection.execute(query).one()._mapping))

    def _add(self, row: Any) -> Any:
        self._database.run(lambda tx: tx.connection.execute(row.__table__.insert(), row.model_dump()))
        return row


@pytest.fixture
def garden(database: Database) -> Garden:
    return Garden(database)


@pytest.fixture
def any_garden(any_database: Database) -> Garden:
    """The same in `any_database`."""
    return Garden(any_database)


# --- PostgreSQL ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Connection]:
    """A connection to the server that OA_TEST_POSTGRES_URL names; its user must be allowed to make databases."""
    url = os.environ.get("OA_TEST_POSTGRES_URL")
    if not url:
        pytest.skip("OA_TEST_POSTGRES_URL names no PostgreSQL server")
    engine = dialect.writer_engine(url)
    with engine.connect() as connection:
        yield connection


@pytest.fixture(scope="session")
def postgres_template(postgres_server: Connection, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    name = _new_postgres_database(postgres_server)
    open_database(tmp_path_factory.mktemp("postgres"), url=_url_of(postgres_server, name)).shut()
    yield name
    _drop(postgres_server, name)


@pytest.fixture
def postgres_url(postgres_server: Connection, postgres_template: str) -> Iterator[str]:
    """An up-to-date PostgreSQL database of this test's own."""
    name = _new_postgres_database(postgres_server, f"TEMPLATE {postgres_template}")
    yield _url_of(postgres_server, name)
    _drop(postgres_server, name)


@pytest.fixture
def empty_postgres_url(postgres_server: Connection) -> Iterator[str]:
    """A PostgreSQL database without tables."""
    name = _new_postgres_database(postgres_server)
    yield _url_of(postgres_server, name)
    _drop(postgres_server, name)


def _new_postgres_database(server: Connection, options: str = "") -> str:
    name = f"oa_test_{uuid.uuid4().hex}"
    server.exec_driver_sql(f"CREATE DATABASE {name} {options}")
    return name


def _drop(server: Connection, name: str) -> None:
    server.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")


def _url_of(server: Connection, name: str) -> str:
    return make_url(server.engine.url).set(drivername="postgresql", database=name).render_as_string(hide_password=False)


# --- the hub over HTTP -----------------------------------------------------------------------------------------------


class RunningHub:
    """A hub in this process, an HTTP client that talks to it, and the keys of two programs."""

    def __init__(
        self, app: Litestar, database: Database, http: httpx.AsyncClient, answering: ScriptedAnswering
    ) -> None:
        self.app = app
        self.database = database
        self.answering = answering
        self.http = http
        self.key = self._new_key("program", trusted=False)
        self.trusted_key = self._new_key("trusted program", trusted=True)

    async def set_campaign(self, **settings: object) -> None:
        """Change settings of data collection, as `oa campaign set` does."""
        texts = {name: str(value) for name, value in settings.items()}
        await self.database.write(lambda tx: campaigns.change(tx, texts))

    async def send(
        self, method: str, path: str, body: object = None, *, key: str | None = None, **headers: str
    ) -> httpx.Response:
        """A request under /api/v1 with the untrusted program's key, or another; `x_oasst_user="local:ada"` is sent as
        a header."""
        shown = {name.replace("_", "-"): value for name, value in headers.items()}
        shown.setdefault("x-api-key", self.key if key is None else key)
        content = {} if body is None else {"json": body}
        return await self.http.request(method, f"/api/v1{path}", headers=shown, **content)

    @staticmethod
    def user(name: str) -> dict[str, str]:
        """A user as programs name them in bodies."""
        return {"id": name, "display_name": name.title(), "auth_method": "local"}

    async def ask(self, name: str, kind: str = "random", **more: object) -> httpx.Response:
        return await self.send("POST", "/tasks/", {"type": kind, "user": self.user(name), **more})

    async def take(self, name: str, kind: str = "random", **more: object) -> dict[str, Any]:
        """A task for somebody, acknowledged under its own id."""
        asked = await self.ask(name, kind, **more)
        assert asked.status_code == 200, asked.text
        task: dict[str, Any] = asked.json()
        acknowledged = await self.send("POST", f"/tasks/{task['id']}/ack", {"message_id": task["id"]})
        assert acknowledged.status_code == 204, acknowledged.text
        return task

    async def answer(self, name: str, task: dict[str, Any], **more: object) -> httpx.Response:
        """Answer a task that was taken: with a text of its own, a review without complaint, or the order shown."""
        body: dict[str, object] = {"user": self.user(name), "message_id": task["id"]}
        if "valid_labels" in task:
            body |= {"type": "text_labels", "message_id": task["message_id"], "task_id": task["id"], "text": ""}
            body |= {"labels": dict.fromkeys(task["valid_labels"], 0)}
        elif "reply_messages" in task:
            body |= {"type": "message_ranking", "ranking": list(range(len(task["reply_messages"])))}
        else:
            body |= {
                "type": "text_reply_to_message",
                "user_message_id": f"of-{task['id']}",
                "text": f"Text {task['id']}",
            }
        return await self.send("POST", "/tasks/interaction", {**body, **more})

    async def write_prompt(self, name: str) -> str:
        """A new prompt in review; its id."""
        task = await self.take(name, "initial_prompt")
        assert (await self.answer(name, task)).status_code == 200
        found = await self.send("GET", f"/frontend_messages/of-{task['id']}")
        prompt_id: str = found.json()["id"]
        return prompt_id

    def _new_key(self, description: str, *, trusted: bool) -> str:
        wanted = NewClient(description=description, trusted=trusted)
        return self.database.run(lambda tx: keys.create_client(tx, wanted)).secret


@asynccontextmanager
async def _alive(app: Litestar) -> AsyncIterator[None]:
    """The application between start and stop, both of which must happen in one task."""
    started, stopping = asyncio.Event(), asyncio.Event()

    async def live() -> None:
        async with app.lifespan():
            started.set()
            await stopping.wait()

    life = asyncio.create_task(live())
    await asyncio.wait([life, waiting := asyncio.create_task(started.wait())], return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    yield
    stopping.set()
    await life


@pytest.fixture
async def hub(database: Database) -> AsyncIterator[RunningHub]:
    """An empty hub whose time stands still at `clock`."""
    answering = ScriptedAnswering()
    app = create_app(database, Config(), answering)
    transport = httpx.ASGITransport(app)
    async with _alive(app), httpx.AsyncClient(transport=transport, base_url="http://hub") as http:
        yield RunningHub(app, database, http, answering)


@pytest.fixture
async def token(hub: RunningHub) -> str:
    """The token of a person, a volunteer called eve."""
    return await _token(hub, "eve", AccountRole.VOLUNTEER)


@pytest.fixture
async def admin_token(hub: RunningHub) -> str:
    """The token of an administrator called root."""
    return await _token(hub, "root", AccountRole.ADMIN)


async def _token(hub: RunningHub, name: str, role: AccountRole) -> str:
    def make(tx: Transaction) -> str:
        account = accounts.create_account(tx, NewAccount(name, role))
        return keys.issue_token(tx, account.user, NewToken("test")).secret

    return await hub.database.write(make)
