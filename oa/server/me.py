"""/api/v1/me: everything that people do about themselves."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import datetime
from uuid import UUID

import msgspec
from litestar import Controller, delete, get, patch, post
from litestar.di import NamedDependency, Provide
from litestar.params import JSONBody
from litestar.response import Stream

from oa.domain.paging import PageRequest
from oa.domain.people import HUB_CLIENT_ID, Caller, User
from oa.hub import leaving, oneself, terms
from oa.hub.oneself import ExportPart
from oa.hub.sign_in import Password
from oa.hub.transactions import Database, Transaction
from oa.protocol.oneself import Leave, Left, OwnMessagePage, Profile, ProfileChanges
from oa.protocol.terms import AcceptTerms, TermsAcceptance
from oa.server.auth import Call
from oa.server.messages import page_request

ATTACHMENT = {"content-disposition": 'attachment; filename="oa-export.json"', "cache-control": "no-store"}


class MeController(Controller):
    """The owner of the token, or the user whom a program names by `X-OASST-User`."""

    path = "/me"
    tags = ("me",)
    dependencies = {"page": Provide(page_request)}  # noqa: RUF012  # the framework declares it so

    @get("/")
    async def get_profile(self, call: NamedDependency[Call]) -> Profile:
        """Who you are here."""
        who = call.reader
        return Profile.of(await call.read(lambda tx, caller: oneself.profile(tx, caller, who)))

    @patch("/")
    async def change_profile(self, call: NamedDependency[Call], data: JSONBody[ProfileChanges]) -> Profile:
        """Change your display name, whether leaderboards show you, and the languages that you work in."""
        who = call.reader
        langs = None if data.languages is None else tuple(data.languages)
        changes = oneself.ProfileChanges(
            display_name=data.display_name, show_on_leaderboard=data.show_on_leaderboard, langs=langs
        )
        return Profile.of(await call.write(lambda tx, caller: oneself.change_profile(tx, caller, who, changes)))

    @get("/messages")
    async def get_own_messages(
        self, call: NamedDependency[Call], page: NamedDependency[PageRequest[datetime]]
    ) -> OwnMessagePage:
        """What you wrote and what has become of it: send `next` back as `after`, or `prev` as `before`."""
        who = call.reader
        return OwnMessagePage.of(await call.read(lambda tx, caller: oneself.fates(tx, caller, who, page)))

    @post("/terms", status_code=200)
    async def accept_terms(self, call: NamedDependency[Call], data: JSONBody[AcceptTerms]) -> TermsAcceptance:
        """Accept the terms of service that hold now."""
        who = call.reader
        return TermsAcceptance.of(await call.write(lambda tx, caller: terms.accept(tx, caller, who, data.version)))

    @get("/export", media_type="application/json")
    async def export_me(self, call: NamedDependency[Call]) -> Stream:
        """Everything that this hub knows about you, as one JSON document."""
        who = call.reader
        user = await call.read(lambda tx, caller: leaving.find_oneself(tx, caller, who))
        return Stream(_export(call.hub.database, user.id), media_type="application/json", headers=ATTACHMENT)

    @delete("/", status_code=200)
    async def delete_me(self, call: NamedDependency[Call], data: JSONBody[Leave]) -> Left:
        """Delete your account, for good. GET /me says in advance what becomes of your messages."""
        who = call.reader

        def check(tx: Transaction, caller: Caller) -> User:
            user = leaving.find_oneself(tx, caller, who)
            leaving.check_may_leave(tx, caller, user, data.username)
            return user

        user = await call.read(check)
        if user.api_client_id == HUB_CLIENT_ID:
            client = call.request.client
            origin = client.host if client else ""
            await call.hub.front_desk.check(Password(user.username, data.password or "", origin=origin))
        gone = await call.write(lambda tx, caller: leaving.leave(tx, caller, who, data.username))
        await call.hub.database.empty_log()
        return Left(deleted_account_messages=gone.left, messages=gone.messages)


async def _export(database: Database, user_id: UUID) -> AsyncGenerator[bytes, None]:
    """The document piece by piece, so that a long life's work needs no more memory than a short one's."""
    before_section = b"{"
    for section in oneself.SECTIONS:
        yield before_section + msgspec.json.encode(section) + b":["
        part: ExportPart | None = ExportPart(section)
        before_row = b""
        while part is not None:
            rows, part = await database.read(lambda tx, at=part: oneself.export_part(tx, user_id, at))
            for row in rows:
                yield before_row + msgspec.json.encode(row)
                before_row = b","
        before_section = b"],"
    yield b"]}"
