"""Trying something out inside a transaction."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from oa.store.database import Transaction


@contextmanager
def rehearsed(tx: Transaction) -> Generator[None]:
    """Whatever is written inside is undone at the end, whether it failed or not."""
    tx.connection.exec_driver_sql("SAVEPOINT rehearsal")
    try:
        yield
    finally:
        tx.connection.exec_driver_sql("ROLLBACK TO SAVEPOINT rehearsal")
        tx.connection.exec_driver_sql("RELEASE SAVEPOINT rehearsal")
        tx.cache.clear()  # what was remembered inside has never been
