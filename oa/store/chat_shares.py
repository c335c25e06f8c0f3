"""Links by which anybody may read a thread of a chat, known by their SHA-256."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, delete, insert, select

from oa.domain.chats import ChatShare
from oa.store.chat_tables import chat_shares as shares
from oa.store.database import Transaction

COLUMNS = (shares.c.id, shares.c.chat_id, shares.c.leaf_id, shares.c.created_date)

ADD = insert(shares)
OF_CHAT = select(*COLUMNS).where(shares.c.chat_id == bindparam("in_chat")).order_by(shares.c.created_date, shares.c.id)
BY_HASH = select(*COLUMNS).where(shares.c.token_hash == bindparam("secret_hash"))
REVOKE = delete(shares).where(shares.c.id == bindparam("share_id"), shares.c.chat_id == bindparam("in_chat"))


def add(tx: Transaction, owner_id: UUID, share: ChatShare, secret_hash: str) -> None:
    tx.execute(
        ADD,
        {
            "id": share.id,
            "chat_id": share.chat_id,
            "user_id": owner_id,
            "leaf_id": share.leaf_id,
            "token_hash": secret_hash,
            "created_date": share.created_date,
        },
    )


def of_chat(tx: Transaction, chat_id: UUID) -> list[ChatShare]:
    """Oldest first."""
    return [_share_of(row) for row in tx.execute(OF_CHAT, {"in_chat": chat_id})]


def by_hash(tx: Transaction, secret_hash: str) -> ChatShare | None:
    row = tx.execute(BY_HASH, {"secret_hash": secret_hash}).one_or_none()
    return _share_of(row) if row else None


def revoke(tx: Transaction, chat_id: UUID, share_id: UUID) -> bool:
    """Make a link worthless; False where the chat has no such link."""
    return tx.execute(REVOKE, {"share_id": share_id, "in_chat": chat_id}).rowcount == 1


def _share_of(row: Iterable[Any]) -> ChatShare:
    share_id, chat_id, leaf_id, created = row
    created_date: datetime = created
    return ChatShare(id=share_id, chat_id=chat_id, leaf_id=leaf_id, created_date=created_date)
