from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, bindparam, select
from sqlalchemy.exc import IntegrityError

from oa.store import dialect, prepared
from oa.store.prepared import PreparedStatements, fetched
from oa.store.tables import journal, metadata, tasks

NOW = datetime(2026, 11, 20, 12, 30, 15, 250, tzinfo=timezone(timedelta(hours=2)))
WRITE = journal.insert()
READ = select(journal).where(journal.c.event_type == bindparam("event_type")).order_by(journal.c.id)
RENAME = journal.update().where(journal.c.event_type == bindparam("old")).values(event_type=bindparam("new"))
SOME = select(journal.c.id).where(journal.c.event_type.in_(bindparam("types", expanding=True)))
LATEST = select(journal.c.id, journal.c.event_type.label("kind")).order_by(journal.c.id.desc()).limit(1)
GROW = journal.insert().returning(journal.c.id)


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    engine = dialect.writer_engine(dialect.sqlite_url(tmp_path / "oa.db"))
    with engine.connect() as connection:
        metadata.create_all(connection)
        yield connection
    engine.dispose()


@pytest.fixture
def statements(connection: Connection) -> PreparedStatements:
    return PreparedStatements(connection)


def event(**changes: Any) -> dict[str, Any]:
    return {
        "created_date": NOW,
        "user_id": uuid.uuid4(),
        "message_id": None,
        "api_client_id": None,
        "event_type": "tested",
        "event_payload": {"list": [1, 2.5, None, "ü"]},
    } | changes


def test_rows_come_back_as_sqlalchemy_would_give_them(connection: Connection, statements: PreparedStatements) -> None:
    statements.execute(WRITE, event())
    connection.execute(WRITE, event(event_payload={}, message_id=uuid.uuid4()))

    ours = statements.execute(READ, {"event_type": "tested"})
    theirs = fetched(connection, READ, {"event_type": "tested"})

    assert [tuple(row) for row in ours] == [tuple(row) for row in theirs]
    assert [row._asdict() for row in ours] == [row._asdict() for row in theirs]
    assert ours.all()[0].created_date == NOW
    assert ours.all()[0].created_date.tzinfo is UTC


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(payload=st.dictionaries(st.text(), json_values, max_size=3), when=st.datetimes(timezones=st.just(UTC)))
def test_values_of_every_type_survive_the_way_in_and_out(payload: dict[str, Any], when: datetime) -> None:
    engine = dialect.writer_engine("sqlite://")
    with engine.connect() as connection:
        metadata.create_all(connection, tables=[journal])
        ours = PreparedStatements(connection)
        written = event(event_payload=payload, created_date=when)
        ours.execute(WRITE, written)
        row = ours.execute(READ, {"event_type": "tested"}).one()
        assert {name: getattr(row, name) for name in written} == written
    engine.dispose()


def test_an_insert_takes_whatever_columns_it_is_given(statements: PreparedStatements) -> None:
    statements.execute(WRITE, event())
    statements.execute(WRITE, {"created_date": NOW, "event_type": "short", "event_payload": {}})
    assert statements.execute(READ, {"event_type": "short"}).one().user_id is None


def test_many_rows_are_written_at_once(statements: PreparedStatements) -> None:
    statements.execute_many(WRITE, [event(event_payload={"n": n}) for n in range(5)])
    assert [row.event_payload["n"] for row in statements.execute(READ, {"event_type": "tested"})] == list(range(5))


def test_an_update_says_how_many_rows_it_changed(statements: PreparedStatements) -> None:
    statements.execute_many(WRITE, [event() for _ in range(3)])
    assert statements.execute(RENAME, {"old": "tested", "new": "renamed"}).rowcount == 3
    assert statements.execute(RENAME, {"old": "tested", "new": "renamed"}).rowcount == 0


def test_an_insert_can_say_what_it_made(statements: PreparedStatements) -> None:
    made = [statements.execute(GROW, event()).scalar_one() for _ in range(2)]
    assert made == [1, 2]


def test_values_that_the_statement_brings_itself_are_used(statements: PreparedStatements) -> None:
    statements.execute_many(WRITE, [event(), event(event_type="last")])
    assert statements.execute(LATEST, {}).one() == (2, "last")


def test_a_list_inside_the_statement_is_left_to_sqlalchemy(statements: PreparedStatements) -> None:
    statements.execute_many(WRITE, [event(event_type=name) for name in "abc"])
    assert statements.execute(SOME, {"types": ["a", "c"]}).scalars().all() == [1, 3]


def test_a_missing_value_is_an_error_and_not_a_null(statements: PreparedStatements) -> None:
    with pytest.raises(KeyError, match="event_type"):
        statements.execute(READ, {})


def test_a_broken_constraint_is_sqlalchemys_error(statements: PreparedStatements) -> None:
    with pytest.raises(IntegrityError, match="NOT NULL"):
        statements.execute(WRITE, event(event_type=None))
    with pytest.raises(IntegrityError, match="FOREIGN KEY"):
        statements.execute(
            tasks.insert(),
            {"id": uuid.uuid4(), "created_date": NOW, "kind": "x", "api_client_id": uuid.uuid4(), "lang": "en"}
            | dict.fromkeys(("done", "skipped", "collective"), False),
        )
    with pytest.raises(IntegrityError):
        statements.execute_many(WRITE, [event(), event(event_type=None)])


def test_asking_for_one_row_where_there_are_several_is_an_error(statements: PreparedStatements) -> None:
    statements.execute_many(WRITE, [event(), event()])
    found = statements.execute(READ, {"event_type": "tested"})
    with pytest.raises(LookupError):
        found.one()
    with pytest.raises(LookupError):
        found.one_or_none()
    assert statements.execute(READ, {"event_type": "none"}).one_or_none() is None


def test_statements_made_for_one_use_do_not_pile_up(
    statements: PreparedStatements, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prepared, "MOST_PREPARED", 3)
    for number in range(10):
        statements.execute(select(journal.c.id).where(journal.c.id == number), {})
    assert len(statements) <= 3
