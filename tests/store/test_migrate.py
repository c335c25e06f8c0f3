from __future__ import annotations

import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, insert, inspect
from sqlalchemy.exc import IntegrityError

from oa.domain.people import HUB_CLIENT_ID
from oa.errors import BadFile, StoreTooNew
from oa.store import chat_index, dialect, migrate, search_index
from oa.store.migrate import SCRIPTS, Scripts
from oa.store.tables import metadata, users

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)

NEXT_MIGRATION = """
import sqlalchemy as sa
from alembic import op

revision = "next"
down_revision = "{down_revision}"

def upgrade() -> None:
    op.create_table("extra", sa.Column("id", sa.Integer(), primary_key=True))
    {step}
"""


@pytest.fixture
def next_scripts(tmp_path: Path) -> Callable[[str], Scripts]:
    """Our migrations and one more, which makes the table `extra` and then does what the test says."""

    def make(step: str = "pass") -> Scripts:
        directory = shutil.copytree(SCRIPTS.directory, tmp_path / "migrations")
        script = NEXT_MIGRATION.format(down_revision=SCRIPTS.head, step=step)
        (directory / "versions" / "next.py").write_text(script, "utf-8")
        return Scripts(directory, "next")

    return make


def upgrade(
    url: str, data_dir: Path, *, scripts: Scripts = SCRIPTS, now: datetime = NOON, backups_kept: int = 2
) -> bool:
    return migrate.upgrade(url, data_dir, backups_kept=backups_kept, scripts=scripts, now=lambda: now)


def tables_of(url: str) -> set[str]:
    with dialect.writer_engine(url).connect() as connection:
        return set(inspect(connection).get_table_names())


def revision_of(url: str) -> str | None:
    with dialect.writer_engine(url).connect() as connection:
        return migrate.revision(connection)


def backups(data_dir: Path) -> list[str]:
    return sorted(path.name for path in (data_dir / "backups").glob("*"))


# --- the schema ------------------------------------------------------------------------------------------------------


def test_the_head_that_is_stated_is_the_newest_script() -> None:
    assert ScriptDirectory(str(SCRIPTS.directory)).get_current_head() == SCRIPTS.head


def test_the_migrations_make_the_tables_that_the_code_declares(any_database_url: str) -> None:
    with dialect.writer_engine(any_database_url).connect() as connection:
        options = {"compare_type": True, "compare_server_default": True, "include_name": is_no_part_of_a_search_index}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata) == []


def is_no_part_of_a_search_index(name: str | None, _kind: str, _parents: object) -> bool:
    """They are derived and built by hand, not declared."""
    return not (name or "").startswith((search_index.NAME, chat_index.NAME))


def test_the_migrations_leave_every_statement_that_the_code_would_make(data_dir: Path, tmp_path: Path) -> None:
    declared = tmp_path / "declared.db"
    with dialect.writer_engine(dialect.sqlite_url(declared)).connect() as connection:
        metadata.create_all(connection)
    assert schema(data_dir / "oa.db") == schema(declared)


def schema(file: Path) -> dict[str, list[str]]:
    """Every table and index by name, as the parts of the statement that makes it, in any order."""
    with closing(sqlite3.connect(file)) as connection:
        rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    return {
        name: sorted(re.sub(r"[\s(),]+", " ", line).strip() for line in sql.splitlines())
        for name, sql in rows
        if name != migrate.VERSION_TABLE and not name.startswith((search_index.NAME, chat_index.NAME))
    }


def test_every_constraint_has_a_name_for_later_migrations(any_database_url: str) -> None:
    with dialect.writer_engine(any_database_url).connect() as connection:
        found = inspect(connection)
        for table in metadata.tables:
            for key in (*found.get_foreign_keys(table), *found.get_unique_constraints(table)):
                assert key["name"], table


# --- migrating -------------------------------------------------------------------------------------------------------


def test_a_new_file_gets_all_tables_and_no_backup(tmp_path: Path) -> None:
    url = dialect.sqlite_url(tmp_path / "oa.db")
    assert upgrade(url, tmp_path)
    assert tables_of(url) >= set(metadata.tables)
    assert backups(tmp_path) == []


@pytest.mark.postgres
def test_a_new_postgres_database_gets_all_tables(empty_postgres_url: str, tmp_path: Path) -> None:
    assert upgrade(empty_postgres_url, tmp_path)
    assert tables_of(empty_postgres_url) >= set(metadata.tables)


def test_what_is_up_to_date_is_left_alone(any_database_url: str, tmp_path: Path) -> None:
    assert not upgrade(any_database_url, tmp_path)
    assert backups(tmp_path) == []


def test_what_is_up_to_date_is_recognised_without_alembic(data_dir: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from oa.store.migrate import upgrade; "
        "done = upgrade(sys.argv[1], Path(sys.argv[2]), backups_kept=1); sys.exit(done or 'alembic' in sys.modules)"
    )
    arguments = [dialect.sqlite_url(data_dir / "oa.db"), str(data_dir)]
    assert subprocess.run([sys.executable, "-c", code, *arguments], check=False).returncode == 0


def test_two_programs_that_start_at_once_on_an_empty_directory_both_find_the_tables(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from oa.store.migrate import upgrade; "
        "print(upgrade(sys.argv[1], Path(sys.argv[2]), backups_kept=1))"
    )
    url = dialect.sqlite_url(tmp_path / "oa.db")
    command = [sys.executable, "-c", code, url, str(tmp_path)]
    programs = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert sorted(program.communicate()[0].strip() for program in programs) == ["False", "True"]
    assert revision_of(url) == SCRIPTS.head


def test_a_step_that_fails_leaves_nothing_behind(
    any_database_url: str, tmp_path: Path, next_scripts: Callable[[str], Scripts]
) -> None:
    before = tables_of(any_database_url)
    with pytest.raises(RuntimeError, match="half way"):
        upgrade(any_database_url, tmp_path, scripts=next_scripts("raise RuntimeError('half way')"))
    assert tables_of(any_database_url) == before
    assert revision_of(any_database_url) == SCRIPTS.head


def test_a_step_that_leaves_a_reference_dangling_is_undone(
    data_dir: Path, next_scripts: Callable[[str], Scripts]
) -> None:
    url = dialect.sqlite_url(data_dir / "oa.db")
    with dialect.writer_engine(url).connect() as connection:
        _add_user(connection)
    with pytest.raises(sqlite3.IntegrityError, match="api_client"):
        upgrade(url, data_dir, scripts=next_scripts("op.execute('DELETE FROM api_client')"))
    assert "extra" not in tables_of(url)
    assert revision_of(url) == SCRIPTS.head


def test_a_step_may_rebuild_a_table_that_others_refer_to(
    any_database_url: str, tmp_path: Path, next_scripts: Callable[[str], Scripts]
) -> None:
    step = "with op.batch_alter_table('api_client') as batch: batch.alter_column('description', nullable=True)"
    with dialect.writer_engine(any_database_url).connect() as connection:
        _add_user(connection)
    assert upgrade(any_database_url, tmp_path, scripts=next_scripts(step))
    with dialect.writer_engine(any_database_url).connect() as connection:
        assert connection.execute(users.select()).one().api_client_id == HUB_CLIENT_ID
        with pytest.raises(IntegrityError):
            connection.exec_driver_sql("DELETE FROM api_client")


def _add_user(connection: Connection) -> None:
    row = {"username": "ada", "auth_method": "local", "display_name": "Ada", "api_client_id": HUB_CLIENT_ID}
    flags = {"enabled": True, "notes": "", "deleted": False, "show_on_leaderboard": True}
    connection.execute(insert(users), {**row, **flags, "id": HUB_CLIENT_ID, "created_date": NOON})


# --- refusals --------------------------------------------------------------------------------------------------------


def test_what_a_newer_version_wrote_is_refused_and_not_touched(any_database_url: str, tmp_path: Path) -> None:
    with dialect.writer_engine(any_database_url).connect() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreTooNew, match="9999"):
        upgrade(any_database_url, tmp_path)
    assert revision_of(any_database_url) == "9999"
    assert backups(tmp_path) == []


def test_a_database_of_something_else_is_refused(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "oa.db")) as connection:
        connection.execute("CREATE TABLE user (name TEXT)")
    url = dialect.sqlite_url(tmp_path / "oa.db")
    with pytest.raises(BadFile, match="user"):
        upgrade(url, tmp_path)
    assert tables_of(url) == {"user"}


# --- backups ---------------------------------------------------------------------------------------------------------


def test_what_is_migrated_is_copied_first(data_dir: Path, next_scripts: Callable[[str], Scripts]) -> None:
    url = dialect.sqlite_url(data_dir / "oa.db")
    assert upgrade(url, data_dir, scripts=next_scripts())
    name = f"oa-20261120T120000Z-{SCRIPTS.head}.db"
    assert backups(data_dir) == [name]
    copy = dialect.sqlite_url(data_dir / "backups" / name)
    assert revision_of(copy) == SCRIPTS.head
    assert "extra" in tables_of(url) - tables_of(copy)


def test_who_wants_no_backups_gets_none(data_dir: Path, next_scripts: Callable[[str], Scripts]) -> None:
    assert upgrade(dialect.sqlite_url(data_dir / "oa.db"), data_dir, scripts=next_scripts(), backups_kept=0)
    assert backups(data_dir) == []
