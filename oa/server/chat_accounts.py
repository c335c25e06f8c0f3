"""/account and /admin: leaving, and what administrators do about those who chat."""

from __future__ import annotations

from uuid import UUID

from litestar import Controller, delete
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from oa.domain.people import HUB_CLIENT_ID, Caller, User
from oa.hub import leaving, refreshing
from oa.hub.moderators import Moderator
from oa.hub.sign_in import Password
from oa.hub.transactions import Transaction
from oa.protocol.chat_accounts import DeleteAccount
from oa.server.auth import Call
from oa.server.chat_access import Visitor
from oa.server.chats import VISITOR


class ChatAccountController(Controller):
    path = "/account"
    tags = ("auth",)
    dependencies = VISITOR

    @delete("/", status_code=200)
    async def delete_account(
        self, visitor: NamedDependency[Visitor], data: JSONBody[DeleteAccount | None] = None
    ) -> None:
        """Delete your account for good, with all your chats. An account that has a password asks for it.

        GET /api/v1/me says in advance what becomes of messages in the community's trees.
        """
        call, who = visitor.call, visitor.who
        person = await visitor.read(lambda _, person: person)
        if person.api_client_id == HUB_CLIENT_ID:
            client = call.request.client
            typed = "" if data is None else data.password or ""
            await call.hub.front_desk.check(Password(person.username, typed, origin=client.host if client else ""))

        def leave(tx: Transaction, caller: Caller) -> User:
            leaving.leave(tx, caller, who, person.username)
            return person

        await call.write(leave)
        await call.hub.generations.drop(person.id)
        await call.hub.database.empty_log()


class ChatAdminController(Controller):
    path = "/admin"
    tags = ("admin",)

    @delete("/refresh_tokens/{user_id:uuid}", status_code=200, security=[{"bearer": []}])
    async def revoke_refresh_tokens(self, call: NamedDependency[Call], user_id: FromPath[UUID]) -> None:
        """Make all refresh tokens of somebody worthless."""
        await call.write_as_admin(lambda tx, caller: refreshing.revoke_all(tx, caller, user_id))

    @delete("/users/{user_id:uuid}", status_code=200, security=[{"bearer": []}])
    async def delete_user(self, call: NamedDependency[Call], user_id: FromPath[UUID]) -> None:
        """Delete somebody's account for them, with all their chats."""
        await call.write_as_admin(lambda tx, caller: leaving.remove_user(tx, Moderator(caller), user_id))
        await call.hub.generations.drop(user_id)
        await call.hub.database.empty_log()
