"""How SQLite finds the rows of every statement that the store builds once."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator

from sqlalchemy import CompoundSelect, Connection, Delete, Select, Update

import oa.store
from oa.store.database import Database, Transaction
from oa.store.tables import metadata

READ_WHOLE_TABLES = {
    "accounts.FORGET_INVITATIONS",
    "accounts.HAS_ADMIN",
    "campaign_settings._all",
    "chat_events.OLD_ONES",
    "community.ALL_ANNOUNCEMENTS",
    "community.GOALS",
    "credentials.KEYS",
    "credentials.TOKENS",
    "leaving.BLANK_TASKS_OF",
    "people.END_STREAKS",
    "people.EVERYBODY",
    "records.MESSAGES",
    "standing.BASES",
    "standing.DELETE_BASES",
    "standing.DELETE_EMPTY_SAMPLES",
    "standing.EVERY_ROW",
    "standing.SAMPLES",
    "statistics.ACCEPTED_TERMS",
    "statistics.ACTIVE_USERS",
    "statistics.BY_LANG",
    "statistics.HUMAN_BY_LANG",
    "statistics.HUMAN_BY_ROLE",
    "statistics.OPEN_WORK",
    "statistics.USERS",
    "terms.CURRENT",
    "terms.CURRENT_ACCEPTED",
    "terms.LAST",
    "text_checks.FORGET_SKETCHES",
    "trees.ABANDONED_PROMPTS",
    "trees.ACTIVE_TREES",
    "trust.ALL_SIGNS",
    "trust.LAST_DECISIONS",
    "trust.RANKINGS",
    "trust.REVIEWS",
    "trust.TEXTS",
    "work.DELETE_ALL",
    "work.OPEN_RANKINGS",
    "workers.ALL_WENT",
    "workers.EVERY",
}
"""Lists of everything, what is done by hand or from time to time, and tables that stay small."""

Statement = Select[tuple[object, ...]] | CompoundSelect[tuple[object, ...]] | Update | Delete


def statements() -> Iterator[tuple[str, Statement]]:
    for module in pkgutil.iter_modules(oa.store.__path__):
        if not module.ispkg:
            for name, value in vars(importlib.import_module(f"oa.store.{module.name}")).items():
                if isinstance(value, Select | CompoundSelect | Update | Delete):
                    yield f"{module.name}.{name}", value


def scanned_tables(connection: Connection, statement: Statement) -> set[str]:
    """The tables of which every row is read, with no index to lead to the right ones."""
    sql = re.sub(r"\(__\[POSTCOMPILE_\w+\]\)", "(NULL)", str(statement.compile(connection.engine)))
    plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", (None,) * sql.count("?"))
    scans = (re.fullmatch(r"SCAN (\w+)", row[3]) for row in plan)
    return {scan[1] for scan in scans if scan} & set(metadata.tables)


async def test_every_look_up_has_its_index(database: Database) -> None:
    def scanning(tx: Transaction) -> set[str]:
        return {name for name, statement in statements() if scanned_tables(tx.connection, statement)}

    assert await database.write(scanning) <= READ_WHOLE_TABLES


def test_only_statements_that_exist_may_read_whole_tables() -> None:
    assert {name for name, _ in statements()} >= READ_WHOLE_TABLES
