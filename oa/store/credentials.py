"""The secrets that open the hub, known by their SHA-256: people's tokens and programs' keys."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, select, update

from oa.domain.people import AccessToken, AccountRole, ApiKey, TokenScope, User
from oa.store.database import Transaction
from oa.store.people import CLIENT_COLUMNS, USER_COLUMNS, client_of, forget_clients, user_of
from oa.store.tables import UtcDateTime, accounts, api_clients, tokens, users

TOKEN_COLUMNS = (
    tokens.c.id,
    tokens.c.user_id,
    tokens.c.name,
    tokens.c.token_hint,
    tokens.c.scopes,
    tokens.c.created_date,
    tokens.c.expiry_date,
    tokens.c.last_used_date,
    tokens.c.revoked_date,
)
KEY_COLUMNS = (*CLIENT_COLUMNS, api_clients.c.key_hint, api_clients.c.created_date, api_clients.c.last_used_date)


def _was_before(date: ColumnElement[datetime | None]) -> ColumnElement[bool]:
    return date.is_(None) | (date <= bindparam("before", type_=UtcDateTime()))


TOKEN_OWNER_BY_HASH = (
    select(*USER_COLUMNS, accounts.c.role, tokens.c.scopes, tokens.c.expiry_date)
    .join_from(tokens, users, tokens.c.user_id == users.c.id)
    .join(accounts, accounts.c.user_id == users.c.id)
    .where(tokens.c.token_hash == bindparam("secret_hash"), tokens.c.revoked_date.is_(None))
)
TOKENS_OF = (
    select(*TOKEN_COLUMNS)
    .where(tokens.c.user_id == bindparam("user_id"), tokens.c.revoked_date.is_(None))
    .order_by(tokens.c.created_date, tokens.c.id)
)
TOKENS = select(*TOKEN_COLUMNS).where(tokens.c.revoked_date.is_(None)).order_by(tokens.c.created_date, tokens.c.id)
REVOKE_TOKEN = update(tokens).where(tokens.c.id == bindparam("token_id")).values(revoked_date=bindparam("now"))
KEYS = (
    select(*KEY_COLUMNS)
    .where(api_clients.c.key_hash.is_not(None))
    .order_by(api_clients.c.created_date, api_clients.c.id)
)
DISABLE_CLIENT = update(api_clients).where(api_clients.c.id == bindparam("client_id")).values(enabled=False)
NOTE_TOKEN_USE = (
    update(tokens)
    .where(tokens.c.token_hash == bindparam("secret_hash"), _was_before(tokens.c.last_used_date))
    .values(last_used_date=bindparam("now"))
)
NOTE_KEY_USE = (
    update(api_clients)
    .where(api_clients.c.key_hash == bindparam("secret_hash"), _was_before(api_clients.c.last_used_date))
    .values(last_used_date=bindparam("now"))
)


@dataclass(frozen=True, slots=True)
class TokenOwner:
    """The person behind a token that was not revoked, and how far the token reaches."""

    person: User
    role: AccountRole
    scopes: frozenset[str]
    expiry_date: datetime | None


def token_owner_by_hash(tx: Transaction, secret_hash: str) -> TokenOwner | None:
    """Whose token has this SHA-256, enabled or not, expired or not; None once it is revoked."""
    row = tx.execute(TOKEN_OWNER_BY_HASH, {"secret_hash": secret_hash}).one_or_none()
    if row is None:
        return None
    return TokenOwner(user_of(row), AccountRole(row.role), frozenset(row.scopes), row.expiry_date)


def add_token(tx: Transaction, token: AccessToken, secret_hash: str) -> None:
    tx.connection.execute(
        tokens.insert(),
        {
            "id": token.id,
            "user_id": token.user_id,
            "name": token.name,
            "token_hash": secret_hash,
            "token_hint": token.hint,
            "scopes": [str(scope) for scope in token.scopes],
            "created_date": token.created_date,
            "expiry_date": token.expiry_date,
        },
    )


def tokens_of(tx: Transaction, user_id: UUID) -> list[AccessToken]:
    """A person's tokens, oldest first, without the revoked ones."""
    return [_token_of(row) for row in tx.execute(TOKENS_OF, {"user_id": user_id})]


def revoke_token(tx: Transaction, token_id: UUID) -> None:
    tx.execute(REVOKE_TOKEN, {"token_id": token_id, "now": tx.now})


def add_key(tx: Transaction, key: ApiKey, secret_hash: str) -> None:
    client = key.client
    tx.connection.execute(
        api_clients.insert(),
        {
            "id": client.id,
            "key_hash": secret_hash,
            "key_hint": key.hint,
            "description": client.description,
            "admin_email": client.admin_email,
            "enabled": client.enabled,
            "trusted": client.trusted,
            "frontend_type": client.frontend_type,
            "created_date": key.created_date,
        },
    )


def keys(tx: Transaction) -> list[ApiKey]:
    """Every program with a key, oldest first, with the disabled ones."""
    return [_key_of(row) for row in tx.execute(KEYS)]


def disable_client(tx: Transaction, client_id: UUID) -> None:
    tx.execute(DISABLE_CLIENT, {"client_id": client_id})
    forget_clients(tx)


def note_use(tx: Transaction, secret_hash: str, *, before: datetime) -> None:
    """A key or token was used now; nothing changes where it was last used after `before`."""
    values = {"secret_hash": secret_hash, "before": before, "now": tx.now}
    tx.execute(NOTE_TOKEN_USE, values)
    tx.execute(NOTE_KEY_USE, values)


def _token_of(row: Iterable[Any]) -> AccessToken:
    token_id, user_id, name, hint, scopes, created, expiry, last_used, revoked = row
    return AccessToken(
        id=token_id,
        user_id=user_id,
        name=name,
        hint=hint,
        scopes=tuple(TokenScope(scope) for scope in scopes if scope in frozenset(TokenScope)),
        created_date=created,
        expiry_date=expiry,
        last_used_date=last_used,
        revoked_date=revoked,
    )


def _key_of(row: Iterable[Any]) -> ApiKey:
    *client, hint, created, last_used = row
    return ApiKey(client=client_of(client), hint=hint, created_date=created, last_used_date=last_used)
