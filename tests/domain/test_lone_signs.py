"""Signs in what one person does."""

# ruff: noqa: RUF001 - other scripts have letters that look like Latin ones

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import timedelta
from itertools import combinations
from uuid import UUID

import pytest
from deeds import ADA, BEA, MORNING, ranking, review, text
from hypothesis import given
from hypothesis import strategies as st

from oa.domain.abuse import find_signs
from oa.domain.deeds import Deeds, Ranking, Review, Text
from oa.domain.likeness import likeness, shingles, words
from oa.domain.lone_signs import COPIED_FROM, FEWEST_WORDS, copies, entropy_bits, needed_s
from oa.domain.signs import NOTHING_JUDGED, Judged, Key, Sign, SignKind
from oa.domain.tasks import TaskKind

LONG = "Give yourself more time than you think you need and write down what you will do before you begin with it today"


def signs(deeds: Deeds, kind: SignKind, judged: Judged = NOTHING_JUDGED) -> dict[UUID, Sign]:
    """What is found of one kind, by person."""
    return {sign.key.user_id: sign for sign in find_signs(deeds, judged) if sign.key.kind is kind}


# --- copied texts ----------------------------------------------------------------------------------------------------

SCRIPTS = {
    "Latin": LONG,
    "Cyrillic": "Сначала запишите что у вас уже есть и чего не хватает а потом делайте один шаг за другим и не спешите",
    "Han": "先写下你已经有的东西和还缺少的东西然后一步一步地做每一步都检查一遍再继续下去不要着急慢慢来",
    "Arabic": "اكتب أولا ما لديك وما ينقصك ثم قم بخطوة بعد أخرى وتحقق من كل خطوة قبل أن تتابع العمل كله",
}


def copied(deeds: list[Text], judged: Judged = NOTHING_JUDGED) -> dict[UUID, Sign]:
    return signs(Deeds(deeds), SignKind.COPIED_TEXT, judged)


def originals(base: str = LONG, number: int = 3) -> list[Text]:
    """Texts by Ada that have little in common."""
    mixed = random.Random(1)
    found: list[Text] = []
    for minute in range(number):
        shuffled = words(base)
        mixed.shuffle(shuffled)
        found.append(text(ADA, " ".join(shuffled), minute=minute))
    return found


@pytest.mark.parametrize("base", SCRIPTS.values(), ids=SCRIPTS)
def test_three_texts_of_somebody_else_are_a_sign_in_every_script(base: str) -> None:
    theirs = originals(base)
    mine = [text(BEA, one.text.upper(), minute=100 + place) for place, one in enumerate(theirs)]
    found = copied(theirs + mine)
    assert found.keys() == {BEA}
    assert (found[BEA].evidence["copies"], found[BEA].evidence["own"]) == (3, 0)
    assert found[BEA].since == MORNING + timedelta(minutes=100)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace(words(text)[9], "however", 1),
        lambda text: f"Of course! {text} Good luck.",
        lambda text: text.title().replace(" ", ", "),
    ],
    ids=["a changed word", "an added sentence", "capitals and commas"],
)
def test_a_little_change_does_not_hide_a_copy(change: Callable[[str], str]) -> None:
    theirs = originals()
    assert copied(theirs + [text(BEA, change(one.text), minute=100) for one in theirs]).keys() == {BEA}


def test_a_text_of_ones_own_with_a_few_words_in_common_is_no_copy() -> None:
    theirs = originals()
    mine = [text(BEA, " ".join([*words(one.text)[:9], *reversed(words(one.text)[9:])]), minute=100) for one in theirs]
    assert copied(theirs + mine) == {}


def test_who_wrote_first_has_not_copied() -> None:
    theirs = originals()
    later = [text(BEA, one.text, minute=100) for one in theirs]
    assert ADA not in copied(later + theirs)


def test_twice_is_no_sign() -> None:
    theirs = originals()
    assert copied(theirs + [text(BEA, one.text, minute=100) for one in theirs[:2]]) == {}


def test_the_same_text_in_other_trees_is_a_sign_and_in_the_same_tree_is_none() -> None:
    in_many = [text(ADA, LONG, minute=minute) for minute in range(4)]
    in_one = [text(ADA, LONG, minute=minute, tree=7) for minute in range(4)]
    assert copied(in_many)[ADA].evidence["own"] == 3
    assert copied(in_one) == {}


def test_short_texts_are_alike_by_chance() -> None:
    short = " ".join(words(LONG)[: FEWEST_WORDS - 1])
    assert copied([text(who, short, minute=minute) for minute in range(5) for who in (ADA, BEA)]) == {}


def test_copies_that_were_judged_are_not_held_against_anybody_again() -> None:
    theirs = originals(number=5)
    mine = [text(BEA, one.text, minute=100 + place) for place, one in enumerate(theirs)]
    judged = Judged({Key(SignKind.COPIED_TEXT, BEA): MORNING + timedelta(minutes=102)})
    assert copied(theirs + mine, judged) == {}
    again = [text(BEA, theirs[0].text, minute=200)]
    assert copied(theirs + mine + again, judged)[BEA].evidence["copies"] == 3


def test_the_evidence_holds_no_text() -> None:
    theirs = originals()
    (sign,) = copied(theirs + [text(BEA, one.text, minute=100) for one in theirs]).values()
    assert not [word for word in words(LONG) if len(word) > 4 and word in str(sign.evidence)]


vocabulary = st.sampled_from([f"w{number}" for number in range(30)])
written = st.lists(vocabulary, min_size=FEWEST_WORDS, max_size=30).map(" ".join)


@given(st.lists(written, max_size=8), st.randoms(use_true_random=False))
def test_exactly_the_texts_that_are_like_an_earlier_one_are_found(found: list[str], rng: random.Random) -> None:
    mutated = [*found, *(one.replace("w1 ", "w2 ", 1) for one in found)]
    rng.shuffle(mutated)
    deeds = [text(ADA, one, minute=minute) for minute, one in enumerate(mutated)]
    sets = [shingles(one) for one in mutated]
    expected = {
        deeds[later].message_id
        for earlier, later in combinations(range(len(deeds)), 2)
        if likeness(sets[earlier], sets[later]) >= COPIED_FROM
    }
    assert {copy.text.message_id for copy in copies(deeds)} == expected


# --- impossible speed ------------------------------------------------------------------------------------------------


def racing(seconds: float, number: int = 12) -> Deeds:
    return Deeds(reviews=[review(ADA, message, seconds=seconds, spam=0) for message in range(number)])


@pytest.mark.parametrize(("seconds", "is_sign"), [(0.3, True), (4.9, True), (5.0, False), (60, False)])
def test_nobody_reads_500_characters_in_less_than_five_seconds(seconds: float, is_sign: bool) -> None:
    assert bool(signs(racing(seconds), SignKind.IMPOSSIBLE_SPEED)) is is_sign


def test_a_text_must_be_written_as_well() -> None:
    one = text(ADA, "x" * 400, read_characters=300)
    assert needed_s(one) == pytest.approx(3 + 20)


def test_a_few_fast_answers_are_no_sign() -> None:
    assert signs(racing(0.3, number=9), SignKind.IMPOSSIBLE_SPEED) == {}


def test_fast_answers_among_more_slow_ones_are_no_sign() -> None:
    mixed = Deeds(reviews=(*racing(0.3).reviews, *racing(60, number=13).reviews))
    assert signs(mixed, SignKind.IMPOSSIBLE_SPEED) == {}


def test_a_first_prompt_may_have_been_ready() -> None:
    prompts = [text(ADA, f"{number} {LONG}", seconds=1, kind=TaskKind.INITIAL_PROMPT) for number in range(20)]
    assert signs(Deeds(prompts), SignKind.IMPOSSIBLE_SPEED) == {}


def test_speed_that_was_judged_is_not_news() -> None:
    judged = Judged({Key(SignKind.IMPOSSIBLE_SPEED, ADA): MORNING})
    assert signs(racing(0.3), SignKind.IMPOSSIBLE_SPEED, judged) == {}


# --- always the same answer ------------------------------------------------------------------------------------------


def same(reviews: Sequence[Review] = (), rankings: Sequence[Ranking] = ()) -> dict[UUID, Sign]:
    return signs(Deeds((), reviews, rankings), SignKind.SAME_ANSWER)


def reviewed(who: UUID, quality: Callable[[int], float], number: int = 40) -> list[Review]:
    return [review(who, message, quality=quality(message), spam=0.0) for message in range(number)]


def varied(message: int) -> float:
    return message % 5 / 4


def test_one_quality_for_all_is_a_sign_where_others_see_differences() -> None:
    found = same(reviewed(ADA, lambda _: 0.5) + reviewed(BEA, varied))
    assert found.keys() == {ADA}
    assert found[ADA].evidence["patterns"] == ["quality = 0.5 in 40 reviews"]


def test_where_everybody_says_the_same_so_may_one_person() -> None:
    assert same(reviewed(ADA, lambda _: 0.5) + reviewed(BEA, lambda _: 0.75)) == {}


def test_who_varies_in_one_question_does_look() -> None:
    def rows(who: UUID, quality: Callable[[int], float], humor: Callable[[int], float]) -> list[Review]:
        return [review(who, message, quality=quality(message), humor=humor(message)) for message in range(40)]

    assert same(rows(ADA, lambda _: 0.5, varied) + rows(BEA, varied, varied)) == {}
    assert same(rows(ADA, lambda _: 0.5, lambda _: 0.0) + rows(BEA, varied, varied)).keys() == {ADA}


def test_a_slider_that_trembles_is_one_answer() -> None:
    assert same(reviewed(ADA, lambda message: 0.5 + message / 1000) + reviewed(BEA, varied)).keys() == {ADA}


def test_too_few_reviews_are_no_sign() -> None:
    assert same(reviewed(ADA, lambda _: 0.5, number=19) + reviewed(BEA, varied)) == {}


def test_without_others_nothing_is_said() -> None:
    assert same(reviewed(ADA, lambda _: 0.5)) == {}


def shown_orders(choose: Callable[[list[int]], list[int]], number: int = 20) -> list[Ranking]:
    """Rankings of three replies that were shown in an order drawn by lot."""
    rng = random.Random(5)
    found: list[Ranking] = []
    for parent in range(number):
        shown = rng.sample([1, 2, 3], k=3)
        found.append(ranking(ADA, parent, choose(shown), shown=shown))
    return found


@pytest.mark.parametrize(
    ("choose", "pattern"),
    [
        (lambda shown: shown, "20 of 20 rankings: as shown"),
        (lambda shown: shown[::-1], "20 of 20 rankings: shown order reversed"),
        (lambda shown: [shown[0], *sorted(shown[1:])], "20 of 20 rankings: shown first comes first"),
        (lambda shown: [shown[2], *sorted(shown[:2])], "20 of 20 rankings: shown last comes first"),
    ],
    ids=["as shown", "reversed", "first", "last"],
)
def test_an_order_that_follows_the_screen_is_a_sign(choose: Callable[[list[int]], list[int]], pattern: str) -> None:
    assert same((), shown_orders(choose))[ADA].evidence["patterns"] == [pattern]


def test_an_order_that_follows_the_texts_is_none() -> None:
    assert same((), shown_orders(sorted)) == {}


def test_a_few_rankings_may_follow_the_screen_by_chance() -> None:
    assert same((), shown_orders(lambda shown: shown, number=3)) == {}
    two_replies = [ranking(ADA, parent, [1, 2]) for parent in range(8)]
    assert same((), two_replies) == {}


def test_a_ballot_that_ranks_nothing_follows_no_order() -> None:
    assert same((), [ranking(ADA, parent, [1, 2, 3], not_rankable=True) for parent in range(40)]) == {}


@pytest.mark.parametrize(
    ("values", "bits"), [([], 0), ([1, 1, 1], 0), ([0, 1], 1), ([0, 1, 2, 3], 2), ([0, 0, 0, 0, 1], 0.722)]
)
def test_entropy_is_shannons(values: list[float], bits: float) -> None:
    assert entropy_bits(values) == pytest.approx(bits, abs=0.001)


def test_where_nothing_was_done_there_are_no_signs() -> None:
    assert find_signs(Deeds()) == []
