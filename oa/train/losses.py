"""What a reward model is trained on: how much it disagrees with rankings."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

Pair = tuple[int, int]
"""The places of a better reply and of a worse one."""


def ranked_pairs(group_sizes: Sequence[int], ranks: Sequence[int] | None = None) -> list[list[Pair]]:
    """The pairs that rankings decide, group by group; a group of one reply has none.

    Args:
        group_sizes: replies of each group; they stand one after the other, the best first.
        ranks: one for each reply, lower is better; replies of one rank give no pair. None where no two are equal.

    Raises:
        ValueError: there are more or fewer ranks than replies.
    """
    if ranks is not None and len(ranks) != sum(group_sizes):
        raise ValueError(f"{len(ranks)} ranks for {sum(group_sizes)} replies")
    groups: list[list[Pair]] = []
    start = 0
    for size in group_sizes:
        places = range(start, start + size)
        if ranks is None:
            groups.append(list(combinations(places, 2)))
        else:
            groups.append([(one, two) for one in places for two in places if ranks[one] < ranks[two]])
        start += size
    return groups


def ranking_loss(
    scores: Tensor, group_sizes: Sequence[int], *, l2: float = 0.0, ranks: Sequence[int] | None = None
) -> Tensor:
    """How much scores disagree: the mean over groups of the mean over pairs of -log sigmoid(better - worse).

    An L2 term keeps scores small. Every group weighs the same, however many pairs it has; one without a pair counts for
    nothing. Without any pair the loss is zero, and has a gradient of zero.

    Args:
        scores: (N,), of the replies of all groups one after the other, the best of a group first.
        group_sizes: replies of each group; they add up to N.
        l2: weight of half the sum of a pair's squared scores.
        ranks: as `ranked_pairs`.

    Returns:
        A scalar, at least float32.

    Raises:
        ValueError: sizes or ranks do not fit the scores.

    Source:
        Ouyang et al. 2022, "Training language models to follow instructions with human feedback", section 3.5,
        https://arxiv.org/abs/2203.02155; the L2 term is Open-Assistant's `RMLoss`
    """
    import torch
    from torch.nn.functional import softplus

    if scores.ndim != 1 or sum(group_sizes) != len(scores):
        raise ValueError(f"{sum(group_sizes)} replies in groups, scores of shape {tuple(scores.shape)}")
    if scores.dtype in (torch.float16, torch.bfloat16):
        scores = scores.float()
    groups = [pairs for pairs in ranked_pairs(group_sizes, ranks) if pairs]
    if not groups:
        return scores.sum() * 0.0
    places = torch.tensor([pair for pairs in groups for pair in pairs], device=scores.device)
    shares = [1.0 / (len(pairs) * len(groups)) for pairs in groups for _ in pairs]
    weights = torch.tensor(shares, dtype=scores.dtype, device=scores.device)
    better, worse = scores[places[:, 0]], scores[places[:, 1]]
    losses = softplus(worse - better) + l2 * 0.5 * (better.square() + worse.square())
    return (losses * weights).sum()
