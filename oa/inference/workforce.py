"""The workers that are connected: they come, are listened to, and go."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol, runtime_checkable
from uuid import UUID, uuid4

import msgspec

from oa.errors import NotSupported
from oa.inference.answering import Model
from oa.inference.remote import RemoteModel
from oa.inference.scheduler import Lane
from oa.protocol.workers import (
    CLOSED_FOR_GOOD,
    CLOSED_FOR_NONSENSE,
    CLOSED_FOR_SILENCE,
    ErrorRequest,
    ErrorResponse,
    GeneralErrorResponse,
    GeneratedTextResponse,
    HubFrame,
    LeavingResponse,
    PingRequest,
    PongResponse,
    StartedResponse,
    TerminateRequest,
    TokenResponse,
    WorkerFrame,
    WorkerInfo,
    WorkerMetrics,
)

log = logging.getLogger(__name__)

LONGEST_COMPLAINT = 300


class ConnectionLost(OSError):
    """There is nobody at the other end any more."""


class Connection(Protocol):
    """A websocket, or what is as good."""

    async def receive(self) -> str:
        """Raises: ConnectionLost"""
        ...

    async def send(self, text: str) -> None:
        """Raises: ConnectionLost"""
        ...

    async def close(self, code: int, reason: str) -> None:
        """Nothing happens where it is closed already."""
        ...


@runtime_checkable
class TakesLanes(Protocol):
    """What shares the questions out (`oa.inference.service.LocalAnswering`)."""

    def add_lane(self, model: Model, lane: Lane) -> None: ...

    def remove_lane(self, lane: Lane) -> None: ...

    def wake(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a silent or confused worker is borne with."""

    introduction_s: float = 10.0
    """Until it has said what it is."""
    ping_interval_s: float = 3.0
    missed_pings: int = 5
    """After so many without any sign of life it counts as lost."""
    bad_frames: int = 20
    """So many unreadable frames end the connection."""
    recheck_pings: int = 10
    """Every so many pings it is asked whether the worker may still be here."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who connects."""

    id: UUID
    name: str
    may_stay: Callable[[], Awaitable[bool]]
    """Whether its key still holds."""
    on_arrival: Callable[[str], Awaitable[None]]
    """Told the model that it offers."""


@dataclass(eq=False, slots=True)
class Session:
    """A connected worker."""

    visitor: Visitor
    info: WorkerInfo
    connection: Connection
    lane: RemoteModel
    connected_at: datetime
    heard: float
    """When it was last heard of, on the loop's clock."""
    id: str = field(default_factory=lambda: str(uuid4()))
    metrics: WorkerMetrics | None = None
    bad_frames: int = 0


class Workforce:
    """Everybody who is connected.

    Args:
        lanes: whom they work for; None where nothing can be shared out.
    """

    def __init__(self, lanes: TakesLanes | None, patience: Patience | None = None) -> None:
        self._lanes = lanes
        self._patience = patience or Patience()
        self._sessions: dict[str, Session] = {}
        self._info = msgspec.json.Decoder(WorkerInfo)
        self._frame = msgspec.json.Decoder[WorkerFrame](WorkerFrame)
        self._encode = msgspec.json.Encoder().encode

    def sessions(self) -> tuple[Session, ...]:
        """Who is connected now, in the order in which they came."""
        return tuple(self._sessions.values())

    async def serve(self, visitor: Visitor, connection: Connection) -> None:
        """Let a worker work until it goes, falls silent, or is sent away. Its connection is closed then.

        Raises:
            NotSupported: this hub shares nothing out.
        """
        if self._lanes is None:
            raise NotSupported("this hub takes no workers")
        try:
            session = await self._introduced(visitor, connection, self._lanes)
        except ConnectionLost:
            return
        if session is None:
            return
        await visitor.on_arrival(session.info.config.model_config.model_id)
        self._sessions[session.id] = session
        self._lanes.add_lane(session.lane.describe(), session.lane)
        log.info("worker %s is here with %s", visitor.name, session.info.config.model_config.model_id)
        try:
            await self._work(session)
        finally:
            self._lanes.remove_lane(session.lane)
            session.lane.lose()
            del self._sessions[session.id]
            log.info("worker %s is gone", visitor.name)

    async def dismiss(self, worker_id: UUID) -> None:
        """Send a worker away for good, wherever it is connected from."""
        for session in self.sessions():
            if session.visitor.id == worker_id:
                await self._dismiss(session)

    async def _introduced(self, visitor: Visitor, connection: Connection, lanes: TakesLanes) -> Session | None:
        """The worker as it introduces itself; None if it does not, and is sent away."""
        try:
            async with asyncio.timeout(self._patience.introduction_s):
                info = self._info.decode(await connection.receive())
        except TimeoutError:
            await connection.close(CLOSED_FOR_SILENCE, "say what you are first")
            return None
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            await self._complain(connection, error)
            await connection.close(CLOSED_FOR_NONSENSE, "the first message must say what you are")
            return None

        async def send(frame: HubFrame) -> None:
            await connection.send(self._encode(frame).decode())

        lane = RemoteModel(visitor.name, info, send, lanes.wake)
        heard = asyncio.get_running_loop().time()
        return Session(visitor, info, connection, lane, datetime.now(UTC), heard)

    async def _work(self, session: Session) -> None:
        """Until the worker is gone, or has been sent away; a dead connection may not even notice that it is closed."""
        tasks = [asyncio.create_task(self._listen(session)), asyncio.create_task(self._watch(session))]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _listen(self, session: Session) -> None:
        try:
            while await self._hear(session):
                pass
        except ConnectionLost:
            return

    async def _hear(self, session: Session) -> bool:
        """Take one frame; whether there may be more."""
        text = await session.connection.receive()
        session.heard = asyncio.get_running_loop().time()
        try:
            frame = self._frame.decode(text)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            session.bad_frames += 1
            await self._complain(session.connection, error)
            if session.bad_frames < self._patience.bad_frames:
                return True
            await session.connection.close(CLOSED_FOR_NONSENSE, "too many messages that cannot be read")
            return False
        self._take(session, frame)
        return True

    def _take(self, session: Session, frame: WorkerFrame) -> None:
        match frame:
            case StartedResponse() | TokenResponse() | GeneratedTextResponse():
                session.lane.take(frame)
            case ErrorResponse() if frame.request_id is not None:
                session.lane.take(frame)
            case ErrorResponse() | GeneralErrorResponse():
                log.warning("worker %s reports: %s", session.visitor.name, frame.error[:LONGEST_COMPLAINT])
            case LeavingResponse():
                session.lane.leave()
            case _:
                pass  # what plugins and safety models say: the hub has asked for neither
        if isinstance(frame, PongResponse | GeneratedTextResponse | ErrorResponse | GeneralErrorResponse):
            session.metrics = frame.metrics or session.metrics

    async def _watch(self, session: Session) -> None:
        """Ask whether the worker is alive, and close the connection when it is not, or when its key is worthless."""
        loop, patience = asyncio.get_running_loop(), self._patience
        pings = 0
        try:
            while True:
                await self._say(session, PingRequest(id=str(uuid4())))
                await asyncio.sleep(patience.ping_interval_s)
                if loop.time() - session.heard > patience.ping_interval_s * patience.missed_pings:
                    log.warning("worker %s does not answer", session.visitor.name)
                    session.lane.lose()
                    await session.connection.close(CLOSED_FOR_SILENCE, "you did not answer")
                    return
                pings += 1
                if pings % patience.recheck_pings == 0 and not await session.visitor.may_stay():
                    await self._dismiss(session)
                    return
        except ConnectionLost:
            return  # whoever listens notices as well

    async def _dismiss(self, session: Session) -> None:
        session.lane.lose()
        try:
            await self._say(session, TerminateRequest(id=str(uuid4())))
        except ConnectionLost:
            return
        await session.connection.close(CLOSED_FOR_GOOD, "this worker was removed")

    async def _say(self, session: Session, frame: HubFrame) -> None:
        await session.connection.send(self._encode(frame).decode())

    async def _complain(self, connection: Connection, error: Exception) -> None:
        frame = ErrorRequest(id=str(uuid4()), error=f"unreadable: {str(error)[:LONGEST_COMPLAINT]}")
        await connection.send(self._encode(frame).decode())
