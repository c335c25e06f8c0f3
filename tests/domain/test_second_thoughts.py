"""What may be taken back, and what a streak is without an answer."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oa.domain.lifecycle import TreeState
from oa.domain.second_thoughts import (
    Upon,
    streak_without,
    why_ballot_stays,
    why_review_stays,
    why_skip_stays,
    why_text_stays,
)
from oa.domain.standing import Streak, continued, day_of, lasting

NOTHING = Upon(
    is_answered=False, is_reviewed=False, is_remarked=False, is_reported=False, is_edited=False, is_held=False
)
TODAY = datetime(2026, 11, 20, 15, tzinfo=UTC)


def test_a_text_upon_which_nothing_has_come_may_go() -> None:
    assert why_text_stays(NOTHING, is_deleted=False, has_tree_moved=False) is None


@pytest.mark.parametrize("name", ["is_answered", "is_reviewed", "is_remarked", "is_reported", "is_edited"])
def test_a_text_stays_once_others_have_done_something_about_it(name: str) -> None:
    assert why_text_stays(replace(NOTHING, **{name: True}), is_deleted=False, has_tree_moved=False)


def test_a_text_stays_once_it_is_deleted_or_its_tree_has_moved() -> None:
    assert why_text_stays(NOTHING, is_deleted=True, has_tree_moved=False)
    assert why_text_stays(NOTHING, is_deleted=False, has_tree_moved=True)


@pytest.mark.parametrize(
    ("verdict", "missing", "state", "is_deleted", "stays"),
    [
        (None, 1, TreeState.GROWING, False, False),
        (None, 2, TreeState.INITIAL_PROMPT_REVIEW, False, False),
        (None, 0, TreeState.GROWING, False, True),
        (False, 1, TreeState.GROWING, False, True),
        (True, 1, TreeState.GROWING, False, True),
        (None, 1, TreeState.HALTED_BY_MODERATOR, False, True),
        (None, 1, TreeState.GROWING, True, True),
    ],
)
def test_a_review_stays_once_it_is_closed(
    verdict: bool | None, missing: int, state: TreeState, is_deleted: bool, stays: bool
) -> None:
    assert bool(why_review_stays(verdict, missing=missing, state=state, is_deleted=is_deleted)) is stays


@pytest.mark.parametrize("state", TreeState)
def test_a_ballot_may_go_while_the_tree_is_ranked_and_a_skip_unless_it_is_halted(state: TreeState) -> None:
    assert (why_ballot_stays(state) is None) == (state is TreeState.RANKING)
    assert (why_skip_stays(state) is None) == (state is not TreeState.HALTED_BY_MODERATOR)


def streak_of(answers: list[datetime], now: datetime) -> Streak | None:
    """The streak of somebody who has given these answers, when what is over has been ended."""
    kept = Streak(0, None)
    for answer in sorted(answers):
        kept = continued(kept.days, kept.last_day, answer)
    return Streak(lasting(kept.days, kept.last_day, now), kept.last_day) if answers else None


@given(days=st.lists(st.integers(0, 8), min_size=1, max_size=12), pick=st.integers(0, 11), later=st.integers(0, 3))
def test_a_streak_without_an_answer_is_that_of_the_others(days: list[int], pick: int, later: int) -> None:
    answers = [TODAY + timedelta(days=day, minutes=number) for number, day in enumerate(days)]
    now = max(answers) + timedelta(days=later)
    kept = streak_of(answers, now)
    gone = answers[pick % len(answers)]
    left = [answer for answer in answers if answer != gone]
    assert kept is not None
    if Counter(map(day_of, answers))[day_of(gone)] == 1:  # else the day is none without an answer
        assert streak_without(kept, day_of(gone), max(left, default=None), now) == streak_of(left, now)
