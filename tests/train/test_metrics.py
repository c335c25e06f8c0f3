from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oa.train.metrics import ranking_figures


def inversions(order: tuple[int, ...]) -> int:
    return sum(order[at] < later for at in range(len(order)) for later in order[at + 1 :])


def test_tau_counts_inversions_in_every_order_of_five() -> None:
    for order in permutations(range(5)):
        figures = ranking_figures([float(score) for score in order], [5])
        assert figures.kendall_tau == pytest.approx(1 - 2 * inversions(order) / 10)
        assert figures.accuracy_pairs == pytest.approx(1 - inversions(order) / 10)
        assert figures.accuracy_best_worst == float(order[0] > order[4])
        assert figures.margin == order[0] - order[4]


def test_pairs_are_counted_over_all_groups_and_groups_one_by_one() -> None:
    figures = ranking_figures([3.0, 2.0, 1.0, 0.0, 1.0], [3, 2])
    assert figures.accuracy_pairs == pytest.approx(3 / 4)
    assert figures.accuracy_best_worst == 0.5
    assert figures.kendall_tau == 0.0
    assert figures.groups == 2


def test_equal_scores_of_unequal_replies_lose() -> None:
    figures = ranking_figures([1.0, 1.0], [2])
    assert (figures.accuracy_pairs, figures.accuracy_best_worst, figures.kendall_tau) == (0.0, 0.0, -1.0)


def test_replies_of_one_rank_are_not_compared() -> None:
    figures = ranking_figures([0.0, 9.0, -1.0, 4.0], [3, 1], [0, 0, 1, 0])
    assert (figures.accuracy_pairs, figures.groups) == (1.0, 1)
    assert ranking_figures([1.0, 2.0], [2], [0, 0]).groups == 0


@given(st.lists(st.floats(-5, 5), min_size=2, max_size=6, unique=True))
def test_turning_the_scores_round_turns_the_figures_round(scores: list[float]) -> None:
    one, other = ranking_figures(scores, [len(scores)]), ranking_figures([-score for score in scores], [len(scores)])
    assert one.kendall_tau == pytest.approx(-other.kendall_tau)
    assert one.accuracy_pairs == pytest.approx(1 - other.accuracy_pairs)


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="3 replies in groups, 2 scores"):
        ranking_figures([1.0, 2.0], [3])
