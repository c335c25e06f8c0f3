"""Brings the schema of a database up to date, forward only, in one transaction and after a backup."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from oa.errors import BadFile, StoreTooNew
from oa.store import backup, chat_index, dialect, search_index
from oa.store.database import utc_now
from oa.store.tables import metadata

if TYPE_CHECKING:
    from alembic.config import Config as AlembicConfig

log = logging.getLogger(__name__)

VERSION_TABLE = "alembic_version"


@dataclass(frozen=True, slots=True)
class Scripts:
    """The migrations there are, and the revision that the last of them leads to."""

    directory: Path
    head: str


SCRIPTS = Scripts(Path(__file__).parent / "migrations", head="0005")
"""Ours. The head is stated, so that a database that is up to date is recognised without loading Alembic."""


def upgrade(
    url: str,
    data_dir: Path,
    *,
    backups_kept: int,
    scripts: Scripts = SCRIPTS,
    now: Callable[[], datetime] = utc_now,
) -> bool:
    """Apply the migrations that are missing; whether there were any.

    All of them are one transaction, so that a failing step leaves nothing behind. An SQLite file that is not new is
    copied into the data directory's `backups` first; a PostgreSQL server is backed up by whoever runs it.

    Args:
        backups_kept: how many backups stay, this one included; 0 makes none.

    Raises:
        StoreTooNew: a newer version of OA has written it.
        BadFile: there are tables in it, but they are not OA's.
    """
    engine = dialect.writer_engine(url, foreign_keys=False)
    with engine.connect() as connection:
        if revision(connection) == scripts.head:
            return False
        for statement in dialect.begin_statements(on_sqlite=dialect.is_sqlite(connection)):
            connection.exec_driver_sql(statement)
        found = revision(connection)  # once more, now that nobody else can migrate it
        if found is None:
            _refuse_foreign_tables(connection, url)
        elif found != scripts.head:
            _refuse_unknown(found, scripts)
            if backups_kept and dialect.is_sqlite(connection):
                backup.back_up(dialect.sqlite_path(url), data_dir, revision=found, now=now(), kept=backups_kept)
        _run_alembic(connection, scripts)
        connection.exec_driver_sql("COMMIT")  # leaving without it rolls back
    log.info("the database has been brought from revision %s to %s", found, scripts.head)
    return found != scripts.head


def revision(connection: Connection) -> str | None:
    """The revision of the schema; None before the first migration."""
    if not connection.dialect.has_table(connection, VERSION_TABLE):
        return None
    return connection.exec_driver_sql(f"SELECT version_num FROM {VERSION_TABLE}").scalar()


def alembic_config(connection: Connection, scripts: Scripts = SCRIPTS) -> AlembicConfig:
    """What Alembic's commands take; they work on `connection`, in whatever transaction it is."""
    from alembic.config import Config  # a tenth of a second, which only a database that is migrated has to spend

    config = Config()
    config.set_main_option("script_location", str(scripts.directory).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _run_alembic(connection: Connection, scripts: Scripts) -> None:
    from alembic import command

    chat_index.drop(connection)
    search_index.drop(connection)
    command.upgrade(alembic_config(connection, scripts), "head")
    search_index.build(connection)
    chat_index.build(connection)
    dialect.check_foreign_keys(connection)


def _refuse_unknown(found: str, scripts: Scripts) -> None:
    from alembic.script import ScriptDirectory

    if found not in {script.revision for script in ScriptDirectory(str(scripts.directory)).walk_revisions()}:
        raise StoreTooNew(
            f"the data was written by a newer version of OA (revision {found}; this one knows {scripts.head} at most): "
            "install that version, or go back to a backup from before"
        )


def _refuse_foreign_tables(connection: Connection, url: str) -> None:
    ours = set(metadata.tables).intersection(connection.dialect.get_table_names(connection))
    if ours:
        raise BadFile(
            f"{dialect.display_name(url)} holds tables named {', '.join(sorted(ours))} that OA did not make: "
            "give OA a database of its own"
        )
