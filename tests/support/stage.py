"""One long transaction in which people do things at random, for tests that play many histories on one database."""

from __future__ import annotations

import contextlib
import dataclasses
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, settings

from oa.store.database import Database, Transaction

T = TypeVar("T")

HISTORIES = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
"""For tests whose examples are whole histories, all played on one database; to be given a number of examples."""


class Stage:
    """Runs use cases one after the other in a transaction that is never committed; those that fail roll back alone.

    It stands in for a database, with a time of its own.
    """

    def __init__(self, tx: Transaction) -> None:
        self.tx = tx
        self.now = datetime(2026, 11, 20, tzinfo=UTC)

    def run(self, use_case: Callable[[Transaction], T]) -> T:
        with self._savepoint(keep=True):
            return use_case(dataclasses.replace(self.tx, now=self.now))

    def tried_out(self, act: Callable[[], T], seed: int) -> T:
        """What comes of something, with the chance of a seed; it is undone afterwards."""
        state = self.tx.rng.getstate()
        self.tx.rng.seed(seed)
        with self._savepoint(keep=False):
            result = act()
        self.tx.rng.setstate(state)
        return result

    @contextlib.contextmanager
    def _savepoint(self, *, keep: bool) -> Iterator[None]:
        execute, is_kept = self.tx.connection.exec_driver_sql, False
        execute("SAVEPOINT step")
        try:
            yield
            is_kept = keep
        finally:
            if not is_kept:
                self.tx.cache.clear()
                execute("ROLLBACK TO step")
            execute("RELEASE step")


class _Played(Exception):
    """Rolls everything back that was played."""


def play(database: Database, seed: int, history: Callable[[Stage], None]) -> None:
    """Let a history happen with the chance of a seed, and leave nothing of it behind."""

    def run(tx: Transaction) -> None:
        history(Stage(dataclasses.replace(tx, rng=random.Random(seed))))
        raise _Played

    with pytest.raises(_Played):
        database.run(run)
