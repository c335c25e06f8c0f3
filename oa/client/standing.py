"""Who has earned what, and what keeps a community going."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar, cast
from uuid import UUID

from oa.client.connection import Connection, Parameter, Repeat, Request
from oa.domain.standing import TimeFrame
from oa.protocol.community import Announcement, Goal
from oa.protocol.settings import PublicSettings
from oa.protocol.standing import LeaderboardStats, TrollboardStats, UserScore

T = TypeVar("T")


class Standings:
    """Leaderboards, one's own place on them, goals and announcements."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def leaderboard(self, frame: TimeFrame, *, size: int = 100) -> LeaderboardStats:
        """Those who have earned the most, best first."""
        return await self._read(f"/leaderboards/{frame}", LeaderboardStats, {"max_count": size})

    async def neighbours(self, user: UUID, frame: TimeFrame, *, size: int = 5) -> LeaderboardStats | None:
        """The leaderboard around one person; None if they are not on it."""
        path = f"/users/{user}/stats/{frame}/window"
        answer = cast(type[LeaderboardStats | None], LeaderboardStats | None)
        return await self._read(path, answer, {"window_size": size})

    async def own(self, user: UUID) -> dict[TimeFrame, UserScore]:
        """What one person has earned, in every time frame."""
        return await self._read(f"/users/{user}/stats", dict[TimeFrame, UserScore])

    async def trollboard(self, frame: TimeFrame, *, size: int = 100, enabled: bool | None = None) -> TrollboardStats:
        """Those whose messages others object to most; for moderators."""
        return await self._read(f"/trollboards/{frame}", TrollboardStats, {"max_count": size, "enabled": enabled})

    async def goals(self) -> list[Goal]:
        """How much the community wants, and how much it has."""
        return await self._read("/goals/", list[Goal])

    async def announcements(self, lang: str | None = None) -> list[Announcement]:
        """What is told now, the latest first; with a language, only what concerns those who work in it."""
        return await self._read("/announcements/", list[Announcement], {"lang": lang})

    async def settings(self) -> PublicSettings:
        """What everybody may know of how the hub is set up."""
        return await self._read("/admin/backend_settings/public", PublicSettings)

    async def _read(self, path: str, answer: type[T], query: Mapping[str, Parameter] | None = None) -> T:
        request = Request(method="GET", path=path, query=query or {}, repeat=Repeat.ALWAYS)
        return await self._connection.call(request, answer)
