"""One writer, many readers, group commit.

All writes go to one thread that owns the write connection. It takes what is queued, opens one transaction, runs each
use case inside a savepoint, commits once, and only then answers everybody. A use case that fails rolls back alone.
Readers are a pool of their own, which the writer never blocks.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import random
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import Connection, Engine, Executable

from oa.errors import Invalid, StoreUnavailable
from oa.store import dialect
from oa.store.prepared import Fetched, Parameters, PreparedStatements, fetched

T = TypeVar("T")

EMPTY: Parameters = MappingProxyType({})

LARGEST_BATCH = 256
"""Use cases that share one commit at most, so that the first of them does not wait for ever."""

EMPTYING_PAUSES_S = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
"""Between tries to empty the log."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Transaction:
    """What a use case may touch: the data, the time, chance, and nothing else."""

    connection: Connection
    """For statements that are built for one use."""
    now: datetime
    rng: random.Random
    cache: dict[str, Any]
    """Values read from the database that hold until somebody changes them; who changes one removes it."""
    prepared: PreparedStatements | None = None
    """Where the connection is the writer's on SQLite."""

    def execute(self, statement: Executable, parameters: Parameters = EMPTY) -> Fetched:
        """Run a statement that is a constant of its module."""
        try:
            if self.prepared is not None:
                return self.prepared.execute(statement, parameters)
            return fetched(self.connection, statement, parameters)
        except OverflowError as error:
            raise Invalid("a number here is larger than any that the hub keeps") from error

    def execute_many(self, statement: Executable, rows: Sequence[Parameters]) -> None:
        """Run a constant statement that gives no rows once for each of `rows`, which all have the same names."""
        if not rows:
            return
        if self.prepared is not None:
            self.prepared.execute_many(statement, rows)
        else:
            self.connection.execute(statement, rows)

    def new_id(self) -> UUID:
        return UUID(int=self.rng.getrandbits(128), version=4)


UseCase = Callable[[Transaction], T]


@dataclass(slots=True)
class _Job(Generic[T]):
    """A use case, who waits for it, and what came of it."""

    use_case: UseCase[T]
    future: Future[T] | asyncio.Future[T]
    loop: asyncio.AbstractEventLoop | None
    result: Any = None
    error: Exception | None = None

    def answer(self) -> None:
        if self.future.done():
            return  # whoever asked has gone; the work is kept all the same
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)


def utc_now() -> datetime:
    return datetime.now(UTC)


class _Writer:
    """The write connection, as long as it works; used by the writer thread alone."""

    def __init__(self, engine: Engine, now: Callable[[], datetime], rng: random.Random) -> None:
        self._connection = engine.connect()
        self._on_sqlite = dialect.is_sqlite(self._connection)
        self._prepared = PreparedStatements(self._connection) if self._on_sqlite else None
        # Transactions are begun and ended straight on the driver: that happens for every use case, and SQLAlchemy has
        # nothing to add to it.
        self._driver: Any = self._connection.connection.driver_connection
        self._cursor: Any = self._driver.cursor()
        self._now = now
        self._rng = rng
        self._cache: dict[str, Any] = {}
        self._seen_version: object = None

    def commit(self, jobs: Sequence[_Job[Any]]) -> None:
        """Run the jobs in one transaction. Whatever is raised, nothing of it is kept, as far as one can know."""
        for statement in dialect.begin_statements(on_sqlite=self._on_sqlite):
            self._cursor.execute(statement)
        self._forget_what_others_changed()
        for job in jobs:
            self._run(job)
        self._cursor.execute("COMMIT")

    def close(self) -> None:
        """Let go of the connection; a transaction that is still open is rolled back."""
        self._connection.invalidate()
        self._connection.close()

    def _run(self, job: _Job[Any]) -> None:
        self._cursor.execute("SAVEPOINT use_case")
        written = self._rows_written()
        try:
            job.result = job.use_case(
                Transaction(self._connection, self._now(), self._rng, self._cache, self._prepared)
            )
            self._cursor.execute("RELEASE use_case")
        except BaseException as error:
            if dialect.is_lost(error):
                raise
            if self._rows_written() != written:  # what was remembered may have been read from what is undone now
                self._cache.clear()
            self._cursor.execute("ROLLBACK TO use_case")
            self._cursor.execute("RELEASE use_case")
            job.error = _deliverable(error)

    def _rows_written(self) -> object:
        return dialect.rows_written(self._driver, on_sqlite=self._on_sqlite)

    def _forget_what_others_changed(self) -> None:
        version = dialect.foreign_version(self._cursor, on_sqlite=self._on_sqlite)
        if version != self._seen_version:
            self._cache.clear()
            self._seen_version = version


def _deliverable(error: BaseException) -> Exception:
    """The error itself, unless raising it in the waiting task would end more than that task's own work."""
    if isinstance(error, Exception) and not isinstance(error, StopIteration):
        return error
    wrapped = RuntimeError(f"a use case ended with {error!r}")
    wrapped.__cause__ = error
    return wrapped


class Database:
    """Runs use cases: `write` one after the other in transactions, `read` side by side on the last committed state."""

    def __init__(
        self,
        url: str,
        *,
        readers: int = 4,
        busy_timeout_s: float = dialect.BUSY_TIMEOUT_S,
        now: Callable[[], datetime] = utc_now,
        rng: random.Random | None = None,
    ) -> None:
        self.url = url
        self._now = now
        self._rng = rng or random.Random()
        self._engine = dialect.writer_engine(url, busy_timeout_s=busy_timeout_s)
        self._readers = dialect.reader_engine(url, readers, busy_timeout_s=busy_timeout_s)
        self._reader_limit = readers
        self._reading = asyncio.Semaphore(readers)
        self._queue: queue.SimpleQueue[_Job[Any] | None] = queue.SimpleQueue()
        self._closed = False
        self._closing = threading.Lock()
        self._emptying = threading.Lock()
        self._thread = threading.Thread(target=self._write_until_closed, name="oa-writer", daemon=True)
        self._thread.start()

    async def write(self, use_case: UseCase[T]) -> T:
        """Run `use_case` in a transaction; returns once it is on disk.

        Whoever stops waiting does not stop the use case.

        Raises:
            OaError: what the use case raised, with nothing of it kept.
            StoreUnavailable: the database could not be written, or is being closed.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._put(_Job(use_case, future, loop))
        return await future

    def run(self, use_case: UseCase[T]) -> T:
        """The same for programs without an event loop."""
        future: Future[T] = Future()
        self._put(_Job(use_case, future, None))
        return future.result()

    async def read(self, query: UseCase[T]) -> T:
        """Run `query` on one committed state of the data. It cannot write.

        Raises:
            OaError: what the query raised.
            StoreUnavailable: the database could not be read, or is being closed.
        """
        try:
            async with self._reading:
                if self._closed:
                    raise _closed()
                async with self._readers.connect() as connection:
                    await dialect.open_snapshot(connection)
                    return await connection.run_sync(self._query, query)
        except Exception as error:
            if not dialect.is_lost(error):
                raise
            log.error("the database could not be read: %s", error)
            raise StoreUnavailable(f"the database cannot be read now: {dialect.reason(error)}") from error

    async def empty_log(self) -> bool:
        """Have the file alone hold the data, so that what was erased is nowhere any more; False when that must wait.

        It waits for those who read. Nobody writes meanwhile.
        """
        return await asyncio.to_thread(self.empty_log_now)

    def empty_log_now(self) -> bool:
        """The same for programs without an event loop."""
        with self._emptying, self._engine.connect() as connection:
            for pause_s in EMPTYING_PAUSES_S:
                try:
                    if dialect.empty_log(connection):
                        return True
                except Exception as error:
                    if not dialect.is_lost(error):
                        raise
                time.sleep(pause_s)  # SQLite does not wait while the log is being written back already
        return False

    async def close(self) -> None:
        """Finish what is queued and what is being read, then let go of the file."""
        await asyncio.to_thread(self.shut)
        for _ in range(self._reader_limit):
            await self._reading.acquire()
        await self._readers.dispose()
        for _ in range(self._reader_limit):
            self._reading.release()

    def shut(self) -> None:
        """`close` for programs without an event loop, which have not read."""
        with self._closing:
            if not self._closed:
                self._closed = True
                self._queue.put(None)
        self._thread.join()

    def _put(self, job: _Job[Any]) -> None:
        with self._closing:  # or else a job could be queued after the end, where nobody would answer it
            if self._closed:
                raise _closed()
            self._queue.put(job)

    def _query(self, connection: Connection, query: UseCase[T]) -> T:
        # The pool ends the transaction when the connection comes back.
        return query(Transaction(connection, self._now(), self._rng, {}))

    def _write_until_closed(self) -> None:
        writer: _Writer | None = None
        open_for_more = True
        while open_for_more:
            taken = self._take()
            open_for_more = taken[-1] is not None
            jobs = [job for job in taken if job is not None]
            if jobs:
                writer = self._write(writer, jobs)
                _answer(jobs)
        if writer is not None:
            writer.close()

    def _take(self) -> list[_Job[Any] | None]:
        """What is queued, waiting for the first; ends with None when the database is to close."""
        jobs = [self._queue.get()]
        while jobs[-1] is not None and len(jobs) < LARGEST_BATCH:
            try:
                jobs.append(self._queue.get_nowait())
            except queue.Empty:
                break
        return jobs

    def _write(self, writer: _Writer | None, jobs: Sequence[_Job[Any]]) -> _Writer | None:
        """Commit the jobs; returns the writer for the next, None when its connection cannot be trusted any more."""
        try:
            writer = writer or _Writer(self._engine, self._now, self._rng)
            writer.commit(jobs)
            return writer
        except Exception as error:
            log.error("the database could not be written: %s", error)
            for job in jobs:
                job.error = StoreUnavailable(f"the database cannot be written now: {dialect.reason(error)}")
                job.error.__cause__ = error
            if writer is not None:
                writer.close()
            return None


def _closed() -> StoreUnavailable:
    return StoreUnavailable("the hub is shutting down; try again when it is back")


def _answer(jobs: Sequence[_Job[Any]]) -> None:
    """Answer everybody; one wake-up per event loop, however many wait in it."""
    by_loop: dict[asyncio.AbstractEventLoop | None, list[_Job[Any]]] = {}
    for job in jobs:
        by_loop.setdefault(job.loop, []).append(job)
    for loop, answered in by_loop.items():
        if loop is None:
            _answer_all(answered)
            continue
        try:
            loop.call_soon_threadsafe(_answer_all, answered)
        except RuntimeError:  # the loop has ended, and those who asked with it
            log.debug("%d answers had nobody left to hear them", len(answered))


def _answer_all(jobs: Sequence[_Job[Any]]) -> None:
    for job in jobs:
        job.answer()
