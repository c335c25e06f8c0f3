"""Votes become a verdict: enough of them, few enough complaints, and acceptance is final."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oa.domain.review import LabelMean, acceptance_score, decide, summarise

Vote = dict[str, float]

quick = settings(max_examples=25, deadline=None)

GOOD: Vote = {"spam": 0, "quality": 1}
SPAM: Vote = {"spam": 1}
FOREIGN: Vote = {"spam": 0, "lang_mismatch": 1}

votes_lists = st.lists(
    st.fixed_dictionaries(
        {"spam": st.floats(0, 1)}, optional={"lang_mismatch": st.floats(0, 1), "quality": st.floats(0, 1)}
    ),
    max_size=6,
)


@pytest.mark.parametrize(
    ("votes", "expected"),
    [
        pytest.param([], 1.0, id="no votes, no complaint"),
        pytest.param([GOOD, GOOD, GOOD], 1.0, id="nobody complains"),
        pytest.param([SPAM, GOOD, GOOD], 2 / 3, id="one of three sees spam"),
        pytest.param([GOOD, GOOD, FOREIGN], 2 / 3, id="a flag not raised counts as not seen"),
        pytest.param([{"spam": 1, "lang_mismatch": 1}], -1.0, id="every complaint there is"),
        pytest.param([{"spam": 0.5}, {"spam": 0.25}], 0.625, id="shades between"),
        pytest.param([{"quality": 0.0}], 1.0, id="other labels do not matter"),
    ],
)
def test_the_score_counts_complaints(votes: list[Vote], expected: float) -> None:
    assert acceptance_score(votes) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("votes", "current", "expected"),
    [
        pytest.param([], None, None, id="no votes, no verdict"),
        pytest.param([GOOD, GOOD], None, None, id="too few votes, no verdict"),
        pytest.param([GOOD, GOOD, GOOD], None, True, id="three good votes accept"),
        pytest.param([GOOD, GOOD, SPAM], None, True, id="one sees spam: accepted"),
        pytest.param([GOOD, FOREIGN, GOOD], None, True, id="one sees the wrong language: accepted"),
        pytest.param([GOOD, FOREIGN, SPAM], None, False, id="two complaints of different kinds: rejected"),
        pytest.param(
            [GOOD, GOOD, {"spam": 1, "lang_mismatch": 1}], None, False, id="one person, two complaints: rejected"
        ),
        pytest.param([GOOD, SPAM, SPAM], None, False, id="two of three see spam: rejected"),
        pytest.param([SPAM] * 3, True, True, id="an acceptance is never revoked"),
        pytest.param([SPAM], True, True, id="nor is it by a lack of votes"),
        pytest.param([SPAM], False, False, id="a rejection with too few votes stands"),
        pytest.param([SPAM, SPAM, GOOD, GOOD], False, False, id="two of four see spam: still rejected"),
        pytest.param([SPAM, SPAM, GOOD, GOOD, GOOD], False, False, id="two of five is exactly 0.6: still rejected"),
        pytest.param([SPAM, SPAM, GOOD, GOOD, GOOD, GOOD], False, True, id="two of six turn the rejection"),
    ],
)
def test_verdicts_with_three_reviews_and_a_threshold_of_six_tenths(
    votes: list[Vote], current: bool | None, expected: bool | None
) -> None:
    assert decide(votes, current=current, required=3, threshold=0.6) is expected


@pytest.mark.parametrize(
    ("votes", "threshold"),
    [
        pytest.param([SPAM] * 2 + [GOOD] * 3, 0.6, id="two of five"),
        pytest.param([{"spam": 0.4}] * 3, 0.6, id="three times four tenths"),
        pytest.param([{"spam": 0.1, "lang_mismatch": 0.3}] * 3, 0.6, id="a tenth and three tenths"),
        pytest.param([{"spam": 0.6}, {"spam": 0.3}, {"spam": 0.3}], 0.6, id="decimals that binary cannot hold"),
        pytest.param([{"spam": 1 / 3}, {"spam": 2 / 3}, SPAM, GOOD, GOOD], 0.6, id="thirds that add up"),
        pytest.param([{"spam": 0.1}, {"spam": 0.2}, GOOD], 0.9, id="0.1 + 0.2 of three"),
        pytest.param([SPAM] + [GOOD] * 9, 0.9, id="one of ten against nine tenths"),
        pytest.param([{"spam": 0.7, "lang_mismatch": 0.2}] * 3, 0.1, id="nine tenths complained"),
        pytest.param([SPAM, GOOD, GOOD], 2 / 3, id="one of three against two thirds"),
        pytest.param([GOOD] * 3, 1.0, id="a threshold that nothing exceeds"),
    ],
)
def test_a_score_exactly_at_the_threshold_rejects(votes: list[Vote], threshold: float) -> None:
    assert decide(votes, current=None, required=3, threshold=threshold) is False
    assert decide(votes, current=None, required=3, threshold=threshold - 0.001) is True


def test_a_campaign_without_reviews_accepts_everything() -> None:
    assert decide([], current=None, required=0, threshold=0.6) is True


@quick
@given(votes_lists, st.sampled_from([None, False, True]), st.integers(0, 5), st.floats(0, 1))
def test_a_verdict_never_goes_back_to_undecided_nor_away_from_accepted(
    votes: list[Vote], current: bool | None, required: int, threshold: float
) -> None:
    verdict = decide(votes, current=current, required=required, threshold=threshold)
    assert current is None or verdict is not None
    assert current is not True or verdict is True
    assert (verdict is None) == (current is None and len(votes) < required)


@quick
@given(votes_lists, st.randoms(use_true_random=False))
def test_the_order_of_the_votes_does_not_matter(votes: list[Vote], rng: random.Random) -> None:
    shuffled = rng.sample(votes, len(votes))
    assert acceptance_score(shuffled) == pytest.approx(acceptance_score(votes), abs=1e-12)
    for threshold in (0.0, 0.6, 1.0):
        verdicts = {decide(v, current=None, required=1, threshold=threshold) for v in (votes, shuffled)}
        assert len(verdicts) == 1
    assert summarise(shuffled) == summarise(votes)


@quick
@given(votes_lists)
def test_the_score_stays_in_range_and_one_more_complaint_never_raises_it(votes: list[Vote]) -> None:
    score = acceptance_score(votes)
    assert -1 <= score <= 1 + 1e-12
    assert acceptance_score([*votes, {"spam": 1, "lang_mismatch": 1}]) <= score + 1e-12
    assert acceptance_score([*votes, GOOD]) >= score - 1e-12


def test_a_summary_counts_only_those_who_answered() -> None:
    votes: list[Vote] = [{"quality": 0.5, "spam": 0}, {"spam": 1}, {"quality": 1.0, "spam": 0, "lang_mismatch": 0}]
    assert summarise(votes) == {
        "spam": LabelMean(1 / 3, 3),
        "lang_mismatch": LabelMean(0.0, 1),
        "quality": LabelMean(0.75, 2),
    }


def test_a_summary_of_nothing_is_empty() -> None:
    assert summarise([]) == summarise([{}]) == {}


def test_a_summary_follows_the_catalogue_and_keeps_names_from_elsewhere() -> None:
    votes: list[Vote] = [{"zeal": 1, "violence": 0}, {"quality": 1, "angst": 0, "spam": 0}]
    assert list(summarise(votes)) == ["spam", "quality", "violence", "angst", "zeal"]


@quick
@given(votes_lists)
def test_a_mean_lies_between_the_values_that_were_given(votes: list[Vote]) -> None:
    for name, mean in summarise(votes).items():
        values = [vote[name] for vote in votes if name in vote]
        assert mean.count == len(values)
        assert min(values) - 1e-12 <= mean.value <= max(values) + 1e-12
