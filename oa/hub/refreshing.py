"""Access tokens that hold for a short time, and the refresh tokens that renew them, as chat clients use them."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from oa.domain.people import Account, Caller, User, account_name
from oa.errors import InvalidAuthentication, UserNotFound
from oa.hub import access, accounts, keys
from oa.hub.access import hash_secret
from oa.hub.accounts import NewAccount
from oa.hub.keys import IssuedToken, NewToken
from oa.store import accounts as stored
from oa.store import journal, people, refresh_tokens
from oa.store.database import Transaction

ACCESS_LIFETIME = timedelta(hours=1)
REFRESH_LIFETIME = timedelta(days=7)

PREFIX = "oar_"
"""Begins a refresh token, which opens nothing by itself."""


@dataclass(frozen=True, slots=True)
class TokenPair:
    access: str = field(repr=False)
    refresh: str = field(repr=False)


def sign_in_for_debugging(tx: Transaction, typed_name: str) -> TokenPair:
    """Tokens for anybody, who is made if they are not there. Only for hubs that nobody else reaches.

    Raises:
        Invalid: it cannot be a user name.
        InvalidAuthentication: somebody of this name was shut out.
    """
    account = stored.account_by_name(tx, account_name(typed_name))
    if account is None:
        account = accounts.create_account(tx, NewAccount(typed_name))
    return issue(tx, _checked(account))


def issue(tx: Transaction, owner: User) -> TokenPair:
    """A pair of tokens for somebody who has proved who they are."""
    refresh = PREFIX + secrets.token_urlsafe(32)
    refresh_tokens.add(tx, owner.id, hash_secret(refresh), tx.now + REFRESH_LIFETIME)
    return TokenPair(_access(tx, owner).secret, refresh)


def refresh(tx: Transaction, shown: str | None) -> str:
    """A new access token for a refresh token.

    Raises:
        InvalidAuthentication: it is missing, expired, revoked, or of somebody who was shut out.
    """
    owner_id = refresh_tokens.owner(tx, hash_secret(shown)) if shown else None
    account = None if owner_id is None else stored.account_by_id(tx, owner_id)
    if account is None:
        raise InvalidAuthentication("sign in again: this refresh token is missing, mistyped, expired or revoked")
    return _access(tx, _checked(account)).secret


def revoke_all(tx: Transaction, caller: Caller, user_id: UUID) -> int:
    """Make all refresh tokens of somebody worthless; how many held.

    Raises:
        RootTokenNotAuthorized: the caller is no admin.
        UserNotFound: there is nobody of this id.
    """
    access.require_admin(caller)
    if people.user_by_id(tx, user_id) is None:
        raise UserNotFound("there is nobody of this id")
    count = refresh_tokens.disable(tx, user_id)
    by = caller.person and caller.person.id
    journal.add(tx, "refresh_tokens_revoked", user_id=by, owner=str(user_id), count=count)
    return count


def _access(tx: Transaction, owner: User) -> IssuedToken:
    return keys.issue_token(tx, owner, NewToken("chat client", lifetime=ACCESS_LIFETIME), by=owner)


def _checked(account: Account) -> User:
    if account.user.deleted or not account.user.enabled:
        raise InvalidAuthentication("this account is disabled; ask whoever runs this hub why")
    return account.user
