from __future__ import annotations

import pytest
from community import Community
from order import Order

from oa.store.database import Database


@pytest.fixture
def community(database: Database) -> Community:
    """People at work on an empty hub."""
    return Community(database)


@pytest.fixture
def order(community: Community) -> Order:
    """Moderators who keep order among them."""
    return Order(community)
