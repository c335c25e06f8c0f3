"""Signs in what two people do."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import pytest
from deeds import ADA, BEA, CARL, DORA, EVA, MORNING, ranking, review, text

from oa.domain.abuse import find_signs
from oa.domain.deeds import Deed, Deeds, Ranking, Review
from oa.domain.signs import NOTHING_JUDGED, Judged, Key, Sign, SignKind

PEOPLE = (ADA, BEA, CARL, DORA, EVA)

Pair = frozenset[UUID]


def pairs(deeds: Deeds, kind: SignKind, judged: Judged = NOTHING_JUDGED) -> dict[Pair, Sign]:
    found = [sign for sign in find_signs(deeds, judged) if sign.key.kind is kind]
    return {frozenset({sign.key.user_id, sign.key.other_user_id} - {None}): sign for sign in found}  # type: ignore[misc]


# --- votes in concert ------------------------------------------------------------------------------------------------


def places(rng: random.Random) -> float:
    return rng.randint(0, 4) / 4


def honest(rng: random.Random, message: int, who: Sequence[UUID], error: float = 0.2) -> list[Review]:
    """People who see how good something is, more or less."""
    quality = rng.random()
    return [review(one, message, minute=message, quality=round(rng.gauss(quality, error) * 4) / 4) for one in who]


def agreed(rng: random.Random, message: int) -> list[Review]:
    """Ada and Bea, who have agreed on something before."""
    opinion = places(rng)
    return [review(one, message, minute=message, quality=opinion, humor=opinion) for one in (ADA, BEA)]


def in_concert(deeds: Deeds, judged: Judged = NOTHING_JUDGED) -> dict[Pair, Sign]:
    return pairs(deeds, SignKind.VOTES_IN_CONCERT, judged)


def conspiracy(number: int = 40) -> list[Review]:
    rng = random.Random(3)
    found: list[Review] = []
    for message in range(number):
        found += agreed(rng, message) + honest(rng, message, (CARL, DORA))
    return found


def test_two_who_agree_on_what_nobody_else_sees_are_a_sign() -> None:
    found = in_concert(Deeds(reviews=conspiracy()))
    assert found.keys() == {frozenset({ADA, BEA})}
    evidence = found[frozenset({ADA, BEA})].evidence
    assert evidence["together"] >= 0.85 * evidence["decided"]
    assert len(evidence["examples"]) == 5


@pytest.mark.parametrize("seed", range(5))
def test_honest_people_are_none(seed: int) -> None:
    rng = random.Random(seed)
    reviews = [one for message in range(200) for one in honest(rng, message, PEOPLE)]
    assert in_concert(Deeds(reviews=reviews)) == {}


@pytest.mark.parametrize("seed", range(5))
def test_two_careful_people_among_careless_ones_are_none(seed: int) -> None:
    rng = random.Random(seed)
    reviews: list[Review] = []
    for message in range(200):
        quality = rng.random()
        for who, error in zip(PEOPLE, (0.05, 0.05, 0.3, 0.3, 0.3), strict=True):
            reviews.append(review(who, message, quality=round(rng.gauss(quality, error) * 4) / 4))
    assert in_concert(Deeds(reviews=reviews)) == {}


def test_where_all_say_the_same_nobody_is_in_concert() -> None:
    reviews = [review(who, message, spam=0.0, quality=0.75) for message in range(100) for who in PEOPLE]
    assert in_concert(Deeds(reviews=reviews)) == {}


def test_without_a_third_there_is_nobody_to_be_nearer_to() -> None:
    reviews = [one for one in conspiracy() if one.user_id in (ADA, BEA)]
    assert in_concert(Deeds(reviews=reviews)) == {}


def test_a_few_shared_messages_are_not_enough() -> None:
    assert in_concert(Deeds(reviews=conspiracy(8))) == {}


def test_orders_that_were_agreed_on_are_a_sign() -> None:
    rng = random.Random(4)
    rankings: list[Ranking] = []
    for parent in range(30):
        agreed_on = rng.sample([1, 2, 3, 4], k=4)
        rankings += [ranking(who, parent, agreed_on) for who in (ADA, BEA)]
        rankings += [ranking(who, parent, rng.choice([[1, 2, 3, 4], [2, 1, 3, 4]])) for who in (CARL, DORA)]
    assert frozenset({ADA, BEA}) in in_concert(Deeds(rankings=rankings))


def test_votes_that_were_judged_count_no_more() -> None:
    key = Key.of_pair(SignKind.VOTES_IN_CONCERT, ADA, BEA)
    late, early = (Judged({key: MORNING + timedelta(minutes=minute)}) for minute in (35, 1))
    assert in_concert(Deeds(reviews=conspiracy()), late) == {}
    assert in_concert(Deeds(reviews=conspiracy()), early)


# --- accounts in step ------------------------------------------------------------------------------------------------


def in_step(deeds: Sequence[Deed], judged: Judged = NOTHING_JUDGED) -> dict[Pair, Sign]:
    reviews = [deed for deed in deeds if isinstance(deed, Review)]
    return pairs(Deeds(reviews=reviews), SignKind.ACCOUNTS_IN_STEP, judged)


def evening(who: UUID, rng: random.Random, number: int = 60, start: float = 0) -> list[Review]:
    """Answers at a person's own pace."""
    minute, found = start, list[Review]()
    for _ in range(number):
        minute += rng.uniform(0.3, 2.5)
        found.append(review(who, rng.randrange(10**6), minute=minute, spam=0))
    return found


def beside(deeds: Sequence[Review], who: UUID, seconds: float) -> list[Review]:
    """The same moments, a little later, with another account."""
    minutes = [(deed.date - MORNING).total_seconds() / 60 for deed in deeds]
    return [review(who, 10**7 + place, minute=minute + seconds / 60, spam=0) for place, minute in enumerate(minutes)]


def test_two_accounts_that_always_answer_within_seconds_are_a_sign() -> None:
    rng = random.Random(1)
    one = evening(ADA, rng)
    found = in_step([*one, *beside(one, BEA, 4), *evening(CARL, rng), *evening(DORA, rng)])
    assert found.keys() == {frozenset({ADA, BEA})}
    assert found[frozenset({ADA, BEA})].evidence["close"] == 60


@pytest.mark.parametrize("seed", range(5))
def test_people_of_one_evening_are_none(seed: int) -> None:
    rng = random.Random(seed)
    assert in_step([deed for who in PEOPLE for deed in evening(who, rng, number=150)]) == {}


def test_two_robots_on_a_crowded_hub_are_near_everybody_and_so_near_nobody() -> None:
    crowd = [review(who, number, minute=number / 20, spam=0) for number in range(300) for who in PEOPLE]
    assert in_step(crowd) == {}


def turns(*, overlapping: bool = False) -> list[Review]:
    """Ada's sessions, each followed by one of Bea's; on irregular days."""
    rng, found = random.Random(2), list[Review]()
    for number in range(10):
        start = number * 2 * 1440 + rng.uniform(0, 600)
        ada = evening(ADA, rng, number=20, start=start)
        end = (ada[-1].date - MORNING).total_seconds() / 60
        found += ada + evening(BEA, rng, number=20, start=end - 10 if overlapping else end + 1)
    return found


def test_an_account_that_begins_where_the_other_ends_is_a_sign() -> None:
    found = in_step(turns())
    assert found.keys() == {frozenset({ADA, BEA})}
    assert found[frozenset({ADA, BEA})].evidence["handovers"] == 10


def test_two_who_are_there_at_the_same_time_do_not_take_turns() -> None:
    assert in_step(turns(overlapping=True)) == {}


def test_accounts_that_take_over_each_others_texts_are_a_sign() -> None:
    base = "the quick brown fox jumps over the lazy dog and runs away into the wood where it sleeps number"
    rng = random.Random(6)
    said = [" ".join(rng.sample(base.split(), k=18)) for _ in range(4)]
    texts = [text(ADA, one, minute=place) for place, one in enumerate(said[:2])]
    texts += [text(BEA, one, minute=10 + place) for place, one in enumerate(said)]
    texts += [text(ADA, one, minute=20 + place) for place, one in enumerate(said[2:])]
    found = pairs(Deeds(texts), SignKind.ACCOUNTS_IN_STEP)
    assert found[frozenset({ADA, BEA})].evidence["same_texts"] == 4
    one_way = [one for one in texts if one.user_id == BEA or one.date < MORNING + timedelta(minutes=10)]
    assert pairs(Deeds(one_way), SignKind.ACCOUNTS_IN_STEP) == {}


def test_steps_that_were_judged_count_no_more() -> None:
    rng = random.Random(1)
    one = evening(ADA, rng)
    key = Key.of_pair(SignKind.ACCOUNTS_IN_STEP, ADA, BEA)
    assert in_step([*one, *beside(one, BEA, 4)], Judged({key: one[-5].date})) == {}
    assert in_step([*one, *beside(one, BEA, 4)], Judged({key: one[5].date}))
