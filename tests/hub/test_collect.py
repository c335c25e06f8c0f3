"""Asking for work, acknowledging it, giving it back and closing it."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from community import REVIEWERS, SMALL, Community, who

from oa.domain.emoji import Emoji
from oa.domain.labels import ReviewMode
from oa.domain.people import AccountRole
from oa.domain.tasks import RANKINGS, REPLIES, REVIEWS, TaskKind
from oa.domain.tree import Role
from oa.errors import (
    InvalidFrontendMessageId,
    TaskAlreadyDone,
    TaskAlreadyUpdated,
    TaskExpired,
    TaskNotAssigned,
    TaskNotCollective,
    TaskNotFound,
    TaskTypeNotAvailable,
    TooManyPending,
    UserDisabled,
    UserNotFound,
    UserNotSpecified,
)
from oa.hub import collect
from oa.hub.assignments import TaskRequest

SPAN = timedelta(seconds=300)
"""How long a task keeps its place."""

VALIDITY = timedelta(minutes=2880)


# --- asking ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", sorted(set(TaskKind) - {TaskKind.INITIAL_PROMPT}))
def test_an_empty_hub_has_nothing_but_prompts_to_ask_for(community: Community, kind: str) -> None:
    with community.refused(TaskTypeNotAvailable):
        community.ask("ada", kind)


def test_a_task_for_a_new_prompt_shows_no_conversation(community: Community) -> None:
    task = community.ask("ada")
    assert (task.kind, task.conversation, task.replies, task.tree_id) == (TaskKind.INITIAL_PROMPT, (), (), None)


def test_a_review_shows_the_conversation_that_ends_with_the_message(community: Community) -> None:
    prompt = community.growing()
    reply = community.reply("ben")
    task = community.ask("rita", "label_assistant_reply")
    assert [view.message.id for view in task.conversation] == [prompt, reply]
    assert task.tree_id == prompt
    assert task.mandatory_labels == ("spam",)
    assert task.valid_labels[0] == "spam"
    assert "helpfulness" in task.valid_labels


def test_a_reply_task_says_whose_turn_it_is(community: Community) -> None:
    prompt = community.growing()
    task = community.ask("ben", *REPLIES)
    assert (task.kind, task.conversation[-1].message.id) == (TaskKind.ASSISTANT_REPLY, prompt)
    community.reply("dora")
    community.review_everything()
    assert community.ask("cleo", "prompter_reply").conversation[-1].message.role is Role.ASSISTANT


def test_a_ranking_shows_the_accepted_replies_in_an_order_of_its_own(community: Community) -> None:
    community.set(**SMALL | {"goal_tree_size": 5, "max_children_count": 4, "num_required_rankings": 20})
    prompt, replies = community.ranking(repliers=("ben", "cleo", "dora", "emil"))
    tasks = [community.ask(f"judge {number}", *RANKINGS) for number in range(8)]
    orders = {tuple(view.message.id for view in task.replies) for task in tasks}
    assert {task.conversation[-1].message.id for task in tasks} == {prompt}
    assert all(set(order) == set(replies) for order in orders)
    assert len(orders) > 1


def test_it_is_said_that_replies_are_synthetic_only_when_all_are(community: Community) -> None:
    community.set(**SMALL)
    _, replies = community.ranking()
    community.put("message", replies[0], synthetic=True)
    assert not community.ask("rita", *RANKINGS).reveal_synthetic
    community.put("message", replies[1], synthetic=True)
    assert community.ask("rob", *RANKINGS).reveal_synthetic


def test_people_see_their_own_reactions_on_what_they_are_shown(community: Community) -> None:
    prompt = community.prompt("ada")
    community.react("rita", prompt, Emoji.CLAP)
    community.react("rob", prompt, Emoji.ROFL)
    (view,) = community.ask("rita", *REVIEWS).conversation
    assert (view.user_emojis, view.user_is_author) == (("clap",), False)
    assert view.message.emojis == {"clap": 1, "rofl": 1}


def test_a_review_that_was_asked_for_by_name_asks_for_everything(community: Community) -> None:
    community.set(p_full_labeling_review_prompt="0")
    community.prompt("ada")
    full = community.ask("rita", "label_initial_prompt")
    simple = community.ask("rob")
    assert (full.mode, simple.mode) == (ReviewMode.FULL, ReviewMode.SIMPLE)
    assert simple.valid_labels == ("spam", "lang_mismatch")
    assert community.task(simple.id).mode is ReviewMode.SIMPLE


def test_prompts_with_a_lonely_reply_are_answered_first(community: Community) -> None:
    community.growing("ada")
    community.reply("ben")
    community.growing("anton")
    (lonely,) = community.rows("open_work", lonely=True)

    def answered(chance: str) -> set[UUID]:
        community.set(p_lonely_child_extension=chance)
        tasks = [community.ask(f"writer {chance} {number}", *REPLIES) for number in range(2)]
        for number, task in enumerate(tasks):
            community.skip(f"writer {chance} {number}", task)
        return {task.conversation[-1].message.id for task in tasks}

    assert answered("1") == {lonely["message_id"]}
    assert len(set.union(*(answered(f"0.0{digit}") for digit in range(6)))) > 1


def test_random_work_is_drawn_from_all_pools_that_have_some(community: Community) -> None:
    community.growing("ada")
    community.prompt("anton")
    kinds = Counter(community.ask(f"asker {number}").kind for number in range(5))
    assert set(kinds) == {TaskKind.LABEL_INITIAL_PROMPT, TaskKind.ASSISTANT_REPLY}


def test_a_disabled_user_gets_nothing(community: Community) -> None:
    community.ask("ada")
    community.disable("ada")
    with community.refused(UserDisabled):
        community.ask("ada")


def test_whoever_holds_eight_unanswered_tasks_gets_no_more(community: Community) -> None:
    tasks = [community.take("ada", "initial_prompt") for _ in range(8)]
    with community.refused(TooManyPending):
        community.ask("ada")
    community.ask("ben")
    community.skip("ada", tasks[0])
    community.ask("ada", "initial_prompt")
    with community.refused(TooManyPending):
        community.ask("ada", "initial_prompt")
    community.write("ada", tasks[1])
    community.ask("ada", "initial_prompt")


def test_old_unanswered_tasks_do_not_count(community: Community, clock: Any) -> None:
    for _ in range(8):
        community.ask("ada", "initial_prompt")
    clock.advance(SPAN + timedelta(seconds=1))
    community.ask("ada", "initial_prompt")


def test_too_many_pending_tasks_are_said_before_there_is_nothing_to_do(community: Community) -> None:
    community.set(max_pending_tasks_per_user="1")
    community.ask("ada")
    with community.refused(TooManyPending):
        community.ask("ada", *RANKINGS)


# --- asking again with a key -----------------------------------------------------------------------------------------


def test_asking_again_with_the_same_key_gives_the_same_task(community: Community) -> None:
    community.prompt("ada")
    task = community.ask("rita", *REVIEWS, key="k")
    before = community.everything()
    assert community.ask("rita", *REVIEWS, key="k") == task
    assert community.everything() == before
    assert community.ask("rita", "initial_prompt", key="l").id != task.id


def test_a_repeated_request_is_answered_even_at_the_limit(community: Community) -> None:
    community.set(max_pending_tasks_per_user="1")
    task = community.ask("ada", key="k")
    assert community.ask("ada", key="k") == task


def test_a_repeated_ranking_shows_the_replies_in_the_same_order(community: Community) -> None:
    community.set(**SMALL)
    community.ranking()
    first = community.ask("rita", *RANKINGS, key="k")
    assert [community.ask("rita", *RANKINGS, key="k").replies for _ in range(5)] == [first.replies] * 5


def test_a_key_that_somebody_else_has_used_is_refused(community: Community) -> None:
    community.ask("ada", key="k")
    with community.refused(TaskNotAssigned):
        community.ask("ben", key="k")


def test_two_programs_may_use_the_same_key(community: Community) -> None:
    task = community.ask("ada", key="k")
    other = community.new_program("another")
    request = TaskRequest(who=who("ada"), kinds=frozenset(TaskKind), key="k")
    assert community.database.run(lambda tx: collect.request_task(tx, other, request)).id != task.id


def test_an_empty_key_is_none(community: Community) -> None:
    assert community.ask("ada", key="").id != community.ask("ada", key="").id


# --- what one person is never given ----------------------------------------------------------------------------------


def test_nobody_reviews_their_own_prompt(community: Community) -> None:
    community.prompt("ada")
    assert not community.is_offered("ada", *REVIEWS)
    assert community.is_offered("rita", *REVIEWS)
    community.set(allow_self_labeling="true")
    assert community.is_offered("ada", *REVIEWS)


def test_nobody_reviews_their_own_reply(community: Community) -> None:
    community.growing()
    community.reply("ben")
    assert not community.is_offered("ben", *REVIEWS)
    assert community.is_offered("ada", *REVIEWS)
    community.set(allow_self_labeling="true")
    assert community.is_offered("ben", *REVIEWS)


def test_nobody_answers_their_own_message(community: Community) -> None:
    community.growing()
    assert not community.is_offered("ada", *REPLIES)
    assert community.is_offered("ben", *REPLIES)
    community.set(allow_self_replies="true")
    assert community.is_offered("ada", *REPLIES)


def test_nobody_ranks_replies_that_include_their_own(community: Community) -> None:
    community.set(**SMALL)
    community.ranking()
    assert not community.is_offered("ben", *RANKINGS)
    assert community.is_offered("ada", *RANKINGS)
    community.set(allow_self_ranking="true")
    assert community.is_offered("ben", *RANKINGS)


def test_the_author_of_a_rejected_reply_may_rank_the_others(community: Community) -> None:
    community.set(**SMALL)
    community.growing()
    community.reply("troll")
    community.review_everything(spam=1)
    for name in ("ben", "cleo"):
        community.reply(name)
    community.review_everything()
    assert community.is_offered("troll", *RANKINGS)


def test_nobody_reviews_the_same_message_twice(community: Community) -> None:
    community.prompt("ada")
    community.review("rita", community.take("rita", *REVIEWS))
    assert not community.is_offered("rita", *REVIEWS)
    community.set(allow_duplicate_tasks="true")
    assert community.is_offered("rita", *REVIEWS)
    community.review("rita", community.take("rita", *REVIEWS))
    assert community.is_offered("rita", *REVIEWS)
    community.set(allow_duplicate_tasks="false")
    assert not community.is_offered("rita", *REVIEWS)


def test_nobody_answers_the_same_message_twice(community: Community) -> None:
    community.growing()
    community.reply("ben")
    assert not community.is_offered("ben", *REPLIES)
    community.set(allow_duplicate_tasks="true")
    community.reply("ben")
    assert community.is_offered("ben", *REPLIES)


def test_a_rejected_reply_does_not_bring_its_author_the_same_task_again(community: Community) -> None:
    community.growing()
    reply = community.reply("ben")
    community.review_everything(spam=1)
    assert community.message(reply).review_result is False
    assert not community.is_offered("ben", *REPLIES)
    assert community.is_offered("cleo", *REPLIES)


def test_whose_reply_was_deleted_may_answer_again(community: Community) -> None:
    prompt = community.growing()
    community.delete(community.reply("ben"))
    assert community.is_offered("ben", *REPLIES)
    assert community.message(community.reply("ben")).parent_id == prompt


def test_nobody_ranks_the_same_replies_twice(community: Community) -> None:
    community.set(**SMALL)
    community.ranking()
    community.rank("rita", community.take("rita", *RANKINGS))
    assert not community.is_offered("rita", *RANKINGS)
    community.set(allow_duplicate_tasks="true")
    community.rank("rita", community.take("rita", *RANKINGS))
    assert community.is_offered("rita", *RANKINGS)


def test_nobody_is_given_work_in_another_language(community: Community) -> None:
    community.prompt("ada", "en")
    assert not community.is_offered("rita", *REVIEWS, lang="de")
    assert community.available("rita", "de") == {"initial_prompt": 110}


def test_nobody_holds_two_tasks_on_the_same_message(community: Community) -> None:
    community.prompt("ada")
    community.ask("rita", *REVIEWS)
    assert not community.is_offered("rita", *REVIEWS)
    assert "label_initial_prompt" not in community.available("rita")
    assert community.available("rob")["label_initial_prompt"] == 1


# --- availability ----------------------------------------------------------------------------------------------------


def test_availability_counts_messages_and_not_places(community: Community) -> None:
    for author in ("ada", "anton", "anna"):
        community.prompt(author)
    assert community.available() == {"label_initial_prompt": 3, "initial_prompt": 107}
    assert community.available("ada") == {"label_initial_prompt": 2, "initial_prompt": 107}
    community.ask("rita", *REVIEWS)
    assert community.available()["label_initial_prompt"] == 3
    assert community.available("rita")["label_initial_prompt"] == 2


def test_availability_makes_nobody_known(community: Community) -> None:
    before = community.everything()
    assert community.available("somebody new") == {"initial_prompt": 110}
    assert community.everything() == before


async def test_availability_is_read_without_the_writer(community: Community) -> None:
    community.prompt("ada")
    found = await community.database.read(lambda tx: collect.availability(tx, community.caller, who("ada"), "en"))
    assert (found[TaskKind.LABEL_INITIAL_PROMPT], found[TaskKind.INITIAL_PROMPT]) == (0, 109)
    assert set(found) == set(TaskKind)


def test_a_person_with_a_token_is_told_what_is_there_for_them(community: Community) -> None:
    ada = community.new_person("ada")
    found = community.database.run(lambda tx: collect.availability(tx, ada, None, "en"))
    assert found[TaskKind.INITIAL_PROMPT] == 110


def test_no_prompts_are_wanted_in_a_language_that_is_closed_to_them(community: Community) -> None:
    community.set(init_prompt_disabled_langs="de, fr")
    assert community.available(lang="de") == {}
    with community.refused(TaskTypeNotAvailable):
        community.ask("ada", "initial_prompt", lang="de")
    community.ask("ada", "initial_prompt", lang="en")


def test_nothing_is_asked_for_in_a_language_that_is_switched_off(community: Community) -> None:
    community.prompt("ada", "de")
    held = community.take("rita", *REVIEWS, lang="de")
    community.set(disabled_langs="de")
    assert community.available("rob", lang="de") == {}
    with community.refused(TaskTypeNotAvailable) as refused:
        community.ask("rob", lang="de")
    assert "the language de" in str(refused.value)
    community.review("rita", held)  # what was handed out may still be answered
    community.set(disabled_langs="")
    assert community.is_offered("rob", *REVIEWS, lang="de")


def test_each_language_may_have_limits_of_its_own(community: Community) -> None:
    community.set(lang_limits="de:max_active_trees=1, de:max_initial_prompt_review=0")
    assert community.available(lang="de") == {"initial_prompt": 1}
    assert community.available(lang="en") == {"initial_prompt": 110}
    for name in ("ada", "ben"):
        community.prompt(name, "de")
    community.review_everything(lang="de")
    assert [row["state"] for row in community.rows("message_tree")].count("growing") == 1
    community.set(lang_limits="de:max_active_trees=2")
    assert [row["state"] for row in community.rows("message_tree")].count("growing") == 2


def test_no_prompts_are_wanted_when_there_is_no_room_for_them(community: Community) -> None:
    community.set(max_active_trees="1", max_initial_prompt_review="0")
    community.growing()
    assert "initial_prompt" not in community.available()
    with community.refused(TaskTypeNotAvailable):
        community.ask("ada", "initial_prompt")


def test_places_that_are_about_to_be_freed_are_available(community: Community, clock: Any) -> None:
    community.prompt("ada")
    for name in REVIEWERS:
        community.ask(name, *REVIEWS)
    assert "label_initial_prompt" not in community.available("rudi")
    clock.advance(SPAN)
    assert community.available("rudi")["label_initial_prompt"] == 1
    assert community.available("rita")["label_initial_prompt"] == 1
    assert "label_initial_prompt" not in community.available("ada")
    assert community.is_offered("rudi", *REVIEWS)


# --- places ----------------------------------------------------------------------------------------------------------


def test_no_more_people_hold_a_review_than_reviews_are_wanted(community: Community) -> None:
    community.prompt("ada")
    tasks = {name: community.take(name, *REVIEWS) for name in REVIEWERS}
    with community.refused(TaskTypeNotAvailable):
        community.ask("rudi", *REVIEWS)
    community.review("rita", tasks["rita"])
    assert not community.is_offered("rudi", *REVIEWS)
    community.skip("rob", tasks["rob"])
    assert community.is_offered("rudi", *REVIEWS)
    assert not community.is_offered("rob", *REVIEWS)


def test_no_more_people_hold_a_ranking_than_ballots_are_wanted(community: Community) -> None:
    community.set(**SMALL)
    community.ranking()
    tasks = {name: community.take(name, *RANKINGS) for name in REVIEWERS}
    with community.refused(TaskTypeNotAvailable):
        community.ask("rudi", *RANKINGS)
    community.skip("rita", tasks["rita"])
    assert community.is_offered("rudi", *RANKINGS)
    assert not community.is_offered("rita", *RANKINGS)


def test_no_more_people_hold_a_reply_than_a_message_may_have(community: Community) -> None:
    community.growing()
    tasks = [community.take(name, *REPLIES) for name in ("ben", "cleo", "dora")]
    with community.refused(TaskTypeNotAvailable):
        community.ask("emil", *REPLIES)
    community.skip("ben", tasks[0])
    assert community.is_offered("emil", *REPLIES)


def test_replies_in_hand_count_towards_the_goal_of_the_whole_tree(community: Community) -> None:
    community.set(goal_tree_size="3", max_children_count="3")
    community.growing()
    community.take("ben", *REPLIES)
    task = community.take("cleo", *REPLIES)
    assert not community.is_offered("dora", *REPLIES)
    community.write("cleo", task)
    assert not community.is_offered("dora", *REPLIES)


def test_a_place_is_lost_in_time_and_the_task_can_still_be_answered(community: Community, clock: Any) -> None:
    prompt = community.prompt("ada")
    tasks = {name: community.take(name, *REVIEWS) for name in REVIEWERS}
    clock.advance(SPAN - timedelta(seconds=1))
    assert not community.is_offered("rudi", *REVIEWS)
    clock.advance(timedelta(seconds=1))
    late = community.take("rudi", *REVIEWS)
    for name in REVIEWERS:
        community.review(name, tasks[name])
    community.review("rudi", late)
    assert community.message(prompt).review_count == 4


def test_a_lost_place_is_taken_by_tidying_too(community: Community, clock: Any) -> None:
    community.growing()
    for name in ("ben", "cleo", "dora"):
        community.ask(name, *REPLIES)
    assert community.rows("open_work", kind="assistant_reply")[0]["free"] == 0
    clock.advance(SPAN)
    community.tidy()
    assert community.rows("open_work", kind="assistant_reply")[0]["free"] == 3


def test_a_shorter_span_holds_for_the_tasks_that_are_given_out_from_then_on(community: Community, clock: Any) -> None:
    community.set(num_reviews_initial_prompt="2")
    community.prompt("ada")
    community.ask("rita", *REVIEWS)
    community.set(recent_tasks_span_sec="10")
    community.ask("rob", *REVIEWS)
    clock.advance(timedelta(seconds=10))
    community.ask("rosa", *REVIEWS)
    assert not community.is_offered("rudi", *REVIEWS)


def test_giving_back_a_task_that_has_lost_its_place_frees_no_second_one(community: Community, clock: Any) -> None:
    community.set(num_reviews_initial_prompt="1")
    community.prompt("ada")
    old = community.take("rita", *REVIEWS)
    clock.advance(SPAN)
    community.ask("rob", *REVIEWS)
    community.skip("rita", old)
    assert not community.is_offered("rosa", *REVIEWS)


def test_giving_one_back_frees_nothing_while_too_many_are_held(community: Community) -> None:
    community.prompt("ada")
    tasks = [community.take(name, *REVIEWS) for name in REVIEWERS]
    community.set(num_reviews_initial_prompt="1")
    community.skip("rita", tasks[0])
    assert not community.is_offered("rudi", *REVIEWS)


# --- acknowledging ---------------------------------------------------------------------------------------------------


def test_a_task_is_bound_to_the_id_by_which_it_will_be_answered(community: Community) -> None:
    task = community.ask("ada")
    community.ack(task.id, "a")
    kept = community.task(task.id)
    assert (kept.ack, kept.frontend_message_id) == (True, "a")


def test_acknowledging_again_with_the_same_id_changes_nothing(community: Community, clock: Any) -> None:
    task = community.ask("ada")
    community.ack(task.id, "a")
    before = community.everything()
    community.ack(task.id, "a")
    clock.advance(VALIDITY)
    community.ack(task.id, "a")
    assert community.everything() == before


def test_acknowledging_again_with_another_id_is_refused(community: Community) -> None:
    task = community.ask("ada")
    community.ack(task.id, "a")
    with community.refused(TaskAlreadyUpdated):
        community.ack(task.id, "b")


def test_an_unknown_task_is_not_acknowledged(community: Community) -> None:
    with community.refused(TaskNotFound):
        community.ack(uuid4())


def test_a_program_does_not_find_the_tasks_of_another(community: Community) -> None:
    task = community.ask("ada")
    other = community.new_program("another")
    with community.refused(TaskNotFound):
        community.database.run(lambda tx: collect.acknowledge(tx, other, task.id, "a"))


def test_an_id_is_needed_to_acknowledge(community: Community) -> None:
    task = community.ask("ada")
    with community.refused(InvalidFrontendMessageId):
        community.database.run(lambda tx: collect.acknowledge(tx, community.caller, task.id, ""))


def test_an_id_names_one_task_only(community: Community) -> None:
    first, second = community.ask("ada"), community.ask("ada")
    community.ack(first.id, "a")
    with community.refused(InvalidFrontendMessageId):
        community.ack(second.id, "a")


def test_two_programs_may_use_the_same_id(community: Community) -> None:
    community.ack(community.ask("ada").id, "a")
    other = community.new_program("another")
    request = TaskRequest(who=who("ada"), kinds=frozenset(TaskKind))
    task = community.database.run(lambda tx: collect.request_task(tx, other, request))
    community.database.run(lambda tx: collect.acknowledge(tx, other, task.id, "a"))


@pytest.mark.parametrize("earlier", [None, "a"])
def test_an_expired_task_is_not_acknowledged(community: Community, clock: Any, earlier: str | None) -> None:
    task = community.ask("ada")
    if earlier:
        community.ack(task.id, earlier)
    clock.advance(VALIDITY)
    with community.refused(TaskExpired):
        community.ack(task.id, "b")


def test_a_task_expires_after_the_minutes_that_the_campaign_says(community: Community, clock: Any) -> None:
    community.set(task_validity_minutes="10")
    early, late = community.ask("ada"), community.ask("ada")
    clock.advance(timedelta(minutes=10, microseconds=-1))
    community.ack(early.id)
    clock.advance(timedelta(microseconds=1))
    with community.refused(TaskExpired):
        community.ack(late.id)


def test_tasks_of_a_campaign_without_a_limit_never_expire(community: Community, clock: Any) -> None:
    community.set(task_validity_minutes="0")
    task = community.ask("ada")
    clock.advance(timedelta(days=5000))
    community.ack(task.id)
    community.write("ada", task)


def test_people_acknowledge_their_own_tasks_only(community: Community) -> None:
    ada, ben = community.new_person("ada"), community.new_person("ben")
    request = TaskRequest(who=None, kinds=frozenset(TaskKind))
    task = community.database.run(lambda tx: collect.request_task(tx, ada, request))
    with community.refused(TaskNotAssigned):
        community.database.run(lambda tx: collect.acknowledge(tx, ben, task.id, "a"))
    community.database.run(lambda tx: collect.acknowledge(tx, ada, task.id, "a"))
    with community.refused(TaskNotAssigned):
        community.database.run(lambda tx: collect.acknowledge(tx, ben, task.id, "a"))


def test_people_may_acknowledge_what_is_open_to_everybody(community: Community) -> None:
    ada, ben = community.new_person("ada"), community.new_person("ben")
    request = TaskRequest(who=None, kinds=frozenset(TaskKind), collective=True)
    task = community.database.run(lambda tx: collect.request_task(tx, ada, request))
    community.database.run(lambda tx: collect.acknowledge(tx, ben, task.id, "a"))
    assert community.rows("task")[0]["ack"] is True


# --- giving back -----------------------------------------------------------------------------------------------------


def test_giving_back_needs_somebody_who_is_known(community: Community) -> None:
    task = community.ask("ada")
    with community.refused(UserNotSpecified):
        community.database.run(lambda tx: collect.decline(tx, community.caller, None, task.id, None))
    with community.refused(UserNotFound):
        community.skip("nobody", task)


def test_a_disabled_user_gives_nothing_back(community: Community) -> None:
    task = community.ask("ada")
    community.disable("ada")
    with community.refused(UserDisabled):
        community.skip("ada", task)


def test_an_unknown_task_cannot_be_given_back(community: Community) -> None:
    community.ask("ada")
    with community.refused(TaskNotFound):
        community.database.run(lambda tx: collect.decline(tx, community.caller, who("ada"), uuid4(), None))


def test_nobody_gives_back_what_somebody_else_holds(community: Community) -> None:
    task = community.ask("ada")
    community.ask("ben")
    with community.refused(TaskNotAssigned):
        community.skip("ben", task)


def test_an_answered_task_cannot_be_given_back(community: Community) -> None:
    task = community.take("ada")
    community.write("ada", task)
    with community.refused(TaskAlreadyDone):
        community.skip("ada", task)


def test_giving_back_twice_changes_nothing(community: Community) -> None:
    community.prompt("ada")
    task = community.ask("rita", *REVIEWS)
    community.skip("rita", task, "too hard")
    before = community.everything()
    community.skip("rita", task, "once more")
    assert community.everything() == before
    assert community.rows("task", id=task.id)[0]["skip_reason"] == "too hard"


def test_a_prompt_that_nobody_can_think_of_is_given_back_without_a_sign(community: Community) -> None:
    community.skip("ada", community.ask("ada", "initial_prompt"))
    assert community.rows("message_emoji") == []
    assert community.is_offered("ada", "initial_prompt")


def signs(community: Community) -> list[tuple[UUID, str]]:
    return [(row["message_id"], row["emoji"]) for row in community.rows("message_emoji")]


def test_a_review_given_back_marks_the_message_and_is_not_offered_again(community: Community) -> None:
    prompt = community.prompt("ada")
    community.skip("rita", community.take("rita", *REVIEWS))
    assert signs(community) == [(prompt, "_skip_labeling")]
    assert not community.is_offered("rita", *REVIEWS)
    community.set(allow_duplicate_tasks="true")
    assert community.is_offered("rita", *REVIEWS)


def test_a_reply_given_back_marks_the_parent_and_is_not_offered_again(community: Community) -> None:
    prompt = community.growing()
    community.skip("ben", community.ask("ben", *REPLIES))
    assert signs(community) == [(prompt, "_skip_reply")]
    assert not community.is_offered("ben", *REPLIES)


def test_a_ranking_given_back_marks_the_parent_and_is_not_offered_again(community: Community) -> None:
    community.set(**SMALL)
    prompt, _ = community.ranking()
    community.skip("rita", community.ask("rita", *RANKINGS))
    assert signs(community) == [(prompt, "_skip_ranking")]
    assert not community.is_offered("rita", *RANKINGS)


def test_people_give_back_their_own_tasks_whatever_name_is_sent(community: Community) -> None:
    ada = community.new_person("ada")
    request = TaskRequest(who=None, kinds=frozenset(TaskKind))
    task = community.database.run(lambda tx: collect.request_task(tx, ada, request))
    community.database.run(lambda tx: collect.decline(tx, ada, None, task.id, None))
    assert community.rows("task")[0]["skipped"] is True


# --- collective tasks ------------------------------------------------------------------------------------------------


def test_a_collective_task_has_no_end_and_takes_no_place(community: Community, clock: Any) -> None:
    community.set(num_reviews_initial_prompt="1")
    community.prompt("ada")
    task = community.take("rita", *REVIEWS, collective=True)
    kept = community.task(task.id)
    assert (kept.collective, kept.expiry_date, kept.place_until) == (True, None, None)
    assert community.is_offered("rob", *REVIEWS)
    clock.advance(timedelta(days=5000))
    community.review("rob", task)


def test_a_collective_task_given_back_stays_open_for_the_others(community: Community) -> None:
    prompt = community.prompt("ada")
    task = community.take("rita", *REVIEWS, collective=True)
    community.ask("rob")
    community.skip("rob", task)
    assert not community.task(task.id).skipped
    assert signs(community) == [(prompt, "_skip_labeling")]
    community.review("rita", task)


def close(community: Community, caller: Any, task_id: UUID) -> UUID:
    return community.database.run(lambda tx: collect.close_task(tx, caller, str(task_id)))


def test_a_closed_task_takes_no_more_answers(community: Community) -> None:
    community.prompt("ada")
    task = community.take("rita", *REVIEWS, collective=True)
    receipt = community.review("rita", task)
    assert close(community, community.caller, task.id) == receipt
    with community.refused(TaskAlreadyDone):
        community.review("rob", task)
    with community.refused(TaskAlreadyDone):
        close(community, community.caller, task.id)


def test_only_collective_tasks_are_closed(community: Community) -> None:
    task = community.take("ada")
    with community.refused(TaskNotCollective):
        close(community, community.caller, task.id)


def test_only_known_tasks_are_closed(community: Community) -> None:
    with community.refused(TaskNotFound):
        close(community, community.caller, uuid4())
    with community.refused(InvalidFrontendMessageId):
        community.database.run(lambda tx: collect.close_task(tx, community.caller, ""))


def test_people_close_what_they_asked_for_and_moderators_whatever_it_is(community: Community) -> None:
    ada, ben = community.new_person("ada"), community.new_person("ben")
    request = TaskRequest(who=None, kinds=frozenset(TaskKind), collective=True)
    for closing in (ada, community.new_person("mod", AccountRole.MODERATOR)):
        task = community.database.run(lambda tx: collect.request_task(tx, ada, request))
        community.database.run(lambda tx, task=task: collect.acknowledge(tx, ada, task.id, str(task.id)))
        with community.refused(TaskNotAssigned):
            close(community, ben, task.id)
        close(community, closing, task.id)
