"""A one-way street from a thread to the event loop."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Generic, TypeVar

T = TypeVar("T")

AT_ONCE = 32
"""So many pieces are taken before others on the event loop have their turn."""


PAUSE_S = 0.01
"""Between two wake-ups of one coroutine. Nobody sees text come in smaller steps, and each step costs a write."""


class Channel(Generic[T]):
    """Carries pieces from the thread that makes them to the one coroutine that takes them.

    The loop is woken only while the coroutine sleeps: a fast model writes many pieces for one wake-up. What comes after
    a silence, as the first piece does, is there at once, and so is the end.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._pieces: deque[T] = deque()
        self._arrived = asyncio.Event()
        self._is_asleep = False
        self._is_closed = False
        self._failure: BaseException | None = None

    def put(self, piece: T) -> None:
        """From any thread."""
        self._pieces.append(piece)
        if self._is_asleep:
            self._wake()

    def close(self, failure: BaseException | None = None) -> None:
        """From any thread: nothing more comes. `failure` is raised behind the last piece; the first call counts."""
        if not self._is_closed:
            self._failure = failure
            self._is_closed = True
            self._wake()

    async def take(self) -> AsyncGenerator[T, None]:
        """Every piece in order, as soon as it is there.

        Raises:
            BaseException: what `close` was given.
        """
        taken = 0
        woken_at = self._loop.time() - PAUSE_S
        while True:
            while self._pieces:
                yield self._pieces.popleft()
                taken += 1
                if taken % AT_ONCE == 0:
                    await asyncio.sleep(0)
            self._arrived.clear()
            self._is_asleep = True
            if not self._pieces and not self._is_closed:
                await self._arrived.wait()
            self._is_asleep = False
            await self._gather(woken_at + PAUSE_S)
            woken_at = self._loop.time()
            if self._is_closed and not self._pieces:
                break
        if self._failure is not None:
            raise self._failure

    async def _gather(self, until: float) -> None:
        """Let more pieces come until a time of the loop's clock, or until the end."""
        if until <= self._loop.time():
            return
        self._arrived.clear()
        if not self._is_closed:
            with suppress(TimeoutError):
                async with asyncio.timeout_at(until):
                    await self._arrived.wait()  # only the end sets it now

    def _wake(self) -> None:
        self._is_asleep = False
        try:
            self._loop.call_soon_threadsafe(self._arrived.set)
        except RuntimeError:
            return  # the loop is gone, and with it whoever waited
