"""/api/v1/admin: keys for programs, and what is set."""

from __future__ import annotations

from typing import Any

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from oa.config import flatten
from oa.domain.campaign import Campaign
from oa.domain.people import Caller
from oa.hub import access, campaigns, keys
from oa.hub.keys import NewClient
from oa.hub.transactions import Transaction
from oa.protocol.accounts import CreateApiClientRequest
from oa.protocol.settings import PublicSettings, all_settings
from oa.server.auth import Call
from oa.server.body import json_text


class AdminController(Controller):
    path = "/admin"
    tags = ("admin",)

    @post("/api_client", status_code=200, security=[{"bearer": []}])
    async def create_api_client(
        self, call: NamedDependency[Call], data: JSONBody[CreateApiClientRequest]
    ) -> Response[str]:
        """A key for a new program. It is told here once."""
        wanted = NewClient(
            description=data.description,
            trusted=data.trusted,
            frontend_type=data.frontend_type,
            admin_email=data.admin_email,
        )
        issued = await call.write_as_admin(lambda tx, caller: keys.create_client(tx, wanted, by=caller.person))
        return json_text(issued.secret)

    @get("/backend_settings/public")
    async def get_backend_settings_public(self, call: NamedDependency[Call]) -> PublicSettings:
        """What every program may know of how this hub is set up."""
        return PublicSettings.of(await call.read(lambda tx, _: campaigns.current(tx)))

    @get("/backend_settings/full")
    async def get_backend_settings_full(self, call: NamedDependency[Call]) -> Any:
        """Every setting. What Open-Assistant kept in secrets here is null. For trusted programs and moderators."""

        def settings(tx: Transaction, caller: Caller) -> Campaign:
            access.require_trusted(caller)
            return campaigns.current(tx)

        return all_settings(await call.read(settings), flatten(call.hub.config))
