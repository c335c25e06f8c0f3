"""What the hub does by itself."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from uuid import UUID

from oa.hub import checks, generating, growth, statistics, trust
from oa.hub.transactions import Database

TIDY_EVERY_S = 3600.0
LOOK_EVERY_S = 3600.0
FIRST_LOOK_AFTER_S = 60.0
"""Whoever has waited for the hub to start goes first."""

log = logging.getLogger(__name__)


async def tidy_for_ever(database: Database, pause: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
    """Do what time alone asks for, now and every hour, whatever goes wrong with it."""
    while True:
        try:
            done = await database.write(growth.tidy)
            counted = await database.read(statistics.count_cached)  # it takes long, so the writer only keeps it
            await database.write(partial(statistics.keep_cached, counted=counted))
            await index_texts(database)
            await tidy_chats(database)
            await database.empty_log()  # of what was erased while somebody was reading
        except Exception:
            log.exception("tidying failed; the next try is in an hour")
        else:
            log.debug("tidied: %s", done)
        await pause(TIDY_EVERY_S)


async def index_texts(database: Database) -> None:
    """Index what came with an import, or whatever was not finished, for the search for near duplicates."""
    after: UUID | None = checks.FIRST
    while after is not None:
        after = await database.write(partial(checks.catch_up, after=after))


async def tidy_chats(database: Database) -> None:
    """Forget how answers came that ended long ago; their text stays."""
    while await database.write(generating.forget_events):
        pass


async def look_for_ever(database: Database, pause: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
    """Look for signs of abuse every hour, whatever goes wrong with it."""
    await pause(FIRST_LOOK_AFTER_S)
    while True:
        try:
            raised = await trust.look_for_signs(database)
        except Exception:
            log.exception("looking for signs of abuse failed; the next try is in an hour")
        else:
            log.debug("signs of abuse: %d new, %d still there", raised.new, raised.renewed)
        await pause(LOOK_EVERY_S)


@asynccontextmanager
async def running(database: Database) -> AsyncGenerator[None, None]:
    """Run the hub's own work for as long as the context lasts."""
    tasks = [
        asyncio.create_task(tidy_for_ever(database), name="tidy"),
        asyncio.create_task(look_for_ever(database), name="look for abuse"),
    ]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
