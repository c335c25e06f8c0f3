"""Loading that several wait for, and that goes on when they give up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any


class SharedWork:
    """One piece of work at a time. It is not cancelled with whoever waits for it: half a model would be left behind."""

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None

    async def run(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Wait for the work under way, or begin it. Raises what it raises."""
        if self._task is None:
            self._task = asyncio.create_task(work())
            self._task.add_done_callback(self._end)
        await asyncio.shield(self._task)

    def _end(self, task: asyncio.Task[None]) -> None:
        self._task = None
        if not task.cancelled():
            task.exception()  # it may be that nobody waits for it any more
