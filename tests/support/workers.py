"""Workers and hubs for tests of either: connections without a network, and lanes that can be watched."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

from oa.inference.workforce import ConnectionLost, Visitor, Workforce

INFO: dict[str, Any] = {
    "config": {
        "model_config": {
            "model_id": "tiny",
            "max_input_length": 256,
            "max_total_length": 512,
            "quantized": False,
        },
        "max_parallel_requests": 2,
    },
    "hardware_info": {"uname_sysname": "Linux", "cpu_count_physical": 2, "gpus": []},
}
"""What a worker of Open-Assistant says of itself."""

OFFER = {"offer": {"version": "0.1", "engine": "llamacpp", "description": "a tiny one"}}


class Wire:
    """Both ends of a connection. The test is the worker: it `says` frames and `hears` those of the hub."""

    def __init__(self) -> None:
        self._to_hub: asyncio.Queue[str | None] = asyncio.Queue()
        self._to_worker: asyncio.Queue[str] = asyncio.Queue()
        self.close_code: int | None = None
        self.closed = asyncio.Event()

    def say(self, frame: Any) -> None:
        self._to_hub.put_nowait(frame if isinstance(frame, str) else json.dumps(frame))

    async def hear(self, kind: str = "work") -> dict[str, Any]:
        """The hub's next frame of a kind; others are skipped."""
        async with asyncio.timeout(5):
            while True:
                frame: dict[str, Any] = json.loads(await self._to_worker.get())
                if frame["request_type"] == kind:
                    return frame

    def cut(self) -> None:
        """The line is cut, which both ends notice."""
        self._end(1006)

    async def receive(self) -> str:
        text = await self._to_hub.get()
        if text is None:
            raise ConnectionLost("cut")
        return text

    async def send(self, text: str) -> None:
        if self.close_code is not None:
            raise ConnectionLost("cut")
        self._to_worker.put_nowait(text)

    async def close(self, code: int, reason: str) -> None:
        self._end(code)

    def _end(self, code: int) -> None:
        if self.close_code is None:
            self.close_code = code
            self.closed.set()
            self._to_hub.put_nowait(None)


def visitor(
    name: str = "attic",
    worker_id: UUID | None = None,
    *,
    holds: asyncio.Event | None = None,
) -> Visitor:
    """Whoever connects; `holds` is cleared when the key is worthless."""

    async def may_stay() -> bool:
        return holds is None or holds.is_set()

    async def on_arrival(model: str) -> None:
        return None

    return Visitor(worker_id or uuid4(), name, may_stay, on_arrival)


@asynccontextmanager
async def connected(workforce: Workforce, who: Visitor | None = None, **more: Any) -> AsyncIterator[Wire]:
    """A worker of Open-Assistant that has introduced itself; `**OFFER` makes it one of OA."""
    wire, arrived = Wire(), asyncio.Event()
    wire.say({**INFO, **more})
    who = who or visitor()

    async def on_arrival(model: str) -> None:
        arrived.set()

    serving = asyncio.create_task(workforce.serve(replace(who, on_arrival=on_arrival), wire))
    async with asyncio.timeout(5):
        await arrived.wait()
    yield wire
    wire.cut()
    async with asyncio.timeout(5):
        await serving


async def until(holds: Callable[[], bool]) -> None:
    """Until something is so that nobody announces."""
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110 - what is looked at has no event
            await asyncio.sleep(0.005)
