"""Which matrix gets how many bits, so that all together they take what was asked for and lose least."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from oa.quant.exl2.layout import Layout


@dataclass(frozen=True, slots=True)
class Measured:
    """What a layout takes and costs in one matrix."""

    layout: Layout
    total_bits: int
    error: float
    """Of its output, relative, as measured."""


def allocate(options: Mapping[str, Sequence[Measured]], budget_bits: int) -> dict[str, Measured]:
    """Choose a layout for every matrix; the sum of errors is least that the budget allows, but for its last step.

    Each matrix begins with the smallest, and bits go where they take the most error away. What is left at the end, too
    little for the best step, goes to the best one that it is enough for.

    Args:
        options: by the matrix's name.

    Raises:
        ValueError: even the smallest do not fit into the budget.
    """
    hulls = {name: _hull(found) for name, found in options.items()}
    chosen = {name: hull[0] for name, hull in hulls.items()}
    left = budget_bits - sum(one.total_bits for one in chosen.values())
    if left < 0:
        raise ValueError("the smallest do not fit")
    steps = [(_slope(hull[0], hull[1]), name, 1) for name, hull in hulls.items() if len(hull) > 1]
    heapq.heapify(steps)
    while steps:
        _, name, place = heapq.heappop(steps)
        hull = hulls[name]
        cost = hull[place].total_bits - chosen[name].total_bits
        if cost > left:
            continue
        left -= cost
        chosen[name] = hull[place]
        if place + 1 < len(hull):
            heapq.heappush(steps, (_slope(hull[place], hull[place + 1]), name, place + 1))
    return _filled_up(options, chosen, left)


def _filled_up(
    options: Mapping[str, Sequence[Measured]], chosen: dict[str, Measured], left: int
) -> dict[str, Measured]:
    """Spend the rest of the budget where it takes most error away."""
    while True:
        steps = [
            (chosen[name].error - one.error, name, one)
            for name, found in options.items()
            for one in found
            if one.error < chosen[name].error and 0 < one.total_bits - chosen[name].total_bits <= left
        ]
        if not steps:
            return chosen
        _, name, one = max(steps, key=lambda step: step[0])
        left -= one.total_bits - chosen[name].total_bits
        chosen[name] = one


def _hull(found: Sequence[Measured]) -> list[Measured]:
    """Those that lie on the lower convex hull of error over size, smallest first."""
    kept: list[Measured] = []
    for one in sorted(found, key=lambda one: (one.total_bits, one.error)):
        if kept and one.error >= kept[-1].error:
            continue
        while len(kept) > 1 and _slope(kept[-2], kept[-1]) >= _slope(kept[-1], one):
            kept.pop()
        kept.append(one)
    return kept


def _slope(small: Measured, large: Measured) -> float:
    """What a bit changes in the error; the more it helps, the lower."""
    return (large.error - small.error) / (large.total_bits - small.total_bits)
