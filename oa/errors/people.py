"""Failures about who is asking, and about signs that somebody means harm."""

from __future__ import annotations

from oa.errors.kinds import Conflict, Forbidden, Invalid, NotFound, Unauthorized, Unavailable


class ClientNotAuthorized(Forbidden):
    """The API key or token is missing, unknown, revoked or of a disabled program or person."""

    code = "client_not_authorized"
    number = 2


class RootTokenNotAuthorized(Forbidden):
    """An administrator's token was needed."""

    code = "root_token_not_authorized"
    number = 3


class UserNotSpecified(Invalid):
    code = "user_not_specified"
    number = 4000


class UserDisabled(Unavailable):
    code = "user_disabled"
    number = 4001


class UserNotFound(NotFound):
    code = "user_not_found"
    number = 4002


class TermsNotAccepted(Forbidden):
    code = "terms_not_accepted"
    number = 4003


class AuthAndUsernameRequired(Invalid):
    code = "auth_and_username_required"
    number = 2012


class InvalidAuthentication(Unauthorized):
    """A wrong name or password, or a session that is over."""

    code = "invalid_authentication"
    number = 600


class RegistrationClosed(Forbidden):
    code = "registration_closed"


class NameTaken(Conflict):
    code = "name_taken"


class SignNotFound(NotFound):
    code = "sign_not_found"


class SignDecided(Conflict):
    """A moderator has confirmed or dismissed this sign of abuse already."""

    code = "sign_decided"


class OwnSign(Forbidden):
    """Nobody decides about a sign that is about themselves."""

    code = "own_sign"
