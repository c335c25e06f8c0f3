"""Reactions, what enough of them bring about, deletion, and halting and resuming trees."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from community import REVIEWERS, SMALL, Community
from recount import differences

from oa.domain.emoji import Emoji, EmojiOperation
from oa.domain.lifecycle import TreeState
from oa.domain.people import AccountRole
from oa.domain.tasks import RANKINGS, REPLIES, REVIEWS
from oa.errors import ClientNotAuthorized, MessageNotFound, TreeNotFound, UserDisabled
from oa.hub import halting
from oa.hub.moderators import Moderator

ADD, REMOVE = EmojiOperation.ADD, EmojiOperation.REMOVE


# --- reactions -------------------------------------------------------------------------------------------------------


def test_reactions_are_counted(community: Community) -> None:
    prompt = community.prompt("ada")
    for name in REVIEWERS:
        community.react(name, prompt, Emoji.CLAP)
    community.react("rita", prompt, Emoji.ROFL)
    assert community.message(prompt).emojis == {"clap": 3, "rofl": 1}


def test_toggling_twice_leaves_nothing(community: Community) -> None:
    prompt = community.prompt("ada")
    community.react("rita", prompt, Emoji.CLAP)
    community.react("rita", prompt, Emoji.CLAP)
    assert community.message(prompt).emojis == {}
    assert community.rows("message_emoji") == []
    assert community.rows("message", id=prompt)[0]["emojis"] is None


def test_adding_twice_and_removing_what_is_not_there_change_nothing(community: Community) -> None:
    prompt = community.prompt("ada")
    community.react("rita", prompt, Emoji.CLAP, ADD)
    before = community.everything()
    community.react("rita", prompt, Emoji.CLAP, ADD)
    community.react("rita", prompt, Emoji.ROFL, REMOVE)
    assert community.everything() == before
    community.react("rita", prompt, Emoji.CLAP, REMOVE)
    assert community.message(prompt).emojis == {}


def test_a_vote_replaces_the_opposite_one(community: Community) -> None:
    prompt = community.prompt("ada")
    community.react("rita", prompt, Emoji.THUMBS_UP)
    community.react("rob", prompt, Emoji.THUMBS_UP)
    community.react("rita", prompt, Emoji.THUMBS_DOWN)
    assert community.message(prompt).emojis == {"+1": 1, "-1": 1}


def test_votes_on_what_one_wrote_are_ignored_and_other_reactions_are_not(community: Community) -> None:
    prompt = community.prompt("ada")
    community.react("ada", prompt, Emoji.THUMBS_UP)
    community.react("ada", prompt, Emoji.RED_FLAG)
    assert community.message(prompt).emojis == {"red_flag": 1}


def test_nobody_reacts_to_a_message_that_does_not_exist(community: Community) -> None:
    with community.refused(MessageNotFound):
        community.react("rita", uuid4(), Emoji.CLAP)


def test_a_disabled_user_does_not_react(community: Community) -> None:
    prompt = community.prompt("ada")
    community.react("rita", prompt, Emoji.CLAP)
    community.disable("rita")
    with community.refused(UserDisabled):
        community.react("rita", prompt, Emoji.CLAP)


def test_a_red_flag_puts_the_message_into_the_moderators_queue(community: Community, clock: Any) -> None:
    prompt = community.prompt("ada")
    community.react("rita", prompt, Emoji.RED_FLAG)
    community.put("flagged_message", prompt, processed=True)
    clock.advance(timedelta(hours=1))
    community.react("rob", prompt, Emoji.RED_FLAG)
    (flagged,) = community.rows("flagged_message")
    assert (flagged["message_id"], flagged["processed"], flagged["created_date"]) == (prompt, False, clock.now)
    for name in ("rita", "rob"):
        community.react(name, prompt, Emoji.RED_FLAG)
    assert community.message(prompt).emojis == {}
    assert community.rows("flagged_message") == []


@pytest.mark.parametrize(
    ("sign", "kinds"),
    [(Emoji.SKIP_LABELING, REVIEWS), (Emoji.SKIP_REPLY, REPLIES), (Emoji.SKIP_RANKING, RANKINGS)],
)
def test_the_sign_of_a_skip_takes_the_work_away_until_it_is_removed(
    community: Community, sign: Emoji, kinds: frozenset[Any]
) -> None:
    community.set(**SMALL)
    if kinds is REVIEWS:
        message = community.prompt("ada")
    else:
        message = community.growing() if kinds is REPLIES else community.ranking()[0]
    assert community.is_offered("ida", *kinds)
    community.react("ida", message, sign)
    assert not community.is_offered("ida", *kinds)
    assert differences(community.database) == []
    community.react("ida", message, sign)
    assert community.is_offered("ida", *kinds)
    assert differences(community.database) == []


def test_the_sign_of_a_skip_keeps_nobody_from_work_where_duplicates_are_allowed(community: Community) -> None:
    community.set(allow_duplicate_tasks="true")
    prompt = community.prompt("ada")
    community.react("ida", prompt, Emoji.SKIP_LABELING)
    assert community.is_offered("ida", *REVIEWS)
    assert differences(community.database) == []


# --- without a moderator ---------------------------------------------------------------------------------------------


def react_with_many(community: Community, message: Any, emoji: Emoji, people: int) -> None:
    for number in range(people):
        community.react(f"reader {number}", message, emoji, ADD)


def test_four_red_flags_abort_the_tree_of_a_prompt(community: Community) -> None:
    prompt = community.prompt("ada")
    react_with_many(community, prompt, Emoji.RED_FLAG, 3)
    assert community.state(prompt) == TreeState.INITIAL_PROMPT_REVIEW
    react_with_many(community, prompt, Emoji.RED_FLAG, 4)
    assert community.state(prompt) == TreeState.ABORTED_LOW_GRADE
    assert not community.message(prompt).deleted
    assert community.rows("open_work") == []
    (event,) = community.events("auto_moderation")
    assert event["message_id"] == prompt
    assert event["event_payload"] == {"action": "abort_tree", "emojis": {"red_flag": 4}, "deleted": []}


def test_four_red_flags_abort_a_growing_tree_and_the_next_takes_its_place(community: Community) -> None:
    community.set(max_active_trees="1")
    prompt, second = community.growing("ada"), community.prompt("anton")
    community.review_everything()
    react_with_many(community, prompt, Emoji.RED_FLAG, 4)
    assert community.state(prompt) == TreeState.ABORTED_LOW_GRADE
    assert community.state(second) == TreeState.GROWING


def test_four_red_flags_delete_a_reply_with_all_below(community: Community) -> None:
    prompt = community.growing()
    reply = community.reply("ben")
    community.review_everything()
    below = community.write("cleo", community.take("cleo", "prompter_reply"))
    react_with_many(community, reply, Emoji.RED_FLAG, 4)
    assert [community.message(one).deleted for one in (prompt, reply, below)] == [False, True, True]
    assert community.message(prompt).children_count == 0
    assert community.state(prompt) == TreeState.GROWING
    assert community.available("ben")["assistant_reply"] == 1


def test_red_flags_on_a_rejected_reply_or_a_ranked_one_are_left_to_the_moderators(community: Community) -> None:
    community.set(**SMALL)
    community.growing()
    rejected = community.reply("troll")
    community.review_everything(spam=1)
    react_with_many(community, rejected, Emoji.RED_FLAG, 4)
    replies = [community.reply(name) for name in ("ben", "cleo")]
    community.review_everything()
    react_with_many(community, replies[0], Emoji.RED_FLAG, 4)
    assert not any(community.message(one).deleted for one in (rejected, *replies))
    assert len(community.rows("flagged_message", processed=False)) == 2


def test_twenty_five_skips_halt_the_tree(community: Community) -> None:
    prompt = community.growing()
    react_with_many(community, prompt, Emoji.SKIP_REPLY, 24)
    assert community.state(prompt) == TreeState.GROWING
    react_with_many(community, prompt, Emoji.SKIP_REPLY, 25)
    assert community.state(prompt) == TreeState.HALTED_BY_MODERATOR
    assert community.events("auto_moderation")[0]["event_payload"]["action"] == "halt_tree"


def test_giving_tasks_back_counts_as_skips(community: Community) -> None:
    community.set(auto_mod_max_skip_reply="2")
    prompt = community.growing()
    tasks = [(name, community.take(name, *REPLIES)) for name in ("ben", "cleo", "dora")]
    for name, task in tasks[:2]:
        community.skip(name, task)
    assert community.state(prompt) == TreeState.HALTED_BY_MODERATOR
    assert community.rows("open_work") == []
    community.skip(*tasks[2])
    assert differences(community.database) == []


def test_other_signs_and_removed_ones_bring_nothing_about(community: Community) -> None:
    community.set(auto_mod_max_skip_reply="2", auto_mod_red_flags="2")
    prompt = community.growing()
    for emoji in (Emoji.SKIP_LABELING, Emoji.SKIP_RANKING, Emoji.POOP, Emoji.THUMBS_DOWN):
        react_with_many(community, prompt, emoji, 3)
    for _ in range(3):
        community.react("reader 1", prompt, Emoji.RED_FLAG)
        community.react("reader 1", prompt, Emoji.RED_FLAG)
    assert community.state(prompt) == TreeState.GROWING


def test_nothing_is_moderated_where_the_campaign_leaves_it_to_people(community: Community) -> None:
    community.set(auto_mod_enabled="false")
    prompt = community.prompt("ada")
    react_with_many(community, prompt, Emoji.RED_FLAG, 5)
    assert community.state(prompt) == TreeState.INITIAL_PROMPT_REVIEW
    assert community.events("auto_moderation") == []


# --- deletion --------------------------------------------------------------------------------------------------------


def test_deleting_hides_a_message_and_all_below_and_nothing_else(community: Community) -> None:
    prompt = community.growing()
    first, second = community.reply("ben"), community.reply("cleo")
    community.review_everything()
    below = {community.write(name, community.take(name, "prompter_reply")) for name in ("dora", "emil")}
    (under_first,) = (one for one in below if community.message(one).parent_id == first)
    assert set(community.delete(first)) == {first, under_first}
    hidden = {row["id"] for row in community.rows("message", deleted=True)}
    assert hidden == {first, under_first}
    assert [community.message(one).children_count for one in (prompt, first, second)] == [1, 0, 1]
    assert community.delete(first) == []
    assert differences(community.database) == []


def test_deleting_the_last_message_under_review_moves_the_tree_on(community: Community) -> None:
    community.set(**SMALL | {"max_children_count": 3})
    prompt = community.growing()
    replies = [community.reply(name) for name in ("ben", "cleo")]
    community.review_everything("rita", "rob")
    assert community.state(prompt) == TreeState.GROWING
    community.set(goal_tree_size="2")
    community.put("message_tree", prompt, goal_tree_size=2)
    task = community.take("rosa", *REVIEWS)
    community.review("rosa", task)
    reviewed = task.conversation[-1].message.id
    (unreviewed,) = set(replies) - {reviewed}
    assert community.state(prompt) == TreeState.GROWING
    community.delete(unreviewed)
    assert community.state(prompt) == TreeState.READY_FOR_EXPORT


# --- halting and resuming --------------------------------------------------------------------------------------------


def halted_in_review(community: Community) -> Any:
    return community.prompt("ada")


def halted_while_growing(community: Community) -> Any:
    return community.growing()


def halted_in_ranking(community: Community) -> Any:
    return community.ranking()[0]


def halted_when_finished(community: Community) -> Any:
    return community.finished()[0]


def halted_after_rejection(community: Community) -> Any:
    prompt = community.prompt("ada")
    community.review_everything(spam=1)
    return prompt


def halted_while_waiting(community: Community) -> Any:
    community.set(max_active_trees="0")
    prompt = community.prompt("ada")
    community.review_everything()
    assert community.state(prompt) == TreeState.PROMPT_LOTTERY_WAITING
    return prompt


@pytest.mark.parametrize(
    ("make", "before", "resumed"),
    [
        (halted_in_review, TreeState.INITIAL_PROMPT_REVIEW, TreeState.INITIAL_PROMPT_REVIEW),
        (halted_while_waiting, TreeState.PROMPT_LOTTERY_WAITING, TreeState.PROMPT_LOTTERY_WAITING),
        (halted_while_growing, TreeState.GROWING, TreeState.GROWING),
        (halted_in_ranking, TreeState.RANKING, TreeState.RANKING),
        (halted_when_finished, TreeState.READY_FOR_EXPORT, TreeState.READY_FOR_EXPORT),
        (halted_after_rejection, TreeState.ABORTED_LOW_GRADE, TreeState.ABORTED_LOW_GRADE),
    ],
)
def test_a_tree_is_halted_in_any_state_and_goes_on_from_there(
    community: Community, make: Any, before: TreeState, resumed: TreeState
) -> None:
    community.set(**SMALL)
    prompt = make(community)
    assert community.state(prompt) == before
    work = community.available("ida")
    halted = community.halt(prompt)
    assert (halted.state, halted.active) == (TreeState.HALTED_BY_MODERATOR, False)
    assert community.rows("open_work") == community.rows("waiting_prompt") == []
    assert differences(community.database) == []
    assert community.resume(prompt).state == community.state(prompt) == resumed
    assert community.available("ida") == work
    assert differences(community.database) == []


@pytest.mark.parametrize(
    ("state", "resumed"),
    [
        (TreeState.SCORING_FAILED, TreeState.READY_FOR_EXPORT),
        (TreeState.BACKLOG_RANKING, TreeState.READY_FOR_EXPORT),
        (TreeState.READY_FOR_SCORING, TreeState.READY_FOR_EXPORT),
        (TreeState.RANKING, TreeState.READY_FOR_EXPORT),
        (TreeState.GROWING, TreeState.READY_FOR_EXPORT),
    ],
)
def test_a_tree_with_all_its_ballots_is_carried_to_the_end_from_any_state(
    community: Community, state: TreeState, resumed: TreeState
) -> None:
    community.set(**SMALL)
    prompt, replies = community.finished()
    community.put("message_tree", prompt, state=state.value, active=state is not TreeState.SCORING_FAILED)
    for reply in replies:
        community.put("message", reply, rank=None)
    assert community.resume(prompt).state == resumed
    assert sorted(community.message(reply).rank for reply in replies) == [0, 1]


def test_a_tree_that_never_won_a_draw_but_has_replies_grows_on(community: Community) -> None:
    prompt = community.growing()
    community.reply("ben")
    community.review_everything()
    community.put("message_tree", prompt, won_prompt_lottery_date=None)
    community.halt(prompt)
    assert community.resume(prompt).state == TreeState.GROWING


def test_an_accepted_prompt_that_is_resumed_takes_part_in_the_draw(community: Community) -> None:
    prompt = halted_while_waiting(community)
    community.halt(prompt)
    community.set(max_active_trees="1")
    tree = community.resume(prompt)
    assert tree.state == TreeState.GROWING
    assert tree.won_prompt_lottery_date is not None


def test_halting_a_growing_tree_makes_room_for_the_next(community: Community) -> None:
    community.set(max_active_trees="1")
    first, second = community.growing("ada"), community.prompt("anton")
    community.review_everything()
    community.halt(first)
    assert community.state(second) == TreeState.GROWING


def test_any_message_names_its_tree(community: Community) -> None:
    prompt = community.growing()
    reply = community.reply("ben")
    assert community.halt(reply).id == prompt
    assert community.resume(reply).id == prompt


def test_halting_and_resuming_are_journalled_when_they_change_something(community: Community) -> None:
    prompt = community.growing()
    moderator = community.new_person("mo", AccountRole.MODERATOR)
    for _ in range(2):
        community.database.run(lambda tx: halting.halt(tx, Moderator(moderator), prompt))
    for _ in range(2):
        community.database.run(lambda tx: halting.resume(tx, Moderator(moderator), prompt))
    assert moderator.person is not None
    events = community.events("tree_halted") + community.events("tree_resumed")
    halted, growing = {"state": "halted_by_moderator"}, {"state": "growing"}
    assert [(event["user_id"], event["message_id"], event["event_payload"]) for event in events] == [
        (moderator.person.id, prompt, {"before": growing, "after": halted, "users": []}),
        (moderator.person.id, prompt, {"before": halted, "after": growing, "users": []}),
    ]


def test_only_moderators_halt_and_resume(community: Community) -> None:
    prompt = community.prompt("ada")
    volunteer = community.new_person("vera")
    for caller in (community.caller, volunteer):
        for change in (halting.halt, halting.resume):
            with community.refused(ClientNotAuthorized):
                community.database.run(lambda tx, change=change, caller=caller: change(tx, Moderator(caller), prompt))


def test_what_is_not_there_cannot_be_halted(community: Community) -> None:
    for change in (community.halt, community.resume):
        with community.refused(MessageNotFound):
            change(uuid4())
    prompt = community.prompt("ada")
    community.put("message", prompt, message_tree_id=uuid4())
    with community.refused(TreeNotFound):
        community.halt(prompt)
