"""Programs, users and people's tokens: rows in, domain values out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, select, update

from oa.domain.people import AccountRole, Client, User
from oa.store import dialect, tables
from oa.store.database import Transaction

_clients, _users, _accounts, _tokens = tables.api_clients.c, tables.users.c, tables.accounts.c, tables.tokens.c

CLIENT_COLUMNS = (
    _clients.id,
    _clients.description,
    _clients.trusted,
    _clients.enabled,
    _clients.frontend_type,
    _clients.admin_email,
)

USER_COLUMNS = (
    _users.id,
    _users.username,
    _users.auth_method,
    _users.display_name,
    _users.api_client_id,
    _users.created_date,
    _users.enabled,
    _users.deleted,
    _users.notes,
    _users.show_on_leaderboard,
    _users.streak_last_day_date,
    _users.streak_days,
    _users.last_activity_date,
    _users.tos_acceptance_date,
)
"""What `user_of` reads; it may be the beginning of a longer row."""

_CLIENT_FIELDS = tuple(column.name for column in CLIENT_COLUMNS)
_USER_FIELDS = tuple(column.name for column in USER_COLUMNS)


def _is_older(date: ColumnElement[Any]) -> ColumnElement[bool]:
    return date.is_(None) | (date <= bindparam("before", type_=tables.UtcDateTime()))


_client_by_hash = select(*CLIENT_COLUMNS).where(_clients.key_hash == bindparam("secret_hash"))
_token_owner_by_hash = (
    select(*USER_COLUMNS, _accounts.role, _tokens.scopes, _tokens.expiry_date)
    .join_from(tables.tokens, tables.users, _tokens.user_id == _users.id)
    .join(tables.accounts, _accounts.user_id == _users.id)
    .where(_tokens.token_hash == bindparam("secret_hash"), _tokens.revoked_date.is_(None))
)
_user_by_id = select(*USER_COLUMNS).where(_users.id == bindparam("user_id"))
_user_by_identity = select(*USER_COLUMNS).where(
    _users.api_client_id == bindparam("client_id"),
    _users.username == bindparam("username"),
    _users.auth_method == bindparam("auth_method"),
)
_rename_user = (
    update(tables.users).where(_users.id == bindparam("user_id")).values(display_name=bindparam("new_display_name"))
)

_note_key_use = (
    update(tables.api_clients)
    .where(_clients.key_hash == bindparam("secret_hash"), _is_older(_clients.last_used_date))
    .values(last_used_date=bindparam("now"))
)
_note_token_use = (
    update(tables.tokens)
    .where(_tokens.token_hash == bindparam("secret_hash"), _is_older(_tokens.last_used_date))
    .values(last_used_date=bindparam("now"))
)


@dataclass(frozen=True, slots=True)
class TokenOwner:
    """The person behind a token that was not revoked, and how far the token reaches."""

    person: User
    role: AccountRole
    scopes: tuple[str, ...]
    expiry_date: datetime | None


def user_of(row: Iterable[Any]) -> User:
    """The user in a row that begins with `USER_COLUMNS`."""
    return User(**dict(zip(_USER_FIELDS, row, strict=False)))


def client_by_secret_hash(tx: Transaction, secret_hash: str) -> Client | None:
    """The program whose API key has this SHA-256, enabled or not."""
    row = tx.connection.execute(_client_by_hash, {"secret_hash": secret_hash}).one_or_none()
    return Client(**dict(zip(_CLIENT_FIELDS, row, strict=True))) if row else None


def owner_by_secret_hash(tx: Transaction, secret_hash: str) -> TokenOwner | None:
    """Whose token has this SHA-256, enabled or not, expired or not; None once it is revoked."""
    row = tx.connection.execute(_token_owner_by_hash, {"secret_hash": secret_hash}).one_or_none()
    if row is None:
        return None
    return TokenOwner(user_of(row), AccountRole(row.role), tuple(row.scopes), row.expiry_date)


def user_by_id(tx: Transaction, user_id: UUID) -> User | None:
    row = tx.connection.execute(_user_by_id, {"user_id": user_id}).one_or_none()
    return user_of(row) if row else None


def user_by_identity(tx: Transaction, client_id: UUID, auth_method: str, username: str) -> User | None:
    """The user whom one program names so."""
    key = {"client_id": client_id, "auth_method": auth_method, "username": username}
    row = tx.connection.execute(_user_by_identity, key).one_or_none()
    return user_of(row) if row else None


def add_user(tx: Transaction, user: User) -> bool:
    """Add a user; False, and nothing changed, where another process has added the same identity meanwhile."""
    values = {name: getattr(user, name) for name in _USER_FIELDS}
    statement = dialect.insert_or_ignore(tx.connection, tables.users)
    return tx.connection.execute(statement, values).rowcount == 1


def rename_user(tx: Transaction, user_id: UUID, display_name: str) -> None:
    tx.connection.execute(_rename_user, {"user_id": user_id, "new_display_name": display_name})


def note_use(tx: Transaction, secret_hash: str, before: datetime) -> None:
    """Set when a key or token was last used to now, unless that was after `before`."""
    values = {"secret_hash": secret_hash, "before": before, "now": tx.now}
    tx.connection.execute(_note_key_use, values)
    tx.connection.execute(_note_token_use, values)
