"""What chat clients show to get a new access token, known by its SHA-256."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, delete, insert, select, update

from oa.store.chat_tables import refresh_tokens as tokens
from oa.store.columns import UtcDateTime
from oa.store.database import Transaction

ADD = insert(tokens)
OWNER = select(tokens.c.user_id).where(
    tokens.c.token_hash == bindparam("secret_hash"),
    tokens.c.enabled,
    tokens.c.expiry_date > bindparam("now", type_=UtcDateTime()),
)
DISABLE = update(tokens).where(tokens.c.user_id == bindparam("owner_id"), tokens.c.enabled).values(enabled=False)
FORGET_EXPIRED = delete(tokens).where(
    tokens.c.user_id == bindparam("owner_id"), tokens.c.expiry_date <= bindparam("now", type_=UtcDateTime())
)


def add(tx: Transaction, owner_id: UUID, secret_hash: str, expiry: datetime) -> None:
    """Keep a new token, and forget the expired ones of the same owner."""
    tx.execute(FORGET_EXPIRED, {"owner_id": owner_id, "now": tx.now})
    values = {"token_hash": secret_hash, "user_id": owner_id, "created_date": tx.now}
    tx.execute(ADD, {**values, "expiry_date": expiry, "enabled": True})


def owner(tx: Transaction, secret_hash: str) -> UUID | None:
    """Whose token this is; None for one that is unknown, expired or disabled."""
    return tx.execute(OWNER, {"secret_hash": secret_hash, "now": tx.now}).scalar()


def disable(tx: Transaction, owner_id: UUID) -> int:
    """Make all tokens of somebody worthless; how many held."""
    return tx.execute(DISABLE, {"owner_id": owner_id}).rowcount
