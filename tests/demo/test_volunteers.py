from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from itertools import pairwise

import pytest

from oa.demo.texts import Written
from oa.demo.volunteers import (
    RING_SIZES,
    Abuse,
    Asked,
    Troll,
    Volunteer,
    effort,
    label,
    rank,
    recruit,
    recruit_abusers,
    seconds_for,
)
from oa.domain.labels import DEFAULT_LABELS_ASSISTANT_REPLY, check_labels
from oa.domain.people import Identity
from oa.errors import Invalid

ASKED = Asked(tuple(DEFAULT_LABELS_ASSISTANT_REPLY), ("spam",), "en")
GOOD = Written(text="good", lang="en", topic="", quality=0.9)
BAD = Written(text="bad", lang="en", topic="", quality=0.2)
SPAM = Written(text="spam", lang="en", topic="", quality=0.0, is_spam=True)
FOREIGN = Written(text="fremd", lang="de", topic="", quality=0.9)

SURE = Volunteer(
    identity=Identity("local", "ada"), languages=("en",), quality=0.8, speed=1.0, error_rate=0.0, troll=None
)
INVERTED = replace(SURE, troll=Troll.INVERTED, quality=0.0)
RANDOM = replace(SURE, troll=Troll.RANDOM, quality=0.0)


def test_the_same_seed_recruits_the_same_people() -> None:
    assert recruit(20, trolls=2, languages=["en", "de"], seed=4) == recruit(
        20, trolls=2, languages=["en", "de"], seed=4
    )
    assert recruit(20, trolls=2, languages=["en", "de"], seed=4) != recruit(
        20, trolls=2, languages=["en", "de"], seed=5
    )


def test_a_community_has_the_trolls_it_was_asked_for_and_every_language() -> None:
    people = recruit(20, trolls=2, languages=["en", "de"], seed=1)
    assert len({person.identity for person in people}) == 20
    assert Counter(person.troll for person in people) == {None: 18, Troll.RANDOM: 1, Troll.INVERTED: 1}
    first = Counter(person.languages[0] for person in people if person.troll is None)
    assert first == {"en": 9, "de": 9}
    assert all(len(set(person.languages)) == len(person.languages) for person in people)


@pytest.mark.parametrize(("count", "trolls", "languages"), [(3, 4, ["en"]), (3, -1, ["en"]), (3, 1, [])])
def test_an_impossible_community_is_refused(count: int, trolls: int, languages: list[str]) -> None:
    with pytest.raises(Invalid):
        recruit(count, trolls=trolls, languages=languages, seed=0)


@pytest.mark.parametrize("volunteer", [SURE, INVERTED, RANDOM], ids=["honest", "inverted", "random"])
@pytest.mark.parametrize("text", [GOOD, BAD, SPAM, FOREIGN], ids=lambda text: text.text)
def test_every_review_is_one_that_a_hub_takes(volunteer: Volunteer, text: Written) -> None:
    for seed in range(50):
        check_labels(label(ASKED, text, volunteer, random.Random(seed)), ASKED.valid, ASKED.mandatory)


def test_an_honest_volunteer_says_what_is_so() -> None:
    rng = random.Random(1)
    assert label(ASKED, GOOD, SURE, rng)["spam"] == 0
    assert label(ASKED, SPAM, SURE, rng)["spam"] == 1
    assert label(ASKED, GOOD, SURE, rng)["quality"] > label(ASKED, BAD, SURE, rng)["quality"]
    assert label(ASKED, FOREIGN, SURE, rng)["lang_mismatch"] == 1
    assert "lang_mismatch" not in label(ASKED, GOOD, SURE, rng)


def test_a_flag_that_must_be_answered_is() -> None:
    asked = replace(ASKED, mandatory=("spam", "pii"))
    assert label(asked, GOOD, SURE, random.Random(1))["pii"] == 0


def test_a_careless_volunteer_errs_as_often_as_their_error_rate_says() -> None:
    careless = replace(SURE, error_rate=0.25)
    rng = random.Random(1)
    wrong = sum(label(ASKED, GOOD, careless, rng)["spam"] for _ in range(1000))
    assert 200 < wrong < 300


def test_an_inverted_troll_praises_spam_and_condemns_the_rest() -> None:
    rng = random.Random(1)
    assert label(ASKED, SPAM, INVERTED, rng)["spam"] == 0
    assert label(ASKED, GOOD, INVERTED, rng)["spam"] == 1
    assert label(ASKED, GOOD, INVERTED, rng)["quality"] < 0.5


def test_an_honest_volunteer_ranks_by_quality_and_a_troll_by_lot() -> None:
    replies = [BAD, GOOD, SPAM]
    rng = random.Random(1)
    assert all(rank(replies, SURE, rng) == [1, 0, 2] for _ in range(20))
    assert len({tuple(rank(replies, RANDOM, rng)) for _ in range(100)}) == 6


def test_what_people_write_is_about_as_good_as_they_are() -> None:
    rng = random.Random(1)
    means = [sum(effort(replace(SURE, quality=quality), rng) for _ in range(300)) / 300 for quality in (0.2, 0.5, 0.8)]
    assert all(abs(mean - quality) < 0.03 for mean, quality in zip(means, (0.2, 0.5, 0.8), strict=True))
    assert all(lower < higher for lower, higher in pairwise(means))


# --- abusers ---------------------------------------------------------------------------------------------------------


def test_abusers_come_alone_or_in_rings_and_are_the_same_for_a_seed() -> None:
    found = recruit_abusers(list(Abuse), languages=["en", "de"], seed=2)
    assert found == recruit_abusers(list(Abuse), languages=["en", "de"], seed=2)
    assert Counter(one.abuse for one in found) == {abuse: RING_SIZES.get(abuse, 1) for abuse in Abuse}
    assert len({one.identity for one in found}) == len(found)
    rings = Counter(one.ring for one in found if one.ring)
    assert sorted(rings.values()) == sorted(RING_SIZES.values())


@pytest.mark.parametrize("abuse", Abuse)
@pytest.mark.parametrize("text", [GOOD, BAD, SPAM, FOREIGN], ids=lambda text: text.text)
def test_every_review_of_an_abuser_is_one_that_a_hub_takes(abuse: Abuse, text: Written) -> None:
    asked = replace(ASKED, mandatory=("spam", "pii"))
    for seed in range(20):
        given = label(asked, text, replace(SURE, abuse=abuse, ring="friends"), random.Random(seed))
        check_labels(given, asked.valid, asked.mandatory)


def test_a_parrot_says_the_same_of_everything_and_ranks_as_shown() -> None:
    parrot = replace(SURE, abuse=Abuse.PARROT)
    rng = random.Random(1)
    assert label(ASKED, GOOD, parrot, rng) == label(ASKED, SPAM, parrot, rng)
    assert rank([BAD, GOOD, SPAM], parrot, rng) == [0, 1, 2]


def test_friends_vote_alike_whatever_a_text_is_worth() -> None:
    friends = [replace(SURE, identity=Identity("local", name), abuse=Abuse.CLIQUE, ring="friends") for name in "ab"]
    texts = [replace(GOOD, text=f"text {number}") for number in range(5)]
    one, other = (rank(texts, friend, random.Random(seed)) for seed, friend in enumerate(friends))
    assert one == other
    assert rank(texts, replace(friends[0], ring="others"), random.Random(1)) != one


def test_a_racer_needs_no_time_and_everybody_else_does() -> None:
    rng = random.Random(1)
    assert max(seconds_for(replace(SURE, abuse=Abuse.RACER), 1000, 500, rng) for _ in range(100)) < 1
    assert min(seconds_for(SURE, 1000, 500, rng) for _ in range(100)) > 500 / 7 + 1000 / 40
