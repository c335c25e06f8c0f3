"""/api/v1/auth: who somebody is. Signing in, registering, and whose token this is."""

from __future__ import annotations

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from oa.domain.people import Admission, Caller
from oa.errors import ClientNotAuthorized, InvalidAuthentication
from oa.hub import sign_in
from oa.hub.sign_in import Password
from oa.hub.transactions import Transaction
from oa.protocol.accounts import Login, Registration, SignedIn
from oa.server.auth import Call
from oa.server.body import json_text


class AuthController(Controller):
    path = "/auth"
    tags = ("auth",)

    @get("/check")
    async def auth_check(self, call: NamedDependency[Call]) -> Response[str]:
        """The user name of the person whose token is shown."""
        try:
            return json_text(await call.read(_name))
        except ClientNotAuthorized:
            raise InvalidAuthentication("sign in first: this token is missing, mistyped, expired or revoked") from None

    @post("/login", status_code=200, security=[{}])
    async def login(self, call: NamedDependency[Call], data: JSONBody[Login]) -> SignedIn:
        """A token, for a name and its password."""
        return signed_in(await call.hub.front_desk.sign_in(password_of(call, data)))

    @post("/register", status_code=201, security=[{}])
    async def register(self, call: NamedDependency[Call], data: JSONBody[Registration]) -> SignedIn:
        """An account and its first token, where this hub takes registrations."""
        admission = Admission(call.hub.config.registration.mode)
        desk = call.hub.front_desk
        return signed_in(await desk.register(password_of(call, data), admission, data.invitation))


def _name(tx: Transaction, caller: Caller) -> str:
    if caller.person is None:
        raise InvalidAuthentication("this is a program's key; only a person's token says who somebody is")
    return caller.person.username


def password_of(call: Call, data: Login) -> Password:
    client = call.request.client
    return Password(data.username, data.password, origin=client.host if client else "", device=data.device)


def signed_in(found: sign_in.SignedIn) -> SignedIn:
    user = found.account.user
    return SignedIn(
        token=found.token.secret,
        expires=found.token.token.expiry_date,
        user_id=user.id,
        username=user.username,
        display_name=user.display_name,
        role=found.account.role,
    )
