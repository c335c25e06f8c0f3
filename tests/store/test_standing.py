"""How the database finds somebody's place."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection, Executable

from oa.store import standing
from oa.store.database import Database


def plan(connection: Connection, statement: Executable) -> str:
    sql = str(statement.compile(connection.engine))  # type: ignore[attr-defined]
    rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", (None,) * sql.count("?"))
    return " / ".join(row[3] for row in rows)


async def test_a_place_is_counted_in_the_index_and_among_the_hidden(database: Database) -> None:
    found = await database.write(lambda tx: plan(tx.connection, standing.WITH_RANKS))
    assert "before USING COVERING INDEX leaderboard (frame=? AND" in found
    assert "hidden USING PRIMARY KEY" in found
    assert "INDEX user_hidden" in found


@pytest.mark.parametrize(
    ("statement", "index"),
    [
        (standing.FROM_THE_TOP, "leaderboard"),
        (standing.ABOVE, "leaderboard"),
        (standing.FROM_HERE, "leaderboard"),
        (standing.TROLLS_FROM_THE_TOP, "trollboard"),
    ],
    ids=["from the top", "above", "from here", "trolls"],
)
async def test_boards_are_read_in_the_order_of_their_index(
    database: Database, statement: Executable, index: str
) -> None:
    found = await database.write(lambda tx: plan(tx.connection, statement))
    assert f"INDEX {index}" in found
    assert "TEMP B-TREE" not in found
