from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from oa.domain.announcements import LONGEST, Announcement
from oa.errors import Invalid

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def announcement(**facts: Any) -> Announcement:
    plain = {"text": "Hello", "lang": None, "from_date": NOON, "until_date": NOON + HOUR}
    return Announcement(id=UUID(int=1), created_date=NOON, created_by=None, **{**plain, **facts})


@pytest.mark.parametrize(("after", "is_current"), [(-1, False), (0, True), (59, True), (60, False)])
def test_it_is_told_from_its_first_moment_until_its_last(after: int, is_current: bool) -> None:
    assert announcement().is_current(NOON + timedelta(minutes=after)) is is_current


def test_without_an_end_it_is_told_on_and_on() -> None:
    assert announcement(until_date=None).is_current(NOON + timedelta(days=1000))


@pytest.mark.parametrize(
    "facts",
    [{"text": ""}, {"text": " \n"}, {"text": "x" * (LONGEST + 1)}, {"until_date": NOON}],
    ids=["no text", "blank", "too long", "no time"],
)
def test_what_cannot_be_told_is_refused(facts: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        announcement(**facts).check()
