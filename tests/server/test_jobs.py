"""What the hub does by itself, it does for ever."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from oa.hub import growth, trust
from oa.server import jobs
from oa.store.database import Database


class Enough(Exception):
    pass


async def test_tidying_is_done_at_once_and_then_every_hour_whatever_happens(
    database: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    happened: list[object] = []

    def tidy(_: Any) -> dict[str, int]:
        happened.append("tidy")
        if len(happened) == 1:
            raise RuntimeError("lost")
        return {}

    async def pause(seconds: float) -> None:
        happened.append(seconds)
        if len(happened) == 4:
            raise Enough

    monkeypatch.setattr(growth, "tidy", tidy)
    with pytest.raises(Enough):
        await jobs.tidy_for_ever(database, pause)
    assert happened == ["tidy", 3600.0, "tidy", 3600.0]
    assert "tidying failed" in caplog.text


async def test_the_work_ends_with_the_hub(database: Database) -> None:
    async with jobs.running(database):
        assert [task for task in asyncio.all_tasks() if task.get_name() == "tidy"]
    assert not [task for task in asyncio.all_tasks() if task.get_name() == "tidy"]


async def test_signs_of_abuse_are_looked_for_every_hour_whatever_happens(
    database: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    happened: list[object] = []

    async def look(_: Any) -> trust.Raised:
        happened.append("look")
        if len(happened) == 2:
            raise RuntimeError("lost")
        return trust.Raised(0, 0)

    async def pause(seconds: float) -> None:
        happened.append(seconds)
        if len(happened) == 5:
            raise Enough

    monkeypatch.setattr(trust, "look_for_signs", look)
    with pytest.raises(Enough):
        await jobs.look_for_ever(database, pause)
    assert happened == [60.0, "look", 3600.0, "look", 3600.0]
    assert "looking for signs of abuse failed" in caplog.text
