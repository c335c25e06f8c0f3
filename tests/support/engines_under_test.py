"""Every engine of the contract over the same tiny model, with an independent way to get its answers."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tiny_models import TinyModel

from oa.domain.sampling import Sampling
from oa.inference.engine import End, Engine, Request, Role, Segment, Token, Turn

GREEDY = Sampling(temperature=0)


@dataclass(frozen=True, slots=True)
class Said:
    """A whole answer."""

    tokens: tuple[Token, ...]
    end: End

    @property
    def text(self) -> str:
        return "".join(token.text for token in self.tokens)


@dataclass(frozen=True, slots=True)
class UnderTest:
    """An engine, how to get an answer past it, and how to make it die."""

    engine: Engine
    unstreamed: Callable[[str, int], str]
    kill: Callable[[], Callable[[], None]]
    """Returns what makes it possible to load it again."""


def request_for(engine: Engine, text: str, **facts: Any) -> Request:
    """A question in ChatML for engines that tokenize, else a turn."""
    facts = {"sampling": GREEDY, "max_tokens": 24, **facts}
    prompt = (Segment(f"<|im_start|>user\n{text}<|im_end|>\n<|im_start|>assistant\n", special=True),)
    turns = (Turn(Role.USER, text),)
    return Request(id="1", turns=turns, prompt=prompt if engine.capabilities.tokenizes else (), **facts)


async def ask(engine: Engine, text: str, **facts: Any) -> Said:
    pieces = [piece async for piece in engine.generate(request_for(engine, text, **facts))]
    *tokens, end = pieces
    assert isinstance(end, End)
    assert all(isinstance(token, Token) for token in tokens)
    return Said(tuple(token for token in tokens if isinstance(token, Token)), end)


class LlamaServer:
    """llama.cpp's own HTTP server on a TCP port: an OpenAI-compatible upstream that is not ours."""

    def __init__(self, gguf: Path) -> None:
        import xllamacpp

        parameters = xllamacpp.CommonParams()
        parameters.model.path = str(gguf)
        parameters.model_alias = {"tiny"}
        parameters.n_parallel, parameters.n_ctx = 8, 8 * 512
        parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = 1
        parameters.warmup = parameters.ui = False
        parameters.verbosity = -1
        self._server: Any = xllamacpp.Server(parameters)

    @property
    def url(self) -> str:
        return f"{self._server.listening_address}/v1"

    def unstreamed(self, text: str, max_tokens: int) -> str:
        answers: list[dict[str, Any]] = []
        body = {"messages": [{"role": "user", "content": text}], "max_tokens": max_tokens, "temperature": 0}
        self._server.handle_chat_completions(json.dumps(body), lambda piece: answers.append(json.loads(piece)))
        return answers[0]["choices"][0]["message"]["content"]


class SecondHub:
    """`oa serve` in a process of its own, and a token for it."""

    def __init__(self, gguf: Path, directory: Path) -> None:
        self._environment = {**os.environ, "OA_DATA_DIR": str(directory), "OA_INFERENCE__PER_PERSON_PER_MINUTE": "0"}
        self._command = [sys.executable, "-m", "oa"]
        self._gguf = gguf
        added = subprocess.run(
            [*self._command, "users", "add", "engine"], env=self._environment, capture_output=True, check=True
        )
        self.token = added.stdout.decode().split()[-1]
        self._process: subprocess.Popen[str] | None = None
        self.url = ""

    def start(self) -> None:
        """Start it unless it runs."""
        if self._process is not None:
            return
        serve = [*self._command, "serve", "--port", "0", "--model", str(self._gguf)]
        self._process = subprocess.Popen(serve, env=self._environment, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.url = f"{self._process.stdout.readline().split()[4]}/v1"

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


@asynccontextmanager
async def second_hub(hub: SecondHub, upstream: LlamaServer) -> AsyncGenerator[UnderTest, None]:
    from oa.inference.engines.openai import UpstreamEngine, UpstreamSettings

    await asyncio.to_thread(hub.start)
    engine = UpstreamEngine(UpstreamSettings(hub.url, "tiny", key=hub.token, silence_s=20))

    def kill() -> Callable[[], None]:
        hub.stop()
        return lambda: engine.__init__(UpstreamSettings(upstream.url, "tiny"))  # type: ignore[misc]

    try:
        yield UnderTest(engine, upstream.unstreamed, kill)
    finally:
        await engine.unload()


@asynccontextmanager
async def llamacpp(tiny: TinyModel, upstream: LlamaServer, directory: Path) -> AsyncGenerator[UnderTest, None]:
    from oa.inference.engines.llamacpp import LlamaCppEngine
    from oa.inference.engines.llamacpp_native import LlamaCppSettings

    engine = LlamaCppEngine(LlamaCppSettings(tiny.gguf, directory, parallel=8))

    def kill() -> Callable[[], None]:
        native: Any = engine._model.native  # type: ignore[union-attr]

        def die(request: bytes, take: Callable[[str], bool]) -> None:
            real(request, lambda piece: take(piece) or True)
            raise RuntimeError("ggml: out of luck")

        real, native.complete = native.complete, die
        return lambda: None

    try:
        yield UnderTest(engine, upstream.unstreamed, kill)
    finally:
        await engine.unload()


@asynccontextmanager
async def transformers(tiny: TinyModel, upstream: LlamaServer, directory: Path) -> AsyncGenerator[UnderTest, None]:
    from oa.inference.engines.transformers import TransformersEngine, TransformersSettings
    from oa.inference.engines.transformers_model import LoadedModel

    settings = TransformersSettings(tiny.hugging_face, threads=1)
    engine = TransformersEngine(settings)

    def unstreamed(text: str, max_tokens: int) -> str:
        import torch

        model = LoadedModel(settings)
        asked = [{"role": "user", "content": text}]
        inputs = model.tokenizer.apply_chat_template(asked, add_generation_prompt=True, return_tensors="pt")
        with torch.inference_mode():
            out = model.model.generate(**inputs, max_new_tokens=max_tokens, do_sample=False, pad_token_id=0)
        return model.text_of(out[0][inputs["input_ids"].shape[1] :].tolist())

    def kill() -> Callable[[], None]:
        real = LoadedModel.forward

        def die(*_: object) -> None:
            raise RuntimeError("CUDA error: an illegal memory access was encountered")

        LoadedModel.forward = die  # type: ignore[method-assign,assignment]

        def mend() -> None:
            LoadedModel.forward = real  # type: ignore[method-assign]

        return mend

    try:
        yield UnderTest(engine, unstreamed, kill)
    finally:
        await engine.unload()


@asynccontextmanager
async def openai(tiny: TinyModel, upstream: LlamaServer, directory: Path) -> AsyncGenerator[UnderTest, None]:
    from oa.inference.engines.openai import UpstreamEngine, UpstreamSettings

    own = LlamaServer(tiny.gguf)
    engine = UpstreamEngine(UpstreamSettings(own.url, "tiny", silence_s=20))

    def kill() -> Callable[[], None]:
        own._server = None  # the library stops a server that nobody holds
        return lambda: engine.__init__(UpstreamSettings(upstream.url, "tiny"))  # type: ignore[misc]

    try:
        yield UnderTest(engine, upstream.unstreamed, kill)
    finally:
        await engine.unload()
