from __future__ import annotations

import shutil
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path

import openai
import pytest
import pytest_asyncio
from loopback import serving
from scripted_answering import ScriptedAnswering

from oa.config import Config
from oa.domain.people import AccountRole
from oa.hub import accounts, keys
from oa.hub.accounts import NewAccount
from oa.hub.keys import NewToken
from oa.server.app import create_app
from oa.store import dialect
from oa.store.database import Database, Transaction


@dataclass(frozen=True)
class Served:
    """A hub on a port, what its model is to say, and OpenAI's own client with a person's token."""

    address: str
    token: str
    answering: ScriptedAnswering
    client: openai.AsyncOpenAI


def _token(tx: Transaction) -> str:
    account = accounts.create_account(tx, NewAccount("ada", AccountRole.VOLUNTEER))
    return keys.issue_token(tx, account.user, NewToken("openai")).secret


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hub_on_a_port(
    empty_database_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[Served, None]:
    """One for all tests of a module: they have to run in the module's loop."""
    file = tmp_path_factory.mktemp("served") / "oa.db"
    shutil.copy(empty_database_file, file)
    database = Database(dialect.sqlite_url(file))
    answering = ScriptedAnswering()
    token = await database.write(_token)
    async with (
        serving(create_app(database, Config(), answering)) as address,
        openai.AsyncOpenAI(base_url=f"{address}/v1", api_key=token, max_retries=0) as client,
    ):
        yield Served(address, token, answering, client)
    await database.close()


@pytest.fixture
def served(hub_on_a_port: Served) -> Served:
    """The hub with a model to which nothing has happened yet."""
    hub_on_a_port.answering.forget()
    return hub_on_a_port
