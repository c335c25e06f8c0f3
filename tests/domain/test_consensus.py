"""Many rankings become one order: fair to the majority, deterministic, and silent where nobody spoke."""

from __future__ import annotations

import random
from itertools import combinations, permutations
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oa.domain.consensus import Ballot, consensus, kendall_tau, ranked_pairs
from oa.errors import InvalidRanking

quick = settings(max_examples=25, deadline=None)

elections = st.integers(1, 5).flatmap(lambda n: st.lists(st.permutations(range(n)), min_size=1, max_size=7))
partial_elections = st.lists(
    st.permutations(range(5)).flatmap(lambda order: st.integers(0, 5).map(lambda n: order[:n])), max_size=6
)


@st.composite
def elections_without_ties(draw: st.DrawFn) -> list[list[int]]:
    """Complete ballots whose margins are 2, 4, … 12, so that nothing is left to the tie order.

    Two ballots that agree on one pair and on nothing else move that pair alone (McGarvey 1953), so any outcome of the
    duels, in any order of strength, can be drawn.
    """
    ballots: list[list[int]] = []
    strengths = draw(st.permutations(range(1, 7)))
    for pair, strength in zip(combinations(range(4), 2), strengths, strict=True):
        winner, loser = draw(st.permutations(pair))
        rest = [other for other in range(4) if other not in pair]
        ballots += [[winner, loser, *rest], [*rest[::-1], winner, loser]] * strength
    return ballots


def margin(ballots: list[list[int]], i: int, j: int) -> int:
    """By how many ballots `i` is preferred to `j`, counted the slow way."""
    both = [ballot for ballot in ballots if i in ballot and j in ballot]
    return sum(1 if ballot.index(i) < ballot.index(j) else -1 for ballot in both)


def reference(ballots: list[list[int]], count: int) -> list[int]:
    """The procedure in its textbook steps: an edge list, a graph without cycles, its sources one after another."""
    edges = [(i, j) for i in range(count) for j in range(count) if i != j and margin(ballots, i, j) >= 0]
    edges.sort(key=lambda edge: (-margin(ballots, *edge), edge))
    locked: set[tuple[int, int]] = set()
    for winner, loser in edges:
        reached, frontier = {loser}, [loser]
        while frontier:
            here = frontier.pop()
            fresh = {to for start, to in locked if start == here} - reached
            reached |= fresh
            frontier += fresh
        if winner not in reached:
            locked.add((winner, loser))
    left, result = list(range(count)), []
    while left:
        source = next(c for c in left if not any(to == c and start in left for start, to in locked))
        left.remove(source)
        result.append(source)
    return result


@pytest.mark.parametrize(
    ("ballots", "order", "expected"),
    [
        pytest.param([], "ba", "ba", id="no ballots leave the given order"),
        pytest.param([], "", "", id="nothing to rank"),
        pytest.param(["a"], "a", "a", id="a single reply wins"),
        pytest.param(["ab", "ba"], "ab", "ab", id="a tie falls to the given order"),
        pytest.param(["ab", "ba"], "ba", "ba", id="and to nothing else"),
        pytest.param(["abc", "bca", "cab"], "abc", "abc", id="a cycle of equals is cut by the given order"),
        pytest.param(["abc", "bca", "cab"], "cba", "bca", id="a cycle of equals seen from the other end"),
        pytest.param(["abc"] * 4 + ["bca"] * 3 + ["cab"] * 2, "cba", "abc", id="the weakest duel of a cycle goes"),
        pytest.param(
            ["wxzy"] * 7 + ["wyxz"] * 2 + ["xyzw"] * 4 + ["xzwy"] * 5 + ["ywxz"], "zyxw", "wxzy", id="a known election"
        ),
        pytest.param(["abcd", "acd", "dbac"], "abcd", "abcd", id="a reply missing from one ballot keeps its place"),
        pytest.param(["abcd", "acd", "dbac"], "dcba", "bacd", id="and only its ties follow the given order"),
        pytest.param(["ab", "bc"], "cba", "abc", id="partial ballots chain"),
        pytest.param(["a", "", "cb"], "abc", "acb", id="a ballot on one reply says nothing"),
        pytest.param(["ca"], "abc", "cab", id="an unranked reply stays before those that follow it"),
        pytest.param(["ca"], "bac", "bca", id="an unranked reply first in the order stays first"),
        pytest.param(["ca"], "acb", "cab", id="an unranked reply last in the order stays last"),
    ],
)
def test_known_elections(ballots: list[str], order: str, expected: str) -> None:
    assert "".join(ranked_pairs(ballots, order=order)) == expected


@pytest.mark.parametrize(
    ("ballots", "order"),
    [
        pytest.param(["aab"], "abc", id="a ballot that repeats a reply"),
        pytest.param(["abc", "abx"], "abc", id="a ballot that invents a reply"),
        pytest.param(["ab"], "aab", id="candidates that repeat"),
    ],
)
def test_a_ballot_that_makes_no_sense_is_refused(ballots: list[str], order: str) -> None:
    with pytest.raises(InvalidRanking):
        ranked_pairs(ballots, order=order)


@quick
@given(elections)
def test_complete_ballots_give_what_the_textbook_procedure_gives(ballots: list[list[int]]) -> None:
    count = len(ballots[0])
    assert ranked_pairs(ballots, order=range(count)) == reference(ballots, count)


@quick
@given(partial_elections)
def test_partial_ballots_give_what_the_textbook_procedure_gives(ballots: list[list[int]]) -> None:
    assert ranked_pairs(ballots, order=range(5)) == reference(ballots, 5)


@quick
@given(partial_elections, st.randoms(use_true_random=False))
def test_the_order_of_the_ballots_does_not_matter(ballots: list[list[int]], rng: random.Random) -> None:
    assert ranked_pairs(rng.sample(ballots, len(ballots)), order=range(5)) == ranked_pairs(ballots, order=range(5))


@quick
@given(elections, st.randoms(use_true_random=False))
def test_who_beats_everyone_is_first_and_who_loses_to_everyone_is_last(
    ballots: list[list[int]], rng: random.Random
) -> None:
    count = len(ballots[0])
    result = ranked_pairs(ballots, order=rng.sample(range(count), count))
    assert sorted(result) == list(range(count))
    for candidate in range(count):
        margins = [margin(ballots, candidate, other) for other in range(count) if other != candidate]
        assert not margins or min(margins) <= 0 or result[0] == candidate
        assert not margins or max(margins) >= 0 or result[-1] == candidate


@quick
@given(st.permutations(range(6)), st.integers(1, 4), st.permutations(range(6)))
def test_what_everybody_says_is_the_result(opinion: list[int], people: int, order: list[int]) -> None:
    assert ranked_pairs([opinion] * people, order=order) == opinion


@quick
@given(partial_elections, st.permutations(range(5)), st.permutations("vwxyz"))
def test_renaming_the_replies_renames_the_result(ballots: list[list[int]], order: list[int], names: list[str]) -> None:
    renamed = ranked_pairs([[names[c] for c in ballot] for ballot in ballots], order=[names[c] for c in order])
    assert renamed == [names[c] for c in ranked_pairs(ballots, order=order)]


@quick
@given(elections_without_ties(), st.permutations(range(4)))
def test_without_ties_the_given_order_has_no_say(ballots: list[list[int]], order: list[int]) -> None:
    assert ranked_pairs(ballots, order=order) == ranked_pairs(ballots, order=range(4))


@quick
@given(elections_without_ties())
def test_without_ties_reversed_ballots_reverse_the_result(ballots: list[list[int]]) -> None:
    reverse = ranked_pairs([ballot[::-1] for ballot in ballots], order=range(4))
    assert reverse == ranked_pairs(ballots, order=range(4))[::-1]


@quick
@given(partial_elections, st.permutations(range(5)))
def test_one_more_ballot_for_the_result_does_not_change_it(ballots: list[list[int]], order: list[int]) -> None:
    result = ranked_pairs(ballots, order=order)
    assert ranked_pairs([*ballots, result], order=order) == result


def ballot(order: str, *, not_rankable: bool = False) -> Ballot[str]:
    return Ballot(tuple(order), not_rankable)


@pytest.mark.parametrize(
    ("ballots", "candidates", "expected"),
    [
        pytest.param([ballot("bac")] * 3, "abc", "bac", id="an agreed order"),
        pytest.param([ballot("bxac"), ballot("xbac")], "abc", "bac", id="a deleted reply drops out of the ballots"),
        pytest.param([ballot("ba")], "abc", "ba", id="a reply that nobody compared has no place"),
        pytest.param([ballot("ba"), ballot("cx")], "abc", "ba", id="a ballot with one reply left compares nothing"),
        pytest.param([ballot("ab"), ballot("bc"), ballot("ab")], "abc", "abc", id="partial ballots chain"),
        pytest.param([], "abc", None, id="no ballots, no ranks"),
        pytest.param([ballot("a"), ballot("xy")], "abc", None, id="no ballot compares anything"),
        pytest.param([ballot("a")], "a", None, id="an only child has no rank"),
        pytest.param(
            [ballot("ab"), ballot("cba", not_rankable=True)], "abc", "ab", id="half is no majority, and says no order"
        ),
        pytest.param(
            [ballot("abc"), ballot("abc", not_rankable=True), ballot("", not_rankable=True)],
            "abc",
            None,
            id="a majority against ranking ends it without ranks",
        ),
        pytest.param([ballot("abc", not_rankable=True)], "abc", None, id="one voice against ranking of one"),
    ],
)
def test_what_people_said_becomes_ranks(ballots: list[Ballot[str]], candidates: str, expected: str | None) -> None:
    assert consensus(ballots, candidates, seed="tree") == (None if expected is None else list(expected))


def test_a_ballot_that_repeats_a_reply_has_no_consensus() -> None:
    with pytest.raises(InvalidRanking):
        consensus([ballot("abb")], "ab", seed=1)


TIED = [ballot("abcd"), ballot("dcba")]


@pytest.mark.parametrize("seed", [7, "7", "a tree's seed", ""])
def test_the_same_seed_breaks_ties_the_same_way_whatever_the_order_of_the_replies(seed: str | int) -> None:
    results = {tuple(consensus(TIED, candidates, seed=seed) or ()) for candidates in permutations("abcd")}
    assert len(results) == 1


def test_the_draw_is_the_same_on_every_machine_and_version() -> None:
    assert consensus(TIED, "abcd", seed="oa") == list("bdca")
    assert consensus(TIED, "abcd", seed=0) == list("dcba")


def test_over_many_trees_ties_favour_no_reply() -> None:
    ids = [UUID(int=1), UUID(int=2)]
    tied = [Ballot((ids[0], ids[1])), Ballot((ids[1], ids[0]))]
    wins = sum(consensus(tied, ids, seed=seed) == ids for seed in range(400))
    assert 160 < wins < 240


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        pytest.param("abcd", "abcd", 1.0, id="the same order"),
        pytest.param("abcd", "dcba", -1.0, id="the reverse"),
        pytest.param("abc", "acb", 1 / 3, id="one pair of three swapped"),
        pytest.param("abcd", "acbd", 2 / 3, id="neighbours of four swapped"),
        pytest.param("axb", "yab", 1.0, id="only what both contain counts"),
        pytest.param("abc", "cxy", None, id="one item in common"),
        pytest.param("", "", None, id="nothing at all"),
    ],
)
def test_agreement_of_two_orders(a: str, b: str, expected: float | None) -> None:
    assert kendall_tau(a, b) == expected


def test_agreement_with_an_order_that_repeats_itself_is_refused() -> None:
    with pytest.raises(InvalidRanking):
        kendall_tau("abc", "aba")


@quick
@given(st.permutations(range(6)), st.permutations(range(6)))
def test_agreement_is_mutual_bounded_and_turns_with_either_order(a: list[int], b: list[int]) -> None:
    tau = kendall_tau(a, b)
    assert tau is not None
    assert -1 <= tau <= 1
    assert kendall_tau(b, a) == tau
    assert kendall_tau(a, b[::-1]) == -tau
    assert (tau == 1) == (a == b)
