"""A terminal at a hub in this process, for tests of the terminal interface."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import httpx
from litestar import Litestar
from textual.pilot import Pilot

from oa.domain.people import AccountRole
from oa.hub import accounts, keys
from oa.hub.accounts import NewAccount
from oa.hub.keys import NewToken
from oa.store.database import Database, Transaction
from oa.tui.app import OaApp, Start
from oa.tui.places import Places


class Hub(Protocol):
    app: Litestar
    database: Database


class Line(httpx.AsyncBaseTransport):
    """The way to the hub, which can be cut."""

    def __init__(self, app: Litestar) -> None:
        self._to_hub = httpx.ASGITransport(app)
        self.is_cut = False
        self.answers: int | None = None
        """A status that something between here and the hub answers with."""
        self.asked: list[str] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(f"{request.method} {request.url.path}")
        if self.is_cut:
            raise httpx.ConnectError("no route")
        if self.answers is not None:
            return httpx.Response(self.answers, text="<html>no</html>", request=request)
        return await self._to_hub.handle_async_request(request)


class Desk:
    """A person's terminal at a hub in this process."""

    def __init__(self, hub: Hub, directory: Path, now: Callable[[], datetime]) -> None:
        self.hub = hub
        self.line = Line(hub.app)
        self.places = Places(directory / "config", directory / "state")
        self._now = now

    def person(self, name: str, role: AccountRole = AccountRole.VOLUNTEER) -> str:
        """A person's token."""

        def make(tx: Transaction) -> str:
            account = accounts.create_account(tx, NewAccount(name, role=role))
            return keys.issue_token(tx, account.user, NewToken("terminal")).secret

        return self.hub.database.run(make)

    def app(self, token: str | None, **start: Any) -> OaApp:
        env = {"LANG": "C.UTF-8", **start.pop("env", {})}
        return OaApp(
            Start(
                places=self.places,
                env=env,
                hub="http://hub.test" if token else None,
                token=token,
                transport=self.line,
                now=self._now,
                **start,
            )
        )

    @asynccontextmanager
    async def sitting(
        self, token: str | None, size: tuple[int, int] = (80, 24), **start: Any
    ) -> AsyncIterator[tuple[OaApp, Pilot[None]]]:
        """The program, with home on the screen."""
        app = self.app(token, **start)
        async with app.run_test(size=size) as pilot:
            await settle(pilot)
            yield app, pilot


async def settle(pilot: Pilot[None]) -> None:
    """Wait until nothing is under way."""
    await pilot.pause()
    while not all(worker.is_finished for worker in pilot.app.workers):
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()


async def press(pilot: Pilot[None], *pressed: str) -> None:
    """Press keys one by one, each after what the one before set going."""
    for key in pressed:
        await pilot.press(key)
        await settle(pilot)
