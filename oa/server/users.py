"""/api/v1/frontend_users and /api/v1/users: the users that programs speak for."""

from __future__ import annotations

from uuid import UUID

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from oa.domain.people import Identity
from oa.hub import frontend_users
from oa.hub.frontend_users import UserChanges
from oa.protocol.users import CreateFrontendUserRequest, FrontEndUser
from oa.server.auth import Call


class FrontendUserController(Controller):
    """Users by the names that programs gave them."""

    path = "/frontend_users"
    tags = ("frontend_users",)

    @post("/", status_code=200)
    async def create_frontend_user(
        self, call: NamedDependency[Call], data: JSONBody[CreateFrontendUserRequest]
    ) -> FrontEndUser:
        """Make a user known, or rename them. To change anything else about one needs a trusted program.

        What is left out stays as it is: a disabled user is enabled by nothing but `"enabled": true`.
        """
        changes = UserChanges(
            enabled=data.enabled,
            show_on_leaderboard=data.show_on_leaderboard,
            accepts_terms=bool(data.tos_acceptance),
            notes=data.notes,
        )
        who = data.identity()
        return FrontEndUser.of(await call.write(lambda tx, caller: frontend_users.make_known(tx, caller, who, changes)))

    @get("/{auth_method:str}/{username:str}")
    async def query_frontend_user(
        self,
        call: NamedDependency[Call],
        auth_method: FromPath[str],
        username: FromPath[str],
        api_client_id: FromQuery[UUID | None] = None,
    ) -> FrontEndUser:
        """The user of this name, of the calling program unless another is named."""
        who = Identity(auth_method, username)
        return FrontEndUser.of(
            await call.read(lambda tx, caller: frontend_users.by_name(tx, caller, who, api_client_id))
        )


class UserController(Controller):
    """Users by the hub's ids."""

    path = "/users"
    tags = ("users",)

    @get("/{user_id:str}")
    async def get_user(
        self, call: NamedDependency[Call], user_id: FromPath[UUID], api_client_id: FromQuery[UUID | None] = None
    ) -> FrontEndUser:
        """One user. Without trust, a program sees its own."""
        return FrontEndUser.of(
            await call.read(lambda tx, caller: frontend_users.by_id(tx, caller, user_id, api_client_id))
        )
