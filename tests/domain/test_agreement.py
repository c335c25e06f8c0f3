from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import chain, permutations
from uuid import UUID

import krippendorff
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from oa.domain.agreement import (
    FEWEST_RANKINGS,
    FEWEST_REVIEWS,
    KIND_WORDS,
    Agreement,
    Impression,
    Scale,
    agreement,
    individual_disagreement,
    krippendorff_alpha,
    scale_of,
    tau_with_others,
)
from oa.domain.deeds import Deeds, Ranking, Review
from oa.domain.tasks import TaskKind

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)

ME, YOU, THEY = (UUID(int=number) for number in (1, 2, 3))

Answers = list[list[float | None]]
"""What each person answered to each question; None where they did not."""

scales = st.sampled_from(Scale)
people_counts = st.integers(2, 5)
places = st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]) | st.floats(0, 1).map(lambda value: round(value, 3))


@st.composite
def answers(draw: st.DrawFn, *, may_be_missing: bool = True) -> Answers:
    people, questions = draw(people_counts), draw(st.integers(1, 8))
    one = places | st.none() if may_be_missing else places
    return [draw(st.lists(one, min_size=questions, max_size=questions)) for _ in range(people)]


def units_of(table: Answers) -> list[list[float]]:
    return [[value for value in column if value is not None] for column in zip(*table, strict=True)]


def reference(table: Answers, scale: Scale) -> float | None:
    """What the published implementation says; it refuses what has no coefficient."""
    data = [[float("nan") if value is None else value for value in row] for row in table]
    try:
        return float(krippendorff.alpha(reliability_data=data, level_of_measurement=scale.value))
    except ValueError:
        return None


# --- a group ---------------------------------------------------------------------------------------------------------


@given(answers(), scales)
def test_alpha_is_that_of_the_reference_implementation(table: Answers, scale: Scale) -> None:
    pairable = {value for unit in units_of(table) if len(unit) > 1 for value in unit}
    assume(len(pairable) > 1)  # the reference takes answers that nobody shares for variety
    assert krippendorff_alpha(units_of(table), scale) == pytest.approx(reference(table, scale), abs=1e-9)


@given(answers(), scales, st.randoms())
def test_neither_the_order_of_people_nor_of_questions_matters(table: Answers, scale: Scale, rng: object) -> None:
    shuffled = [unit[::-1] for unit in reversed(units_of(table))]
    assert krippendorff_alpha(shuffled, scale) == pytest.approx(krippendorff_alpha(units_of(table), scale), abs=1e-9)


@given(st.lists(places, min_size=2).filter(lambda values: len(set(values)) > 1), people_counts, scales)
def test_people_who_always_agree_have_an_alpha_of_one(values: list[float], people: int, scale: Scale) -> None:
    assert krippendorff_alpha([[value] * people for value in values], scale) == pytest.approx(1)


@given(answers(), scales)
def test_what_only_one_person_judged_says_nothing(table: Answers, scale: Scale) -> None:
    units = units_of(table)
    assert krippendorff_alpha([*units, [0.123]], scale) == krippendorff_alpha(units, scale)


def test_krippendorffs_own_example_comes_out_as_he_has_it() -> None:
    """Four observers, twelve units, nominal and ordinal and interval; section C of the paper."""
    nan = None
    table: Answers = [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, nan, nan, nan],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, nan, 3],
        [nan, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, nan],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, nan],
    ]
    found = [krippendorff_alpha(units_of(table), scale) for scale in Scale]
    assert found == [pytest.approx(expected, abs=0.0005) for expected in (0.743, 0.815, 0.849)]


@pytest.mark.parametrize(
    "units",
    [[], [[1.0], [0.0]], [[0.5, 0.5], [0.5, 0.5, 0.5]]],
    ids=["no answers", "nobody shares a question", "one answer to everything"],
)
@pytest.mark.parametrize("scale", Scale)
def test_without_anything_to_compare_there_is_no_alpha(units: list[list[float]], scale: Scale) -> None:
    assert krippendorff_alpha(units, scale) is None


# --- one among others ------------------------------------------------------------------------------------------------


@given(answers(may_be_missing=False), scales)
def test_of_two_people_either_agrees_as_far_as_both(table: Answers, scale: Scale) -> None:
    mine, yours = table[0], table[1]
    pairs = [(own, [other]) for own, other in zip(mine, yours, strict=True) if own is not None and other is not None]
    both = krippendorff_alpha([[own, *others] for own, others in pairs], scale)
    found = individual_disagreement(pairs, scale)
    assert (found and found.alpha) == (None if both is None else pytest.approx(both, abs=1e-9))


@given(answers(may_be_missing=False), scales)
def test_what_the_group_disagrees_is_what_its_members_do(table: Answers, scale: Scale) -> None:
    units = [[value for value in column if value is not None] for column in zip(*table, strict=True)]
    whole = krippendorff_alpha(units, scale)
    assume(whole is not None)
    parts = [
        individual_disagreement([(unit[who], unit[:who] + unit[who + 1 :]) for unit in units], scale)
        for who in range(len(table))
    ]
    alphas = [part.alpha for part in parts if part is not None and part.alpha is not None]
    assert len(alphas) == len(table)
    assert sum(alphas) / len(alphas) == pytest.approx(whole, abs=1e-9)


@pytest.mark.parametrize(
    ("label", "scale"),
    [("spam", Scale.NOMINAL), ("pii", Scale.NOMINAL), ("quality", Scale.ORDINAL), ("of a newer hub", Scale.ORDINAL)],
)
def test_every_label_has_the_scale_that_its_question_has(label: str, scale: Scale) -> None:
    assert scale_of(label) is scale


def review(user: UUID, message: int, kind: TaskKind = TaskKind.LABEL_ASSISTANT_REPLY, **labels: float) -> Review:
    return Review(
        task_id=UUID(int=message * 1000 + user.int),
        user_id=user,
        kind=kind,
        lang="en",
        handed_out=NOW,
        date=NOW,
        read_characters=100,
        message_id=UUID(int=message),
        labels=labels,
    )


def ranking(user: UUID, parent: int, order: Sequence[int], *, not_rankable: bool = False) -> Ranking:
    replies = tuple(UUID(int=parent * 100 + reply) for reply in order)
    return Ranking(
        task_id=UUID(int=parent * 1000 + user.int),
        user_id=user,
        kind=TaskKind.RANK_ASSISTANT_REPLIES,
        lang="en",
        handed_out=NOW,
        date=NOW,
        read_characters=100,
        parent_id=UUID(int=parent),
        order=replies,
        shown=tuple(sorted(replies)),
        not_rankable=not_rankable,
    )


def compared(reviews: list[Review], rankings: list[Ranking] | None = None) -> Agreement:
    return agreement(ME, Deeds((), reviews, rankings or []), NOW)


def test_a_person_is_compared_with_those_who_judged_the_same() -> None:
    reviews = [review(ME, number, quality=0.75, spam=0.0) for number in range(FEWEST_REVIEWS)]
    reviews += [review(YOU, number, quality=1.0 if number % 2 else 0.75, spam=0.0) for number in range(FEWEST_REVIEWS)]
    reviews += [review(THEY, number, quality=0.0) for number in range(100, 200)]
    found = compared(reviews)
    quality, spam = found.by_label
    assert (found.reviews, quality.label, quality.compared, spam.label) == (20, "quality", 20, "spam")
    assert quality.distance == pytest.approx(0.125)
    assert quality.agreeing == pytest.approx(0.5)
    assert quality.alpha is not None
    assert (spam.distance, spam.agreeing, spam.alpha) == (0, 1, None)


def test_kinds_and_languages_are_told_apart() -> None:
    kinds = (TaskKind.LABEL_INITIAL_PROMPT, TaskKind.LABEL_ASSISTANT_REPLY)
    reviews = [review(who, number, kinds[number % 2], spam=0.0) for who in (ME, YOU) for number in range(30)]
    assert [(row.kind, row.compared) for row in compared(reviews).by_label] == [(kinds[1], 15), (kinds[0], 15)]


def test_too_few_reviews_have_no_numbers() -> None:
    reviews = [review(who, number, quality=number % 2) for who in (ME, YOU) for number in range(FEWEST_REVIEWS - 1)]
    found = compared(reviews)
    assert [(row.compared, row.distance, row.agreeing, row.alpha) for row in found.by_label] == [(19, None, None, None)]
    assert (found.alpha, found.tau, found.impression) == (None, None, Impression.TOO_FEW)


def test_nobody_is_compared_with_themselves() -> None:
    found = compared([review(ME, number, quality=0.5) for number in range(50)], [ranking(ME, 1, [1, 2, 3])])
    assert (found.reviews, found.by_label, found.by_ranking) == (50, (), ())


def test_a_ranking_is_compared_with_the_consensus_of_the_others_alone() -> None:
    own = ranking(ME, 1, [1, 2, 3])
    others = [ranking(YOU, 1, [3, 2, 1]), ranking(THEY, 1, [3, 2, 1])]
    assert tau_with_others(own, others) == -1
    assert tau_with_others(own, []) is None


def test_rankings_in_the_order_of_the_others_agree_and_reversed_ones_do_not() -> None:
    orders = list(permutations([1, 2, 3])) * 2
    mine = [ranking(ME, parent, order) for parent, order in enumerate(orders)]
    same = [ranking(YOU, parent, order) for parent, order in enumerate(orders)]
    reverse = [ranking(YOU, parent, order[::-1]) for parent, order in enumerate(orders)]
    (with_same,), (with_reverse,) = compared([], mine + same).by_ranking, compared([], mine + reverse).by_ranking
    assert (with_same.compared, with_same.tau, with_same.alpha) == (12, 1, pytest.approx(1))
    assert with_reverse.tau == -1
    assert with_reverse.alpha is not None
    assert with_reverse.alpha < 0


def test_a_ballot_that_ranks_nothing_is_not_compared() -> None:
    rankings = [ranking(ME, parent, [1, 2]) for parent in range(FEWEST_RANKINGS)]
    rankings += [ranking(YOU, parent, [1, 2], not_rankable=True) for parent in range(FEWEST_RANKINGS)]
    found = compared([], rankings)
    assert (found.rankings, found.by_ranking) == (FEWEST_RANKINGS, ())


@pytest.mark.parametrize(
    ("own", "impression"),
    [
        (lambda value: value, Impression.CLOSE),
        (lambda value: value if value in (0.0, 1.0) else 0.0, Impression.MIXED),
        (lambda value: 1 - value, Impression.APART),
    ],
    ids=["the same", "coarser", "the opposite"],
)
def test_the_impression_follows_from_agreement_beyond_chance(own: object, impression: Impression) -> None:
    assert callable(own)
    values = [0.0, 0.25, 0.5, 0.75, 1.0] * 8
    reviews = [review(YOU, number, quality=value) for number, value in enumerate(values)]
    reviews += [review(ME, number, quality=own(value)) for number, value in enumerate(values)]
    assert compared(reviews).impression is impression


def test_a_flag_that_is_hardly_ever_raised_does_not_outweigh_the_rest() -> None:
    values = [0.0, 0.25, 0.5, 0.75, 1.0] * 20
    mine = [review(ME, number, quality=value, pii=0.0) for number, value in enumerate(values)]
    yours = [review(YOU, number, quality=value, pii=float(number == 3)) for number, value in enumerate(values)]
    found = compared(mine + yours)
    alphas = {row.label: row.alpha for row in found.by_label}
    assert alphas == {"pii": pytest.approx(0, abs=0.01), "quality": pytest.approx(1)}
    assert found.impression is Impression.CLOSE


def test_nobody_is_told_that_they_are_wrong() -> None:
    assert KIND_WORDS.keys() == set(Impression)
    said = " ".join(KIND_WORDS.values()).lower()
    assert not [word for word in ("wrong", "bad", "fail", "troll", "error") if word in said.split()]


@given(st.lists(st.sampled_from([ME, YOU, THEY]), max_size=60), st.data())
def test_every_number_lies_where_it_should(authors: list[UUID], data: st.DataObject) -> None:
    reviews = [review(who, number // 2, quality=data.draw(places)) for number, who in enumerate(authors)]
    found = compared(reviews)
    for row in found.by_label:
        assert (row.distance is None) == (row.compared < FEWEST_REVIEWS)
        numbers = list(chain([row.distance or 0.0], [row.agreeing or 0.0]))
        assert all(0 <= number <= 1 for number in numbers)
        assert row.alpha is None or row.alpha <= 1
