"""Hugging Face models, run by PyTorch in a thread of their own: the reference that the other engines are held to."""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from oa.errors import BadModel, ModelFailed, NotSupported, OaError
from oa.inference.channel import Channel
from oa.inference.engine import Capabilities, End, Request, Segment, Token
from oa.inference.engines.loading import SharedWork

if TYPE_CHECKING:
    from oa.inference.engines.transformers_batch import Batch, Job
    from oa.inference.engines.transformers_model import LoadedModel

T = TypeVar("T")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TransformersSettings:
    """A Hugging Face directory and how to run it; None leaves a choice to the engine."""

    path: Path
    adapter: Path | None = None
    """A PEFT directory."""
    context_length: int | None = None
    parallel: int | None = None
    device: str | None = None
    threads: int | None = None
    """Of the processor; they are PyTorch's for the whole process."""


class TransformersEngine:
    """An engine of the contract in `oa.inference.engine`."""

    def __init__(self, settings: TransformersSettings) -> None:
        self._settings = settings
        self._loading = asyncio.Lock()
        self._opening = SharedWork()
        self._thread: ModelThread | None = None

    @property
    def capabilities(self) -> Capabilities:
        if self._thread is None:
            raise ModelFailed("the model is not loaded")
        return self._thread.capabilities

    @property
    def is_loaded(self) -> bool:
        return self._thread is not None

    async def load(self) -> None:
        if self._thread is None:
            await self._opening.run(self._open)

    async def unload(self) -> None:
        async with self._loading:
            thread, self._thread = self._thread, None
            if thread is not None:
                await thread.stop(ModelFailed("the model was unloaded"))

    async def generate(self, request: Request) -> AsyncGenerator[Token | End, None]:
        from oa.inference.engines.transformers_batch import Job

        thread = await self._loaded()
        if request.json_schema is not None or request.grammar is not None:
            raise NotSupported("the transformers engine writes by no grammar and no schema")
        job = Job(request, Channel[Token | End](asyncio.get_running_loop()))
        thread.submit(job)
        try:
            async for piece in job.channel.take():
                yield piece
        finally:
            job.is_cancelled = True

    async def count_tokens(self, prompt: Sequence[Segment]) -> int:
        thread = await self._loaded()
        return await thread.run(lambda model: len(model.tokenize(prompt)))

    async def embed(self, texts: Sequence[str]) -> tuple[tuple[float, ...], ...]:
        thread = await self._loaded()
        return await thread.run(lambda model: model.embed(texts))

    async def _open(self) -> None:
        async with self._loading:
            if self._thread is None:
                self._thread = await ModelThread.start(self._settings, self._died)

    async def _loaded(self) -> ModelThread:
        await self.load()
        if self._thread is None:
            raise ModelFailed("the model was unloaded")
        return self._thread

    def _died(self, thread: ModelThread, reason: str) -> None:
        """On the event loop. Whoever needs the model next loads it anew."""
        if self._thread is thread:
            log.error("%s died and will be loaded anew: %s", self._settings.path.name, reason)
            self._thread = None


class ModelThread:
    """The thread that a model lives in: it is loaded, asked and dropped there and nowhere else."""

    def __init__(self, settings: TransformersSettings, on_death: Callable[[ModelThread, str], None]) -> None:
        self.capabilities: Capabilities
        self._settings = settings
        self._on_death = on_death
        self._loop = asyncio.get_running_loop()
        self._inbox: queue.SimpleQueue[Job | Callable[[LoadedModel], None] | None] = queue.SimpleQueue()
        self._waiting: deque[Job] = deque()
        self._lock = threading.Lock()
        self._ended: OaError | None = None
        """Why nothing more is taken."""
        self._thread = threading.Thread(target=self._live, name="oa-transformers", daemon=True)
        self._is_ready: Future[None] = Future()

    @classmethod
    async def start(cls, settings: TransformersSettings, on_death: Callable[[ModelThread, str], None]) -> ModelThread:
        """Load the model.

        Raises:
            ModelFailed: it cannot be loaded.
        """
        thread = cls(settings, on_death)
        thread._thread.start()
        await asyncio.wrap_future(thread._is_ready)
        return thread

    def submit(self, job: Job) -> None:
        """Let it be answered."""
        with self._lock:
            if self._ended is None:
                self._inbox.put(job)
                return
        job.channel.close(self._ended)

    async def run(self, work: Callable[[LoadedModel], T]) -> T:
        """Run something between two steps."""
        done: Future[T] = Future()

        def do(model: LoadedModel) -> None:
            try:
                done.set_result(work(model))
            except Exception as error:  # it belongs to whoever asked
                done.set_exception(error)

        with self._lock:
            if self._ended is not None:
                raise self._ended
            self._inbox.put(do)
        return await asyncio.wrap_future(done)

    async def stop(self, reason: OaError) -> None:
        """End every answer with this error, and drop the model."""
        with self._lock:
            self._ended = self._ended or reason
            self._inbox.put(None)
        await asyncio.to_thread(self._thread.join)

    def _live(self) -> None:
        try:
            model, batch = self._open()
        except (BadModel, ImportError) as error:
            self._is_ready.set_exception(ModelFailed(str(error)))
            return
        except Exception as error:  # whoever waits for the model must hear of it
            log.exception("%s cannot be loaded", self._settings.path)
            reason = f"{type(error).__name__}: {error}".partition("\n")[0]
            self._is_ready.set_exception(ModelFailed(f"{self._settings.path.name} cannot be loaded: {reason}"))
            return
        self.capabilities = model.capabilities
        self._is_ready.set_result(None)
        try:
            while self._take_in(model, batch):
                self._begin_next(batch)
                if batch.is_busy:
                    batch.step()
        except Exception as error:  # whatever PyTorch meets: the model is of no use any more
            with self._lock:
                self._ended = ModelFailed("the model died while it answered")
            self._loop.call_soon_threadsafe(self._on_death, self, f"{type(error).__name__}: {error}")
        self._end_all(batch)

    def _open(self) -> tuple[LoadedModel, Batch]:
        from oa.inference.engines.transformers_batch import Batch
        from oa.inference.engines.transformers_model import LoadedModel

        model = LoadedModel(self._settings)
        return model, Batch(model)

    def _take_in(self, model: LoadedModel, batch: Batch) -> bool:
        """Take what has come, waiting for it if there is nothing to do; False when it is time to stop."""
        while True:
            is_idle = not batch.is_busy and not self._waiting
            try:
                arrived = self._inbox.get(block=is_idle)
            except queue.Empty:
                return True
            if arrived is None:
                return False
            if callable(arrived):
                arrived(model)
            else:
                self._waiting.append(arrived)

    def _begin_next(self, batch: Batch) -> None:
        while self._waiting and batch.can_take:
            job = self._waiting.popleft()
            if job.is_cancelled:
                continue
            try:
                batch.begin(job)
            except OaError as error:
                job.channel.close(error)

    def _end_all(self, batch: Batch) -> None:
        error = self._ended or ModelFailed("the model was unloaded")
        for job in [*batch.jobs(), *self._waiting]:
            job.channel.close(error)
        while not self._inbox.empty():
            left = self._inbox.get()
            if left is not None and not callable(left):
                left.channel.close(error)
