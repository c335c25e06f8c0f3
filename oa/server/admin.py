"""/api/v1/admin: what only administrators do."""

from __future__ import annotations

from litestar import Controller, Response, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from oa.hub import keys
from oa.hub.keys import NewClient
from oa.protocol.accounts import CreateApiClientRequest
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
