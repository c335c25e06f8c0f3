"""How well a reward model ranks: plain numbers from plain scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from oa.train.losses import ranked_pairs


@dataclass(frozen=True, slots=True)
class RankingFigures:
    """How scores agree with rankings. Equal scores of unequal replies always count against the model."""

    accuracy_pairs: float
    """The share of all pairs in which the better reply has the higher score."""
    accuracy_best_worst: float
    """The share of groups in which the best reply has a higher score than the worst."""
    kendall_tau: float
    """The mean over groups of (pairs in order - pairs out of order) / pairs, from -1 to 1."""
    margin: float
    """The mean over groups of the best reply's score less the worst one's."""
    groups: int
    """Groups with at least one pair; the others say nothing."""


def ranking_figures(
    scores: Sequence[float], group_sizes: Sequence[int], ranks: Sequence[int] | None = None
) -> RankingFigures:
    """Compare scores with rankings.

    Args:
        scores: of the replies of all groups one after the other, the best of a group first.
        group_sizes: replies of each group; they add up to the scores.
        ranks: one for each reply, never falling within a group; replies of one rank give no pair.

    Returns:
        All zero where no group has a pair.

    Raises:
        ValueError: sizes or ranks do not fit the scores.

    Source:
        Kendall 1938, "A new measure of rank correlation", https://doi.org/10.1093/biomet/30.1-2.81
    """
    if sum(group_sizes) != len(scores):
        raise ValueError(f"{sum(group_sizes)} replies in groups, {len(scores)} scores")
    groups = [pairs for pairs in ranked_pairs(group_sizes, ranks) if pairs]
    if not groups:
        return RankingFigures(0.0, 0.0, 0.0, 0.0, 0)
    right = [[scores[better] > scores[worse] for better, worse in pairs] for pairs in groups]
    extremes = [(min(better for better, _ in pairs), max(worse for _, worse in pairs)) for pairs in groups]
    return RankingFigures(
        accuracy_pairs=fmean(one for group in right for one in group),
        accuracy_best_worst=fmean(scores[best] > scores[worst] for best, worst in extremes),
        kendall_tau=fmean(2.0 * fmean(group) - 1.0 for group in right),
        margin=fmean(scores[best] - scores[worst] for best, worst in extremes),
        groups=len(groups),
    )
