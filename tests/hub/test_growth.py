"""How trees move on: the draw, growth, ranking, the backlog, and what a change of the campaign does."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from community import REVIEWERS, SMALL, Community
from recount import differences
from sqlalchemy import insert

from oa.domain.lifecycle import TreeState
from oa.domain.tasks import RANKINGS, REPLIES, REVIEWS
from oa.hub import campaigns, growth
from oa.store import tables, trees, work
from oa.store.database import Transaction


def states(community: Community) -> Counter[str]:
    return Counter(row["state"] for row in community.rows("message_tree"))


def waiting(community: Community) -> set[UUID]:
    return {row["message_id"] for row in community.rows("waiting_prompt")}


def accepted(community: Community, author: str, lang: str = "en") -> UUID:
    """A prompt that has just been accepted, wherever that has led it."""
    prompt = community.prompt(author, lang)
    community.review_everything(lang=lang)
    return prompt


# --- the draw --------------------------------------------------------------------------------------------------------


def test_an_accepted_prompt_grows_at_once_while_there_are_places(community: Community, clock: Any) -> None:
    prompt = accepted(community, "ada")
    tree = community.tree(prompt)
    assert (tree.state, tree.won_prompt_lottery_date) == (TreeState.GROWING, clock.now)
    assert waiting(community) == set()
    assert community.available("ben")["assistant_reply"] == 1


def test_an_accepted_prompt_waits_while_all_places_are_taken(community: Community) -> None:
    community.set(max_active_trees="1")
    accepted(community, "ada")
    prompt = accepted(community, "anton")
    tree = community.tree(prompt)
    assert (tree.state, tree.active, tree.won_prompt_lottery_date) == (TreeState.PROMPT_LOTTERY_WAITING, False, None)
    assert waiting(community) == {prompt}
    assert not community.is_offered("ben", *REVIEWS)


def test_a_rejected_prompt_ends_its_tree(community: Community) -> None:
    prompt = community.prompt("ada")
    community.review_everything(spam=1)
    assert (community.state(prompt), community.tree(prompt).active) == (TreeState.ABORTED_LOW_GRADE, False)
    assert community.rows("open_work") == []


def test_every_language_has_places_of_its_own(community: Community) -> None:
    community.set(max_active_trees="1")
    english, german = accepted(community, "ada"), accepted(community, "anton", "de")
    assert {community.state(english), community.state(german)} == {TreeState.GROWING}
    second = accepted(community, "anna", "de")
    community.halt(english)
    assert community.state(second) == TreeState.PROMPT_LOTTERY_WAITING
    community.halt(german)
    assert community.state(second) == TreeState.GROWING


def test_the_next_prompt_takes_the_place_of_a_tree_that_has_grown(community: Community) -> None:
    community.set(**SMALL | {"max_active_trees": 1})
    first = community.growing("ada")
    second = accepted(community, "anton")
    for name in ("ben", "cleo"):
        community.reply(name)
    community.review_everything()
    assert (community.state(first), community.state(second)) == (TreeState.RANKING, TreeState.GROWING)


def test_the_next_prompt_takes_the_place_of_a_tree_whose_prompt_is_deleted(community: Community) -> None:
    community.set(max_active_trees="1")
    first, second = community.growing("ada"), accepted(community, "anton")
    community.delete(first)
    assert community.state(first) == TreeState.HALTED_BY_MODERATOR
    assert community.state(second) == TreeState.GROWING


def test_more_places_are_filled_as_soon_as_the_campaign_has_them(community: Community) -> None:
    community.set(max_active_trees="0")
    for number in range(4):
        accepted(community, f"author {number}")
    assert states(community) == {"prompt_lottery_waiting": 4}
    community.set(max_active_trees="3")
    assert states(community) == {"prompt_lottery_waiting": 1, "growing": 3}


def test_a_deleted_prompt_leaves_the_draw(community: Community) -> None:
    community.set(max_active_trees="0")
    prompt = accepted(community, "ada")
    community.delete(prompt)
    assert (community.state(prompt), waiting(community)) == (TreeState.HALTED_BY_MODERATOR, set())


def chances(community: Community) -> dict[str, int]:
    """First places that count in the draw, by the name of the author."""
    names = {row["id"]: row["username"] for row in community.rows("user")}
    found = community.database.run(lambda tx: trees.waiting_authors(tx, "en", since=tx.now - growth.LOTTERY_MEMORY))
    return {names[author]: places for author, places in found.items()}


def test_first_places_of_the_last_month_weigh_in_the_draw(community: Community, clock: Any) -> None:
    community.set(**SMALL)
    _, (by_ben, by_cleo) = community.ranking()
    for name in REVIEWERS[:2]:
        community.rank(name, community.take(name, *RANKINGS), by_ben, by_cleo)
    community.rank("rosa", community.take("rosa", *RANKINGS), by_ben, by_cleo, not_rankable=True)
    community.set(max_active_trees="0")
    for author in ("ben", "cleo"):
        accepted(community, author)
    assert chances(community) == {"ben": 2, "cleo": 0}
    clock.advance(timedelta(days=30))
    assert chances(community) == {"ben": 2, "cleo": 0}
    clock.advance(timedelta(seconds=1))
    assert chances(community) == {"ben": 0, "cleo": 0}


class _Drawn(Exception):
    """Rolls a draw back and says who won."""


def test_whoever_was_first_more_often_wins_more_often(community: Community) -> None:
    community.set(**SMALL)
    _, (by_ben, by_cleo) = community.ranking()
    for name in REVIEWERS:
        community.rank(name, community.take(name, *RANKINGS), by_ben, by_cleo)
    community.set(max_active_trees="0")
    prompts = {accepted(community, author): author for author in ("ben", "cleo")}

    def draw(tx: Transaction) -> None:
        campaigns.change(tx, {"max_active_trees": "1"})
        raise _Drawn(next(prompt for prompt in prompts if trees.find(tx, prompt).state is TreeState.GROWING))

    wins: Counter[str] = Counter()
    for _ in range(50):
        with pytest.raises(_Drawn) as drawn:
            community.database.run(draw)
        wins[prompts[drawn.value.args[0]]] += 1
    assert wins["ben"] > 2 * wins["cleo"] > 0


def test_an_author_with_many_prompts_has_no_more_chances_than_others(community: Community) -> None:
    community.set(max_active_trees="0")
    for _ in range(3):
        accepted(community, "ada")
    accepted(community, "ben")
    assert chances(community) == {"ada": 0, "ben": 0}
    community.set(max_active_trees="3")
    assert states(community) == {"growing": 3, "prompt_lottery_waiting": 1}


def test_prompts_of_disabled_authors_do_not_win(community: Community) -> None:
    community.set(max_active_trees="0")
    prompt, other = accepted(community, "ada"), accepted(community, "ben")
    community.disable("ada")
    community.set(max_active_trees="5")
    assert community.state(prompt) == TreeState.PROMPT_LOTTERY_WAITING
    assert community.state(other) == TreeState.GROWING


def test_tidying_halts_the_prompts_of_authors_who_have_gone(community: Community) -> None:
    community.set(max_active_trees="0")
    prompt = accepted(community, "ada")
    accepted(community, "ben")
    community.disable("ada")
    assert community.tidy() == {"halted": 1}
    assert community.state(prompt) == TreeState.HALTED_BY_MODERATOR
    (event,) = community.events("tree_halted")
    assert event["message_id"] == prompt
    assert community.tidy() == {"halted": 0}
    assert states(community)["prompt_lottery_waiting"] == 1


def test_tidying_draws_the_prompts_of_authors_who_are_back(community: Community) -> None:
    community.set(max_active_trees="0")
    prompt = accepted(community, "ada")
    community.disable("ada")
    community.set(max_active_trees="1")
    community.put("user", community.user_id("ada"), enabled=True)
    community.tidy()
    assert community.state(prompt) == TreeState.GROWING


def test_a_crowd_of_prompts_that_ask_for_nothing_passes_the_draw(community: Community) -> None:
    community.set(max_active_trees="0")
    template = accepted(community, "ada")
    message, tree = community.rows("message", id=template)[0], community.rows("message_tree")[0]
    ids = [UUID(int=number, version=4) for number in range(1, 401)]

    def add(tx: Transaction) -> None:
        of_messages = [message | {"id": one, "message_tree_id": one, "frontend_message_id": str(one)} for one in ids]
        of_trees = [tree | {"message_tree_id": one, "goal_tree_size": 1} for one in ids]
        of_draw = [{"message_id": one, "lang": "en", "user_id": message["user_id"]} for one in ids]
        tx.connection.execute(insert(tables.messages), of_messages)
        tx.connection.execute(insert(tables.trees), of_trees)
        tx.connection.execute(insert(tables.waiting_prompts), of_draw)

    community.database.run(add)
    community.set(max_active_trees="2")
    assert states(community) == {"ready_for_export": 400, "growing": 1}


# --- growth ----------------------------------------------------------------------------------------------------------


def test_a_tree_that_has_reached_its_goal_is_ranked(community: Community) -> None:
    community.set(goal_tree_size="3")
    prompt = community.growing()
    for name in ("ben", "cleo"):
        community.reply(name)
    assert not community.is_offered("dora", *REPLIES)
    community.review_everything()
    assert community.state(prompt) == TreeState.RANKING
    assert set(community.available("rita")) == {"rank_assistant_replies", "initial_prompt"}


def test_a_tree_with_no_room_left_is_ranked_before_its_goal(community: Community) -> None:
    community.set(goal_tree_size="12", max_tree_depth="1", max_children_count="2")
    prompt, _ = community.ranking()
    assert community.state(prompt) == TreeState.RANKING


def test_a_rejected_reply_gives_its_room_back(community: Community) -> None:
    community.set(**SMALL)
    prompt = community.growing()
    for name in ("troll", "ben"):
        community.reply(name)
    assert not community.is_offered("cleo", *REPLIES)
    for name in REVIEWERS:
        for _ in range(2):
            task = community.take(name, *REVIEWS)
            community.review(name, task, spam=task.conversation[-1].message.user_id == community.user_id("troll"))
    assert community.state(prompt) == TreeState.GROWING
    assert community.is_offered("cleo", *REPLIES)


def test_a_prompt_whose_replies_were_all_rejected_is_answered_again(community: Community) -> None:
    community.growing()
    community.reply("troll")
    community.review_everything(spam=1)
    (slot,) = community.rows("open_work")
    assert (slot["kind"], slot["free"], slot["lonely"]) == ("assistant_reply", 3, False)


def test_an_assistants_message_has_as_many_replies_as_the_campaign_allows(community: Community) -> None:
    community.growing()
    community.reply("ben")
    community.review_everything()
    assert community.available("dora")["prompter_reply"] == 1
    community.write("dora", community.take("dora", "prompter_reply"))
    assert "prompter_reply" not in community.available("emil")
    community.set(num_prompter_replies="2")
    assert community.available("emil")["prompter_reply"] == 1
    community.set(num_prompter_replies="0")
    assert "prompter_reply" not in community.available("emil")


def test_nothing_below_the_greatest_depth_is_answered(community: Community) -> None:
    community.set(max_tree_depth="2", max_children_count="1")
    prompt = community.growing()
    for name in ("ben", "cleo"):
        community.reply(name)
        community.review_everything()
    assert community.state(prompt) == TreeState.READY_FOR_EXPORT
    assert max(row["depth"] for row in community.rows("message")) == 2


def test_a_tree_with_nothing_to_rank_is_ready_at_once(community: Community) -> None:
    community.set(goal_tree_size="2", max_tree_depth="1")
    prompt = community.growing()
    reply = community.reply("ben")
    community.review_everything()
    assert community.state(prompt) == TreeState.READY_FOR_EXPORT
    assert community.message(reply).rank is None


# --- ranking ---------------------------------------------------------------------------------------------------------


def vote(community: Community, *orders: list[UUID], not_rankable: tuple[int, ...] = ()) -> None:
    for number, (name, order) in enumerate(zip(REVIEWERS, orders, strict=False)):
        task = community.take(name, *RANKINGS)
        community.rank(name, task, *order, not_rankable=number in not_rankable)


def ranks(community: Community, replies: list[UUID]) -> list[int | None]:
    return [community.message(reply).rank for reply in replies]


def test_three_ballots_make_a_tree_ready_with_ranks(community: Community) -> None:
    community.set(**SMALL)
    prompt, (a, b) = community.ranking()
    vote(community, [a, b], [b, a])
    assert (community.state(prompt), ranks(community, [a, b])) == (TreeState.RANKING, [None, None])
    community.rank("rosa", community.take("rosa", *RANKINGS), b, a)
    assert (community.state(prompt), ranks(community, [a, b])) == (TreeState.READY_FOR_EXPORT, [1, 0])
    assert (community.tree(prompt).active, community.message(prompt).rank) == (False, None)
    assert community.rows("open_work") == []


def test_the_clearest_duels_decide(community: Community) -> None:
    community.set(goal_tree_size="4", max_tree_depth="1")
    _, (a, b, c) = community.ranking(repliers=("ben", "cleo", "dora"))
    vote(community, [a, b, c], [a, b, c], [c, a, b])
    assert ranks(community, [a, b, c]) == [0, 1, 2]


def test_a_tie_is_broken_by_the_seed_of_the_tree(community: Community) -> None:
    community.set(**SMALL | {"num_required_rankings": 2})
    prompt, (a, b) = community.ranking()
    vote(community, [a, b], [b, a])
    by_seed: set[tuple[int | None, ...]] = set()
    for seed in range(12):
        community.put("message_tree", prompt, tie_seed=seed, state="scoring_failed")
        community.resume(prompt)
        by_seed.add(tuple(ranks(community, [a, b])))
    assert by_seed == {(0, 1), (1, 0)}


def test_a_majority_that_finds_nothing_to_rank_leaves_no_ranks(community: Community) -> None:
    community.set(**SMALL)
    prompt, (a, b) = community.ranking()
    vote(community, [a, b], [a, b], [a, b], not_rankable=(0, 1))
    assert (community.state(prompt), ranks(community, [a, b])) == (TreeState.READY_FOR_EXPORT, [None, None])


def test_a_minority_that_finds_nothing_to_rank_is_outvoted(community: Community) -> None:
    community.set(**SMALL)
    _, (a, b) = community.ranking()
    vote(community, [b, a], [a, b], [a, b], not_rankable=(0,))
    assert ranks(community, [a, b]) == [0, 1]


def test_a_reply_that_is_deleted_meanwhile_drops_out_of_the_ballots(community: Community) -> None:
    community.set(goal_tree_size="4", max_tree_depth="1")
    prompt, (a, b, c) = community.ranking(repliers=("ben", "cleo", "dora"))
    vote(community, [a, b, c], [a, b, c])
    task = community.take("rosa", *RANKINGS)
    community.delete(a)
    community.rank("rosa", task, c, a, b)
    assert (community.state(prompt), ranks(community, [a, b, c])) == (TreeState.READY_FOR_EXPORT, [None, 0, 1])
    assert differences(community.database) == []


def test_a_ranking_of_which_one_reply_is_left_is_over(community: Community) -> None:
    community.set(**SMALL)
    prompt, (a, b) = community.ranking()
    vote(community, [a, b])
    community.delete(a)
    assert (community.state(prompt), ranks(community, [a, b])) == (TreeState.READY_FOR_EXPORT, [None, None])


def test_ballots_that_cannot_be_merged_are_kept_for_a_look(community: Community, caplog: Any) -> None:
    community.set(**SMALL)
    prompt, (a, b) = community.ranking()
    vote(community, [a, b], [a, b])
    broken = community.rows("ballot")[0]["task_id"]

    def mend(ranking: list[UUID]) -> None:
        changed = tables.ballots.update().where(tables.ballots.c.task_id == broken)
        values = {"ranking": [str(reply) for reply in ranking]}
        community.database.run(lambda tx: tx.connection.execute(changed.values(values)))

    mend([a, a, b])
    community.rank("rosa", community.take("rosa", *RANKINGS), a, b)
    assert (community.state(prompt), community.tree(prompt).active) == (TreeState.SCORING_FAILED, False)
    assert "cannot be merged" in caplog.text
    assert ranks(community, [a, b]) == [None, None]
    mend([a, b])
    assert community.resume(prompt).state == TreeState.READY_FOR_EXPORT
    assert ranks(community, [a, b]) == [0, 1]


def test_prompters_replies_are_ranked_only_where_the_campaign_wants_it(community: Community) -> None:
    community.set(goal_tree_size="4", max_tree_depth="2", max_children_count="2", num_prompter_replies="2")
    prompt = community.growing()
    community.reply("ben")
    community.review_everything()
    for name in ("cleo", "dora"):
        community.write(name, community.take(name, "prompter_reply"))
    community.set(rank_prompter_replies="true")
    community.review_everything()
    assert community.state(prompt) == TreeState.RANKING
    assert community.available("rita").keys() == {"rank_prompter_replies", "initial_prompt"}
    community.set(rank_prompter_replies="false")
    assert community.state(prompt) == TreeState.READY_FOR_EXPORT


# --- the backlog -----------------------------------------------------------------------------------------------------


def backlog(community: Community, number: int, *, lang: str = "en", rankable: bool = True) -> list[UUID]:
    """Grown trees that wait for their turn."""
    prompts: list[UUID] = []
    for _ in range(number):
        prompt = community.growing("zoe", lang)
        for name in ("yan", "xia") if rankable else ("yan",):
            community.reply(name, lang)
        community.review_everything(lang=lang)
        community.put("message_tree", prompt, state="backlog_ranking", active=False)
        prompts.append(prompt)
    community.rebuild()
    return prompts


def test_a_tree_that_ends_wakes_one_from_the_backlog(community: Community) -> None:
    community.set(**SMALL | {"p_activate_backlog_tree": 0})
    backlog(community, 2)
    community.set(p_activate_backlog_tree="1")
    prompt = community.prompt("ada")
    community.review_everything(spam=1)
    assert community.state(prompt) == TreeState.ABORTED_LOW_GRADE
    assert states(community) == {"aborted_low_grade": 1, "ranking": 1, "backlog_ranking": 1}
    assert community.available("rita")["rank_assistant_replies"] == 1


def test_an_accepted_prompt_wakes_one_too(community: Community) -> None:
    community.set(**SMALL | {"p_activate_backlog_tree": 0})
    backlog(community, 2)
    community.set(p_activate_backlog_tree="1")
    accepted(community, "ada")
    assert states(community) == {"growing": 1, "ranking": 1, "backlog_ranking": 1}


def test_nothing_wakes_without_chance(community: Community) -> None:
    community.set(**SMALL | {"p_activate_backlog_tree": 0})
    backlog(community, 1)
    community.finished()
    assert states(community) == {"ready_for_export": 1, "backlog_ranking": 1}


def test_too_few_open_rankings_wake_one_for_certain(community: Community) -> None:
    community.set(**SMALL | {"p_activate_backlog_tree": 0})
    backlog(community, 3)
    community.set(min_active_rankings_per_lang="1")
    for author, ranking in (("ada", 1), ("anton", 1)):
        community.prompt(author)
        community.review_everything(spam=1)
        assert states(community)["ranking"] == ranking
    community.rank_everything()
    assert states(community) == {"aborted_low_grade": 2, "ready_for_export": 1, "ranking": 1, "backlog_ranking": 1}


def test_trees_with_nothing_to_rank_are_given_up_on_the_way(community: Community) -> None:
    community.set(**SMALL | {"p_activate_backlog_tree": 0})
    backlog(community, 1)
    community.set(goal_tree_size="2")
    backlog(community, 2, rankable=False)
    community.database.run(lambda tx: [growth.wake_one(tx, "en") for _ in range(3)])
    assert states(community) == {"ranking": 1, "aborted_low_grade": 2}


def test_only_trees_of_the_same_language_wake(community: Community) -> None:
    community.set(**SMALL | {"p_activate_backlog_tree": 0})
    backlog(community, 1, lang="de")
    community.set(p_activate_backlog_tree="1")
    community.finished()
    assert states(community) == {"ready_for_export": 1, "backlog_ranking": 1}


# --- a change of the campaign ----------------------------------------------------------------------------------------


def test_fewer_reviews_free_fewer_places(community: Community) -> None:
    community.prompt("ada")
    community.review("rita", community.take("rita", *REVIEWS))
    assert community.rows("open_work")[0]["free"] == 2
    community.set(num_reviews_initial_prompt="2")
    assert community.rows("open_work")[0]["free"] == 1
    community.set(num_reviews_initial_prompt="7")
    assert community.rows("open_work")[0]["free"] == 6


def test_a_message_with_more_reviews_than_are_now_needed_waits_for_one(community: Community) -> None:
    prompt = community.prompt("ada")
    for name in REVIEWERS[:2]:
        community.review(name, community.take(name, *REVIEWS))
    community.set(num_reviews_initial_prompt="1")
    assert community.state(prompt) == TreeState.INITIAL_PROMPT_REVIEW
    community.review("rosa", community.take("rosa", *REVIEWS))
    assert community.state(prompt) == TreeState.GROWING


def test_fewer_ballots_finish_a_ranking_at_once(community: Community) -> None:
    community.set(**SMALL)
    prompt, (a, b) = community.ranking()
    vote(community, [b, a])
    community.set(num_required_rankings="1")
    assert (community.state(prompt), ranks(community, [a, b])) == (TreeState.READY_FOR_EXPORT, [1, 0])


def test_a_changed_label_list_holds_for_the_tasks_that_follow(community: Community) -> None:
    community.prompt("ada")
    before = community.take("rita", "label_initial_prompt")
    community.set(labels_initial_prompt="spam, quality", mandatory_labels_initial_prompt="spam, quality")
    after = community.take("rob", "label_initial_prompt")
    assert (after.valid_labels, after.mandatory_labels) == (("spam", "quality"), ("spam", "quality"))
    community.review("rita", before, humor=1)


def test_places_in_hand_survive_a_change(community: Community) -> None:
    community.growing()
    community.take("ben", *REPLIES)
    community.set(acceptance_threshold_reply="0.7")
    assert community.rows("open_work")[0]["free"] == 2
    assert not community.is_offered("ben", *REPLIES)


def test_rebuilding_changes_nothing_where_nothing_has_changed(community: Community) -> None:
    community.set(**SMALL)
    community.finished("ada")
    community.ranking("anton", repliers=("dora", "emil"))
    community.growing("anna")
    community.take("ben", *REPLIES)
    community.prompt("amy")
    community.skip("ben", community.take("ben", *REVIEWS))
    assert differences(community.database) == []


def test_an_open_ranking_is_counted_while_its_places_are_held(community: Community) -> None:
    community.set(**SMALL)
    community.ranking()
    for name in REVIEWERS:
        community.take(name, *RANKINGS)
    assert community.database.run(lambda tx: (work.open_rankings(tx, "en"), work.open_rankings(tx, "de"))) == (1, 0)
