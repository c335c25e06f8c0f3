from __future__ import annotations

import sqlite3
import stat
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from oa.store.backup import back_up
from oa.store.database import Database, Transaction
from oa.store.tables import campaign_settings


def names_in(file: Path) -> set[str]:
    with closing(sqlite3.connect(file)) as connection:
        return {name for (name,) in connection.execute("SELECT name FROM campaign_setting")}


async def test_a_copy_holds_everything_that_was_committed(database: Database, data_dir: Path, tx_now: datetime) -> None:
    def write_and_copy(tx: Transaction) -> Path:
        tx.connection.execute(campaign_settings.insert().values(name="not yet", value=1))
        return back_up(data_dir / "oa.db", data_dir, revision="0001", now=tx.now, kept=1)

    await database.write(
        lambda tx: tx.connection.execute(campaign_settings.insert().values(name="a", value=1)).rowcount
    )
    copy = await database.write(write_and_copy)
    assert copy == data_dir / "backups" / f"oa-{tx_now:%Y%m%dT%H%M%SZ}-0001.db"
    assert names_in(copy) == {"a"}
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert stat.S_IMODE(copy.parent.stat().st_mode) == 0o700


def test_only_the_newest_copies_stay_and_other_files_are_left_alone(data_dir: Path, tx_now: datetime) -> None:
    (data_dir / "backups").mkdir()
    for name in ("oa-before-the-party.db", "notes.txt"):
        (data_dir / "backups" / name).touch()
    made = [
        back_up(data_dir / "oa.db", data_dir, revision="0001", now=tx_now + timedelta(days=day), kept=2)
        for day in (0, 3, 1, 2)
    ]
    left = {path.name for path in (data_dir / "backups").iterdir()}
    assert left == {"oa-before-the-party.db", "notes.txt", made[1].name, made[3].name}


def test_a_copy_that_fails_leaves_nothing_behind(tmp_path: Path, tx_now: datetime) -> None:
    (tmp_path / "oa.db").write_text("this is no database, however long one looks at it" * 100)
    with pytest.raises(sqlite3.DatabaseError):
        back_up(tmp_path / "oa.db", tmp_path, revision="0001", now=tx_now, kept=1)
    assert list((tmp_path / "backups").iterdir()) == []
