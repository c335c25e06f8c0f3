"""Which work comes next: pools by weight, how much a review asks, and whose prompt wins a place."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from itertools import islice
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oa.domain.campaign import Campaign
from oa.domain.labels import ReviewMode
from oa.domain.tasks import (
    ANY_KIND,
    POOL_OF,
    WEIGHTS,
    Lottery,
    Pool,
    TaskKind,
    draw_author,
    pools_in_order,
    ranking_kind,
    reply_kind,
    review_kind,
    review_mode,
    written_role,
)
from oa.domain.tree import Role

quick = settings(max_examples=25, deadline=None)

DEFAULT = Campaign()
DRAWS = 3000


def within_chance(share: float) -> Any:
    """Four standard deviations of a share among `DRAWS`."""
    return pytest.approx(share, abs=4 * (share * (1 - share) / DRAWS) ** 0.5)


# --- kinds -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        pytest.param(reply_kind(Role.PROMPTER), TaskKind.ASSISTANT_REPLY, id="the assistant answers the prompter"),
        pytest.param(reply_kind(Role.ASSISTANT), TaskKind.PROMPTER_REPLY, id="the prompter answers the assistant"),
        pytest.param(ranking_kind(Role.ASSISTANT), TaskKind.RANK_ASSISTANT_REPLIES, id="answers are ranked"),
        pytest.param(ranking_kind(Role.PROMPTER), TaskKind.RANK_PROMPTER_REPLIES, id="follow-ups are ranked"),
        pytest.param(
            review_kind(Role.PROMPTER, is_root=True), TaskKind.LABEL_INITIAL_PROMPT, id="prompts are reviewed"
        ),
        pytest.param(review_kind(Role.PROMPTER, is_root=False), TaskKind.LABEL_PROMPTER_REPLY, id="so are follow-ups"),
        pytest.param(review_kind(Role.ASSISTANT, is_root=False), TaskKind.LABEL_ASSISTANT_REPLY, id="and answers"),
    ],
)
def test_the_kind_of_work_follows_from_who_speaks(found: TaskKind, expected: TaskKind) -> None:
    assert found is expected


@pytest.mark.parametrize("parent", list(Role))
def test_a_reply_is_written_in_the_other_role(parent: Role) -> None:
    assert written_role(reply_kind(parent)) is parent.other


def test_a_first_prompt_is_written_by_the_prompter() -> None:
    assert written_role(TaskKind.INITIAL_PROMPT) is Role.PROMPTER


def test_every_kind_of_work_has_a_pool_and_every_pool_a_weight() -> None:
    assert set(POOL_OF) == set(TaskKind)
    assert set(WEIGHTS) == set(Pool) == set(POOL_OF.values())


# --- pools -----------------------------------------------------------------------------------------------------------


@quick
@given(st.sets(st.sampled_from(TaskKind)), st.integers())
def test_each_pool_of_the_kinds_asked_for_comes_once(kinds: set[TaskKind], seed: int) -> None:
    order = list(pools_in_order(kinds, random.Random(seed)))
    assert sorted(order) == sorted({POOL_OF[kind] for kind in kinds})


@pytest.mark.parametrize(
    "filled",
    [
        pytest.param(frozenset(Pool), id="all pools have work"),
        pytest.param(frozenset({Pool.REPLY_REVIEW, Pool.PROMPT_REVIEW, Pool.REPLY}), id="nothing to rank"),
        pytest.param(frozenset({Pool.REPLY, Pool.PROMPT}), id="only texts to write"),
        pytest.param(frozenset({Pool.PROMPT}), id="only prompts to write"),
    ],
)
def test_among_pools_with_work_each_comes_first_as_often_as_it_weighs(filled: frozenset[Pool]) -> None:
    rng = random.Random(4)
    first = Counter(next(pool for pool in pools_in_order(ANY_KIND, rng) if pool in filled) for _ in range(DRAWS))
    total = sum(WEIGHTS[pool] for pool in filled)
    for pool in filled:
        assert first[pool] / DRAWS == within_chance(WEIGHTS[pool] / total)


def test_pools_are_drawn_only_as_far_as_they_are_asked_for() -> None:
    asked, untouched = random.Random(7), random.Random(7)
    assert list(islice(pools_in_order(ANY_KIND, asked), 1))
    untouched.random()
    assert asked.random() == untouched.random()


# --- reviews ---------------------------------------------------------------------------------------------------------

SETTING = {
    TaskKind.LABEL_INITIAL_PROMPT: "p_full_labeling_review_prompt",
    TaskKind.LABEL_ASSISTANT_REPLY: "p_full_labeling_review_reply_assistant",
    TaskKind.LABEL_PROMPTER_REPLY: "p_full_labeling_review_reply_prompter",
}


def modes(kind: TaskKind, campaign: Campaign, *, asked_for: bool = False) -> Counter[ReviewMode]:
    rng = random.Random(11)
    return Counter(review_mode(kind, campaign, rng, asked_for=asked_for) for _ in range(DRAWS))


@pytest.mark.parametrize(("kind", "setting"), list(SETTING.items()))
@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_each_kind_of_review_asks_everything_as_often_as_its_setting_says(
    kind: TaskKind, setting: str, share: float
) -> None:
    shares: dict[str, Any] = {**dict.fromkeys(SETTING.values(), 1.0 - share), setting: share}
    assert modes(kind, Campaign(**shares))[ReviewMode.FULL] / DRAWS == within_chance(share)


@pytest.mark.parametrize(
    ("kind", "share"),
    [(TaskKind.LABEL_INITIAL_PROMPT, 1), (TaskKind.LABEL_ASSISTANT_REPLY, 1), (TaskKind.LABEL_PROMPTER_REPLY, 0.25)],
)
def test_by_default_only_follow_ups_are_spared_most_questions(kind: TaskKind, share: float) -> None:
    assert modes(kind, DEFAULT)[ReviewMode.FULL] / DRAWS == within_chance(share)


@pytest.mark.parametrize("kind", list(SETTING))
def test_whoever_asks_for_a_kind_of_review_gets_all_of_it(kind: TaskKind) -> None:
    nothing: dict[str, Any] = dict.fromkeys(SETTING.values(), 0.0)
    assert set(modes(kind, Campaign(**nothing), asked_for=True)) == {ReviewMode.FULL}


# --- the prompt lottery ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("trees", "setting", "places", "prompts"),
    [
        pytest.param(Lottery(0, 0, 0), {}, 10, 110, id="an empty language"),
        pytest.param(Lottery(4, 90, 0), {}, 6, 16, id="places to grow and room in review"),
        pytest.param(Lottery(10, 99, 3), {}, 0, 1, id="no places, one more in review"),
        pytest.param(Lottery(10, 100, 3), {}, 0, 0, id="no places, no room in review"),
        pytest.param(Lottery(9, 140, 3), {}, 1, 1, id="too many in review take no place away"),
        pytest.param(Lottery(12, 100, 3), {}, 0, 0, id="more growing than allowed"),
        pytest.param(Lottery(0, 0, 245), {}, 10, 5, id="hardly any room to wait"),
        pytest.param(Lottery(0, 0, 260), {}, 10, 0, id="more waiting than allowed"),
        pytest.param(Lottery(1, 0, 0), {"max_active_trees": 3}, 2, 102, id="fewer trees"),
        pytest.param(Lottery(0, 0, 0), {"max_initial_prompt_review": 2}, 10, 12, id="fewer reviews"),
        pytest.param(Lottery(0, 0, 0), {"max_prompt_lottery_waiting": 7}, 10, 7, id="fewer waiting"),
        pytest.param(Lottery(0, 0, 0), {"max_active_trees": 0}, 0, 100, id="no trees at all"),
    ],
)
def test_places_and_prompts_wanted(trees: Lottery, setting: Mapping[str, Any], places: int, prompts: int) -> None:
    campaign = Campaign(**setting)
    assert trees.places(campaign.limits_of("en")) == places
    assert trees.prompts_wanted(campaign.limits_of("en")) == prompts


def test_first_places_are_extra_tickets_and_everybody_has_one() -> None:
    rng = random.Random(5)
    won = Counter(draw_author({"ada": 0, "grace": 3, "alan": 1}, rng) for _ in range(DRAWS))
    assert {author: won[author] / DRAWS for author in won} == {
        "ada": within_chance(1 / 7),
        "grace": within_chance(4 / 7),
        "alan": within_chance(2 / 7),
    }


@quick
@given(st.dictionaries(st.integers(), st.integers(0, 50), min_size=1), st.integers())
def test_the_draw_is_among_the_authors_and_repeats_with_its_seed(first_places: dict[int, int], seed: int) -> None:
    winner = draw_author(first_places, random.Random(seed))
    assert winner in first_places
    assert draw_author(first_places, random.Random(seed)) == winner
