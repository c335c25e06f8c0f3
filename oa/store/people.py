"""Programs and users: rows in, domain values out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import bindparam, select, update

from oa.domain.people import Client, User
from oa.domain.standing import Streak
from oa.store import dialect
from oa.store.database import Transaction
from oa.store.tables import UtcDateTime, api_clients, former_names, users

Key = TypeVar("Key")
Value = TypeVar("Value")

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
DISPLAY_NAME = select(users.c.display_name).where(users.c.id == bindparam("user_id"))
FORMER_NAMES = select(former_names.c.name).where(former_names.c.user_id == bindparam("user_id"))
ENABLE = update(users).where(users.c.id == bindparam("user_id")).values(enabled=bindparam("is_enabled"))
SET_ACCESS = (
    update(users)
    .where(users.c.id == bindparam("user_id"))
    .values(enabled=bindparam("is_enabled"), deleted=bindparam("is_deleted"))
)
CHANGE_USER = (
    update(users)
    .where(users.c.id == bindparam("user_id"))
    .values({name: bindparam(f"new_{name}") for name in CHANGEABLE_FIELDS})
)

NOTE_ACTIVITY = (
    update(users)
    .where(users.c.id == bindparam("user_id"))
    .values(
        last_activity_date=bindparam("now"),
        streak_last_day_date=bindparam("new_last_day"),
        streak_days=bindparam("new_days"),
    )
)

END_STREAKS = (
    update(users)
    .where(users.c.streak_days > 0, users.c.streak_last_day_date < bindparam("before", type_=UtcDateTime()))
    .values(streak_days=0)
)

KNOWN_CLIENTS, KNOWN_USERS = "clients by the hash of their key", "users by identity"
"""Kept between transactions: every request names a program and a user, and both hardly ever change."""

MOST_REMEMBERED = 4096


def client_of(row: Iterable[Any]) -> Client:
    """The program in a row that begins with `CLIENT_COLUMNS`."""
    return Client(**dict(zip(CLIENT_FIELDS, row, strict=False)))


def user_of(row: Iterable[Any]) -> User:
    """The user in a row that begins with `USER_COLUMNS`."""
    return User(**dict(zip(USER_FIELDS, row, strict=False)))


def client_by_secret_hash(tx: Transaction, secret_hash: str) -> Client | None:
    """The program whose API key has this SHA-256, enabled or not."""
    known: dict[str, Client] = tx.cache.setdefault(KNOWN_CLIENTS, {})
    if (client := known.get(secret_hash)) is None:
        row = tx.execute(CLIENT_BY_HASH, {"secret_hash": secret_hash}).one_or_none()
        if row is None:
            return None
        client = _remember(known, secret_hash, client_of(row))
    return client


def forget_clients(tx: Transaction) -> None:
    """Read programs anew: one of them has changed."""
    tx.cache.pop(KNOWN_CLIENTS, None)


def user_by_id(tx: Transaction, user_id: UUID) -> User | None:
    row = tx.execute(USER_BY_ID, {"user_id": user_id}).one_or_none()
    return user_of(row) if row else None


def user_by_identity(tx: Transaction, client_id: UUID, auth_method: str, username: str) -> User | None:
    """The user whom one program names so."""
    known: dict[tuple[UUID, str, str], User] = tx.cache.setdefault(KNOWN_USERS, {})
    identity = (client_id, auth_method, username)
    if (user := known.get(identity)) is None:
        key = {"client_id": client_id, "auth_method": auth_method, "username": username}
        row = tx.execute(USER_BY_IDENTITY, key).one_or_none()
        if row is None:
            return None
        user = _remember(known, identity, user_of(row))
    return user


def forget_users(tx: Transaction) -> None:
    """Read users anew: one of them has changed."""
    tx.cache.pop(KNOWN_USERS, None)


def everybody(tx: Transaction) -> list[User]:
    """Every user of every program, in the order in which they came."""
    return [user_of(row) for row in tx.execute(EVERYBODY)]


def add_user(tx: Transaction, user: User) -> bool:
    """Add a user; False, and nothing changed, where the same identity is there already."""
    values = {name: getattr(user, name) for name in USER_FIELDS}
    return tx.execute(dialect.insert_or_ignore(tx.connection, users), values).rowcount == 1


def rename_user(tx: Transaction, user_id: UUID, display_name: str) -> None:
    """Call somebody something else; what they were called is kept beside it, until they leave."""
    former: str | None = tx.execute(DISPLAY_NAME, {"user_id": user_id}).scalar()
    if former is not None:
        keep_former_names(tx, user_id, [former])
    tx.execute(RENAME, {"user_id": user_id, "new_display_name": display_name})
    forget_users(tx)


def keep_former_names(tx: Transaction, user_id: UUID, names: Iterable[str]) -> None:
    rows = [{"user_id": user_id, "name": name, "until_date": tx.now} for name in names]
    tx.execute_many(dialect.insert_or_ignore(tx.connection, former_names), rows)


def former_names_of(tx: Transaction, user_id: UUID) -> list[str]:
    return list(tx.execute(FORMER_NAMES, {"user_id": user_id}).scalars())


def enable_user(tx: Transaction, user_id: UUID, is_enabled: bool) -> None:
    tx.execute(ENABLE, {"user_id": user_id, "is_enabled": is_enabled})
    forget_users(tx)


def change_user(tx: Transaction, user: User) -> None:
    """Write what may be changed of a user besides their name: `CHANGEABLE_FIELDS`."""
    changes = {f"new_{name}": getattr(user, name) for name in CHANGEABLE_FIELDS}
    tx.execute(CHANGE_USER, {"user_id": user.id, **changes})
    forget_users(tx)


def set_access(tx: Transaction, user_id: UUID, *, enabled: bool, deleted: bool) -> None:
    """Say whether a user may act, and whether they are still shown."""
    tx.execute(SET_ACCESS, {"user_id": user_id, "is_enabled": enabled, "is_deleted": deleted})
    forget_users(tx)


def note_activity(tx: Transaction, user: User, streak: Streak) -> None:
    """Write that a user has done something now, and how their streak stands."""
    values = {"user_id": user.id, "now": tx.now, "new_last_day": streak.last_day, "new_days": streak.days}
    tx.execute(NOTE_ACTIVITY, values)
    known: dict[tuple[UUID, str, str], User] = tx.cache.get(KNOWN_USERS, {})
    identity = (user.api_client_id, user.auth_method, user.username)
    if identity in known:
        known[identity] = replace(
            user, last_activity_date=tx.now, streak_last_day_date=streak.last_day, streak_days=streak.days
        )


def end_streaks(tx: Transaction, *, before: datetime) -> None:
    """Write that streaks are over whose last day lies before this moment."""
    if tx.execute(END_STREAKS, {"before": before}).rowcount:
        forget_users(tx)


def _remember(known: dict[Key, Value], key: Key, value: Value) -> Value:
    if len(known) >= MOST_REMEMBERED:
        known.clear()
    known[key] = value
    return value
