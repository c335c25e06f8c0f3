from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oa.domain.search import parse
from oa.domain.search_page import SearchFilter
from oa.store import search, search_index, tables
from oa.store.database import Database, Transaction

if TYPE_CHECKING:
    from tests.conftest import Garden

ALL = SearchFilter(include_deleted=True)


def found(database: Database, text: str, wanted: SearchFilter = ALL) -> list[UUID]:
    """The messages that answer, best first."""

    def look(tx: Transaction) -> list[UUID]:
        return [message_id for message_id, _ in search.ranked(tx, parse(text), wanted, search.newest(tx))]

    return database.run(look)


def is_right(database: Database) -> bool:
    return database.run(lambda tx: search_index.is_right(tx.connection))


# --- the index follows the messages ----------------------------------------------------------------------------------


class _Stop(Exception):
    pass


def _change(tx: Transaction, step: tuple[str, Any, Any]) -> None:
    action, which, value = step
    ids = tx.connection.execute(tables.messages.select().order_by(tables.messages.c.created_date)).scalars().all()
    if not ids:
        return
    one = tables.messages.c.id == ids[which % len(ids)]
    match action:
        case "edit":
            tx.connection.execute(tables.messages.update().where(one).values(text=value))
        case "hide":
            tx.connection.execute(tables.messages.update().where(one).values(deleted=True))
        case "move":
            tx.connection.execute(tables.messages.update().where(one).values(lang=value[:2]))
        case _:
            tx.connection.execute(tables.messages.delete().where(one))


STEPS = st.tuples(
    st.sampled_from(["add", "edit", "hide", "move", "remove"]), st.integers(0, 9), st.text("aäb学 ", max_size=6)
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(STEPS, st.booleans()), max_size=12))
async def test_the_index_says_what_the_messages_say_after_every_change(
    database: Database, garden: Garden, steps: list[tuple[tuple[str, int, str], bool]]
) -> None:
    database.run(lambda tx: tx.connection.execute(tables.messages.delete()))
    for step, is_kept in steps:
        if step[0] == "add":
            garden.add_message(text=step[2])
            continue

        def change(tx: Transaction, step: tuple[str, int, str] = step, is_kept: bool = is_kept) -> None:
            _change(tx, step)
            if not is_kept:
                raise _Stop

        try:
            database.run(change)
        except _Stop:
            assert not is_kept
    assert is_right(database)
    rows = database.run(lambda tx: tx.connection.execute(tables.messages.select()).all())
    for word in ("a", "aab", "学"):
        assert sorted(found(database, word)) == sorted(row.id for row in rows if parse(word).finds(row.text))


async def test_the_check_sees_an_index_that_says_something_else(database: Database, garden: Garden) -> None:
    garden.add_message(text="sky")
    assert is_right(database)
    values = "rowid, words, facets) VALUES (99, 'cloud', '')"
    database.run(lambda tx: tx.connection.exec_driver_sql(f"INSERT INTO message_search({values}"))
    assert not is_right(database)
    database.run(lambda tx: (search_index.drop(tx.connection), search_index.build(tx.connection)))
    assert is_right(database)


async def test_a_change_of_something_else_leaves_the_index_alone(database: Database, garden: Garden) -> None:
    message = garden.add_message(text="sky")

    def count(tx: Transaction) -> int:
        before = tx.connection.connection.driver_connection.total_changes  # type: ignore[union-attr]
        change = tables.messages.update().where(tables.messages.c.id == message)
        tx.connection.execute(change.values(children_count=3, text="sky", review_count=1))
        return tx.connection.connection.driver_connection.total_changes - before  # type: ignore[union-attr]

    assert database.run(count) == 1


async def test_the_numbers_that_the_index_knows_messages_by_outlive_a_vacuum(
    database: Database, garden: Garden, data_dir: Path
) -> None:
    ids = [garden.add_message(text=f"sky w{number}") for number in range(20)]
    database.run(lambda tx: tx.connection.execute(tables.messages.delete().where(tables.messages.c.id.in_(ids[:10]))))
    with closing(sqlite3.connect(data_dir / "oa.db")) as connection:
        connection.execute("VACUUM")
    assert is_right(database)
    assert found(database, "w15") == [ids[15]]


async def test_words_of_messages_that_are_gone_can_be_removed_from_the_file(database: Database, garden: Garden) -> None:
    garden.add_message(text="sky")
    gone = garden.add_message(text="unmistakable")
    database.run(lambda tx: tx.connection.execute(tables.messages.delete().where(tables.messages.c.id == gone)))
    database.run(lambda tx: search_index.forget(tx.connection))
    rows = database.run(lambda tx: tx.connection.exec_driver_sql("SELECT block FROM message_search_data").all())
    assert not any(b"unmistakable" in row.block for row in rows)
    assert is_right(database)
