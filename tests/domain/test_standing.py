"""Points, levels, places, time frames and streaks."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oa.domain import standing
from oa.domain.labels import Label, ReviewMode
from oa.domain.standing import (
    COUNTERS,
    LEADER_COUNTERS,
    POINTS,
    TENTHS,
    WIDEST_FIRST,
    Authored,
    Sample,
    Streak,
    TimeFrame,
    Window,
)
from oa.domain.tree import Role

NOON = datetime(2026, 11, 20, 12, 34, 56, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 20, tzinfo=UTC)
moments = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))


def message(
    role: Role = Role.ASSISTANT, *, is_accepted: bool = False, rank: int | None = None, **emojis: int
) -> Authored:
    return Authored(role=role, is_prompt=False, is_accepted=is_accepted, rank=rank, emojis=emojis)


PROMPT = Authored(role=Role.PROMPTER, is_prompt=True, is_accepted=True, rank=None, emojis={})


# --- points ----------------------------------------------------------------------------------------------------------


def test_the_points_are_those_of_the_original() -> None:
    counters = {
        "replies_assistant": 1,
        "accepted_replies_assistant": 1,
        "labels_full": 3,
        "reply_ranked_1": 2,
        "reply_ranked_2": 1,
    }
    assert standing.leader_score(counters) == 35
    assert standing.level(35).number == 6


@pytest.mark.parametrize(("name", "points"), list(POINTS.items()))
def test_each_counter_has_its_weight(name: str, points: int) -> None:
    assert standing.leader_score({name: 7}) == 7 * points


@pytest.mark.parametrize(("count", "points"), [(0, 0), (9, 0), (10, 1), (19, 1), (30, 3), (100, 10)])
def test_ten_prompts_are_a_point_and_so_are_ten_accepted_ones(count: int, points: int) -> None:
    assert [standing.leader_score({name: count}) for name in TENTHS] == [points, points]
    assert int(0.1 * count) == points


def test_everything_that_earns_points_is_a_counter() -> None:
    assert {*POINTS, *TENTHS} == set(LEADER_COUNTERS)


def test_spam_votes_are_shown_and_do_not_count() -> None:
    counters = {"red_flags": 2, "upvotes": 3, "downvotes": 1, "spam_prompts": 1, "spam": 9, "hate_speech": 1}
    assert standing.troll_score(counters) == 6 - 3 + 1 + 1 + 1


# --- what counts -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "counted"),
    [
        pytest.param(PROMPT, {"prompts": 1, "accepted_prompts": 1}, id="an accepted prompt"),
        pytest.param(message(), {"replies_assistant": 1}, id="a reply in review"),
        pytest.param(
            message(Role.PROMPTER, is_accepted=True),
            {"replies_prompter": 1, "accepted_replies_prompter": 1},
            id="an accepted reply of a prompter",
        ),
        pytest.param(
            message(is_accepted=True, rank=0),
            {"replies_assistant": 1, "accepted_replies_assistant": 1, "reply_ranked_1": 1},
            id="the best of its siblings",
        ),
        pytest.param(message(rank=3), {"replies_assistant": 1}, id="the fourth of its siblings"),
        pytest.param(
            message(red_flag=2, _skip_reply=9), {"replies_assistant": 1, "red_flags": 2}, id="a message with red flags"
        ),
    ],
)
def test_a_message_counts_for_its_author(written: Authored, counted: dict[str, int]) -> None:
    assert standing.authored(written) == counted


def test_flags_count_from_a_half_and_scales_add_up_in_millionths() -> None:
    labels = {"spam": 0.5, "pii": 0.4, "lang_mismatch": 1.0, "quality": 0.25, "creativity": 1.0}
    counted = Counter(standing.labelled(labels))
    counted.update(standing.labelled({"quality": 0.5}))
    assert +counted == {"spam": 1, "lang_mismatch": 1, "quality_votes": 2, "quality_sum": 750_000}
    assert standing.mean(counted, Label.QUALITY) == 0.375
    assert standing.mean(counted, Label.HUMOR) is None


@given(st.dictionaries(st.sampled_from([*Label]), st.floats(0, 1)))
def test_labels_count_in_no_other_counters_than_there_are(labels: dict[Label, float]) -> None:
    assert set(standing.labelled(labels)) <= set(COUNTERS)


def test_a_review_counts_by_its_mode() -> None:
    assert [*standing.reviewed(ReviewMode.FULL), *standing.reviewed(ReviewMode.SIMPLE)] == [
        "labels_full",
        "labels_simple",
    ]


@pytest.mark.parametrize(
    ("order", "is_good"),
    [("abc", True), ("acb", True), ("bac", True), ("cba", False), ("cab", False), ("bca", False), ("ab", True)],
)
def test_a_ballot_is_good_if_it_agrees_with_the_consensus_rather_than_not(order: str, is_good: bool) -> None:
    ranks = {"a": 0, "b": 1, "c": 2}
    assert standing.ranked(order, ranks, not_rankable=False)["rankings_good"] == is_good


@pytest.mark.parametrize(
    ("order", "ranks", "not_rankable"),
    [
        pytest.param("ab", {}, False, id="no consensus"),
        pytest.param("abcd", {"a": 0, "b": 1}, True, id="a ballot that ranks nothing"),
        pytest.param("abcd", {"a": 0}, False, id="one reply left"),
        pytest.param("aab", {"a": 0, "b": 1}, False, id="a ballot that names a reply twice"),
    ],
)
def test_a_ballot_that_cannot_be_compared_counts_as_a_ballot_only(
    order: str, ranks: dict[str, int], not_rankable: bool
) -> None:
    assert standing.ranked(order, ranks, not_rankable=not_rankable) == {"rankings_total": 1}


def test_samples_are_accepted_messages_and_ranked_replies() -> None:
    assert list(standing.samples(PROMPT)) == [Sample.INITIAL_PROMPT]
    assert list(standing.samples(message(rank=0, is_accepted=True))) == [Sample.ASSISTANT_REPLY, Sample.RANKING]
    assert list(standing.samples(message(Role.PROMPTER))) == []


# --- levels ----------------------------------------------------------------------------------------------------------

FIRST = [0, 4, 9, 16, 24, 32, 42, 53, 65, 79, 93, 109, 126, 144, 163, 183, 205, 227, 251, 276, 302]


@pytest.mark.parametrize(
    ("level", "points"),
    [*enumerate(FIRST, start=1), (10, 79), (25, 418), (50, 1558), (75, 3419), (98, 5767), (99, 5883), (100, 6000)],
)
def test_a_level_begins_where_the_originals_does(level: int, points: int) -> None:
    reached = standing.level(points)
    assert (reached.number, reached.begins_at) == (level, points)
    assert standing.level(points - 1).number == level - 1 if points else reached.number == 1
    assert standing.level(points - 1).next_at == points if points else True


def test_levels_end_at_a_hundred_and_begin_with_the_first_thing_done() -> None:
    assert (standing.level(1_000_000).number, standing.level(1_000_000).next_at) == (100, None)
    assert (standing.level(None).number, standing.level(None).next_at) == (0, 0)
    assert len(standing.THRESHOLDS) == 100


# --- places ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rank", "size", "places"),
    [(1, 5, Window(1, 5)), (10, 5, Window(8, 13)), (2, 5, Window(1, 5)), (3, 1, Window(3, 4)), (1, 1, Window(1, 2))],
)
def test_a_window_is_cut_as_the_original_cuts_it(rank: int, size: int, places: Window) -> None:
    assert standing.window(rank, size) == places


@given(st.integers(1, 10_000), st.integers(1, 100))
def test_a_window_holds_the_place_itself(rank: int, size: int) -> None:
    places = standing.window(rank, size)
    assert 1 <= places.first <= rank <= places.last


# --- time frames -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("frame", "base_date"),
    [
        (TimeFrame.DAY, datetime(2026, 11, 19, 12, tzinfo=UTC)),
        (TimeFrame.WEEK, datetime(2026, 11, 13, tzinfo=UTC)),
        (TimeFrame.MONTH, datetime(2026, 10, 21, tzinfo=UTC)),
        (TimeFrame.TOTAL, None),
    ],
)
def test_a_time_frame_begins(frame: TimeFrame, base_date: datetime | None) -> None:
    assert frame.base_date(NOON) == base_date


@given(moments)
def test_each_frame_lies_inside_the_wider_ones(now: datetime) -> None:
    bases = [base for frame in WIDEST_FIRST if (base := frame.base_date(now)) is not None]
    assert bases == sorted(bases)
    assert bases[-1] <= now - timedelta(days=1)
    assert [frame.breadth for frame in WIDEST_FIRST] == [0, 1, 2, 3]


# --- streaks ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("days", "last_day", "after"),
    [
        pytest.param(None, None, 1, id="the first answer"),
        pytest.param(4, MIDNIGHT, 4, id="another on the same day"),
        pytest.param(4, MIDNIGHT - timedelta(days=1), 5, id="the day after"),
        pytest.param(4, MIDNIGHT - timedelta(days=2), 1, id="after a day without"),
        pytest.param(4, MIDNIGHT + timedelta(days=1), 1, id="the clock was put back"),
        pytest.param(0, MIDNIGHT - timedelta(days=1), 1, id="a streak that was ended"),
    ],
)
def test_an_answer_continues_a_streak_or_begins_one(days: int | None, last_day: datetime | None, after: int) -> None:
    assert standing.continued(days, last_day, NOON) == Streak(after, MIDNIGHT)


@pytest.mark.parametrize(
    ("age", "days"), [(0, 4), (1, 4), (2, 0), (30, 0)], ids=["today", "yesterday", "the day before", "long ago"]
)
def test_a_streak_lasts_until_a_whole_day_has_passed_without_an_answer(age: int, days: int) -> None:
    assert standing.lasting(4, MIDNIGHT - timedelta(days=age), NOON) == days


def test_without_an_answer_there_is_no_streak() -> None:
    assert standing.lasting(None, None, NOON) == 0


@given(st.lists(st.integers(0, 40), min_size=1).map(sorted))
def test_a_streak_is_the_number_of_days_in_a_row(days_on: list[int]) -> None:
    streak = Streak(0, None)
    for day in days_on:
        streak = standing.continued(streak.days, streak.last_day, NOON + timedelta(days=day))
    run = 1
    while days_on[-1] - run in days_on:
        run += 1
    assert streak.days == run
