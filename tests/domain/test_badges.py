"""What people have reached."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oa.domain.badges import BADGES, Deed, earned, longest_run

FIRST = datetime(2026, 11, 1, 23, 30, tzinfo=UTC)


def days(*numbers: int) -> list[datetime]:
    return [FIRST + timedelta(days=number) for number in numbers]


def names(deeds: dict[Deed, list[datetime]]) -> list[str]:
    return [one.badge.name for one in earned(deeds)]


def test_a_badge_has_the_date_of_the_deed_that_reached_it() -> None:
    first, tenth = earned({Deed.ACCEPTED_PROMPT: days(*range(12))})
    assert (first.badge.name, first.date) == ("first_prompt", days(0)[0])
    assert (tenth.badge.name, tenth.date) == ("ten_prompts", days(9)[0])


def test_who_has_done_nothing_has_no_badge() -> None:
    assert names({}) == []
    assert names({Deed.REVIEW: []}) == []


@pytest.mark.parametrize("badge", BADGES, ids=lambda badge: badge.name)
def test_each_badge_is_reached_and_not_before(badge: object) -> None:
    deed, needed, name = badge.deed, badge.needed, badge.name  # type: ignore[attr-defined]
    assert name in names({deed: days(*range(needed))})
    assert name not in names({deed: days(*range(needed - 1))})


def test_badges_have_names_of_their_own() -> None:
    assert len({badge.name for badge in BADGES}) == len(BADGES)


@pytest.mark.parametrize(
    ("on", "run"),
    [
        ([], 0),
        ([3], 1),
        ([1, 1, 1], 1),
        ([1, 2, 3], 3),
        ([1, 2, 4, 5, 6, 8], 3),
        ([6, 5, 4], 3),
    ],
)
def test_days_in_a_row_are_found_in_any_order(on: list[int], run: int) -> None:
    assert len(longest_run(days(*on))) == run


def test_days_change_at_midnight_of_utc() -> None:
    late, early = datetime(2026, 11, 1, 23, 59, tzinfo=UTC), datetime(2026, 11, 2, 0, 1, tzinfo=UTC)
    assert longest_run([late, early]) == [late, early]
    assert longest_run([early, early + timedelta(hours=23)]) == [early]


@given(st.lists(st.integers(0, 30), min_size=1))
def test_a_run_is_as_long_as_the_longest_row_of_days(on: list[int]) -> None:
    longest = max(next(length for length in range(32) if day + length not in on) for day in on)
    assert len(longest_run(days(*on))) == longest
