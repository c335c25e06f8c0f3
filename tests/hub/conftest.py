from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from oa.store import tables
from oa.store.database import Database


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'oa.db'}")
    database.run(lambda tx: tables.metadata.create_all(tx.connection))
    yield database
    await database.close()
