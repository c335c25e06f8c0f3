"""/workers and /admin/workers: machines elsewhere that answer for the hub."""

from __future__ import annotations

import contextlib
import logging
from typing import Any
from uuid import UUID, uuid4

import msgspec
from litestar import Controller, WebSocket, delete, get, put, websocket
from litestar.di import NamedDependency
from litestar.exceptions import WebSocketDisconnect, WebSocketException
from litestar.params import FromPath, JSONBody

from oa.domain.people import Caller
from oa.hub import access, workers
from oa.hub.transactions import Database, Transaction
from oa.inference.workforce import ConnectionLost, Session, Visitor
from oa.protocol.workers import (
    CLOSED_FOR_KEY,
    CLOSED_FOR_VERSION,
    KEY_HEADER,
    PATH,
    VERSION,
    VERSION_HEADER,
    CreatedWorker,
    CreateWorkerRequest,
    HubFrame,
    UpgradeProtocolRequest,
    WorkerRead,
    WorkerSession,
    WrongApiKeyRequest,
)
from oa.server.auth import Call, Hub

log = logging.getLogger(__name__)

Socket = WebSocket[Any, Any, Any]


class SocketConnection:
    """A websocket as the workforce knows it."""

    def __init__(self, socket: Socket) -> None:
        self._socket = socket

    async def receive(self) -> str:
        try:
            return await self._socket.receive_text()
        except (WebSocketDisconnect, WebSocketException, KeyError, RuntimeError) as error:
            raise ConnectionLost(str(error)) from error

    async def send(self, text: str) -> None:
        try:
            await self._socket.send_text(text)
        except (WebSocketDisconnect, WebSocketException, RuntimeError, OSError) as error:
            raise ConnectionLost(str(error)) from error

    async def close(self, code: int, reason: str) -> None:
        with contextlib.suppress(WebSocketException, RuntimeError, OSError):
            await self._socket.close(code, reason)


async def forget_arrivals(database: Database) -> None:
    """Whoever was connected when the hub was killed is not any more."""
    await database.write(workers.forget_arrivals)


@websocket(PATH)
async def work(socket: Socket, hub: NamedDependency[Hub]) -> None:
    """A worker's connection, from the first to the last frame."""
    await socket.accept()
    connection = SocketConnection(socket)
    with contextlib.suppress(ConnectionLost):
        visitor = await _admitted(socket, connection, hub)
        if visitor is None:
            return
        try:
            await hub.workforce.serve(visitor, connection)
        finally:
            await hub.database.write(lambda tx: workers.note_departure(tx, visitor.id))
        await connection.close(1000, "")


async def _admitted(socket: Socket, connection: SocketConnection, hub: Hub) -> Visitor | None:
    """Whose connection it is; None for a stranger and for one who speaks another version, who are sent away."""
    if socket.headers.get(VERSION_HEADER) != VERSION:
        await _refuse(connection, UpgradeProtocolRequest(id=str(uuid4())), CLOSED_FOR_VERSION)
        return None
    key = socket.headers.get(KEY_HEADER, "")
    worker = await hub.database.read(lambda tx: workers.recognize(tx, key))
    if worker is None:
        await _refuse(connection, WrongApiKeyRequest(id=str(uuid4())), CLOSED_FOR_KEY)
        return None

    async def may_stay() -> bool:
        return await hub.database.read(lambda tx: workers.is_known(tx, worker.id))

    async def on_arrival(model: str) -> None:
        await hub.database.write(lambda tx: workers.note_arrival(tx, worker.id, model))

    return Visitor(worker.id, worker.name, may_stay, on_arrival)


async def _refuse(connection: SocketConnection, frame: HubFrame, code: int) -> None:
    await connection.send(msgspec.json.encode(frame).decode())
    await connection.close(code, str(frame.__struct_config__.tag))


class WorkerController(Controller):
    """Who is connected. For administrators: it tells of their machines."""

    path = "/workers"
    tags = ("workers",)

    @get("/sessions")
    async def list_worker_sessions(self, call: NamedDependency[Call]) -> list[WorkerSession]:
        """The connected workers, what they offer, and how busy they are."""
        access.require_admin(await call.caller())
        return [_session(session) for session in call.hub.workforce.sessions()]


class WorkerAdminController(Controller):
    """The machines that may connect."""

    path = "/admin/workers"
    tags = ("admin",)

    @put("/", status_code=200)
    async def create_worker(self, call: NamedDependency[Call], data: JSONBody[CreateWorkerRequest]) -> CreatedWorker:
        """Let a machine answer for this hub. Its key is in this answer and nowhere else."""

        def run(tx: Transaction, caller: Caller) -> workers.IssuedWorker:
            return workers.add(tx, data.name, trusted=data.trusted, by=caller.person)

        issued = await call.write_as_admin(run)
        made = issued.worker
        return CreatedWorker(id=made.id, name=made.name, api_key=issued.secret, trusted=made.trusted)

    @get("/")
    async def list_workers(self, call: NamedDependency[Call]) -> list[WorkerRead]:
        """The machines that may connect, oldest first."""

        def run(tx: Transaction, caller: Caller) -> list[WorkerRead]:
            access.require_admin(caller)
            return [WorkerRead.of(worker) for worker in workers.every(tx)]

        return await call.read(run)

    @delete("/{worker_id:str}", status_code=200)
    async def delete_worker(self, call: NamedDependency[Call], worker_id: FromPath[UUID]) -> None:
        """Make its key worthless, and end its connection. What it has under way goes to others."""
        await call.write_as_admin(lambda tx, caller: workers.remove(tx, str(worker_id), by=caller.person))
        await call.hub.workforce.dismiss(worker_id)


def _session(session: Session) -> WorkerSession:
    return WorkerSession(
        id=session.id,
        worker_id=session.visitor.id,
        worker_name=session.visitor.name,
        worker_info=session.info,
        connected_at=session.connected_at,
        requests_in_flight=session.lane.in_flight,
        metrics=session.metrics,
    )
