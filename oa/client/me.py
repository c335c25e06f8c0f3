"""What people do about themselves."""

from __future__ import annotations

import msgspec

from oa.client.connection import Connection, Repeat, Request
from oa.domain.standing import TimeFrame
from oa.protocol.community import Badge
from oa.protocol.oneself import Leave, Left, OwnMessagePage, Profile, ProfileChanges
from oa.protocol.standing import UserScore
from oa.protocol.terms import AcceptTerms, Terms, TermsAcceptance


class Me:
    """The owner of the token, or the user for whom a program acts."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def profile(self) -> Profile:
        return await self._connection.call(Request(method="GET", path="/me", repeat=Repeat.ALWAYS), Profile)

    async def change(self, changes: ProfileChanges) -> Profile:
        """Change what is named; the rest stays."""
        given = {name: value for name, value in msgspec.structs.asdict(changes).items() if value is not None}
        return await self._connection.call(
            Request(method="PATCH", path="/me", body=given, repeat=Repeat.ALWAYS), Profile
        )

    async def messages(self, *, after: str | None = None, size: int = 50) -> OwnMessagePage:
        """What they wrote and what has become of it, the latest first.

        Args:
            after: the `next` of the page before.
        """
        query = {"after": after, "max_count": size, "desc": True}
        request = Request(method="GET", path="/me/messages", query=query, repeat=Repeat.ALWAYS)
        return await self._connection.call(request, OwnMessagePage)

    async def badges(self) -> list[Badge]:
        """What they have reached."""
        return await self._connection.call(Request(method="GET", path="/me/badges", repeat=Repeat.ALWAYS), list[Badge])

    async def stats(self) -> dict[TimeFrame, UserScore]:
        """What they have earned."""
        request = Request(method="GET", path="/me/stats", repeat=Repeat.ALWAYS)
        return await self._connection.call(request, dict[TimeFrame, UserScore])

    async def export(self) -> bytes:
        """Everything that the hub knows about them, as one JSON document."""
        request = Request(method="GET", path="/me/export", repeat=Repeat.ALWAYS)
        return bytes(await self._connection.call(request, msgspec.Raw))

    async def terms(self) -> Terms:
        """The terms of service that hold now.

        Raises:
            NotFound: the hub has none.
        """
        return await self._connection.call(Request(method="GET", path="/terms", repeat=Repeat.ALWAYS), Terms)

    async def accept_terms(self, version: int) -> TermsAcceptance:
        """Accept the version that they have read."""
        body = AcceptTerms(version=version)
        request = Request(method="POST", path="/me/terms", body=body, repeat=Repeat.ALWAYS)
        return await self._connection.call(request, TermsAcceptance)

    async def leave(self, username: str, password: str | None) -> Left:
        """Delete the account, for good.

        Raises:
            OaError: the name or the password is not theirs, or they are the last administrator.
        """
        body = Leave(username=username, password=password)
        return await self._connection.call(Request(method="DELETE", path="/me", body=body), Left)
