from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from community import SMALL, Community
from desk import Desk, Hub

from oa.hub import campaigns


@pytest.fixture
def desk(hub: Hub, tmp_path: Path, clock: Callable[[], datetime], monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.chdir(tmp_path)  # so that screens that tell a path tell the same everywhere
    return Desk(hub, Path(), clock)


@pytest.fixture
def community(hub: Hub) -> Community:
    """Others who work at the same hub, in small trees."""
    found = Community(hub.database)
    hub.database.run(lambda tx: campaigns.change(tx, {name: str(value) for name, value in SMALL.items()}))
    found.set(rate_limit=False, p_full_labeling_review_prompt=1.0)
    return found
