from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from litestar import Litestar

from oa.client.hub import Hub
from oa.config import Config, Registration, RegistrationMode
from oa.hub import campaigns, keys
from oa.hub.keys import NewClient
from oa.server.app import create_app
from oa.store.database import Database


@pytest.fixture
def app(database: Database) -> Litestar:
    """A hub that anybody may register with."""
    return create_app(database, Config(registration=Registration(mode=RegistrationMode.OPEN)))


@pytest.fixture
async def program(app: Litestar, database: Database) -> AsyncIterator[Hub]:
    """The hub as a trusted program sees it, whose users ask as often as they like."""
    await database.write(lambda tx: campaigns.change(tx, {"rate_limit": "false"}))
    issued = await database.write(lambda tx: keys.create_client(tx, NewClient(description="program", trusted=True)))
    async with Hub("http://hub.test", key=issued.secret, transport=httpx.ASGITransport(app=app)) as hub:
        yield hub
