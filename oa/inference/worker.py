"""A machine that answers for a hub: it connects out, so that nothing needs to reach it."""

from __future__ import annotations

import asyncio
import logging
import random
from contextlib import aclosing, suppress
from dataclasses import dataclass, field

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI

import oa
from oa.errors import ClientNotAuthorized, Invalid, OaError
from oa.inference.answering import Question, Started
from oa.inference.engine import End, Reason, Token
from oa.inference.hardware import Usage, hardware_info
from oa.inference.local import LocalModel
from oa.protocol import workers as wire
from oa.protocol.workers import (
    CancelRequest,
    ErrorRequest,
    HubFrame,
    PingRequest,
    TerminateRequest,
    WorkerFrame,
    WorkerInfo,
    WorkRequest,
)

log = logging.getLogger(__name__)

FINISH_REASONS = {Reason.END: "eos_token", Reason.STOP: "stop_sequence", Reason.LENGTH: "length"}

LONGEST_FRAME_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Persistence:
    """How a worker deals with a hub that cannot be reached. Waits double; chance shortens each."""

    first_wait_s: float = 0.5
    longest_wait_s: float = 30.0
    connect_s: float = 10.0
    silence_s: float = 30.0
    """A hub that sends not even a ping for so long counts as lost."""


@dataclass(frozen=True, slots=True)
class HubAddress:
    """Where the hub is, and the key that it knows this worker by."""

    url: str
    key: str = field(repr=False)

    @property
    def websocket_url(self) -> str:
        """Raises: Invalid: it is no address of a hub."""
        scheme, separator, rest = self.url.rstrip("/").partition("://")
        schemes = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}
        if not separator or scheme not in schemes or not rest:
            raise Invalid(f"{self.url} is no address of a hub; write one such as https://oa.example.org")
        return f"{schemes[scheme]}://{rest}{wire.PATH}"


class Dismissed(Exception):
    """The hub does without this worker."""


class Worker:
    """Serves one model to one hub until it is told to stop.

    Args:
        model: loaded with the first request, or before.
        name: what the hub calls the model.
    """

    def __init__(
        self, hub: HubAddress, model: LocalModel, *, name: str, persistence: Persistence | None = None
    ) -> None:
        self._hub = hub
        self._model = model
        self._name = name
        self._persistence = persistence or Persistence()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._usage = Usage()
        self._frames = msgspec.json.Decoder[HubFrame](HubFrame)
        self._encode = msgspec.json.Encoder().encode
        self._connection: ClientConnection | None = None
        self._leaving = asyncio.Event()

    async def run(self) -> None:
        """Work, and connect again whenever the connection is lost, until `leave` is called or the hub says so.

        Raises:
            ClientNotAuthorized: the hub does not know the key.
            Invalid: the address is none, or hub and worker speak different versions.
        """
        attempt = 0
        while not self._leaving.is_set():
            try:
                async with connect(
                    self._hub.websocket_url,
                    additional_headers={wire.KEY_HEADER: self._hub.key, wire.VERSION_HEADER: wire.VERSION},
                    open_timeout=self._persistence.connect_s,
                    ping_interval=None,  # the protocol has pings of its own
                    max_size=LONGEST_FRAME_BYTES,
                ) as connection:
                    if await self._serve(connection):
                        attempt = 0
            except Dismissed:
                log.info("the hub does without this worker from now on")
                return
            except InvalidURI as error:
                raise Invalid(f"{self._hub.url} is no address of a hub") from error
            except (OSError, TimeoutError, InvalidHandshake, ConnectionClosed) as error:
                log.info("no connection to %s: %s", self._hub.url, error)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._leaving.wait(), self._wait_s(attempt))
            attempt += 1

    async def leave(self) -> None:
        """Take nothing new, end what was begun, and stop. A second call stops at once."""
        if self._leaving.is_set():
            self._cancel_all()
        self._leaving.set()
        await self._say(wire.LeavingResponse())
        while self._tasks:
            await asyncio.wait(self._tasks.values())
        if self._connection is not None:
            await self._connection.close()

    async def _serve(self, connection: ClientConnection) -> bool:
        """One connection, from the introduction to its end; whether the hub has taken the worker.

        Raises: Dismissed, ClientNotAuthorized, Invalid
        """
        self._connection, is_taken = connection, False
        try:
            await connection.send(self._encode(self._info()).decode())
            while True:
                async with asyncio.timeout(self._persistence.silence_s):
                    text = await connection.recv()
                frame = self._read(text)
                if not is_taken and isinstance(frame, PingRequest | WorkRequest):
                    log.info("working for %s as %s", self._hub.url, self._name)
                    is_taken = True
                if frame is not None:
                    await self._take(frame)
        except ConnectionClosed:
            return is_taken
        finally:
            self._connection = None
            self._cancel_all()
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    def _read(self, text: str | bytes) -> HubFrame | None:
        try:
            return self._frames.decode(text)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            log.warning("the hub said what cannot be read: %s", error)
            return None

    async def _take(self, frame: HubFrame) -> None:
        match frame:
            case PingRequest():
                await self._say(wire.PongResponse(request_id=frame.id, metrics=self._usage.now()))
            case WorkRequest():
                task = asyncio.create_task(self._answer(frame))
                self._tasks[frame.id] = task
                task.add_done_callback(lambda _: self._tasks.pop(frame.id))
            case CancelRequest():
                if frame.request_id in self._tasks:
                    self._tasks[frame.request_id].cancel()
            case ErrorRequest():
                log.warning("the hub complains: %s", frame.error)
            case TerminateRequest():
                raise Dismissed
            case wire.WrongApiKeyRequest():
                raise ClientNotAuthorized(
                    f"the hub at {self._hub.url} does not know this key; `oa workers add NAME` on its machine makes one"
                )
            case wire.UpgradeProtocolRequest():
                raise Invalid(f"the hub at {self._hub.url} speaks another version; update the older of the two")

    async def _answer(self, work: WorkRequest) -> None:
        try:
            if work.question is None:
                raise Invalid("this worker needs the question as hubs of OA send it")
            question = self._question(work.id, work.question)
            await self._write(work.id, question)
        except OaError as error:
            await self._say(wire.ErrorResponse(request_id=work.id, error=str(error), code=error.code))
        except Exception:
            log.exception("a request failed")
            await self._say(wire.ErrorResponse(request_id=work.id, error="an error in the worker itself"))

    async def _write(self, request_id: str, question: Question) -> None:
        text: list[str] = []
        async with aclosing(self._model.answer(question)) as pieces:
            async for piece in pieces:
                match piece:
                    case Started():
                        started = {"prompt_tokens": piece.prompt_tokens, "dropped_turns": piece.dropped_turns}
                        await self._say(wire.StartedResponse(request_id=request_id, **started))
                    case Token():
                        text.append(piece.text)
                        await self._say(_token(request_id, piece))
                    case End():
                        await self._say(_end(request_id, piece, "".join(text)))

    async def _say(self, frame: WorkerFrame) -> None:
        """Say it, if there is somebody to hear it."""
        if self._connection is None:
            return
        try:
            await self._connection.send(self._encode(frame).decode())
        except ConnectionClosed:
            return  # whoever listens notices as well

    def _question(self, request_id: str, asked: wire.WireQuestion) -> Question:
        facts = {**msgspec.to_builtins(asked), "id": request_id, "person": "", "model": self._name}
        return msgspec.convert(facts, Question)

    def _info(self) -> WorkerInfo:
        able = self._model.engine.capabilities
        described = self._model.describe(is_default=False)
        return WorkerInfo(
            config=wire.WorkerConfig(
                model_config=wire.WorkerModelConfig(
                    model_id=self._name,
                    max_input_length=able.context_length,
                    max_total_length=able.context_length,
                ),
                max_parallel_requests=max(1, able.parallel),
            ),
            hardware_info=hardware_info(),
            offer=wire.Offer(
                version=oa.__version__,
                description=described.description,
                engine=described.engine,
                tools=described.tools,
            ),
        )

    def _cancel_all(self) -> None:
        for task in self._tasks.values():
            task.cancel()

    def _wait_s(self, attempt: int) -> float:
        most = min(self._persistence.longest_wait_s, self._persistence.first_wait_s * 2**attempt)
        return most * random.uniform(0.5, 1.0)


def _token(request_id: str, token: Token) -> wire.TokenResponse:
    return wire.TokenResponse(
        request_id=request_id,
        text=token.text,
        token_id=token.token_id,
        log_prob=token.log_probability,
        alternatives=tuple(
            wire.WireLikelihood(text=one.text, token_id=one.token_id, log_probability=one.log_probability)
            for one in token.alternatives
        ),
    )


def _end(request_id: str, end: End, text: str) -> wire.GeneratedTextResponse:
    return wire.GeneratedTextResponse(
        request_id=request_id,
        text=text,
        finish_reason=FINISH_REASONS[end.reason],
        prompt_tokens=end.prompt_tokens,
        completion_tokens=end.completion_tokens,
        cached_tokens=end.cached_tokens,
        tool_calls=tuple(
            wire.WireToolCall(id=call.id, name=call.name, arguments=call.arguments) for call in end.tool_calls
        ),
    )
