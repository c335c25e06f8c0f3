from __future__ import annotations

import pytest
from community import Community

from oa.store.database import Database


@pytest.fixture
def community(database: Database) -> Community:
    """People at work on an empty hub."""
    return Community(database)
