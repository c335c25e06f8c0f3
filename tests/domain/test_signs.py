from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction
from itertools import product
from math import comb
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oa.domain.signs import NOTHING_JUDGED, Judged, Key, SignKind, at_least, at_least_of, explain

ONE, OTHER = UUID(int=1), UUID(int=2)
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@given(st.integers(0, 40), st.integers(0, 40), st.fractions(0, 1, max_denominator=20))
def test_the_tail_of_the_binomial_is_the_exact_one(hits: int, trials: int, chance: Fraction) -> None:
    exact = sum(comb(trials, k) * chance**k * (1 - chance) ** (trials - k) for k in range(hits, trials + 1))
    assert at_least(hits, trials, float(chance)) == pytest.approx(float(exact), rel=1e-9, abs=1e-300)


@given(st.integers(0, 9), st.lists(st.fractions(0, 1, max_denominator=9), max_size=8))
def test_the_tail_with_chances_of_their_own_is_the_exact_one(hits: int, chances: list[Fraction]) -> None:
    exact = Fraction(0)
    for outcome in product((True, False), repeat=len(chances)):
        if sum(outcome) >= hits:
            probability = Fraction(1)
            for happens, chance in zip(outcome, chances, strict=True):
                probability *= chance if happens else 1 - chance
            exact += probability
    assert at_least_of(hits, [float(chance) for chance in chances]) == pytest.approx(float(exact), abs=1e-12)


@given(st.integers(1, 200), st.floats(0.01, 0.99), st.data())
def test_both_tails_agree_where_all_chances_are_equal(trials: int, chance: float, data: st.DataObject) -> None:
    hits = data.draw(st.integers(0, trials))
    assert at_least_of(hits, [chance] * trials) == pytest.approx(at_least(hits, trials, chance), rel=1e-6, abs=1e-12)


def test_thousands_of_trials_do_not_overflow() -> None:
    assert 0 < at_least(6_000, 10_000, 0.5) < 1e-80


def test_a_pair_is_the_same_pair_either_way_round() -> None:
    kind = SignKind.VOTES_IN_CONCERT
    assert Key.of_pair(kind, ONE, OTHER) == Key.of_pair(kind, OTHER, ONE) == Key(kind, ONE, OTHER)


def test_what_was_done_before_a_decision_is_no_news() -> None:
    key = Key(SignKind.COPIED_TEXT, ONE)
    judged = Judged({key: NOON})
    assert not judged.is_news(key, NOON)
    assert judged.is_news(key, NOON.replace(minute=1))
    assert judged.is_news(Key(SignKind.SAME_ANSWER, ONE), NOON)
    assert NOTHING_JUDGED.is_news(key, NOON)


EVIDENCE: dict[SignKind, dict[str, object]] = {
    SignKind.COPIED_TEXT: {"copies": 4, "texts": 9, "own": 1},
    SignKind.IMPOSSIBLE_SPEED: {"fast": 12, "answers": 14, "median_s": 0.4, "needed_s": 6.1},
    SignKind.SAME_ANSWER: {"patterns": ["quality = 0.5 in 40 reviews"], "answers": 40},
    SignKind.VOTES_IN_CONCERT: {"together": 18, "decided": 19},
    SignKind.ACCOUNTS_IN_STEP: {
        "close": 20, "answers": 30, "within_s": 10.0, "handovers": 2, "sessions": 5, "same_texts": 0,
    },
}  # fmt: skip


@pytest.mark.parametrize("kind", SignKind)
def test_every_sign_is_explained_with_its_counts_and_with_what_else_it_may_be(kind: SignKind) -> None:
    said = explain(kind, EVIDENCE[kind])
    counts = [value for value in EVIDENCE[kind].values() if isinstance(value, int)]
    assert counts
    assert kind is SignKind.SAME_ANSWER or all(str(count) in said for count in counts)
    assert "can look like this" in said or kind is SignKind.SAME_ANSWER
