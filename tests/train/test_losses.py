from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from oa.train.losses import ranked_pairs, ranking_loss

torch.set_num_threads(1)

groups = st.lists(st.lists(st.floats(-8, 8), min_size=1, max_size=5), min_size=1, max_size=4)


def reference(found: list[list[float]], l2: float) -> float:
    """The definition, word by word."""
    means: list[float] = []
    for group in found:
        terms = [
            math.log1p(math.exp(-(better - worse))) + l2 * (better**2 + worse**2) / 2
            for at, better in enumerate(group)
            for worse in group[at + 1 :]
        ]
        if terms:
            means.append(math.fsum(terms) / len(terms))
    return math.fsum(means) / len(means) if means else 0.0


@settings(deadline=None)
@given(groups, st.sampled_from([0.0, 0.001, 0.5]))
def test_the_loss_is_the_mean_over_groups_of_the_mean_over_pairs(found: list[list[float]], l2: float) -> None:
    scores = torch.tensor([score for group in found for score in group], dtype=torch.float64)
    loss = ranking_loss(scores, [len(group) for group in found], l2=l2)
    assert loss.item() == pytest.approx(reference(found, l2), abs=1e-12)


def test_hand_made_numbers() -> None:
    loss = ranking_loss(torch.tensor([2.0, 0.0, 1.0, 1.0]), [2, 2], l2=0.1)
    first = math.log(1 + math.exp(-2)) + 0.1 * 0.5 * 4
    second = math.log(2) + 0.1 * 0.5 * 2
    assert loss.item() == pytest.approx((first + second) / 2)


def test_the_gradient_of_a_pair_is_a_logistic_one() -> None:
    scores = torch.tensor([0.3, -0.4], dtype=torch.float64, requires_grad=True)
    ranking_loss(scores, [2], l2=0.2).backward()
    wrong = 1 / (1 + math.exp(0.7))
    assert scores.grad is not None
    assert scores.grad.tolist() == pytest.approx([-wrong + 0.2 * 0.3, wrong - 0.2 * 0.4])


def test_ties_give_no_pair() -> None:
    scores = torch.tensor([1.0, 5.0, 0.0])
    assert ranked_pairs([3], [0, 0, 1]) == [[(0, 2), (1, 2)]]
    expected = (math.log1p(math.exp(-1)) + math.log1p(math.exp(-5))) / 2
    assert ranking_loss(scores, [3], l2=0.0, ranks=[0, 0, 1]).item() == pytest.approx(expected)


def test_groups_without_a_pair_count_for_nothing_and_alone_give_zero_with_a_gradient() -> None:
    scores = torch.tensor([1.0, 0.0, 7.0], requires_grad=True)
    assert ranking_loss(scores, [2, 1], l2=0.0).item() == pytest.approx(math.log1p(math.exp(-1)))
    nothing = ranking_loss(scores, [1, 2], l2=0.0, ranks=[0, 0, 0])
    nothing.backward()
    assert nothing.item() == 0.0
    assert scores.grad is not None
    assert scores.grad.tolist() == [0.0, 0.0, 0.0]


def test_it_stays_finite_far_out_and_computes_half_numbers_in_full() -> None:
    loss = ranking_loss(torch.tensor([-3e4, 3e4], dtype=torch.float16), [2])
    assert loss.dtype is torch.float32
    assert loss.item() == pytest.approx(6e4, rel=1e-3)


@pytest.mark.parametrize(("sizes", "ranks"), [([2], None), ([3], [0, 1])])
def test_what_does_not_fit_is_refused(sizes: list[int], ranks: list[int] | None) -> None:
    with pytest.raises(ValueError, match="replies"):
        ranking_loss(torch.zeros(3), sizes, ranks=ranks)
