"""/auth: signing in as the clients of Open-Assistant's inference server do."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.response import Redirect

from oa.errors import ClientNotAuthorized, Invalid, InvalidAuthentication
from oa.hub import refreshing
from oa.protocol.chat_accounts import ChatUser, Token, TokenPair
from oa.server.auth import Call
from oa.server.body import json_text
from oa.server.chat_access import Visitor
from oa.server.chats import VISITOR

Name = Annotated[str, QueryParameter(max_length=128)]
Carried = Annotated[str, QueryParameter(name="state", max_length=2000, description="handed on as it is")]

NO_STORE = {"cache-control": "no-store"}


class ChatAuthController(Controller):
    path = "/auth"
    tags = ("auth",)
    dependencies = VISITOR

    @get("/check", operation_id="CheckChatUser")
    async def check(self, visitor: NamedDependency[Visitor]) -> Response[str]:
        """The id of whoever shows this token, or speaks through this program."""
        try:
            return json_text(str(await visitor.read(lambda _, person: person.id)))
        except ClientNotAuthorized:
            raise InvalidAuthentication("sign in first: this token is missing, mistyped, expired or revoked") from None

    @get("/providers", security=[{}])
    async def providers(self, call: NamedDependency[Call]) -> list[str]:
        """How one may sign in here besides POST /api/v1/auth/login."""
        return ["debug"] if call.hub.config.auth.allow_debug_login else []

    @get("/refresh", security=[{}])
    async def refresh(self, call: NamedDependency[Call]) -> Response[Token]:
        """A new access token for a refresh token, which is sent in the header `Refresh`."""
        shown = call.header(b"refresh")
        token = await call.hub.database.write(lambda tx: refreshing.refresh(tx, shown))
        return Response(Token(access_token=token, token_type="bearer"), headers=NO_STORE)

    @post("/trusted", status_code=200)
    async def trusted(self, visitor: NamedDependency[Visitor]) -> ChatUser:
        """Make a user of one's program known, who is named in the header `TrustedClient`."""
        return ChatUser.of(await visitor.write(lambda _, person: person))


class DebugLoginController(Controller):
    """Anybody is whoever they say. It is there only where `auth.allow_debug_login` is set."""

    path = "/auth"
    tags = ("auth",)

    @get("/login/debug", status_code=302, security=[{}])
    async def login(self, username: Name, carried: Carried = "{}") -> Redirect:
        """Lead to the callback, as another site would after signing somebody in there."""
        return Redirect(f"/auth/callback/debug?code={quote(username, safe='')}&state={quote(carried, safe='')}")

    @get("/callback/debug", security=[{}])
    async def callback(self, call: NamedDependency[Call], code: Name) -> Response[TokenPair]:
        """Tokens for whoever's name this is."""
        if not code.strip():
            raise Invalid("send the user name as `code`")
        pair = await call.hub.database.write(lambda tx: refreshing.sign_in_for_debugging(tx, code))
        tokens = TokenPair(
            access_token=Token(access_token=pair.access, token_type="bearer"),
            refresh_token=Token(access_token=pair.refresh, token_type="refresh"),
        )
        return Response(tokens, headers=NO_STORE)
