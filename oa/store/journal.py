"""What happened, in order, for those who must explain it later."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import insert

from oa.store import tables
from oa.store.database import Transaction

_add = insert(tables.journal)


def add(
    tx: Transaction,
    event_type: str,
    *,
    user_id: UUID | None = None,
    message_id: UUID | None = None,
    api_client_id: UUID | None = None,
    **facts: object,
) -> None:
    """Write down one event.

    Args:
        user_id: who did it; None for whoever has the hub's machine, and for what happens by itself.
        api_client_id: the program through which it was done.
        facts: what else is worth knowing, fit for JSON; never a secret.
    """
    event = {
        "created_date": tx.now,
        "user_id": user_id,
        "message_id": message_id,
        "api_client_id": api_client_id,
        "event_type": event_type,
        "event_payload": facts,
    }
    tx.execute(_add, event)
