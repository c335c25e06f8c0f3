"""Workers and their keys, of which only the SHA-256 is kept."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, delete, insert, select, update

from oa.domain.workers import Worker
from oa.store.database import Transaction
from oa.store.tables import workers

COLUMNS = tuple(column for column in workers.c if column.name != "key_hash")

EVERY = select(*COLUMNS).order_by(workers.c.created_date, workers.c.id)
FIND = select(*COLUMNS).where(workers.c.id == bindparam("worker_id"))
BY_KEY_HASH = select(*COLUMNS).where(workers.c.key_hash == bindparam("key_hash"))
DELETE = delete(workers).where(workers.c.id == bindparam("worker_id"))
CAME = (
    update(workers)
    .where(workers.c.id == bindparam("worker_id"))
    .values(connected_date=bindparam("now"), last_seen_date=bindparam("now"), model=bindparam("offered"))
)
WENT = (
    update(workers)
    .where(workers.c.id == bindparam("worker_id"))
    .values(connected_date=None, last_seen_date=bindparam("now"))
)
ALL_WENT = update(workers).where(workers.c.connected_date.is_not(None)).values(connected_date=None)


def add(tx: Transaction, worker: Worker, key_hash: str) -> None:
    facts = {
        "id": worker.id,
        "name": worker.name,
        "key_hash": key_hash,
        "key_hint": worker.hint,
        "trusted": worker.trusted,
        "created_date": worker.created_date,
    }
    tx.connection.execute(insert(workers), facts)


def every(tx: Transaction) -> list[Worker]:
    """All of them, oldest first."""
    return [_worker(row) for row in tx.execute(EVERY)]


def find(tx: Transaction, worker_id: UUID) -> Worker | None:
    row = tx.execute(FIND, {"worker_id": worker_id}).one_or_none()
    return None if row is None else _worker(row)


def by_key_hash(tx: Transaction, key_hash: str) -> Worker | None:
    row = tx.execute(BY_KEY_HASH, {"key_hash": key_hash}).one_or_none()
    return None if row is None else _worker(row)


def remove(tx: Transaction, worker_id: UUID) -> None:
    tx.execute(DELETE, {"worker_id": worker_id})


def note_arrival(tx: Transaction, worker_id: UUID, model: str) -> None:
    tx.execute(CAME, {"worker_id": worker_id, "now": tx.now, "offered": model})


def note_departure(tx: Transaction, worker_id: UUID) -> None:
    tx.execute(WENT, {"worker_id": worker_id, "now": tx.now})


def forget_arrivals(tx: Transaction) -> None:
    """Nobody is connected."""
    tx.execute(ALL_WENT)


def _worker(row: Any) -> Worker:
    return Worker(
        id=row.id,
        name=row.name,
        hint=row.key_hint,
        trusted=row.trusted,
        created_date=row.created_date,
        connected_date=row.connected_date,
        last_seen_date=row.last_seen_date,
        model=row.model,
    )
