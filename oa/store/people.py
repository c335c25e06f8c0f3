"""Programs and users: rows in, domain values out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select, update

from oa.domain.people import Client, User
from oa.store import dialect
from oa.store.database import Transaction
from oa.store.tables import api_clients, users

CLIENT_COLUMNS = (
    api_clients.c.id,
    api_clients.c.description,
    api_clients.c.trusted,
    api_clients.c.enabled,
    api_clients.c.frontend_type,
    api_clients.c.admin_email,
)
USER_COLUMNS = (
    users.c.id,
    users.c.username,
    users.c.auth_method,
    users.c.display_name,
    users.c.api_client_id,
    users.c.created_date,
    users.c.enabled,
    users.c.deleted,
    users.c.notes,
    users.c.show_on_leaderboard,
    users.c.streak_last_day_date,
    users.c.streak_days,
    users.c.last_activity_date,
    users.c.tos_acceptance_date,
)
CLIENT_FIELDS = tuple(column.name for column in CLIENT_COLUMNS)
USER_FIELDS = tuple(column.name for column in USER_COLUMNS)
CHANGEABLE_FIELDS = ("enabled", "notes", "show_on_leaderboard", "tos_acceptance_date")

CLIENT_BY_HASH = select(*CLIENT_COLUMNS).where(api_clients.c.key_hash == bindparam("secret_hash"))
USER_BY_ID = select(*USER_COLUMNS).where(users.c.id == bindparam("user_id"))
USER_BY_IDENTITY = select(*USER_COLUMNS).where(
    users.c.api_client_id == bindparam("client_id"),
    users.c.username == bindparam("username"),
    users.c.auth_method == bindparam("auth_method"),
)
EVERYBODY = select(*USER_COLUMNS).order_by(users.c.created_date, users.c.id)
RENAME = update(users).where(users.c.id == bindparam("user_id")).values(display_name=bindparam("new_display_name"))
ENABLE = update(users).where(users.c.id == bindparam("user_id")).values(enabled=bindparam("is_enabled"))
CHANGE_USER = (
    update(users)
    .where(users.c.id == bindparam("user_id"))
    .values({name: bindparam(f"new_{name}") for name in CHANGEABLE_FIELDS})
)


def client_of(row: Iterable[Any]) -> Client:
    """The program in a row that begins with `CLIENT_COLUMNS`."""
    return Client(**dict(zip(CLIENT_FIELDS, row, strict=False)))


def user_of(row: Iterable[Any]) -> User:
    """The user in a row that begins with `USER_COLUMNS`."""
    return User(**dict(zip(USER_FIELDS, row, strict=False)))


def client_by_secret_hash(tx: Transaction, secret_hash: str) -> Client | None:
    """The program whose API key has this SHA-256, enabled or not."""
    row = tx.connection.execute(CLIENT_BY_HASH, {"secret_hash": secret_hash}).one_or_none()
    return client_of(row) if row else None


def user_by_id(tx: Transaction, user_id: UUID) -> User | None:
    row = tx.connection.execute(USER_BY_ID, {"user_id": user_id}).one_or_none()
    return user_of(row) if row else None


def user_by_identity(tx: Transaction, client_id: UUID, auth_method: str, username: str) -> User | None:
    """The user whom one program names so."""
    key = {"client_id": client_id, "auth_method": auth_method, "username": username}
    row = tx.connection.execute(USER_BY_IDENTITY, key).one_or_none()
    return user_of(row) if row else None


def everybody(tx: Transaction) -> list[User]:
    """Every user of every program, in the order in which they came."""
    return [user_of(row) for row in tx.connection.execute(EVERYBODY)]


def add_user(tx: Transaction, user: User) -> bool:
    """Add a user; False, and nothing changed, where the same identity is there already."""
    values = {name: getattr(user, name) for name in USER_FIELDS}
    return tx.connection.execute(dialect.insert_or_ignore(tx.connection, users), values).rowcount == 1


def rename_user(tx: Transaction, user_id: UUID, display_name: str) -> None:
    tx.connection.execute(RENAME, {"user_id": user_id, "new_display_name": display_name})


def enable_user(tx: Transaction, user_id: UUID, is_enabled: bool) -> None:
    tx.connection.execute(ENABLE, {"user_id": user_id, "is_enabled": is_enabled})


def change_user(tx: Transaction, user: User) -> None:
    """Write what may be changed of a user besides their name: `CHANGEABLE_FIELDS`."""
    changes = {f"new_{name}": getattr(user, name) for name in CHANGEABLE_FIELDS}
    tx.connection.execute(CHANGE_USER, {"user_id": user.id, **changes})
