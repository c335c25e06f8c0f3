"""/api/v1/stats: how the community is doing, in figures."""

from __future__ import annotations

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from oa.domain.statistics import CachedName
from oa.hub import statistics
from oa.protocol.stats import (
    AllCachedStatsResponse,
    CachedStatsResponse,
    SystemStats,
    TreeManagerStats,
    TreeMessageCountStats,
)
from oa.server.auth import Call


class StatsController(Controller):
    path = "/stats"
    tags = ("stats",)

    @get("/")
    async def get_message_stats(self, call: NamedDependency[Call]) -> SystemStats:
        """How many messages and trees there are. For trusted programs and moderators."""
        return SystemStats.of(await call.read(statistics.system))

    @get("/tree_manager/state_counts")
    async def get_tree_manager_state_counts(self, call: NamedDependency[Call]) -> dict[str, int]:
        """Trees by state. For trusted programs and moderators."""
        return await call.read(statistics.state_counts)

    @get("/tree_manager/message_counts")
    async def get_tree_manager_message_counts(
        self, call: NamedDependency[Call], only_active: FromQuery[bool] = True
    ) -> list[TreeMessageCountStats]:
        """Every tree in figures, oldest first. For trusted programs and moderators."""
        found = await call.read(lambda tx, caller: statistics.message_counts(tx, caller, only_active=only_active))
        return [TreeMessageCountStats.of(tree) for tree in found]

    @get("/tree_manager")
    async def get_tree_manager_stats(self, call: NamedDependency[Call]) -> TreeManagerStats:
        """Trees by state, and each active one in figures. For trusted programs and moderators."""
        states, found = await call.read(
            lambda tx, caller: (statistics.state_counts(tx, caller), statistics.message_counts(tx, caller))
        )
        return TreeManagerStats(state_counts=states, message_counts=[TreeMessageCountStats.of(tree) for tree in found])

    @get("/cached")
    async def get_cached_stats_all(self, call: NamedDependency[Call]) -> AllCachedStatsResponse:
        """All figures that are counted every hour."""
        found = await call.read(lambda tx, _: statistics.cached(tx))
        return AllCachedStatsResponse(
            stats_by_name={figures.name.value: CachedStatsResponse.of(figures) for figures in found}
        )

    @get("/cached/{name:str}")
    async def get_cached_stats(self, call: NamedDependency[Call], name: FromPath[CachedName]) -> CachedStatsResponse:
        """Some of the figures that are counted every hour."""
        return CachedStatsResponse.of(await call.read(lambda tx, _: statistics.cached_one(tx, name)))

    @post("/cached/update", status_code=204)
    async def update_cached_stats(self, call: NamedDependency[Call]) -> None:
        """Count them now. For trusted programs and moderators."""
        await call.write(statistics.update_cached)
