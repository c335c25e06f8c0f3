"""Keeping order; for moderators, administrators and trusted programs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar
from uuid import UUID

from oa.client.connection import Connection, Parameter, Repeat, Request
from oa.client.users import asserted_user
from oa.domain.moderation import Outcome
from oa.protocol.moderation import (
    Effect,
    FlaggedMessagePage,
    FlaggedMessageResponse,
    JournalEvent,
    MessageEditRequest,
    MessageRevision,
)
from oa.protocol.stats import SystemStats, TreeManagerStats
from oa.protocol.users import FrontEndUserPage

T = TypeVar("T")


class Moderation:
    """Every act says what it changed, and a preview of it changes nothing."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def users(self, *, after: str | None = None, size: int = 100) -> FrontEndUserPage:
        """Everybody, by name."""
        return await self._read("/users/cursor", FrontEndUserPage, {"after": after, "max_count": size})

    async def reports(self, *, after: str | None = None, size: int = 50, processed: bool = False) -> FlaggedMessagePage:
        """What was reported, the one that has waited longest first."""
        query: dict[str, Parameter] = {"after": after, "max_count": size, "processed": processed}
        return await self._read("/admin/flagged_messages/cursor", FlaggedMessagePage, query)

    async def settle(self, message: UUID, outcome: Outcome, note: str | None = None) -> FlaggedMessageResponse:
        """Say what came of the reports about a message."""
        path = f"/admin/flagged_messages/{message}/processed"
        query: dict[str, Parameter] = {"outcome": outcome, "note": note}
        request = Request(method="POST", path=path, query=query, repeat=Repeat.ALWAYS)
        return await self._connection.call(request, FlaggedMessageResponse)

    async def delete(self, message: UUID, *, why: str | None = None) -> Effect:
        """Hide a message with everything under it."""
        return await self._act(f"/messages/{message}/delete", why)

    async def restore(self, message: UUID, *, why: str | None = None) -> Effect:
        """Show a message again, with those above it."""
        return await self._act(f"/messages/{message}/restore", why)

    async def halt(self, message: UUID, *, why: str | None = None) -> Effect:
        """Stop all work on a tree."""
        return await self._act(f"/messages/{message}/halt", why)

    async def resume(self, message: UUID, *, why: str | None = None) -> Effect:
        """Let a tree go on."""
        return await self._act(f"/messages/{message}/resume", why)

    async def stop_user(self, user: UUID, *, why: str | None = None) -> Effect:
        """Shut somebody out for now."""
        return await self._act(f"/users/{user}/stop", why)

    async def enable_user(self, user: UUID, *, why: str | None = None) -> Effect:
        """Let somebody in again."""
        return await self._act(f"/users/{user}/enable", why)

    async def ban_user(self, user: UUID, *, why: str | None = None) -> Effect:
        """Shut somebody out for good."""
        return await self._act(f"/users/{user}/ban", why)

    async def edit(self, message: UUID, text: str, *, why: str | None = None) -> None:
        """Give a message another text; the earlier ones stay in its history."""
        body = MessageEditRequest(user=asserted_user(self._connection), new_content=text, why=why)
        request = Request(method="POST", path=f"/messages/{message}/edit", body=body)
        await self._connection.call(request, object)

    async def history(self, message: UUID) -> list[MessageRevision]:
        """The texts that a message has had, the first one first."""
        return await self._read(f"/messages/{message}/history", list[MessageRevision])

    async def journal(self, *, before: int | None = None, size: int = 50) -> list[JournalEvent]:
        """What happened, the latest first."""
        return await self._read("/moderation/journal/", list[JournalEvent], {"before": before, "max_count": size})

    async def undo(self, event: int, *, why: str | None = None) -> Effect:
        """Take one act of moderation back."""
        return await self._act(f"/journal/{event}/undo", why)

    async def trees(self) -> TreeManagerStats:
        """Trees by state, and each active one in figures."""
        return await self._read("/stats/tree_manager", TreeManagerStats)

    async def counts(self) -> SystemStats:
        """How many messages and trees there are."""
        return await self._read("/stats/", SystemStats)

    async def _act(self, path: str, why: str | None) -> Effect:
        request = Request(method="POST", path=f"/moderation{path}", query={"why": why})
        return await self._connection.call(request, Effect)

    async def _read(self, path: str, answer: type[T], query: Mapping[str, Parameter] | None = None) -> T:
        request = Request(method="GET", path=path, query=query or {}, repeat=Repeat.ALWAYS)
        return await self._connection.call(request, answer)
