from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from oa.train.ppo import (
    AdaptiveKL,
    advantages,
    divergence,
    entropy,
    explained_variance,
    policy_loss,
    token_log_probabilities,
    token_rewards,
    value_loss,
    whitened,
)

torch.set_num_threads(1)

shapes = st.tuples(st.integers(1, 4), st.integers(1, 7), st.integers(0, 2**32 - 1))
shares = st.floats(0, 1)


def double_loop(rewards: np.ndarray, values: np.ndarray, *, gamma: float, lam: float) -> np.ndarray:
    """The definition: the sum of all later surprises, each worth (gamma lam)^distance."""
    size = len(rewards)
    padded = np.append(values, 0.0)
    surprises = [rewards[at] + gamma * padded[at + 1] - padded[at] for at in range(size)]
    return np.array(
        [sum((gamma * lam) ** (at - start) * surprises[at] for at in range(start, size)) for start in range(size)]
    )


@settings(deadline=None)
@given(shapes, shares, shares)
def test_advantages_are_the_sum_of_later_surprises_within_the_mask(
    shape: tuple[int, int, int], gamma: float, lam: float
) -> None:
    rows, length, seed = shape
    rng = np.random.default_rng(seed)
    rewards, values = rng.normal(size=(2, rows, length))
    mask = rng.random((rows, length)) < 0.7
    found, returns = advantages(torch.tensor(rewards), torch.tensor(values), torch.tensor(mask), gamma=gamma, lam=lam)
    for row in range(rows):
        inside = mask[row]
        expected = double_loop(rewards[row][inside], values[row][inside], gamma=gamma, lam=lam)
        assert np.allclose(found[row].numpy()[inside], expected, atol=1e-12)
        assert np.allclose(returns[row].numpy()[inside], expected + values[row][inside], atol=1e-12)
        assert not found[row].numpy()[~inside].any()
        assert not returns[row].numpy()[~inside].any()


def test_what_stands_outside_the_mask_counts_for_nothing() -> None:
    mask = torch.tensor([[1, 1, 0]])
    clean = advantages(torch.tensor([[0.0, 1.0, 0.0]]), torch.tensor([[0.5, 0.2, 0.0]]), mask, gamma=1.0, lam=0.9)
    dirty = advantages(
        torch.tensor([[0.0, 1.0, float("nan")]]), torch.tensor([[0.5, 0.2, float("inf")]]), mask, gamma=1.0, lam=0.9
    )
    assert torch.equal(clean[0], dirty[0])
    assert torch.equal(clean[1], dirty[1])


def test_with_lambda_one_returns_are_the_rewards_to_come_and_with_zero_one_step_of_them() -> None:
    rewards, values = torch.tensor([[1.0, 2.0, 4.0]]), torch.tensor([[9.0, 8.0, 7.0]])
    mask = torch.ones(1, 3)
    assert advantages(rewards, values, mask, gamma=0.5, lam=1.0)[1].tolist() == [[3.0, 4.0, 4.0]]
    assert advantages(rewards, values, mask, gamma=0.5, lam=0.0)[1].tolist() == [[5.0, 5.5, 4.0]]


def test_the_coefficient_follows_the_divergence_by_at_most_a_fifth_a_horizon() -> None:
    control = AdaptiveKL(0.1, 6.0, 10000.0)
    assert control.update(6.6, 100) == pytest.approx(0.1 * (1 + 0.1 * 0.01))
    control = AdaptiveKL(0.1, 6.0, 1000.0)
    assert control.update(1e9, 500) == pytest.approx(0.1 * 1.1)
    assert control.update(0.0, 500) == pytest.approx(0.1 * 1.1 * 0.9)
    assert control.update(float("nan"), 500) == control.coefficient == pytest.approx(0.099)


def test_a_token_costs_its_divergence_and_the_last_one_gets_the_score() -> None:
    kl = torch.tensor([[0.2, -0.1, 0.05], [0.2, -0.1, float("nan")]])
    mask = torch.tensor([[1, 1, 1], [1, 1, 0]])
    found = token_rewards(torch.tensor([4.0, 1.0]), kl, mask, coefficient=0.1)
    assert found.flatten().tolist() == pytest.approx([-0.02, 0.01, 3.995, -0.02, 1.01, 0.0])
    assert token_rewards(torch.tensor([4.0]), kl[:1], torch.zeros(1, 3), coefficient=0.1).tolist() == [[0.0] * 3]


@settings(deadline=None)
@given(shapes, st.floats(0.05, 0.5))
def test_the_losses_are_their_definitions(shape: tuple[int, int, int], clip: float) -> None:
    rows, length, seed = shape
    rng = np.random.default_rng(seed)
    new, old, gains, goals = rng.normal(size=(4, rows, length))
    mask = rng.random((rows, length)) < 0.7
    policy, value, clipped = [], [], []
    for at in zip(*np.nonzero(mask), strict=True):
        ratio = math.exp(new[at] - old[at])
        limited = min(max(ratio, 1 - clip), 1 + clip)
        policy.append(-min(ratio * gains[at], limited * gains[at]))
        clipped.append(abs(ratio - 1) > clip)
        near = min(max(new[at], old[at] - clip), old[at] + clip)
        value.append(0.5 * max((new[at] - goals[at]) ** 2, (near - goals[at]) ** 2))
    loss, share = policy_loss(*map(torch.tensor, (new, old, gains, mask)), clip=clip)
    assert loss.item() == pytest.approx(sum(policy) / max(1, len(policy)), abs=1e-12)
    assert share.item() == pytest.approx(sum(clipped) / max(1, len(clipped)))
    loss = value_loss(*map(torch.tensor, (new, old, goals, mask)), clip=clip)
    assert loss.item() == pytest.approx(sum(value) / max(1, len(value)), abs=1e-12)


def test_beyond_the_clip_nothing_is_gained_and_losses_still_count() -> None:
    new = torch.tensor([[1.0, 1.0]], requires_grad=True)
    policy_loss(new, torch.zeros(1, 2), torch.tensor([[1.0, -1.0]]), torch.ones(1, 2), clip=0.2)[0].backward()
    assert new.grad is not None
    assert new.grad[0].tolist() == pytest.approx([0.0, math.e / 2])


def test_whitening_takes_mean_and_deviation_of_what_is_inside() -> None:
    values, mask = torch.tensor([[1.0, 3.0, 100.0], [5.0, 7.0, -100.0]]), torch.tensor([[1, 1, 0], [1, 1, 0]])
    inside = np.array([1.0, 3.0, 5.0, 7.0])
    assert whitened(values, mask)[mask.bool()].tolist() == pytest.approx(list((inside - 4) / inside.std()))
    assert whitened(values, mask, shift=False)[mask.bool()].tolist() == pytest.approx(list(inside / inside.std()))
    assert whitened(values, mask)[~mask.bool()].tolist() == [0.0, 0.0]
    assert whitened(torch.full((1, 3), 2.0), torch.ones(1, 3)).tolist() == [[0.0] * 3]


def test_the_divergence_of_a_token_is_never_negative_and_right_on_average() -> None:
    p, q = torch.tensor([0.5, 0.3, 0.2]).double(), torch.tensor([0.2, 0.3, 0.5]).double()
    ratio = (p / q).log()
    each = torch.stack([divergence(one[None, None], torch.ones(1, 1)) for one in ratio])
    assert (each >= 0).all()
    assert (p * each).sum().item() == pytest.approx((p * ratio).sum().item())
    assert divergence(torch.tensor([[0.0, 5.0]]), torch.tensor([[1, 0]])).item() == 0.0


def test_log_probabilities_and_entropy_are_those_of_the_softmax() -> None:
    logits = torch.tensor([[[1.0, 2.0, 3.0], [0.0, 0.0, 0.0]]])
    found = token_log_probabilities(logits, torch.tensor([[2, 0]]))
    assert found[0].tolist() == pytest.approx([3 - math.log(math.e + math.e**2 + math.e**3), -math.log(3)])
    assert entropy(logits)[0, 1].item() == pytest.approx(math.log(3))


def test_explained_variance() -> None:
    returns, mask = torch.tensor([[1.0, 2.0, 3.0, 50.0]]), torch.tensor([[1, 1, 1, 0]])
    assert explained_variance(returns.clone(), returns, mask) == 1.0
    assert explained_variance(torch.full_like(returns, 2.0), returns, mask) == 0.0
    assert explained_variance(-returns, returns, mask) == -3.0
    assert explained_variance(returns, torch.ones_like(returns), mask) == 0.0
