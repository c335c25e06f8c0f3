"""Puts the parts together. Nothing here decides anything."""

from __future__ import annotations

from functools import partial
from typing import Any

from litestar import Litestar, Request, Router
from litestar.di import Provide
from litestar.types import ControllerRouterHandler

from oa.config import Config
from oa.hub.access import Uses
from oa.hub.sign_in import FrontDesk
from oa.hub.transactions import Database
from oa.inference import presets
from oa.inference.answering import Answering
from oa.inference.no_models import NoModels
from oa.inference.plugins import Plugins
from oa.inference.workforce import TakesLanes, Workforce
from oa.server import jobs, moderation, schema
from oa.server.accounts import AuthController
from oa.server.admin import AdminController
from oa.server.answer_metrics import MeasuredAnswering
from oa.server.auth import Call, Hub
from oa.server.body import HubRequest
from oa.server.chat_accounts import ChatAccountController, ChatAdminController
from oa.server.chat_auth import ChatAuthController, DebugLoginController
from oa.server.chat_configs import ConfigController
from oa.server.chat_judgements import ChatJudgementController
from oa.server.chat_messages import ChatMessageController
from oa.server.chat_rate import ChatRate
from oa.server.chat_sharing import ChatSearchController, ChatSharingController, SharedChatController
from oa.server.chats import ChatController
from oa.server.community import AnnouncementController, BadgeController, GoalController
from oa.server.errors import HANDLERS
from oa.server.generations import Generations
from oa.server.health import HealthController
from oa.server.limits import Limits
from oa.server.me import MeController
from oa.server.messages import FrontendMessageController, MessageController
from oa.server.metrics import Measured, Metrics
from oa.server.openai.controller import OpenAIController
from oa.server.search import SearchController
from oa.server.second_thoughts import SecondThoughtsController
from oa.server.setup import SetupController
from oa.server.standing import LeaderboardController, OwnStatsController, TrollboardController, UserStatsController
from oa.server.stats import StatsController
from oa.server.tasks import TaskController
from oa.server.terms import TermsController
from oa.server.text_labels import TextLabelController
from oa.server.tools import toolbox
from oa.server.toxicity import ToxicityController
from oa.server.trust import AgreementController, SignController
from oa.server.users import FrontendUserController, UserController
from oa.server.workers import WorkerAdminController, WorkerController, forget_arrivals, work

OPEN_ASSISTANT_CONTROLLERS: tuple[ControllerRouterHandler, ...] = (
    TaskController,
    SecondThoughtsController,
    TextLabelController,
    SearchController,
    MessageController,
    FrontendMessageController,
    FrontendUserController,
    UserController,
    UserStatsController,
    OwnStatsController,
    LeaderboardController,
    TrollboardController,
    GoalController,
    AnnouncementController,
    BadgeController,
    AdminController,
    *moderation.HANDLERS,
    StatsController,
    ToxicityController,
    AuthController,
    TermsController,
    MeController,
    SignController,
    AgreementController,
)
"""Everything under /api/v1."""

OTHER_CONTROLLERS: tuple[ControllerRouterHandler, ...] = (
    HealthController,
    SetupController,
    OpenAIController,
    ChatController,
    ChatMessageController,
    ChatJudgementController,
    ChatSearchController,
    ChatSharingController,
    SharedChatController,
    ChatAuthController,
    ChatAccountController,
    ChatAdminController,
    ConfigController,
    WorkerController,
    WorkerAdminController,
    work,
)


def create_app(
    database: Database, config: Config, answering: Answering | None = None, plugins: Plugins | None = None
) -> Litestar:
    """The hub as an ASGI application. The database and the models stay the caller's to close."""
    metrics = Metrics()
    workforce = Workforce(answering if isinstance(answering, TakesLanes) else None)
    answering = MeasuredAnswering(answering or NoModels(), metrics)
    chat = config.chat
    hub = Hub(
        database=database,
        config=config,
        limits=Limits(),
        uses=Uses(),
        metrics=metrics,
        front_desk=FrontDesk(database),
        answering=answering,
        generations=Generations(
            database=database, answering=answering, heartbeat_s=chat.heartbeat_s, with_titles=chat.titles
        ),
        chat_rate=ChatRate(chat.rate_limit_answers, chat.rate_limit_window_s),
        workforce=workforce,
        presets=presets.load(config.data_dir),
        plugins=plugins or toolbox(database, config),
    )

    async def call(request: Request[Any, Any, Any]) -> Call:
        return Call(hub, request)

    def the_hub() -> Hub:
        return hub

    dependencies = {"call": Provide(call), "hub": Provide(the_hub, sync_to_thread=False)}

    def describe() -> Litestar:
        return Litestar(_handlers(config), dependencies=dependencies, openapi_config=schema.CONFIG, logging_config=None)

    app = Litestar(
        route_handlers=[*_handlers(config), schema.controller(schema.Description(describe))],
        dependencies=dependencies,
        exception_handlers=dict(HANDLERS),
        request_class=HubRequest,
        request_max_body_size=config.server.body_limit_bytes,
        openapi_config=None,  # `schema` shows it, with what the framework does not know
        logging_config=None,
        lifespan=[lambda _: jobs.running(database), lambda _: hub.generations.running()],
        on_startup=[partial(forget_arrivals, database)],
        on_shutdown=[hub.front_desk.close],
    )
    app.state.generations, app.state.chat_rate = hub.generations, hub.chat_rate
    app.asgi_handler = Measured(app.asgi_handler, hub.metrics)
    return app


def _handlers(config: Config) -> list[ControllerRouterHandler]:
    debug = [DebugLoginController] if config.auth.allow_debug_login else []
    return [Router("/api/v1", route_handlers=OPEN_ASSISTANT_CONTROLLERS), *OTHER_CONTROLLERS, *debug]
