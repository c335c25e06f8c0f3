"""Everything in which SQLite and PostgreSQL differ, in one place."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Insert, NullPool, Table, create_engine, event, func, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from oa.domain.search import searchable

SQLITE = "sqlite"

BUSY_TIMEOUT_S = 5.0
"""How long a writer waits for another process that is writing."""

CONNECT_TIMEOUT_S = 10
"""How long a PostgreSQL server may take to answer at all."""

STATEMENTS_KEPT = 512
"""Prepared statements per SQLite connection; the driver's own limit of 128 is below what the hub uses."""

WRITERS_LOCK = 0x6F61
"""Key of the PostgreSQL advisory lock that whoever writes holds until it commits."""

WORDS_FUNCTION = "oa_words"
"""`oa.domain.search.searchable` as SQL, with SQLite: the triggers of the full-text index call it."""


# --- connections -----------------------------------------------------------------------------------------------------


def sqlite_url(path: Path) -> str:
    return URL.create("sqlite", database=str(path)).render_as_string(hide_password=False)


def sqlite_path(url: str) -> Path:
    return Path(make_url(url).database or "")


def is_sqlite_url(url: str) -> bool:
    return make_url(url).get_backend_name() == SQLITE


def display_name(url: str) -> str:
    """What to call the database before people: the path of the file, or the address with its password hidden."""
    if is_sqlite_url(url):
        return str(sqlite_path(url))
    return make_url(url).set(query={}).render_as_string(hide_password=True)


def writer_engine(url: str, *, busy_timeout_s: float = BUSY_TIMEOUT_S, foreign_keys: bool = True) -> Engine:
    """Connections in autocommit: whoever owns one writes BEGIN and COMMIT itself.

    Args:
        foreign_keys: off only for migrations, which rebuild tables that others refer to and check them afterwards.
    """
    parsed = make_url(url)
    if is_sqlite_url(url):
        # The writer thread owns the connection, but whoever closes the database may be another thread.
        options = {"check_same_thread": False, "cached_statements": STATEMENTS_KEPT}
        engine = create_engine(parsed, isolation_level="AUTOCOMMIT", poolclass=NullPool, connect_args=options)
        _run_on_connect(engine, _writer_pragmas(busy_timeout_s, foreign_keys=foreign_keys))
        event.listen(engine, "connect", _lend_functions)
        return engine
    settings = f"-c lock_timeout={round(busy_timeout_s * 1000)}"
    return create_engine(
        parsed.set(drivername="postgresql+psycopg"),
        isolation_level="AUTOCOMMIT",
        poolclass=NullPool,
        execution_options={"preserve_rowcount": True},  # or else an INSERT does not say whether it inserted anything
        connect_args=_postgres_options(parsed, settings),
    )


def reader_engine(url: str, readers: int, *, busy_timeout_s: float = BUSY_TIMEOUT_S) -> AsyncEngine:
    """A pool of connections that cannot write."""
    parsed = make_url(url)
    if is_sqlite_url(url):
        engine = create_async_engine(
            parsed.set(drivername="sqlite+aiosqlite"),
            isolation_level="AUTOCOMMIT",
            pool_size=readers,
            max_overflow=0,
            connect_args={"cached_statements": STATEMENTS_KEPT},
        )
        _run_on_connect(engine.sync_engine, _reader_pragmas(busy_timeout_s))
        return engine
    return create_async_engine(
        parsed.set(drivername="postgresql+psycopg"),
        isolation_level="REPEATABLE READ",
        pool_size=readers,
        max_overflow=0,
        connect_args=_postgres_options(parsed, "-c default_transaction_read_only=on"),
    )


def _writer_pragmas(busy_timeout_s: float, *, foreign_keys: bool) -> tuple[str, ...]:
    return (
        _busy_timeout(busy_timeout_s),  # first: switching to WAL may itself have to wait
        "PRAGMA journal_mode = WAL",
        "PRAGMA synchronous = FULL",  # what was acknowledged survives a power cut
        f"PRAGMA foreign_keys = {'ON' if foreign_keys else 'OFF'}",
        # Each use case can be rolled back alone, for which SQLite copies every page that it touches: in memory, or else
        # with eighty writes to a temporary file for one interaction.
        "PRAGMA temp_store = MEMORY",
        "PRAGMA trusted_schema = ON",  # or else triggers may not call a function of ours
        "PRAGMA journal_size_limit = 67108864",
        "PRAGMA secure_delete = ON",  # what was erased is overwritten, so that nobody finds it in the file
    )


def _reader_pragmas(busy_timeout_s: float) -> tuple[str, ...]:
    return (_busy_timeout(busy_timeout_s), "PRAGMA foreign_keys = ON", "PRAGMA query_only = ON")


def _busy_timeout(seconds: float) -> str:
    return f"PRAGMA busy_timeout = {round(seconds * 1000)}"


def _run_on_connect(engine: Engine, statements: tuple[str, ...]) -> None:
    def run(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        for statement in statements:
            cursor.execute(statement)
        cursor.close()

    event.listen(engine, "connect", run)


def _lend_functions(connection: sqlite3.Connection, _record: Any) -> None:
    connection.create_function(WORDS_FUNCTION, 1, searchable, deterministic=True)


def _postgres_options(url: URL, settings: str) -> dict[str, Any]:
    """Connection arguments; what the address says itself goes first."""
    said = url.query.get("options")
    options: dict[str, Any] = {"options": f"{settings} {said}" if isinstance(said, str) else settings}
    if "connect_timeout" not in url.query:
        options["connect_timeout"] = CONNECT_TIMEOUT_S
    return options


# --- transactions ----------------------------------------------------------------------------------------------------


def is_sqlite(connection: Connection) -> bool:
    return connection.dialect.name == SQLITE


def begin_statements(*, on_sqlite: bool) -> tuple[str, ...]:
    """Open a transaction that may write, and wait until nobody else, in whatever process, is in one.

    SQLite takes its lock at once, because upgrading a reader later can fail. PostgreSQL would let several write side by
    side; the advisory lock makes them take turns, so that what a use case has read stays true until it commits.
    """
    return ("BEGIN IMMEDIATE",) if on_sqlite else ("BEGIN", f"SELECT pg_advisory_xact_lock({WRITERS_LOCK})")


async def open_snapshot(connection: AsyncConnection) -> None:
    """Begin a transaction in which all reads see one state; PostgreSQL's readers do so by themselves."""
    if connection.dialect.name == SQLITE:
        # Straight to the driver: through SQLAlchemy it would be three trips to the reader's thread.
        driver: Any = (await connection.get_raw_connection()).driver_connection
        await driver.execute("BEGIN")


def foreign_version(cursor: Any, *, on_sqlite: bool) -> object:
    """Changes when somebody else has committed; unequal to everything where that cannot be known."""
    if on_sqlite:
        return cursor.execute("PRAGMA data_version").fetchone()[0]
    return object()


def rows_written(driver: Any, *, on_sqlite: bool) -> object:
    """Grows with every row that a connection changes; unequal to everything where that cannot be known."""
    return driver.total_changes if on_sqlite else object()


def check_foreign_keys(connection: Connection) -> None:
    """Make sure that every reference leads somewhere, after statements that ran with `foreign_keys` off.

    Raises:
        IntegrityError: one does not.
    """
    if is_sqlite(connection) and (broken := connection.exec_driver_sql("PRAGMA foreign_key_check").first()):
        raise sqlite3.IntegrityError(f"row {broken[1]} of {broken[0]} refers to a row of {broken[2]} that is not there")


# --- failures --------------------------------------------------------------------------------------------------------

_SQLITE_LOST = {
    sqlite3.SQLITE_PERM: "its file may not be written",
    sqlite3.SQLITE_BUSY: "another program is writing to it and does not let go",
    sqlite3.SQLITE_LOCKED: "another program is writing to it and does not let go",
    sqlite3.SQLITE_NOMEM: "there is no memory left",
    sqlite3.SQLITE_READONLY: "its file may not be written",
    sqlite3.SQLITE_INTERRUPT: "it was interrupted",
    sqlite3.SQLITE_IOERR: "its disk reports an error",
    sqlite3.SQLITE_CORRUPT: "its file is damaged",
    sqlite3.SQLITE_FULL: "its disk is full",
    sqlite3.SQLITE_CANTOPEN: "its file cannot be opened",
    sqlite3.SQLITE_PROTOCOL: "another program is writing to it and does not let go",
    sqlite3.SQLITE_NOTADB: "its file is not a database",
}
"""Results after which nothing of the transaction can be relied on, and what they mean."""

_POSTGRES_LOST = ("08", "53", "57P", "58", "XX", "25006", "55P03")
"""SQLSTATEs: no connection, no room, shut down, system error, internal error, a read-only server, a lock not given."""


def sqlite_code(error: BaseException) -> int | None:
    """SQLite's primary result code; None for anything else."""
    code = getattr(driver_error(error), "sqlite_errorcode", None)
    return code & 0xFF if isinstance(code, int) else None


def driver_error(error: BaseException) -> BaseException:
    return error.orig if isinstance(error, DBAPIError) and error.orig is not None else error


def is_lost(error: BaseException) -> bool:
    """Whether the database itself failed, so that the whole transaction is lost; not what one statement did wrong."""
    origin = driver_error(error)
    if isinstance(origin, sqlite3.Error):
        return sqlite_code(origin) in _SQLITE_LOST
    if not type(origin).__module__.startswith("psycopg"):
        return False
    state = getattr(origin, "sqlstate", None)
    if state is None:  # the client noticed by itself, as it does when the connection is gone
        return type(origin).__name__ in {"OperationalError", "InterfaceError"}
    return str(state).startswith(_POSTGRES_LOST)


def reason(error: BaseException) -> str:
    """Why the database failed, in words that are safe to show to anybody."""
    code = sqlite_code(error)
    if code is not None:
        return _SQLITE_LOST.get(code, "it reports an error")
    if str(getattr(driver_error(error), "sqlstate", "")) == "53100":
        return _SQLITE_LOST[sqlite3.SQLITE_FULL]
    return "it does not answer as it should"


def empty_log(connection: Connection) -> bool:
    """Write SQLite's log back into the file and cut it to nothing, so that it holds nothing that was erased.

    False when somebody is still reading what it holds.
    """
    if not is_sqlite(connection):
        return True
    is_busy, *_ = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()
    return not is_busy


def expect_much(connection: Connection, cache_mib: int) -> None:
    """Prepare a connection for a great many rows with random keys.

    Each of them changes pages all over an SQLite file. A larger cache, and writing the log back into the file less
    often, lets changes of one page come together: an import takes two thirds of the time.
    """
    if is_sqlite(connection):
        connection.exec_driver_sql(f"PRAGMA cache_size = -{cache_mib * 1024}")  # KiB
        connection.exec_driver_sql("PRAGMA wal_autocheckpoint = 16000")  # pages of 4 KiB


# --- statements ------------------------------------------------------------------------------------------------------


def insert(table: Table, dialect: str) -> postgresql.Insert | sqlite.Insert:
    """An INSERT that knows ON CONFLICT."""
    return sqlite.insert(table) if dialect == SQLITE else postgresql.insert(table)


@cache
def _insert_or_ignore(table: Table, dialect: str) -> Insert:
    return insert(table, dialect).on_conflict_do_nothing()


def insert_or_ignore(connection: Connection, table: Table) -> Insert:
    """Inserts rows whose key is not there yet and leaves the others alone; always the same statement."""
    return _insert_or_ignore(table, connection.dialect.name)


def day_of(connection: Connection, moment: ColumnElement[datetime]) -> ColumnElement[Any]:
    """The day of a moment by the calendar of UTC, as text or as a date."""
    return func.date(moment if is_sqlite(connection) else func.timezone("UTC", moment))
