from __future__ import annotations

import re

import pytest

from oa.errors import Conflict, Invalid, WorkerNotFound
from oa.hub import workers
from oa.hub.workers import IssuedWorker
from oa.store.database import Database


def add(database: Database, name: str) -> IssuedWorker:
    return database.run(lambda tx: workers.add(tx, name))


def test_a_key_is_told_once_and_kept_as_a_hash(database: Database) -> None:
    issued = add(database, "attic")
    assert re.fullmatch(r"oaw_[\w-]{43}", issued.secret)
    assert issued.secret.startswith(issued.worker.hint)
    everything = database.run(lambda tx: tx.connection.exec_driver_sql("SELECT * FROM worker").all())
    assert issued.secret not in str(everything)


def test_a_worker_is_recognized_by_its_key(database: Database) -> None:
    attic, cellar = add(database, "attic"), add(database, "cellar")
    assert database.run(lambda tx: workers.recognize(tx, cellar.secret)) == cellar.worker
    assert database.run(lambda tx: workers.recognize(tx, attic.secret[:-1])) is None
    assert database.run(lambda tx: workers.recognize(tx, "")) is None


@pytest.mark.parametrize("by", ["id", "name", "hint"])
def test_a_removed_worker_is_not_recognized(database: Database, by: str) -> None:
    issued = add(database, "attic")
    removed = database.run(lambda tx: workers.remove(tx, str(getattr(issued.worker, by))))
    assert removed == issued.worker
    assert database.run(workers.every) == []
    assert database.run(lambda tx: workers.recognize(tx, issued.secret)) is None
    assert not database.run(lambda tx: workers.is_known(tx, issued.worker.id))


def test_what_is_not_there_or_not_clear_is_not_removed(database: Database) -> None:
    add(database, "attic"), add(database, "attic")
    with pytest.raises(WorkerNotFound, match="no worker cellar"):
        database.run(lambda tx: workers.remove(tx, "cellar"))
    with pytest.raises(Conflict, match="2 workers are called attic"):
        database.run(lambda tx: workers.remove(tx, "attic"))
    assert len(database.run(workers.every)) == 2


@pytest.mark.parametrize("name", ["", "   ", "a\nb", "x" * 300])
def test_a_name_can_be_read(database: Database, name: str) -> None:
    with pytest.raises(Invalid):
        add(database, name)


def test_it_is_known_who_is_connected(database: Database) -> None:
    worker = add(database, "attic").worker
    assert worker.connected_date is None
    database.run(lambda tx: workers.note_arrival(tx, worker.id, "tiny"))
    (here,) = database.run(workers.every)
    assert (here.connected_date, here.model) == (here.last_seen_date, "tiny")
    assert here.connected_date is not None
    database.run(lambda tx: workers.note_departure(tx, worker.id))
    (gone,) = database.run(workers.every)
    assert (gone.connected_date, gone.model, gone.last_seen_date is None) == (None, "tiny", False)


def test_nobody_is_connected_when_the_hub_starts(database: Database) -> None:
    worker = add(database, "attic").worker
    database.run(lambda tx: workers.note_arrival(tx, worker.id, "tiny"))
    database.run(workers.forget_arrivals)
    assert [one.connected_date for one in database.run(workers.every)] == [None]
