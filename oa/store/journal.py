"""What happened, in order, for those who must explain it later."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import insert

from oa.store import tables
from oa.store.database import Transaction

_add = insert(tables.journal)


def record(
    tx: Transaction,
    event_type: str,
    payload: Mapping[str, Any],
    *,
    user_id: UUID | None = None,
    message_id: UUID | None = None,
    api_client_id: UUID | None = None,
) -> None:
    """Write down one event.

    Args:
        payload: facts fit for JSON; never a secret.
        user_id: who did it; None for whoever has the hub's machine.
        api_client_id: the program through which it was done.
    """
    tx.connection.execute(
        _add,
        {
            "created_date": tx.now,
            "user_id": user_id,
            "message_id": message_id,
            "api_client_id": api_client_id,
            "event_type": event_type,
            "event_payload": dict(payload),
        },
    )
