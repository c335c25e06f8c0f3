"""Opens the database that the settings name: makes it where there is none, and brings it up to date."""

from __future__ import annotations

import os
import random
import sqlite3
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from oa.domain.people import HUB_CLIENT_ID, IMPORT_CLIENT_ID
from oa.errors import BadFile, InvalidSetting, OaError, StoreUnavailable
from oa.store import backup, dialect
from oa.store.database import Database, Transaction, utc_now
from oa.store.migrate import upgrade
from oa.store.tables import api_clients

FILE_NAME = "oa.db"


def open_database(
    data_dir: Path,
    *,
    url: str | None = None,
    readers: int = 4,
    backups_kept: int = 5,
    now: Callable[[], datetime] = utc_now,
    rng: random.Random | None = None,
) -> Database:
    """Open the database, new or not, with the newest schema and the clients that every hub has.

    Args:
        url: of a database elsewhere; the file in the data directory when None.

    Raises:
        InvalidSetting: the data directory is none, or the driver for PostgreSQL is not installed.
        BadFile: what stands where the database should be is something else, or damaged.
        StoreTooNew: a newer version of OA has written it.
        StoreUnavailable: it cannot be reached, read or written.
    """
    _make_directory(data_dir)
    url = url or dialect.sqlite_url(_make_file(data_dir / FILE_NAME))
    _refuse_malformed(url)
    with _explained(url, data_dir):
        upgrade(url, data_dir, backups_kept=backups_kept, now=now)
        database = Database(url, readers=readers, now=now, rng=rng)
        try:
            database.run(_add_built_in_clients)
        except BaseException:
            database.shut()
            raise
    return database


def _add_built_in_clients(tx: Transaction) -> None:
    row = {"key_hash": None, "key_hint": "", "enabled": True, "created_date": tx.now}
    tx.connection.execute(
        dialect.insert_or_ignore(tx.connection, api_clients),
        [
            {**row, "id": HUB_CLIENT_ID, "description": "hub", "trusted": True},
            {**row, "id": IMPORT_CLIENT_ID, "description": "import", "trusted": False},
        ],
    )


def _make_directory(data_dir: Path) -> None:
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise InvalidSetting(
            f"{data_dir} cannot be the data directory, because a file stands there: name another with --data-dir"
        ) from error
    except OSError as error:
        raise StoreUnavailable(
            f"the data directory {data_dir} cannot be made ({error.strerror}): name another with --data-dir"
        ) from error


def _make_file(file: Path) -> Path:
    """Have a file that only its owner can read; SQLite gives its companions the same rights."""
    try:
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
    except IsADirectoryError as error:
        raise BadFile(f"{file} is a directory, where the database should be: move it away") from error
    except OSError as error:
        raise StoreUnavailable(
            f"the database {file} cannot be opened ({error.strerror}): check who owns it and its directory"
        ) from error
    return file


def _refuse_malformed(url: str) -> None:
    try:
        make_url(url)
    except (ArgumentError, ValueError):
        # Not even the cause may be shown: it may quote the password.
        raise InvalidSetting(
            "store.url is not an address: write signs such as @, : and / in its password as %40, %3A and %2F"
        ) from None


@contextmanager
def _explained(url: str, data_dir: Path) -> Generator[None]:
    """Say in one sentence what is wrong with the database, in place of the driver's words."""
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name != "psycopg":
            raise
        raise InvalidSetting("PostgreSQL needs its driver: pip install 'oa[postgres]'") from error
    except (DBAPIError, sqlite3.Error, OSError) as error:
        raise _explanation(error, dialect.display_name(url), data_dir) from error


def _explanation(error: Exception, name: str, data_dir: Path) -> OaError:
    code = dialect.sqlite_code(error)
    if code == sqlite3.SQLITE_NOTADB:
        return BadFile(f"{name} is not a database: move it away, or name another directory with --data-dir")
    if code == sqlite3.SQLITE_CORRUPT:
        return BadFile(f"{name} is damaged: put the newest backup from {data_dir / backup.DIRECTORY} in its place")
    why = dialect.reason(error) if code is not None else str(dialect.driver_error(error)).strip().partition("\n")[0]
    return StoreUnavailable(f"the database {name} cannot be used: {why}")
