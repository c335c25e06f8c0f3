"""llama.cpp as a library: a server object in this process, reached by function calls and a Unix socket."""

from __future__ import annotations

import contextlib
import http.client
import itertools
import os
import re
import shutil
import socket
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast

import msgspec

from oa.errors import BadModel, ModelFailed, NotSupported, OaError, PromptTooLong
from oa.inference.gguf import GgufFile, read_gguf
from oa.inference.machine import MEGABYTE, memory_bytes, physical_cores, threads_for

LONGEST_SOCKET_PATH = 100
"""Bytes; the system allows 107 at most."""

PROMPT_BATCH_TOKENS = 512
"""So much of a prompt is read between two steps of the other answers. A cancelled prompt is read on for as long."""

LEAST_CONTEXT = 256
DEFAULT_CONTEXT = 8192
PARALLEL_BY_SIZE = ((64 * MEGABYTE, 16), (1024 * MEGABYTE, 8))
PARALLEL_LARGE = 4

TOKENS_IN_REASON = re.compile(r"\((\d+) tokens\)")

Chunk = Callable[[str], bool]
"""Takes one piece of JSON; a true answer ends the generation."""

_numbers = itertools.count(1)


class Server(Protocol):
    """What is used of `xllamacpp.Server`."""

    def handle_completions(self, prompt: str, callback: Chunk) -> None: ...

    def handle_embeddings(self, prompt: str) -> object: ...


@dataclass(frozen=True, slots=True)
class LlamaCppSettings:
    """A GGUF file and how to run it; None leaves a choice to the engine."""

    path: Path
    socket_dir: Path
    """Where the Unix socket goes; made if need be."""
    context_length: int | None = None
    parallel: int | None = None
    threads: int | None = None
    gpu_layers: int | None = None
    adapters: tuple[Path, ...] = ()
    """LoRA adapters as GGUF files."""


@dataclass(frozen=True, slots=True)
class Size:
    """What a model is given: tokens of context for each request, requests at a time, threads."""

    context_length: int
    parallel: int
    threads: int


def size_of(settings: LlamaCppSettings, header: GgufFile) -> Size:
    """As much context and as many requests at a time as half of the memory has room for."""
    trained = header.context_length or DEFAULT_CONTEXT
    context = settings.context_length or min(trained, DEFAULT_CONTEXT)
    room = max(0, memory_bytes() - header.file_bytes) // 2
    per_token = max(1, header.cache_bytes_per_token)
    if settings.context_length is None:
        context = max(LEAST_CONTEXT, min(context, room // per_token))
    wanted = next((parallel for size, parallel in PARALLEL_BY_SIZE if header.file_bytes < size), PARALLEL_LARGE)
    parallel = settings.parallel or max(1, min(wanted, room // (context * per_token)))
    threads = settings.threads or threads_for(header.file_bytes, physical_cores())
    return Size(context, parallel, threads)


class NativeModel:
    """A model in llama.cpp. Made and closed in one thread; `complete` may be called from several at once."""

    def __init__(self, settings: LlamaCppSettings) -> None:
        """Load it.

        Raises:
            BadModel: the file is damaged, or of a kind that llama.cpp cannot run.
        """
        self.settings = settings
        self.header = read_gguf(settings.path)
        self.size = size_of(settings, self.header)
        self._own_dir: Path | None = None
        self.socket = self._new_socket()
        self._server: Server | None = self._open()
        self._embedder: Server | None = None
        begin = self.tokenize("")
        self.bos = self.header.token("bos") if begin else None
        """The text of the token that is put in front of every prompt, if one is."""

    def complete(self, request: bytes, take: Chunk) -> None:
        """Answer a completion request (JSON); returns when it has ended. `take` gets every piece of the answer."""
        if self._server is None:
            raise ModelFailed("the model is not loaded")
        self._server.handle_completions(request.decode(), take)

    def tokenize(self, content: str | Sequence[str | int], *, plainly: bool = False) -> list[int]:
        """The tokens of a text, or of texts mixed with tokens.

        Args:
            plainly: special tokens are texts like any other, and nothing is put in front.
        """
        asked = {"content": content, "add_special": not plainly, "parse_special": not plainly}
        answer = _post(self.socket, "/tokenize", asked)
        tokens = answer.get("tokens")
        if not isinstance(tokens, list):
            raise ModelFailed("llama.cpp did not count the tokens of a text")
        return cast(list[int], tokens)

    def embed(self, texts: Sequence[str]) -> tuple[tuple[float, ...], ...]:
        """One vector of length 1 for each text. The first call loads the model a second time, for vectors only."""
        if self._embedder is None:
            self._embedder = self._open(embedding=True)
        answer = self._embedder.handle_embeddings(msgspec.json.encode({"input": list(texts)}).decode())
        found = cast(dict[str, Any], msgspec.json.decode(answer) if isinstance(answer, str | bytes) else answer)
        if "data" not in found:
            raise self._no_vectors(str(found.get("error", {}).get("message", "no reason given")))
        ordered = sorted(found["data"], key=lambda item: item["index"])
        return tuple(tuple(item["embedding"]) for item in ordered)

    def _no_vectors(self, reason: str) -> OaError:
        length = TOKENS_IN_REASON.search(reason)
        if length is None:
            return NotSupported(f"the model cannot do this: {reason}")
        return PromptTooLong(
            f"a text takes {length[1]} tokens, and the model reads {self.size.context_length} at most",
            prompt_tokens=int(length[1]),
            context_length=self.size.context_length,
        )

    def close(self) -> None:
        """Give everything back. No call may be under way."""
        self._server = self._embedder = None  # the library stops its threads when nobody holds it
        for left in (self.socket, self._vectors_socket):
            left.unlink(missing_ok=True)
        if self._own_dir is not None:
            shutil.rmtree(self._own_dir, ignore_errors=True)

    @property
    def _vectors_socket(self) -> Path:
        return self.socket.with_suffix(".vectors.sock")

    def _new_socket(self) -> Path:
        name = f"llama-{os.getpid()}-{next(_numbers)}.sock"
        path = self.settings.socket_dir.absolute() / name
        if len(os.fsencode(path)) > LONGEST_SOCKET_PATH:
            self._own_dir = Path(tempfile.mkdtemp(prefix="oa-"))
            return self._own_dir / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _remove_left_behind(path.parent)
        return path

    def _open(self, *, embedding: bool = False) -> Server:
        import xllamacpp  # pyright: ignore[reportMissingTypeStubs]  # it has none

        library: Any = xllamacpp
        try:
            return library.Server(self._parameters(library, embedding=embedding))
        except RuntimeError as error:
            adapters = ", ".join(str(path) for path in self.settings.adapters)
            blame = f", or {adapters} was made for another base" if adapters else ""
            raise BadModel(
                f"llama.cpp cannot load {self.settings.path}: it is damaged, or its architecture "
                f"({self.header.architecture}) is unknown{blame}"
            ) from error

    def _parameters(self, library: Any, *, embedding: bool) -> Any:
        parameters = library.CommonParams()
        parameters.model.path = str(self.settings.path)
        parameters.hostnames = [str(self._vectors_socket if embedding else self.socket)]
        parameters.n_parallel = self.size.parallel
        parameters.n_ctx = self.size.context_length * self.size.parallel
        parameters.n_batch = PROMPT_BATCH_TOKENS
        parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = self.size.threads
        parameters.n_threads_http = 1
        parameters.cache_ram_mib = min(1024, memory_bytes() // (32 * MEGABYTE))
        parameters.warmup = False
        parameters.ui = False
        parameters.endpoint_slots = False
        parameters.verbosity = -1
        if self.settings.gpu_layers is not None:
            parameters.n_gpu_layers = self.settings.gpu_layers
            parameters.fit_params = False
        if embedding:
            parameters.embedding = True
            parameters.n_parallel, parameters.n_ctx = 1, self.size.context_length
            parameters.n_batch = parameters.n_ubatch = self.size.context_length
            if f"{self.header.architecture}.pooling_type" not in self.header.fields:
                parameters.pooling_type = library.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
        parameters.lora_adapters = [_adapter(library, path) for path in self.settings.adapters]
        return parameters


def _adapter(library: Any, path: Path) -> Any:
    adapter = library.CommonAdapterLoraInfo()
    adapter.path, adapter.scale = str(path), 1.0
    return adapter


class _SocketConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=60)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def _post(path: Path, address: str, body: object) -> dict[str, Any]:
    connection = _SocketConnection(path)
    try:
        connection.request("POST", address, msgspec.json.encode(body), {"Content-Type": "application/json"})
        return cast(dict[str, Any], msgspec.json.decode(connection.getresponse().read()))
    except (OSError, http.client.HTTPException, msgspec.DecodeError) as error:
        raise ModelFailed("llama.cpp does not answer") from error
    finally:
        connection.close()


def _remove_left_behind(directory: Path) -> None:
    """Remove the sockets of processes that are gone."""
    for left in directory.glob("llama-*.sock"):
        owner = left.name.split("-")[1]
        if owner.isdigit() and not _is_alive(int(owner)):
            with contextlib.suppress(OSError):
                left.unlink()


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
