"""Models on another server that speaks the OpenAI API: vLLM, llama.cpp's server, TabbyAPI, another hub."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, cast

import httpx
import msgspec

from oa.errors import ModelFailed, NotSupported, OaError, UpstreamFailed
from oa.inference.engine import Capabilities, End, Request, Segment, Token
from oa.inference.engines.openai_wire import StreamReader, address_of, body_of, explain

log = logging.getLogger(__name__)

RETRY_AFTER_S = 0.5
DEFAULT_PARALLEL = 16
"""Requests at a time, of a server that does not say how many it takes."""

LONGEST_LINE_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class UpstreamSettings:
    """A server and a model on it."""

    url: str
    """With its /v1."""
    model: str
    key: str | None = None
    context_length: int | None = None
    """None: as the server says, if it does."""
    parallel: int = DEFAULT_PARALLEL
    connect_s: float = 5.0
    silence_s: float = 120.0
    """How long the server may say nothing, before the first token or between two."""


class UpstreamEngine:
    """An engine of the contract in `oa.inference.engine`. It passes conversations on as they are."""

    def __init__(self, settings: UpstreamSettings) -> None:
        self._settings = settings
        self._who = f"the server {httpx.URL(settings.url).host}"
        self._client: httpx.AsyncClient | None = None
        self._capabilities: Capabilities | None = None
        self._loading = asyncio.Lock()
        self._open: set[httpx.Response] = set()

    @property
    def capabilities(self) -> Capabilities:
        if self._capabilities is None:
            raise ModelFailed("the model is not loaded")
        return self._capabilities

    @property
    def is_loaded(self) -> bool:
        return self._client is not None

    async def load(self) -> None:
        async with self._loading:
            if self._client is not None:
                return
            client = self._new_client()
            try:
                context_length = await self._look(client)
            except BaseException:
                await client.aclose()
                raise
            self._capabilities = Capabilities(
                context_length=self._settings.context_length or context_length,
                parallel=self._settings.parallel,
                tokenizes=False,
                log_probabilities=True,
                json_schema=True,
                embeddings=True,
            )
            self._client = client

    async def unload(self) -> None:
        async with self._loading:
            client, self._client = self._client, None
            for response in list(self._open):
                await response.aclose()
            if client is not None:
                await client.aclose()

    async def generate(self, request: Request) -> AsyncGenerator[Token | End, None]:
        await self.load()
        if request.grammar is not None:
            raise NotSupported(f"{self._who} takes no grammars")
        client = self._client
        if client is None:
            raise ModelFailed("the model was unloaded")
        try:
            async with aclosing(self._answer(client, request)) as pieces:
                async for piece in pieces:
                    yield piece
        except OaError:
            if self._client is not client:
                raise ModelFailed("the model was unloaded") from None
            raise

    async def count_tokens(self, prompt: Sequence[Segment]) -> int:
        raise NotSupported(f"{self._who} does not count tokens")

    async def embed(self, texts: Sequence[str]) -> tuple[tuple[float, ...], ...]:
        await self.load()
        if self._client is None:
            raise ModelFailed("the model was unloaded")
        body = {"model": self._settings.model, "input": list(texts)}
        response = await self._send(self._client, "POST", "embeddings", body)
        try:
            items = sorted(cast(list[dict[str, Any]], self._json(response)["data"]), key=lambda item: item["index"])
            return tuple(_unit(item["embedding"]) for item in items)
        except (KeyError, TypeError, ValueError) as error:
            raise UpstreamFailed(f"{self._who} gave no vectors") from error

    def _new_client(self) -> httpx.AsyncClient:
        settings = self._settings
        headers = {} if settings.key is None else {"Authorization": f"Bearer {settings.key}"}
        times = httpx.Timeout(settings.silence_s, connect=settings.connect_s)
        limits = httpx.Limits(max_connections=settings.parallel + 2)
        return httpx.AsyncClient(
            base_url=f"{settings.url.rstrip('/')}/", headers=headers, timeout=times, limits=limits, trust_env=False
        )

    async def _look(self, client: httpx.AsyncClient) -> int:
        """See that the server is there and has the model; the tokens of context that it says, or 0."""
        found = self._json(await self._send(client, "GET", "models", None))
        models = cast(list[dict[str, Any]], found.get("data") or [])
        names = [str(model.get("id")) for model in models]
        if names and self._settings.model not in names:
            raise UpstreamFailed(f"{self._who} has no model {self._settings.model!r}; it has {', '.join(names[:10])}")
        facts = next((model for model in models if model.get("id") == self._settings.model), cast(dict[str, Any], {}))
        meta = cast(dict[str, Any], facts.get("meta") or {})
        known = facts.get("max_model_len") or facts.get("context_length") or meta.get("n_ctx")
        return known if isinstance(known, int) else 0

    async def _send(self, client: httpx.AsyncClient, method: str, address: str, body: object) -> httpx.Response:
        try:
            response = await client.request(method, address, json=body)
        except httpx.HTTPError as error:
            raise self._unreachable(error) from error
        if response.status_code >= 400:
            raise explain(self._who, response.status_code, _decoded(response.content))
        return response

    def _json(self, response: httpx.Response) -> dict[str, Any]:
        found = _decoded(response.content)
        if not isinstance(found, dict):
            raise UpstreamFailed(f"{self._who} does not speak the OpenAI API")
        return cast(dict[str, Any], found)

    async def _answer(self, client: httpx.AsyncClient, request: Request) -> AsyncGenerator[Token | End, None]:
        """Ask, and once more if it failed before the first token in a way that may pass."""
        for is_last in (False, True):
            has_begun = False
            try:
                async with aclosing(self._stream(client, request)) as pieces:
                    async for piece in pieces:
                        has_begun = True
                        yield piece
                return
            except UpstreamFailed as error:
                if has_begun or is_last:
                    raise
                log.warning("asking %s once more: %s", self._who, error)
                await asyncio.sleep(RETRY_AFTER_S)

    async def _stream(self, client: httpx.AsyncClient, request: Request) -> AsyncGenerator[Token | End, None]:
        reader = StreamReader(request, self._who)
        body = msgspec.json.encode(body_of(request, self._settings.model))
        headers = {"Content-Type": "application/json", "Accept": "text/event-stream"}
        try:
            async with client.stream("POST", address_of(request), content=body, headers=headers) as response:
                self._open.add(response)
                try:
                    await self._see_that_it_streams(response)
                    async with aclosing(_lines(response)) as lines:
                        async for line in lines:
                            for token in reader.feed(line):
                                yield token
                            if reader.is_over:
                                break
                finally:
                    self._open.discard(response)
        except (httpx.HTTPError, httpx.StreamError) as error:
            raise self._unreachable(error) from error
        rest, end = reader.end()
        for token in rest:
            yield token
        yield end

    async def _see_that_it_streams(self, response: httpx.Response) -> None:
        if response.status_code >= 400:
            raise explain(self._who, response.status_code, _decoded(await response.aread()))
        kind = response.headers.get("content-type", "")
        if "event-stream" not in kind:
            raise UpstreamFailed(f"{self._who} answered with {kind.partition(';')[0] or 'nothing'}, not with a stream")

    def _unreachable(self, error: Exception) -> UpstreamFailed:
        if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
            return UpstreamFailed(f"{self._who} cannot be reached at {self._settings.url}: is it running?")
        if isinstance(error, httpx.TimeoutException):
            return UpstreamFailed(f"{self._who} said nothing for {self._settings.silence_s:g} s")
        return UpstreamFailed(f"{self._who} broke the connection")


async def _lines(response: httpx.Response) -> AsyncGenerator[bytes, None]:
    """The lines of the body, without their ends."""
    rest = b""
    async for part in response.aiter_bytes():
        *lines, rest = (rest + part).split(b"\n")
        for line in lines:
            yield line.rstrip(b"\r")
        if len(rest) > LONGEST_LINE_BYTES:
            raise UpstreamFailed("the server sent a line without end")
    if rest:
        yield rest


def _decoded(content: bytes) -> object:
    try:
        return msgspec.json.decode(content)
    except msgspec.DecodeError:
        return content[:200].decode("utf-8", "replace")


def _unit(vector: Sequence[float]) -> tuple[float, ...]:
    length = math.sqrt(sum(number * number for number in vector)) or 1.0
    return tuple(number / length for number in vector)
