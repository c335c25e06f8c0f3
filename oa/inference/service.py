"""Answers by what is installed: the registry, an engine for each model, and the queue before it."""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path

from oa.errors import BadModel, NotSupported, UnknownModel
from oa.inference.answering import Model, Question, Queued, Started
from oa.inference.engine import End, Engine, Token
from oa.inference.engines.build import build_engine
from oa.inference.local import LocalModel
from oa.inference.machine import MEGABYTE, memory_bytes
from oa.inference.models import Entry
from oa.inference.residence import Residence, Resident
from oa.inference.scheduler import Lane, Limits, Load, Queue, Visitors

log = logging.getLogger(__name__)

MEMORY_SHARE = 0.7
"""Of the machine's memory; the rest is for the hub, the system and what estimates miss."""

OVERHEAD_BYTES = 64 * MEGABYTE
"""What a model takes besides its numbers: buffers and the cache of keys and values, at least."""


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """How models are run."""

    data_dir: Path
    limits: Limits = field(default_factory=Limits)
    memory_bytes: int | None = None
    """What all loaded models may take together; None takes most of the machine's memory."""
    idle_s: float = 900.0
    """A model that nobody used for so long is unloaded; 0 keeps it."""
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    """Where the keys of other servers are looked up."""


class LocalAnswering:
    """Keeps the contract of `oa.inference.answering.Answering`.

    Models run in this process as lanes; further lanes, such as workers, may come and go while it runs.
    """

    def __init__(
        self,
        entries: Sequence[Entry],
        settings: ServiceSettings,
        *,
        build: Callable[[Entry, ServiceSettings], Engine] | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """`entries`: the default first."""
        self._settings = settings
        self._visitors = Visitors(settings.limits, now)
        room = settings.memory_bytes or int(memory_bytes() * MEMORY_SHARE)
        self._residence = Residence(room, settings.idle_s)
        self._queues: dict[str, Queue] = {}
        self._described: dict[Lane, Model] = {}
        self._build = build or _build
        for entry in entries:
            self._open(entry)

    async def models(self) -> tuple[Model, ...]:
        default = next((name for name, queue in self._queues.items() if queue.lanes), None)
        return tuple(
            self._describe(queue.lanes[0], is_default=name == default)
            for name, queue in self._queues.items()
            if queue.lanes
        )

    async def answer(self, question: Question) -> AsyncGenerator[Queued | Started | Token | End, None]:
        async with aclosing(self._queue(question.model).answer(question)) as pieces:
            async for piece in pieces:
                yield piece

    async def count_tokens(self, question: Question) -> int:
        return await self._local(question.model).count_tokens(question)

    async def embed(self, model: str, texts: Sequence[str]) -> tuple[tuple[float, ...], ...]:
        return await self._local(model).embed(texts)

    def add_lane(self, model: Model, lane: Lane) -> None:
        """From now on this lane answers questions to `model.name`, beside those that do already."""
        self._described[lane] = model
        self._queues.setdefault(model.name, self._new_queue(model.name)).add(lane)

    def remove_lane(self, lane: Lane) -> None:
        """Nothing new goes to this lane. What it answers now it may end; a lane that is lost raises `LaneLost`."""
        self._described.pop(lane, None)
        for queue in self._queues.values():
            queue.remove(lane)

    def wake(self) -> None:
        """Look again who can be answered: a lane has more places than before."""
        for queue in self._queues.values():
            queue.wake()

    def loads(self) -> tuple[Load, ...]:
        """What goes on at each model, for the metrics."""
        return tuple(queue.load() for queue in self._queues.values())

    async def close(self) -> None:
        """Unload every model; what is under way ends with `ModelFailed`."""
        await self._residence.close()

    def _open(self, entry: Entry) -> None:
        try:
            engine = self._build(entry, self._settings)
        except BadModel as error:
            log.error("a model is left out: %s", error)
            return
        queue = self._queues.setdefault(entry.name, self._new_queue(entry.name))
        resident = Resident(
            name=entry.name,
            engine=engine,
            needs_bytes=entry.size_bytes + OVERHEAD_BYTES,
            on_change=queue.wake,
        )
        queue.add(LocalModel(entry, resident, self._residence))

    def _new_queue(self, name: str) -> Queue:
        return Queue(name, self._settings.limits, self._visitors)

    def _queue(self, name: str) -> Queue:
        queue = self._queues.get(name)
        if queue is None or not (queue.lanes or queue.load().running):
            raise UnknownModel(f"there is no model {name!r}; there is: {', '.join(self._known()) or 'none'}")
        return queue

    def _known(self) -> list[str]:
        return [name for name, queue in self._queues.items() if queue.lanes]

    def _local(self, name: str) -> LocalModel:
        for lane in self._queue(name).lanes:
            if isinstance(lane, LocalModel):
                return lane
        raise NotSupported(f"{name} runs on workers only, which answer but do not count tokens or make vectors")

    def _describe(self, lane: Lane, *, is_default: bool) -> Model:
        if isinstance(lane, LocalModel):
            return lane.describe(is_default=is_default)
        known = self._described[lane]
        return Model(
            name=known.name,
            description=known.description,
            context_length=known.context_length,
            created_s=known.created_s,
            is_default=is_default,
            engine=known.engine,
            embeddings=False,
            tools=known.tools,
        )


def _build(entry: Entry, settings: ServiceSettings) -> Engine:
    return build_engine(entry, settings.data_dir, settings.environment)
