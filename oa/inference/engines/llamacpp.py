"""GGUF models, run by llama.cpp in this process.

llama.cpp has threads of its own and batches what several callers ask. Here one thread owns the model (load, count,
unload), and each answer under way has a thread that waits for llama.cpp's next piece.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from oa.errors import BadModel, ModelFailed
from oa.inference.channel import Channel
from oa.inference.engine import Capabilities, End, Request, Segment, Token
from oa.inference.engines.llamacpp_answer import Answer, body_of
from oa.inference.engines.llamacpp_native import LlamaCppSettings, NativeModel
from oa.inference.engines.loading import SharedWork
from oa.inference.segments import SpecialNames

T = TypeVar("T")

log = logging.getLogger(__name__)


class LlamaCppEngine:
    """An engine of the contract in `oa.inference.engine`."""

    def __init__(self, settings: LlamaCppSettings) -> None:
        self._settings = settings
        self._owner = ThreadPoolExecutor(1, "oa-llamacpp")
        self._loading = asyncio.Lock()
        self._opening = SharedWork()
        self._model: _Loaded | None = None
        self._answers: set[Answer] = set()
        self._closing: set[asyncio.Future[None]] = set()

    @property
    def capabilities(self) -> Capabilities:
        if self._model is None:
            raise ModelFailed("the model is not loaded")
        return self._model.capabilities

    @property
    def is_loaded(self) -> bool:
        return self._model is not None

    async def load(self) -> None:
        if self._model is None:
            await self._opening.run(self._open)

    async def unload(self) -> None:
        async with self._loading:
            model, self._model = self._model, None
            if model is not None:
                self._fail_all(ModelFailed("the model was unloaded"))
                await self._in_owner(model.close)

    async def generate(self, request: Request) -> AsyncGenerator[Token | End, None]:
        model = await self._loaded()
        prompt = model.plain(request.prompt)
        if prompt is None:
            prompt = await self._in_owner(lambda: model.mixed(request.prompt))
        body = body_of(request, prompt)
        loop = asyncio.get_running_loop()
        answer = Answer(request, Channel[Token | End](loop))
        try:
            model.pool.submit(self._run, model, body, answer, loop)
        except RuntimeError as error:  # the pool was shut down since the model was looked at
            raise ModelFailed("the model was unloaded") from error
        self._answers.add(answer)
        try:
            async for piece in answer.channel.take():
                yield piece
        finally:
            answer.is_over = True
            self._answers.discard(answer)

    async def count_tokens(self, prompt: Sequence[Segment]) -> int:
        model = await self._loaded()
        return await self._in_owner(lambda: len(model.native.tokenize(model.mixed(prompt))))

    async def embed(self, texts: Sequence[str]) -> tuple[tuple[float, ...], ...]:
        model = await self._loaded()
        return await self._in_owner(lambda: model.native.embed(texts)) if texts else ()

    async def _open(self) -> None:
        async with self._loading:
            if self._model is None:
                self._model = await self._in_owner(lambda: _Loaded(self._settings))

    async def _loaded(self) -> _Loaded:
        await self.load()
        if self._model is None:
            raise ModelFailed("the model was unloaded")
        return self._model

    async def _in_owner(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._owner, work)
        except BadModel as error:
            raise ModelFailed(str(error)) from error

    def _run(self, model: _Loaded, body: bytes, answer: Answer, loop: asyncio.AbstractEventLoop) -> None:
        """Let llama.cpp answer; in a thread of the model's pool."""
        if answer.is_over:
            return
        try:
            model.native.complete(body, answer.take)
        except Exception as error:  # the library names no kinds of failure
            answer.broken = f"{type(error).__name__}: {error}"
        if answer.broken is not None:
            loop.call_soon_threadsafe(self._died, model, answer, answer.broken)
        else:
            answer.fail(ModelFailed("the model failed while it answered"))

    def _died(self, model: _Loaded, answer: Answer, reason: str) -> None:
        """On the event loop: let go of a model that cannot go on. Whoever needs it next loads it anew."""
        if self._model is model:
            self._let_go(model, reason)
        answer.fail(ModelFailed("the model failed while it answered"))  # not before: who hears it may ask again at once

    def _let_go(self, model: _Loaded, reason: str) -> None:
        log.error("%s died and will be loaded anew: %s", self._settings.path.name, reason)
        self._model = None
        self._fail_all(ModelFailed("the model died while it answered"))
        closing = asyncio.ensure_future(self._in_owner(model.close))
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)

    def _fail_all(self, error: ModelFailed) -> None:
        for answer in list(self._answers):
            answer.fail(error)


class _Loaded:
    """A model in memory, and the threads that wait for its answers."""

    def __init__(self, settings: LlamaCppSettings) -> None:
        self.native = NativeModel(settings)
        header, size = self.native.header, self.native.size
        self.pool = ThreadPoolExecutor(size.parallel, "oa-llamacpp-answer")
        named = {f"{name}_token": header.token(name) for name in ("bos", "eos")}
        self.capabilities = Capabilities(
            context_length=size.context_length,
            parallel=size.parallel,
            log_probabilities=True,
            json_schema=True,
            grammar=True,
            embeddings=True,
            chat_template=header.chat_template,
            special_tokens={name: text for name, text in named.items() if text is not None},
            special_names=header.special_names,
        )
        self._names = SpecialNames(header.special_names)

    def plain(self, prompt: Sequence[Segment]) -> str | None:
        """The prompt as one text, where no special token's name stands in a segment that is not special."""
        text = self._names.plain(prompt)
        return None if text is None else self._without_bos(text)

    def mixed(self, prompt: Sequence[Segment]) -> str | list[str | int]:
        """The prompt with what only looks like special tokens spelled out, token by token."""
        text = self.plain(prompt)
        if text is not None:
            return text
        pieces: list[str | int] = [""]  # llama.cpp puts its first token in front of a text, not of a token
        for part, is_name in self._names.pieces(prompt):
            pieces += self.native.tokenize(part, plainly=True) if is_name else [part]
        if len(pieces) > 1:
            pieces[1] = self._without_bos(pieces[1]) if isinstance(pieces[1], str) else pieces[1]
        return pieces

    def close(self) -> None:
        """Wait for the answers under way, which have been told to end, and give the memory back."""
        self.pool.shutdown(wait=True, cancel_futures=True)
        self.native.close()

    def _without_bos(self, text: str) -> str:
        """llama.cpp puts the first token in front by itself; templates often do as well."""
        return text.removeprefix(self.native.bos) if self.native.bos else text
