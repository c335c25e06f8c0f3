"""Which machines may answer for the hub, by their keys."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from uuid import UUID

from oa.domain.people import User, check_name
from oa.domain.workers import Worker
from oa.errors import Conflict, Invalid, WorkerNotFound
from oa.hub.access import hash_secret
from oa.store import journal, workers
from oa.store.database import Transaction

KEY_PREFIX = "oaw_"
"""Begins a worker's key."""

HINT_LENGTH = 8
LONGEST_NAME = 256


@dataclass(frozen=True, slots=True)
class IssuedWorker:
    worker: Worker
    secret: str
    """The key. Only its hash is kept."""


def add(tx: Transaction, name: str, *, trusted: bool = False, by: User | None = None) -> IssuedWorker:
    """Let a machine answer for the hub, and make its key.

    Raises:
        Invalid: the name is empty, too long, or holds control characters.
    """
    if not name.strip():
        raise Invalid("a worker's name cannot be empty")
    check_name("a worker's name", name, LONGEST_NAME)
    secret = KEY_PREFIX + secrets.token_urlsafe(32)
    worker = Worker(id=tx.new_id(), name=name.strip(), hint=secret[:HINT_LENGTH], trusted=trusted, created_date=tx.now)
    workers.add(tx, worker, hash_secret(secret))
    journal.add(tx, "worker_added", user_id=by and by.id, worker=str(worker.id), name=worker.name)
    return IssuedWorker(worker, secret)


def every(tx: Transaction) -> list[Worker]:
    """All of them, oldest first."""
    return workers.every(tx)


def remove(tx: Transaction, which: str, *, by: User | None = None) -> Worker:
    """Make a worker's key worthless. A hub that it is connected to notices within half a minute.

    Args:
        which: its id, its name, or how its key begins.

    Raises:
        WorkerNotFound: there is none.
        Conflict: several are called so.
    """
    matching = [worker for worker in workers.every(tx) if which in (str(worker.id), worker.name, worker.hint)]
    if not matching:
        raise WorkerNotFound(f"there is no worker {which}; `oa workers` lists them")
    if len(matching) > 1:
        raise Conflict(f"{len(matching)} workers are called {which}; name one by its id, which `oa workers` shows")
    (worker,) = matching
    workers.remove(tx, worker.id)
    journal.add(tx, "worker_removed", user_id=by and by.id, worker=str(worker.id), name=worker.name)
    return worker


def recognize(tx: Transaction, key: str) -> Worker | None:
    """The worker with this key."""
    return workers.by_key_hash(tx, hash_secret(key)) if key else None


def is_known(tx: Transaction, worker_id: UUID) -> bool:
    """Whether it was not removed."""
    return workers.find(tx, worker_id) is not None


def note_arrival(tx: Transaction, worker_id: UUID, model: str) -> None:
    """It is connected from now on, and offers a model."""
    workers.note_arrival(tx, worker_id, model)


def note_departure(tx: Transaction, worker_id: UUID) -> None:
    """It is not connected any more."""
    workers.note_departure(tx, worker_id)


def forget_arrivals(tx: Transaction) -> None:
    """Nobody is connected: the hub starts."""
    workers.forget_arrivals(tx)
