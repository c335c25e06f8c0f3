"""Trees into a hub and out of it, by its use cases."""

from __future__ import annotations

import dataclasses
import random
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sample_trees import message, tree

from oa.domain.anonymity import Anonymiser
from oa.domain.lifecycle import TreeState
from oa.domain.records import Fault, MessageRecord, TreeRecord
from oa.domain.selection import Selection, Share
from oa.domain.tree import Role
from oa.hub.exchange import Exporter, ImportCount, Importer, ImportOptions
from oa.store import dialect
from oa.store.database import Database
from oa.store.opening import FILE_NAME

EVERYTHING = Selection(
    state=None,
    deleted=Share.ALSO,
    spam=Share.ALSO,
    synthetic=Share.ALSO,
    labels=True,
    events=True,
    origin=True,
)

ACCEPTED = {"review_result": True, "review_count": 3}


def take_in(database: Database, trees: Iterable[TreeRecord], **options: Any) -> ImportCount:
    """Import trees that have no faults."""
    importer = Importer(ImportOptions(**options))
    assert database.run(lambda tx: importer.add(tx, list(trees))) == []
    return importer.total


def refusals(database: Database, *trees: TreeRecord) -> list[Fault]:
    importer = Importer(ImportOptions())
    return database.run(lambda tx: importer.add(tx, trees))


def give_out(database: Database, selection: Selection = EVERYTHING, seed: str | None = None) -> list[TreeRecord]:
    exporter = Exporter(selection, None if seed is None else Anonymiser(seed))
    return database.run(lambda tx: list(exporter.records(tx)))


def in_state(state: TreeState | None, *replies: MessageRecord, **prompt: Any) -> TreeRecord:
    return dataclasses.replace(tree(*replies, **prompt), state=state)


def finished(first: int = 0, **fields: Any) -> TreeRecord:
    """A tree of three messages with its ranks."""
    prompt = message(first, role=Role.PROMPTER, **ACCEPTED | fields)
    replies = [
        message(first + number, first, role=Role.ASSISTANT, rank=2 - number, **ACCEPTED | fields) for number in (1, 2)
    ]
    return TreeRecord(id=prompt.id, state=TreeState.READY_FOR_EXPORT, messages=(prompt, *replies))


def are_distinct(trees: list[TreeRecord]) -> bool:
    ids = [one.id for record in trees for one in record.messages]
    return len(set(ids)) == len(ids)


@contextmanager
def fresh(file: Path, directory: Path) -> Iterator[Database]:
    """A database of its own for one made-up example."""
    copy = shutil.copy(file, directory / FILE_NAME)
    database = Database(dialect.sqlite_url(Path(copy)), rng=random.Random(1))
    try:
        yield database
    finally:
        database.shut()
