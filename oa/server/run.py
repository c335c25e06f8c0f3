"""Serves the hub until told to stop."""

from __future__ import annotations

import errno
import gc
import logging
import signal
import socket
import sys
from collections.abc import Callable

import uvicorn
from litestar import Litestar

from oa import config as settings
from oa.config import Config
from oa.errors import CannotListen
from oa.hub import accounts
from oa.hub.transactions import Database
from oa.inference.service import LocalAnswering
from oa.server.app import create_app
from oa.server.generations import Generations

STOP_WITHIN_S = 10
"""How long requests may take to end once the hub is told to stop."""

KEEP_ALIVE_S = 75
"""How long an idle connection stays open: longer than proxies keep theirs, which must not send into a closed one."""

BACKLOG = 2048
"""Connections that may wait to be accepted."""


def run(config: Config, open_database: Callable[[Config], Database], answering: LocalAnswering) -> None:
    """Listen, open the data, tell how to reach the hub, and serve until SIGINT or SIGTERM. Then unload the models.

    Raises:
        CannotListen: the address or port cannot be had.
        OaError: the database cannot be opened.
    """
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    with listen(config.server) as listener:
        database = open_database(config)
        try:
            code = database.run(accounts.first_admin_code)
            sys.stdout.write(greeting(address_of(config.server, listener), code))
            sys.stdout.flush()
            _serve(config, create_app(database, config, answering), answering, listener)
        finally:
            database.shut()


def listen(server: settings.Server) -> socket.socket:
    """A socket that takes connections from now on; those that come before the hub is ready wait in it.

    Raises:
        CannotListen
    """
    try:
        family, kind, _, _, address = socket.getaddrinfo(
            server.host, server.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind)
    except OSError as error:
        raise CannotListen(f"{server.host} is no address of this machine; name another with --host") from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise CannotListen(_why(error, server)) from error
    return listener


def address_of(server: settings.Server, listener: socket.socket) -> str:
    """The address to tell people: what the settings say, or where it listens."""
    if server.base_url is not None:
        return server.base_url.rstrip("/")
    host = "localhost" if server.host in ("0.0.0.0", "::", "") else server.host
    port: int = listener.getsockname()[1]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def greeting(address: str, admin_code: str | None) -> str:
    """What the hub says when it starts."""
    lines = [f"The hub is at {address} (its interface: {address}/schema). Ctrl-C stops it."]
    if admin_code is not None:
        lines += [
            "It has no administrator yet. Open this link within 30 minutes; it works once:",
            f"  {address}/setup?code={admin_code}",
            "or type: oa users add NAME --role admin",
        ]
    return "\n".join(lines) + "\n"


def _serve(config: Config, app: Litestar, answering: LocalAnswering, listener: socket.socket) -> None:
    app.on_shutdown.append(answering.close)
    served = uvicorn.Config(
        app,
        loop="auto",  # uvloop and httptools where they are installed
        http="auto",
        ws="websockets-sansio",
        ws_ping_interval=None,  # workers are pinged by their own protocol
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=STOP_WITHIN_S,
    )
    gc.collect()
    gc.freeze()  # what is loaded by now stays, and need not be looked through again
    gc.enable()
    # The server raises the signal again once it has stopped; it has done its work by then.
    signal.signal(signal.SIGTERM, lambda _number, _frame: None)
    _Server(served, app.state.generations).run(sockets=[listener])


class _Server(uvicorn.Server):
    """Ends the answers that are being written before it waits for the connections that watch them."""

    def __init__(self, config: uvicorn.Config, generations: Generations) -> None:
        super().__init__(config)
        self._generations = generations

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._generations.close()
        await super().shutdown(sockets)


def _why(error: OSError, server: settings.Server) -> str:
    where = f"port {server.port} on {server.host}"
    match error.errno:
        case errno.EADDRINUSE:
            return f"{where} is taken: stop the program that has it, or start with --port {server.port + 1}"
        case errno.EACCES | errno.EPERM:
            return f"{where} is not for ordinary users: start with a port of 1024 or more, for example --port 8080"
        case errno.EADDRNOTAVAIL:
            return f"{server.host} is no address of this machine; name another with --host"
        case _:
            return f"{where} cannot be used: {error.strerror}"
