"""Which models are in memory: as many as there is room for, those that were used last."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from oa.inference.engine import Engine

log = logging.getLogger(__name__)


@dataclass(eq=False, slots=True)
class Resident:
    """A model that may be in memory. `needs_bytes` is an estimate."""

    name: str
    engine: Engine
    needs_bytes: int
    on_change: Callable[[], None] = lambda: None
    """Called when it takes more or fewer requests than before."""
    users: int = 0
    last_used: float = 0.0
    must_leave: bool = False
    """It takes nothing new until it has made room for another model."""
    empty: asyncio.Event = field(default_factory=asyncio.Event)


class Residence:
    """Loads models when they are used, and unloads them when nobody used them for long or another needs the room.

    Args:
        room_bytes: what all of them may take together. One model alone is always loaded.
        idle_s: how long a model stays unused; 0 keeps it.
    """

    def __init__(self, room_bytes: int, idle_s: float) -> None:
        self._room_bytes = room_bytes
        self._idle_s = idle_s
        self._residents: set[Resident] = set()
        self._moving = asyncio.Lock()
        self._timers: dict[Resident, asyncio.TimerHandle] = {}
        self._leaving: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def using(self, resident: Resident) -> AsyncGenerator[None, None]:
        """The model is loaded, and stays so as long as the context lasts.

        Raises:
            ModelFailed: it cannot be loaded.
        """
        self._residents.add(resident)
        if not resident.engine.is_loaded or resident.must_leave:
            await self._move_in(resident)
        resident.users += 1
        self._stop_timer(resident)
        try:
            yield
        finally:
            self._used(resident)

    async def close(self) -> None:
        """Unload everything."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        for leaving in self._leaving:
            leaving.cancel()
        for resident in self._residents:
            await resident.engine.unload()

    async def _move_in(self, resident: Resident) -> None:
        async with self._moving:
            if resident.engine.is_loaded:
                return
            while (victim := self._in_the_way(resident)) is not None:
                await self._move_out(victim)
            log.info("loading %s", resident.name)
            await resident.engine.load()
        resident.on_change()

    def _in_the_way(self, resident: Resident) -> Resident | None:
        """The model that was used longest ago, as long as there is not room enough."""
        others = [other for other in self._residents if other is not resident and other.engine.is_loaded]
        taken = sum(other.needs_bytes for other in others)
        if taken + resident.needs_bytes <= self._room_bytes:
            return None
        return min(others, key=lambda other: (other.users > 0, other.last_used), default=None)

    async def _move_out(self, victim: Resident) -> None:
        """Let it end what it has begun, give it nothing new, and unload it."""
        victim.must_leave = True
        victim.on_change()
        try:
            while victim.users:
                victim.empty.clear()
                await victim.empty.wait()
            log.info("unloading %s to make room", victim.name)
            await victim.engine.unload()
        finally:
            victim.must_leave = False
            victim.on_change()

    def _used(self, resident: Resident) -> None:
        loop = asyncio.get_running_loop()
        resident.users -= 1
        resident.last_used = loop.time()
        if resident.users == 0:
            resident.empty.set()
            if self._idle_s:
                self._timers[resident] = loop.call_later(self._idle_s, self._leave, resident)

    def _stop_timer(self, resident: Resident) -> None:
        timer = self._timers.pop(resident, None)
        if timer is not None:
            timer.cancel()

    def _leave(self, resident: Resident) -> None:
        """Nobody used it for long."""
        self._timers.pop(resident, None)
        task = asyncio.ensure_future(self._move_out_idle(resident))
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)

    async def _move_out_idle(self, resident: Resident) -> None:
        async with self._moving:
            if resident.users == 0 and resident.engine.is_loaded:
                await self._move_out(resident)
