"""What the hub does by itself."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

from oa.hub import growth
from oa.hub.transactions import Database

TIDY_EVERY_S = 3600.0

log = logging.getLogger(__name__)


async def tidy_for_ever(database: Database, pause: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
    """Do what time alone asks for, now and every hour, whatever goes wrong with it."""
    while True:
        try:
            done = await database.write(growth.tidy)
        except Exception:
            log.exception("tidying failed; the next try is in an hour")
        else:
            log.debug("tidied: %s", done)
        await pause(TIDY_EVERY_S)


@asynccontextmanager
async def running(database: Database) -> AsyncGenerator[None, None]:
    """Run the hub's own work for as long as the context lasts."""
    task = asyncio.create_task(tidy_for_ever(database), name="tidy")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
