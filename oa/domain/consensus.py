"""Many people's rankings, one order; and how far two orders agree."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import combinations, permutations
from typing import Generic, TypeVar

from oa.errors import InvalidRanking

T = TypeVar("T", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Ballot(Generic[T]):
    """What one person says about the replies to one message."""

    order: tuple[T, ...]
    """The replies that were shown, best first."""
    not_rankable: bool = False
    """The person found that these replies cannot be compared; `order` then means nothing."""


def ranked_pairs(ballots: Sequence[Sequence[T]], *, order: Sequence[T]) -> list[T]:
    """Merge rankings by Tideman's ranked pairs.

    Every pair of candidates is a duel, won by the margin of ballots that prefer one to the other. Duels are taken from
    the clearest to the closest and each is kept unless it contradicts those kept before it. Duels of equal margin are
    taken in the order of their candidates in `order`, the winner's place first, then the loser's.

    Args:
        ballots: one ranking per person, best first. A ballot on some of the candidates counts for the pairs that it
            orders and says nothing about the others.
        order: the candidates; their order breaks ties, so shuffle it with a stored seed.

    Returns:
        Every candidate once, best first; `order` itself when there are no ballots. A candidate that nobody ranked is
        tied with everyone, so it comes before the candidates that follow it in `order` as far as the ballots allow.

    Raises:
        InvalidRanking: a ballot repeats or invents a candidate, or `order` repeats one.

    Source:
        Tideman 1987, "Independence of clones as a criterion for voting rules", https://doi.org/10.1007/BF00433944
    """
    _check_distinct(order)
    candidates = set(order)
    prefers: Counter[tuple[T, T]] = Counter()
    for ballot in ballots:
        _check_distinct(ballot)
        if not candidates.issuperset(ballot):
            raise InvalidRanking("a ranking names a reply that is not among those to rank; leave it out")
        prefers.update(combinations(ballot, 2))

    duels = sorted(permutations(order, 2), key=lambda duel: prefers[duel[1], duel[0]] - prefers[duel])
    beats: dict[T, set[T]] = {candidate: set() for candidate in order}  # transitively closed
    for winner, loser in duels:
        if winner in beats[loser] or loser in beats[winner]:
            continue  # it would close a cycle, or follows already
        gained = beats[loser] | {loser}
        for candidate in order:
            if candidate == winner or winner in beats[candidate]:
                beats[candidate] |= gained
    return sorted(order, key=lambda candidate: -len(beats[candidate]))


def consensus(ballots: Sequence[Ballot[T]], candidates: Sequence[T], *, seed: str | int) -> list[T] | None:
    """The order of the replies to one message that follows from everybody's ballots.

    Args:
        ballots: everything that was said; replies that are no longer candidates (deleted since) drop out of them, and
            a ballot with fewer than two replies left says nothing.
        candidates: the replies that can have a rank, in any order.
        seed: kept with the tree; it alone decides ties, so that neither ids nor age do and anyone can repeat the draw.

    Returns:
        Best first: the candidates that at least one ballot compared with another. One that nobody has compared (it was
        accepted late, say) has no place. None when more than half of the ballots say that the replies cannot be
        ranked, or when no ballot compares any two of them: there are no ranks then.

    Raises:
        InvalidRanking: a ballot repeats a reply.
    """
    if 2 * sum(ballot.not_rankable for ballot in ballots) > len(ballots):
        return None
    eligible = set(candidates)
    orders = [[reply for reply in ballot.order if reply in eligible] for ballot in ballots if not ballot.not_rankable]
    orders = [order for order in orders if len(order) > 1]
    compared = {reply for order in orders for reply in order}
    if not compared:
        return None
    return ranked_pairs(orders, order=[reply for reply in _shuffled(candidates, seed) if reply in compared])


def kendall_tau(a: Sequence[T], b: Sequence[T]) -> float | None:
    """How far two orders agree on the items that both contain.

    Returns:
        (pairs in the same order - pairs in opposite order) / pairs: 1 for the same order, -1 for the reverse, about 0
        for unrelated ones. None when they share fewer than two items, so that there is nothing to compare.

    Raises:
        InvalidRanking: an order repeats an item.

    Source:
        Kendall 1938, "A new measure of rank correlation", https://doi.org/10.1093/biomet/30.1-2.81
    """
    _check_distinct(a)
    _check_distinct(b)
    place = {item: index for index, item in enumerate(b)}
    places = [place[item] for item in a if item in place]
    if len(places) < 2:
        return None
    pairs = len(places) * (len(places) - 1) // 2
    agreeing = sum(earlier < later for earlier, later in combinations(places, 2))
    return (2 * agreeing - pairs) / pairs


def _shuffled(candidates: Sequence[T], seed: str | int) -> list[T]:
    """The candidates in an order that depends on nothing but which they are and the seed.

    Drawn with `random()` alone: the only method whose sequence Python promises to keep from version to version.
    """
    rng = random.Random(seed)
    draw = {candidate: rng.random() for candidate in sorted(candidates, key=str)}
    return sorted(candidates, key=draw.__getitem__)


def _check_distinct(ranking: Sequence[T]) -> None:
    if len(set(ranking)) != len(ranking):
        raise InvalidRanking("a ranking names a reply more than once; give every reply one place")
