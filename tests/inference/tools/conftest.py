from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest
from little_web import LittleWeb, little_web


@pytest.fixture
async def web() -> AsyncGenerator[LittleWeb]:
    async with little_web() as web:
        yield web
