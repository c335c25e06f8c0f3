"""Who is asking, for whom, and may they?

A program shows its API key and names its users; a person shows an access token and is who they are. Secrets are known
by their SHA-256 only: they are long and random, so nothing slower is needed.
"""

from __future__ import annotations

import dataclasses
import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from oa.domain.people import (
    CONTROL_CHARACTERS,
    HUB_CLIENT_ID,
    LONGEST_DISPLAY_NAME,
    LONGEST_USERNAME,
    AccountRole,
    AuthMethod,
    Caller,
    Client,
    Identity,
    TokenScope,
    User,
    check_name,
)
from oa.errors import (
    AuthAndUsernameRequired,
    ClientNotAuthorized,
    Invalid,
    RootTokenNotAuthorized,
    UserDisabled,
    UserNotFound,
    UserNotSpecified,
)
from oa.store import credentials, people
from oa.store.database import Transaction

KEY_PREFIX = "oak_"
"""Begins an API key. Keys from elsewhere may lack it."""

TOKEN_PREFIX = "oat_"
"""Begins a person's access token, which is never looked for among the keys."""

HUB = Client(id=HUB_CLIENT_ID, description="people of this hub", trusted=False)
"""The program through which people act who sign in here. Their role says what they may do, not its trust."""

AUTH_METHODS = frozenset(map(str, AuthMethod))

USE_NOTED_EVERY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Credential:
    """What a request shows to prove whose it is."""

    secret: str = field(repr=False)
    """An API key or an access token."""
    only_reads: bool = False
    """The request changes nothing, so that a token that may only read is enough."""


def hash_secret(secret: str) -> str:
    """SHA-256 in hex, the form in which secrets are stored and looked up."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def caller(tx: Transaction, credential: Credential | None) -> Caller:
    """The program or person behind a credential.

    Raises:
        ClientNotAuthorized: nothing was shown, or it is unknown, revoked, expired, of a disabled program or person, or
            a token that may only read where something is to change.
    """
    if credential is None or not credential.secret:
        raise ClientNotAuthorized(
            "this needs an API key or an access token: send it as `X-API-Key: …` or as `Authorization: Bearer …`"
        )
    if credential.secret.startswith(TOKEN_PREFIX):
        return _person(tx, credential)
    client = people.client_by_secret_hash(tx, hash_secret(credential.secret))
    if client is None or not client.enabled:
        raise _not_valid()
    return Caller(client)


def _person(tx: Transaction, credential: Credential) -> Caller:
    owner = credentials.token_owner_by_hash(tx, hash_secret(credential.secret))
    if owner is None or owner.person.deleted or not owner.person.enabled:
        raise _not_valid()
    if owner.expiry_date is not None and owner.expiry_date <= tx.now:
        raise _not_valid()
    if TokenScope.ALL in owner.scopes:
        return Caller(HUB, owner.person, owner.role)
    if TokenScope.COLLECT in owner.scopes or (credential.only_reads and TokenScope.READ in owner.scopes):
        return Caller(HUB, owner.person, AccountRole.VOLUNTEER, is_limited=True)
    raise ClientNotAuthorized("this access token may only read; use one with the scope `collect` or `all`")


def _not_valid() -> ClientNotAuthorized:
    # One sentence for every reason: whoever guesses learns nothing from it.
    return ClientNotAuthorized("the API key or access token is not valid here: mistyped, expired, revoked or disabled")


def require_trusted(caller: Caller) -> None:
    """Let trusted programs, moderators and admins pass.

    Raises:
        ClientNotAuthorized: the caller is none of these.
    """
    if not caller.may_moderate:
        raise ClientNotAuthorized("this needs a trusted API key, or the token of a moderator or admin")


def require_admin(caller: Caller) -> None:
    """Let admins pass.

    Raises:
        RootTokenNotAuthorized: the caller is no admin.
    """
    if not caller.is_admin:
        raise RootTokenNotAuthorized("this needs an admin's token: `oa token add NAME` makes one on the hub's machine")


def check_may_see(caller: Caller, user: User) -> None:
    """Let pass who asks how somebody is doing whom leaderboards show, or somebody of their own.

    Moderators and trusted programs see everybody, a program its own users, a person themselves.

    Raises:
        ClientNotAuthorized: it is somebody else, whom no leaderboard shows.
    """
    is_own = user.api_client_id == caller.client.id if caller.person is None else user.id == caller.person.id
    is_shown = user.enabled and not user.deleted and user.show_on_leaderboard
    if not (is_own or is_shown or caller.may_moderate):
        raise ClientNotAuthorized("no leaderboard shows this user, so that only they and moderators see how they stand")


def acting_user(tx: Transaction, caller: Caller, who: Identity | None) -> User:
    """The user for whom something is done; write transactions only.

    With a person's token that is its owner, whoever is named. Else it is the user whom the program names, who is made
    at first sight and keeps the display name that came last.

    Raises:
        UserNotSpecified: a program named nobody.
        AuthAndUsernameRequired: the name or its method is empty.
        Invalid: the method is not known, or a name is too long or holds control characters.
        UserDisabled: the user was disabled or deleted.
    """
    user = caller.person or _asserted_user(tx, caller.client, who)
    if user.deleted or not user.enabled:
        raise UserDisabled("this user is disabled; ask a moderator of this hub why", user=user.username)
    return user


def reading_user(tx: Transaction, caller: Caller, who: Identity | None) -> User | None:
    """The user through whose eyes something is read: a token's owner, or whom the program names, or nobody.

    Raises:
        UserNotFound: the program named somebody whom this hub has not met through it.
    """
    if caller.person is not None or who is None:
        return caller.person
    found = known_user(tx, caller.client.id, who)
    if found is None:
        raise UserNotFound("there is no such user; they appear with the first task that they ask for")
    return found


def known_user(tx: Transaction, client_id: UUID, who: Identity) -> User | None:
    """The user whom a program names so, if this hub has met them; nobody has a name that cannot be one."""
    if who.auth_method not in AUTH_METHODS or CONTROL_CHARACTERS.search(who.username):
        return None
    return people.user_by_identity(tx, client_id, who.auth_method, who.username)


def _asserted_user(tx: Transaction, client: Client, who: Identity | None) -> User:
    if who is None:
        raise UserNotSpecified("say which user this is for, as `auth_method:username` or in `user`")
    if not who.username or not who.auth_method:
        raise AuthAndUsernameRequired("a user needs both an id and an auth_method")
    if who.auth_method not in AUTH_METHODS:
        raise Invalid(f"auth_method is one of {', '.join(AuthMethod)}, not {who.auth_method[:40]!r}")
    check_name("a user's id", who.username, LONGEST_USERNAME)
    display_name = _display_name(who)
    user = people.user_by_identity(tx, client.id, who.auth_method, who.username)
    if user is None:
        return _met(tx, client, who, display_name or who.username)
    if display_name and display_name != user.display_name:
        people.rename_user(tx, user.id, display_name)
        return dataclasses.replace(user, display_name=display_name)
    return user


def _met(tx: Transaction, client: Client, who: Identity, display_name: str) -> User:
    is_system = who.auth_method == AuthMethod.SYSTEM
    user = User(
        id=tx.new_id(),
        username=who.username,
        auth_method=who.auth_method,
        display_name=display_name,
        api_client_id=client.id,
        created_date=tx.now,
        show_on_leaderboard=not is_system,
        tos_acceptance_date=tx.now if is_system else None,
    )
    if people.add_user(tx, user):
        return user
    added_meanwhile = people.user_by_identity(tx, client.id, who.auth_method, who.username)
    assert added_meanwhile is not None  # an insert that was ignored met a row with this very key
    return added_meanwhile


def _display_name(who: Identity) -> str | None:
    """The name to show, or None where the program says nothing about it."""
    if who.auth_method == AuthMethod.SYSTEM:
        return f"__system__/{who.username}"
    if who.display_name:
        check_name("a display name", who.display_name, LONGEST_DISPLAY_NAME)
    return who.display_name or None


@dataclass(slots=True)
class Uses:
    """Which credentials were seen within the hour, so that noting when one was last used costs almost nothing."""

    _noted: dict[str, datetime] = field(default_factory=dict[str, datetime])

    def is_due(self, credential: Credential, now: datetime) -> bool:
        """Whether `note_use` should run now. Ask only about credentials that were found valid."""
        key = hash_secret(credential.secret)
        last = self._noted.get(key)
        if last is not None and now - last < USE_NOTED_EVERY:
            return False
        self._noted[key] = now
        return True


def note_use(tx: Transaction, credential: Credential) -> None:
    """Write down that a key or token was used, to the hour."""
    credentials.note_use(tx, hash_secret(credential.secret), before=tx.now - USE_NOTED_EVERY)
