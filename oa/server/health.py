"""/healthz, /readyz and /metrics: what operators and their machines ask."""

from __future__ import annotations

import asyncio

import msgspec
from litestar import Controller, Response, get
from litestar.di import NamedDependency

from oa.errors import StoreUnavailable
from oa.hub import campaigns
from oa.server.auth import Call

READY_WITHIN_S = 2.0
"""How long the database may take to answer before the hub counts as not ready."""


class Health(msgspec.Struct, frozen=True, kw_only=True):
    status: str


class HealthController(Controller):
    tags = ("health",)

    @get("/healthz", security=[{}])
    async def alive(self) -> Health:
        """The process runs and answers."""
        return Health(status="ok")

    @get("/readyz", security=[{}])
    async def ready(self, call: NamedDependency[Call]) -> Health:
        """The hub can read and write its data."""
        database = call.hub.database
        try:
            async with asyncio.timeout(READY_WITHIN_S):
                await database.read(campaigns.current)
                await database.write(lambda _: None)
        except TimeoutError:
            raise StoreUnavailable("the database does not answer in time; the hub's log may say why") from None
        return Health(status="ready")

    @get("/metrics", security=[{}])
    async def metrics(self, call: NamedDependency[Call]) -> Response[str]:
        """Counts for Prometheus."""
        return Response(call.hub.metrics.text(), media_type="text/plain; version=0.0.4")
