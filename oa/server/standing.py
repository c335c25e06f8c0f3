"""/api/v1/leaderboards, /api/v1/trollboards and /api/v1/users/{id}/stats: who has earned what."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, TypeVar
from uuid import UUID

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from oa.domain.people import Caller
from oa.domain.standing import TimeFrame
from oa.hub import boards, standing
from oa.hub.transactions import Transaction
from oa.protocol.standing import LeaderboardStats, TrollboardStats, UserScore
from oa.server.auth import Call

T = TypeVar("T")

MaxCount = Annotated[int, QueryParameter(gt=0, le=10_000, description="how many people at most")]
WindowSize = Annotated[int, QueryParameter(gt=0, le=100, description="how many places around the person")]


async def read_current(call: Call, query: Callable[[Transaction, Caller], T]) -> T:
    """Read standing; whoever comes first after a time frame has moved on brings it up to date."""
    try:
        return await call.read(query)
    except standing.FramesMoved:
        await call.hub.database.write(standing.roll)
    return await call.read(query)


class LeaderboardController(Controller):
    path = "/leaderboards"
    tags = ("leaderboards",)

    @get("/{time_frame:str}")
    async def get_leaderboard(
        self, call: NamedDependency[Call], time_frame: FromPath[TimeFrame], max_count: MaxCount = 100
    ) -> LeaderboardStats:
        """Those who have earned the most. Whoever is disabled, deleted or hidden from it has no place."""
        who = call.reader
        return LeaderboardStats.of(
            await read_current(call, lambda tx, caller: boards.leaderboard(tx, caller, who, time_frame, max_count))
        )

    @post("/update", status_code=204)
    async def update_leaderboards_all(self, call: NamedDependency[Call]) -> None:
        """Nothing to wait for: leaderboards are always up to date. For trusted programs and moderators."""
        await call.read(boards.check_may_update)

    @post("/update/{time_frame:str}", status_code=204)
    async def update_leaderboard_time_frame(self, call: NamedDependency[Call], time_frame: FromPath[TimeFrame]) -> None:
        """The same for one time frame."""
        await call.read(boards.check_may_update)


class TrollboardController(Controller):
    path = "/trollboards"
    tags = ("trollboards",)

    @get("/{time_frame:str}")
    async def get_trollboard(
        self,
        call: NamedDependency[Call],
        time_frame: FromPath[TimeFrame],
        max_count: MaxCount = 100,
        enabled: FromQuery[bool | None] = None,
    ) -> TrollboardStats:
        """Those whose messages others object to most. For trusted programs and moderators."""
        who = call.reader
        return TrollboardStats.of(
            await read_current(
                call, lambda tx, caller: boards.trollboard(tx, caller, who, time_frame, max_count, enabled=enabled)
            )
        )


class UserStatsController(Controller):
    path = "/users"
    tags = ("users",)

    @get("/{user_id:str}/stats")
    async def query_user_stats(self, call: NamedDependency[Call], user_id: FromPath[UUID]) -> dict[str, UserScore]:
        """What one person has earned, in every time frame.

        Whom no leaderboard shows is seen by their own program, themselves, trusted programs and moderators.
        """
        found = await read_current(call, lambda tx, caller: boards.of_user(tx, caller, user_id))
        return {frame.value: UserScore.of(one) for frame, one in found.items()}

    @get("/{user_id:str}/stats/{time_frame:str}")
    async def query_user_stats_timeframe(
        self, call: NamedDependency[Call], user_id: FromPath[UUID], time_frame: FromPath[TimeFrame]
    ) -> UserScore:
        """What one person has earned in one time frame."""
        found = await read_current(call, lambda tx, caller: boards.of_user(tx, caller, user_id))
        return UserScore.of(found[time_frame])

    @get("/{user_id:str}/stats/{time_frame:str}/window")
    async def query_user_stats_timeframe_window(
        self,
        call: NamedDependency[Call],
        user_id: FromPath[UUID],
        time_frame: FromPath[TimeFrame],
        window_size: WindowSize = 5,
    ) -> LeaderboardStats | None:
        """The leaderboard around one person; null if they are not on it."""
        who = call.reader
        found = await read_current(
            call, lambda tx, caller: boards.window(tx, caller, who, user_id, time_frame, window_size)
        )
        return None if found is None else LeaderboardStats.of(found)


class OwnStatsController(Controller):
    path = "/me"
    tags = ("me",)

    @get("/stats")
    async def get_own_stats(self, call: NamedDependency[Call]) -> dict[str, UserScore]:
        """What you, or the user whom a program names, have earned in every time frame.

        `/me/agreement` says how far you agree with the others, `/me/badges` what you have reached.
        """
        who = call.reader
        found = await read_current(call, lambda tx, caller: boards.own(tx, caller, who))
        return {frame.value: UserScore.of(one) for frame, one in found.items()}
