from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from oa.errors import Conflict, StoreUnavailable
from oa.store import dialect
from oa.store.database import Database, Transaction
from oa.store.tables import accounts, campaign_settings

NAME, VALUE = campaign_settings.c.name, campaign_settings.c.value
LONGEST_WAIT_S = 30


def add(name: str, value: object = 1) -> Callable[[Transaction], None]:
    return lambda tx: _add(tx, name, value)


def _add(tx: Transaction, name: str, value: object = 1) -> None:
    tx.connection.execute(insert(campaign_settings).values(name=name, value=value))


def names(tx: Transaction) -> set[str]:
    return set(tx.connection.execute(select(NAME)).scalars())


def count(tx: Transaction) -> None:
    """Read, think, write: what loses updates when two do it at once."""
    counted = tx.connection.execute(select(VALUE).where(NAME == "counter")).scalar_one()
    tx.connection.execute(update(campaign_settings).where(NAME == "counter").values(value=counted + 1))


def counted(tx: Transaction) -> int:
    return tx.connection.execute(select(VALUE).where(NAME == "counter")).scalar_one()


def pragma(name: str) -> Callable[[Transaction], object]:
    return lambda tx: tx.connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()


@contextmanager
def busy(database: Database, use_case: Callable[[Transaction], object] = lambda tx: None) -> Iterator[None]:
    """Run `use_case` and keep its transaction open meanwhile, so that further writes queue up."""
    started, go_on = threading.Event(), threading.Event()

    def wait(tx: Transaction) -> None:
        use_case(tx)
        started.set()
        assert go_on.wait(LONGEST_WAIT_S)

    thread = threading.Thread(target=database.run, args=(wait,))
    thread.start()
    assert started.wait(LONGEST_WAIT_S)
    try:
        yield
    finally:
        go_on.set()
        thread.join()


async def in_one_batch(database: Database, *use_cases: Callable[[Transaction], object]) -> list[object]:
    """Results and errors of use cases that are queued together."""
    with busy(database):
        waiting = [asyncio.ensure_future(database.write(use_case)) for use_case in use_cases]
        await asyncio.sleep(0)  # lets each of them reach the queue
    return await asyncio.gather(*waiting, return_exceptions=True)


# --- group commit ----------------------------------------------------------------------------------------------------


async def test_use_cases_that_queue_up_share_one_commit(database: Database) -> None:
    statements: list[str] = []
    await database.write(lambda tx: _driver(tx).set_trace_callback(statements.append))
    await in_one_batch(database, add("a"), add("b"), add("c"))
    assert statements.count("COMMIT") == 3  # of the tracing, of the one that was waited for, and of these three
    assert await database.read(names) == {"a", "b", "c"}


@pytest.mark.postgres
async def test_use_cases_that_queue_up_share_one_postgres_transaction(postgres_url: str) -> None:
    database = Database(postgres_url)
    results = await in_one_batch(database, *[_transaction_id] * 3)
    await database.close()
    assert len(set(results)) == 1


def _driver(tx: Transaction) -> sqlite3.Connection:
    driver = tx.connection.connection.dbapi_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver


def _transaction_id(tx: Transaction) -> object:
    return tx.connection.exec_driver_sql("SELECT pg_current_xact_id()::text").scalar_one()


async def test_what_fails_rolls_back_alone_and_only_its_caller_hears_of_it(any_database: Database) -> None:
    def half(tx: Transaction) -> None:
        _add(tx, "half")
        raise Conflict("something has happened meanwhile")

    results = await in_one_batch(
        any_database,
        add("before"),
        half,
        add("before"),
        lambda tx: tx.connection.exec_driver_sql("SELECT 1 FROM nowhere"),
        lambda tx: _add(tx, "after") or "done",
    )
    assert [type(result) for result in results[1:3]] == [Conflict, IntegrityError]
    assert isinstance(results[3], DBAPIError)
    assert (results[0], results[4]) == (None, "done")
    assert await any_database.read(names) == {"before", "after"}


async def test_a_use_case_that_puts_up_with_a_failed_statement_keeps_the_rest_or_fails_alone(
    any_database: Database,
) -> None:
    def careless(tx: Transaction) -> None:
        _add(tx, "taken")
        with pytest.raises(IntegrityError):
            _add(tx, "taken")

    await in_one_batch(any_database, add("before"), careless, add("after"))
    assert await any_database.read(names) >= {"before", "after"}


@pytest.mark.parametrize("error", [StopIteration(), SystemExit(1), KeyboardInterrupt()], ids=repr)
async def test_an_error_that_would_end_more_than_the_task_arrives_as_an_ordinary_one(
    database: Database, error: BaseException
) -> None:
    def ends(tx: Transaction) -> None:
        raise error

    results = await in_one_batch(database, ends, add("after"))
    assert isinstance(results[0], RuntimeError)
    assert results[0].__cause__ is error
    assert await database.read(names) == {"after"}


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plan=st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from(["keep", "remove", "raise"])), max_size=12))
async def test_a_batch_leaves_what_its_successful_use_cases_leave_one_after_the_other(
    database: Database, plan: list[tuple[str, str]]
) -> None:
    def step(name: str, end: str) -> Callable[[Transaction], None]:
        def use_case(tx: Transaction) -> None:
            if end == "remove":
                tx.connection.execute(delete(campaign_settings).where(name == NAME))
                return
            _add(tx, name)
            if end == "raise":
                raise Conflict("changed my mind")

        return use_case

    await database.write(lambda tx: tx.connection.execute(delete(campaign_settings)).rowcount)
    expected: set[str] = set()
    for name, end in plan:
        expected = expected | {name} if end == "keep" else expected - {name} if end == "remove" else expected
    await in_one_batch(database, *(step(*entry) for entry in plan))
    assert await database.read(names) == expected


async def test_300_writers_at_once_lose_no_update(any_database: Database) -> None:
    await any_database.write(add("counter", 0))
    await asyncio.gather(*(any_database.write(count) for _ in range(300)))
    assert await any_database.read(counted) == 300


async def test_two_hubs_on_one_database_lose_no_update(any_database: Database, any_database_url: str) -> None:
    await any_database.write(add("counter", 0))
    other = Database(any_database_url)
    await asyncio.gather(*(database.write(count) for _ in range(40) for database in (any_database, other)))
    await other.close()
    assert await any_database.read(counted) == 80


async def test_whoever_stops_waiting_does_not_stop_the_work(any_database: Database) -> None:
    with busy(any_database):
        waiting = asyncio.ensure_future(any_database.write(add("kept")))
        await asyncio.sleep(0)
        waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await any_database.write(lambda tx: None)
    assert await any_database.read(names) == {"kept"}


def test_programs_without_an_event_loop_write_too(data_dir: Path) -> None:
    database = Database(dialect.sqlite_url(data_dir / "oa.db"))
    database.run(add("a"))
    assert database.run(names) == {"a"}
    database.shut()


async def test_time_and_chance_come_from_outside(database: Database, tx_now: object) -> None:
    first = await database.write(lambda tx: (tx.now, tx.new_id()))
    assert first[0] == tx_now
    assert first[1].version == 4
    assert first[1] != await database.write(lambda tx: tx.new_id())


# --- readers ---------------------------------------------------------------------------------------------------------


async def test_readers_see_the_committed_state_while_somebody_writes(any_database: Database) -> None:
    with busy(any_database, add("not yet")):
        assert await any_database.read(names) == set()
    assert await any_database.read(names) == {"not yet"}


async def test_all_statements_of_a_read_see_one_state(any_database: Database) -> None:
    def twice(tx: Transaction) -> tuple[set[str], set[str]]:
        before = names(tx)
        any_database.run(add("meanwhile"))
        return before, names(tx)

    assert await any_database.read(twice) == (set(), set())
    assert await any_database.read(names) == {"meanwhile"}


async def test_readers_cannot_write(any_database: Database) -> None:
    with pytest.raises(StoreUnavailable):
        await any_database.read(add("a"))
    assert await any_database.read(names) == set()


async def test_more_may_read_at_once_than_there_are_readers(any_database: Database) -> None:
    await any_database.write(add("a"))
    assert await asyncio.gather(*(any_database.read(names) for _ in range(40))) == [{"a"}] * 40


async def test_an_error_in_a_query_reaches_its_caller_and_spares_the_reader(any_database: Database) -> None:
    def fails(tx: Transaction) -> None:
        names(tx)
        raise Conflict("not like this")

    for _ in range(10):
        with pytest.raises(Conflict):
            await any_database.read(fails)
    assert await any_database.read(names) == set()


async def test_a_read_that_is_cancelled_spares_the_readers(any_database: Database) -> None:
    for steps in range(12):  # cancelled before the first statement, between two of them, after the last
        reading = asyncio.ensure_future(any_database.read(lambda tx: [names(tx), names(tx)]))
        for _ in range(steps):
            await asyncio.sleep(0)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
    assert await any_database.read(names) == set()


# --- what SQLite is told ---------------------------------------------------------------------------------------------


async def test_the_writer_keeps_a_log_and_waits_for_the_disk(database: Database) -> None:
    assert await database.write(pragma("journal_mode")) == "wal"
    assert await database.write(pragma("synchronous")) == 2  # FULL


async def test_references_are_checked_on_every_connection(any_database: Database) -> None:
    def orphan(tx: Transaction) -> None:
        tx.connection.execute(insert(accounts).values(user_id=tx.new_id(), role="volunteer"))

    with pytest.raises(IntegrityError):
        await any_database.write(orphan)


async def test_readers_check_references_and_refuse_writes(database: Database) -> None:
    both = await asyncio.gather(
        *(database.read(lambda tx: (pragma("foreign_keys")(tx), pragma("query_only")(tx))) for _ in range(8))
    )
    assert set(both) == {(1, 1)}


# --- the cache -------------------------------------------------------------------------------------------------------


def remember(tx: Transaction) -> None:
    tx.cache["campaign"] = "as read"


def remembered(tx: Transaction) -> object:
    return tx.cache.get("campaign")


async def test_what_is_remembered_outlives_a_commit(database: Database) -> None:
    await database.write(remember)
    await database.write(add("a"))
    assert await database.write(remembered) == "as read"


async def test_what_is_remembered_is_forgotten_when_somebody_else_commits(
    any_database: Database, any_database_url: str
) -> None:
    await any_database.write(remember)
    with dialect.writer_engine(any_database_url).connect() as other:
        other.execute(insert(campaign_settings).values(name="a", value=1))
    assert await any_database.write(remembered) is None


async def test_what_is_remembered_of_rows_that_are_undone_is_forgotten(any_database: Database) -> None:
    def fails(tx: Transaction) -> None:
        _add(tx, "a")
        remember(tx)
        raise Conflict("something has happened meanwhile")

    results = await in_one_batch(any_database, fails, remembered)
    assert results[1] is None


async def test_a_use_case_that_fails_before_it_writes_leaves_what_is_remembered(database: Database) -> None:
    def fails(tx: Transaction) -> None:
        names(tx)
        raise Conflict("not like this")

    results = await in_one_batch(database, remember, fails, remembered)
    assert results[2] == "as read"


# --- faults ----------------------------------------------------------------------------------------------------------


async def test_a_full_disk_keeps_nothing_of_the_batch_and_the_next_write_works(database: Database) -> None:
    def no_more_room(tx: Transaction) -> None:
        pages = pragma("page_count")(tx)
        tx.connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")

    await database.write(no_more_room)
    results = await in_one_batch(database, add("small"), add("large", "x" * 1_000_000), add("small too"))
    assert [type(result) for result in results] == [StoreUnavailable] * 3
    assert "its disk is full" in str(results[0])
    assert await database.read(names) == set()

    await database.write(add("small"))
    assert await database.read(names) == {"small"}


@pytest.mark.skipif(sys.platform == "win32", reason="limits of file sizes are a thing of Unix")
async def test_a_disk_that_fails_at_the_commit_keeps_nothing(database: Database, data_dir: Path) -> None:
    import resource

    await database.write(add("first"))
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    log_bytes = (data_dir / "oa.db-wal").stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (log_bytes + 50_000, unlimited[1]))
    try:
        results = await in_one_batch(database, add("small"), add("large", "x" * 200_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
    assert [type(result) for result in results] == [StoreUnavailable] * 2
    assert await database.read(names) == {"first"}

    await database.write(add("large", "x" * 200_000))
    assert await database.write(pragma("integrity_check")) == "ok"
    assert await database.read(names) == {"first", "large"}


async def test_a_lock_that_is_never_given_back_makes_the_store_unavailable(data_dir: Path) -> None:
    database = Database(dialect.sqlite_url(data_dir / "oa.db"), busy_timeout_s=0.05)
    with closing(sqlite3.connect(data_dir / "oa.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match="another program"):
            await database.write(add("a"))
        assert await database.read(names) == set()
        other.execute("ROLLBACK")
        await database.write(add("a"))
    assert await database.read(names) == {"a"}
    await database.close()


@pytest.mark.postgres
async def test_a_lock_that_is_never_given_back_makes_postgres_unavailable(postgres_url: str) -> None:
    database, other = Database(postgres_url, busy_timeout_s=0.05), Database(postgres_url)
    with busy(other):
        with pytest.raises(StoreUnavailable):
            await database.write(add("a"))
        assert await database.read(names) == set()
    await database.write(add("a"))
    await database.close()
    await other.close()


@pytest.mark.postgres
async def test_lost_postgres_connections_are_made_anew(postgres_url: str, postgres_server: Connection) -> None:
    database = Database(postgres_url)
    await database.write(add("before"))
    await asyncio.gather(*(database.read(names) for _ in range(8)))
    _disconnect_all(postgres_server, postgres_url)

    results = await asyncio.gather(database.write(add("x")), database.write(add("y")), return_exceptions=True)
    assert [type(result) for result in results] == [StoreUnavailable] * 2
    with pytest.raises(StoreUnavailable):
        await database.read(names)

    await database.write(add("after"))
    assert await asyncio.gather(*(database.read(names) for _ in range(8))) == [{"before", "after"}] * 8
    await database.close()


@pytest.mark.postgres
async def test_a_connection_lost_in_the_middle_of_a_use_case_keeps_nothing(
    postgres_url: str, postgres_server: Connection
) -> None:
    def cut_off(tx: Transaction) -> None:
        _add(tx, "half")
        _disconnect_all(postgres_server, postgres_url)
        names(tx)

    database = Database(postgres_url)
    results = await in_one_batch(database, add("with it"), cut_off)
    assert [type(result) for result in results] == [StoreUnavailable] * 2
    await database.write(add("after"))
    assert await database.read(names) == {"after"}
    await database.close()


def _disconnect_all(server: Connection, url: str) -> None:
    server.exec_driver_sql(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", (url.rpartition("/")[2],)
    )


WRITE_UNTIL_KILLED = """
import os, sys, threading
from sqlalchemy import insert
from oa.store.database import Database
from oa.store.tables import campaign_settings

database = Database(sys.argv[1])

def write(worker):
    for number in range(1_000_000):
        name = f"{worker}-{number}"
        database.run(lambda tx: tx.connection.execute(insert(campaign_settings).values(name=name, value=1)).rowcount)
        os.write(1, f"{name}\\n".encode())

for worker in range(8):
    threading.Thread(target=write, args=(worker,)).start()
"""


def test_what_was_acknowledged_survives_kill_9(data_dir: Path) -> None:
    file = data_dir / "oa.db"
    command = [sys.executable, "-c", WRITE_UNTIL_KILLED, dialect.sqlite_url(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        acknowledged = [process.stdout.readline() for _ in range(200)]
        process.kill()
        acknowledged += process.stdout.readlines()

    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        kept = {name for (name,) in connection.execute("SELECT name FROM campaign_setting")}
    assert len(acknowledged) >= 200
    assert kept >= {line.strip() for line in acknowledged}


# --- the end ---------------------------------------------------------------------------------------------------------


async def test_closing_finishes_what_is_queued(data_dir: Path) -> None:
    url = dialect.sqlite_url(data_dir / "oa.db")
    database = Database(url)
    with busy(database):
        waiting = [asyncio.ensure_future(database.write(add(name))) for name in "abc"]
        await asyncio.sleep(0)
        closing_it = asyncio.ensure_future(database.close())
        await asyncio.sleep(0)
    await asyncio.gather(*waiting, closing_it)

    again = Database(url)
    assert await again.read(names) == {"a", "b", "c"}
    await again.close()


async def test_closing_waits_for_those_who_read(any_database: Database) -> None:
    reading = [asyncio.ensure_future(any_database.read(names)) for _ in range(4)]
    await asyncio.sleep(0)
    await any_database.close()
    assert await asyncio.gather(*reading) == [set()] * 4


async def test_a_closed_database_refuses_and_may_be_closed_again(any_database: Database) -> None:
    await any_database.close()
    for refused in (any_database.write(names), any_database.read(names)):
        with pytest.raises(StoreUnavailable, match="shutting down"):
            await refused
    with pytest.raises(StoreUnavailable, match="shutting down"):
        any_database.run(names)
    await any_database.close()


async def test_nothing_is_left_beside_the_file_when_it_is_closed(database: Database, data_dir: Path) -> None:
    await database.write(add("a"))
    await database.read(lambda tx: tx.connection.execute(select(func.count(NAME))).scalar_one())
    await database.close()
    assert os.listdir(data_dir) == ["oa.db"]
