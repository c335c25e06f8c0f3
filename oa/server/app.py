"""Puts the parts together. Nothing here decides anything."""

from __future__ import annotations

from typing import Any

from litestar import Litestar, Request, Router
from litestar.di import Provide
from litestar.types import ControllerRouterHandler

from oa.config import Config
from oa.hub import access
from oa.hub.transactions import Database
from oa.server.auth import Call, Hub
from oa.server.body import HubRequest
from oa.server.errors import HANDLERS
from oa.server.limits import Limits
from oa.server.messages import FrontendMessageController, MessageController
from oa.server.tasks import TaskController
from oa.server.text_labels import TextLabelController
from oa.server.users import FrontendUserController, UserController

OPEN_ASSISTANT_CONTROLLERS: tuple[ControllerRouterHandler, ...] = (
    TaskController,
    TextLabelController,
    MessageController,
    FrontendMessageController,
    FrontendUserController,
    UserController,
)
"""Everything under /api/v1."""


def create_app(database: Database, config: Config) -> Litestar:
    """The hub as an ASGI application; it closes nothing that was given to it."""
    hub = Hub(database, config, Limits(), access.Uses())

    async def call(request: Request[Any, Any, Any]) -> Call:
        return Call(hub, request)

    return Litestar(
        route_handlers=[Router("/api/v1", route_handlers=OPEN_ASSISTANT_CONTROLLERS)],
        dependencies={"call": Provide(call)},
        exception_handlers=dict(HANDLERS),
        request_class=HubRequest,
        request_max_body_size=config.server.body_limit_bytes,
        logging_config=None,
    )
