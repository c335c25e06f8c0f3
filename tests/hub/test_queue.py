"""What stays in the moderators' queue, and what a changed threshold makes of it."""

from __future__ import annotations

import pytest
from community import Community
from order import Order
from recount import differences

from oa.domain.emoji import Emoji, EmojiOperation
from oa.domain.lifecycle import TreeState
from oa.domain.moderation import Outcome
from oa.hub import reports
from oa.hub.moderators import Moderator

ADD, REMOVE = EmojiOperation.ADD, EmojiOperation.REMOVE
FLAG, SKIP = Emoji.RED_FLAG, Emoji.SKIP_REPLY


# --- nothing to look at ----------------------------------------------------------------------------------------------


def test_a_report_that_is_taken_back_leaves_the_queue(community: Community) -> None:
    prompt = community.prompt("ada")
    for name in ("rita", "rob"):
        community.react(name, prompt, FLAG, ADD)
    community.react("rita", prompt, FLAG, REMOVE)
    assert len(community.rows("flagged_message")) == 1
    community.react("rob", prompt, FLAG, REMOVE)
    assert community.rows("flagged_message") == []


def test_a_report_that_was_processed_stays_on_record(community: Community) -> None:
    prompt = community.prompt("ada")
    community.react("rita", prompt, FLAG, ADD)
    keeper = Moderator(community.moderator)
    community.database.run(lambda tx: reports.process(tx, keeper, prompt, Outcome.DISMISSED))
    community.react("rita", prompt, FLAG, REMOVE)
    assert [row["outcome"] for row in community.rows("flagged_message")] == ["dismissed"]


def test_the_reports_of_somebody_who_is_purged_leave_the_queue(community: Community, order: Order) -> None:
    alone, shared = community.prompt("ada"), community.prompt("ada")
    for prompt in (alone, shared):
        community.react("troll", prompt, FLAG, ADD)
    community.react("rita", shared, FLAG, ADD)
    order.purge(community.user_id("troll"))
    assert [row["message_id"] for row in community.rows("flagged_message")] == [shared]


def test_a_report_of_ones_own_message_under_another_name_leaves_the_queue_with_a_merge(
    community: Community, order: Order
) -> None:
    prompt = community.prompt("ada")
    community.react("ada2", prompt, FLAG, ADD)
    order.merge(community.user_id("ada"), community.user_id("ada2"))
    flagged = {row["message_id"] for row in community.rows("flagged_message")}
    assert flagged == {row["message_id"] for row in community.rows("message_emoji", emoji="red_flag")}


# --- another threshold -----------------------------------------------------------------------------------------------


def flag(community: Community, message_id: object, *names: str, emoji: Emoji = FLAG) -> None:
    for name in names:
        community.react(name, message_id, emoji, ADD)  # type: ignore[arg-type]


def test_a_lower_threshold_acts_at_once(community: Community) -> None:
    flagged, other = community.prompt("ada"), community.prompt("ben")
    flag(community, flagged, "rita", "rob", "rosa")
    flag(community, other, "rita", "rob")
    community.set(auto_mod_red_flags=3)
    assert (community.state(flagged), community.state(other)) == (
        TreeState.ABORTED_LOW_GRADE,
        TreeState.INITIAL_PROMPT_REVIEW,
    )
    assert [event["message_id"] for event in community.events("auto_moderation")] == [flagged]
    assert differences(community.database) == []


def test_a_reply_with_enough_flags_is_deleted_when_the_rule_is_switched_on(community: Community) -> None:
    community.set(auto_mod_enabled="false")
    prompt = community.growing()
    reply = community.reply("ben")
    flag(community, reply, "rita", "rob", "rosa", "rudi")
    assert not community.message(reply).deleted
    community.set(auto_mod_enabled="true")
    assert community.message(reply).deleted
    assert community.message(prompt).children_count == 0
    assert differences(community.database) == []


def test_a_lower_number_of_skips_halts_at_once(community: Community) -> None:
    prompt = community.growing()
    flag(community, prompt, "rita", "rob", emoji=SKIP)
    community.set(auto_mod_max_skip_reply=2)
    assert community.state(prompt) is TreeState.HALTED_BY_MODERATOR


def test_what_a_moderator_has_dismissed_stays(community: Community) -> None:
    prompt = community.prompt("ada")
    flag(community, prompt, "rita", "rob", "rosa")
    keeper = Moderator(community.moderator)
    community.database.run(lambda tx: reports.process(tx, keeper, prompt, Outcome.DISMISSED))
    community.set(auto_mod_red_flags=1)
    assert community.state(prompt) is TreeState.INITIAL_PROMPT_REVIEW


@pytest.mark.parametrize("settings", [{"auto_mod_red_flags": 9}, {"goal_tree_size": 7}])
def test_another_setting_moderates_nothing(community: Community, settings: dict[str, int]) -> None:
    prompt = community.prompt("ada")
    flag(community, prompt, "rita", "rob", "rosa")
    community.set(**settings)
    assert community.events("auto_moderation") == []
