"""Removing for good what somebody wrote and did."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from community import SMALL, Community
from order import Order
from recount import differences

from oa.domain.emoji import Emoji
from oa.domain.lifecycle import TreeState
from oa.domain.people import AccountRole
from oa.errors import Conflict, Invalid, MessageNotFound, PersonProtected, UserDisabled, UserNotFound
from oa.hub.purging import Wanted


def ids(community: Community) -> set[UUID]:
    return {row["id"] for row in community.rows("message")}


def ranked(community: Community) -> tuple[UUID, list[UUID]]:
    """A finished tree: ada's prompt with replies by ben and cleo, ranked by three people."""
    community.set(**SMALL)
    return community.finished()


def test_prompts_go_with_their_trees_and_replies_with_what_is_under_them(community: Community, order: Order) -> None:
    own = community.growing("ben")
    community.reply("ada")
    other = community.growing("ada")
    tasks = [community.take("ben", "assistant_reply"), community.take("cleo", "assistant_reply")]
    for name, task in zip(("ben", "cleo"), tasks, strict=True):
        community.write(name, task)
    order.purge(community.user_id("ben"))
    assert own not in ids(community)
    assert other in ids(community)
    assert community.user_id("ben") not in {row["user_id"] for row in community.rows("message")}
    assert differences(community.database) == []


def test_a_purge_of_somebody_with_edited_messages_in_trees_of_others_works(community: Community, order: Order) -> None:
    """The original crashed on both."""
    prompt, replies = ranked(community)
    order.edit(replies[0], "edited")
    community.react("zoe", replies[0], Emoji.RED_FLAG)
    community.remark("zoe", replies[0], pii=1.0)
    order.purge(community.user_id("ben"))
    assert ids(community) == {prompt, replies[1]}
    assert community.rows("message_revision") == community.rows("flagged_message") == []
    assert differences(community.database) == []


def test_the_ballots_of_others_keep_what_they_say_about_what_stays(community: Community, order: Order) -> None:
    community.set(**SMALL | {"goal_tree_size": 4, "max_children_count": 3})
    _, replies = community.ranking(repliers=("ben", "cleo", "dora"))
    community.rank_everything()
    order.purge(community.user_id("ben"))
    left = {str(reply) for reply in replies[1:]}
    assert [set(row["ranking"]) for row in community.rows("ballot")] == [left] * 3
    assert differences(community.database) == []


def test_a_ballot_on_one_reply_says_nothing_and_goes(community: Community, order: Order) -> None:
    _, replies = ranked(community)
    order.purge(community.user_id("ben"))
    assert community.rows("ballot") == []
    assert community.message(replies[1]).ranking_count == 0


def test_a_complete_tree_asks_for_what_was_taken_from_it(community: Community, order: Order) -> None:
    prompt, _ = ranked(community)
    assert community.state(prompt) == TreeState.READY_FOR_EXPORT
    order.purge(community.user_id("ben"))
    assert community.state(prompt) == TreeState.GROWING
    assert community.message(prompt).children_count == 1
    assert community.is_offered("dora", "assistant_reply")
    assert not community.is_offered("cleo", "assistant_reply")


def test_ballots_and_reactions_go_and_the_counts_with_them(community: Community, order: Order) -> None:
    prompt, replies = ranked(community)
    community.react("rita", replies[0], Emoji.THUMBS_UP)
    order.purge(community.user_id("rita"))
    assert community.message(replies[0]).emojis == {}
    assert [community.message(reply).ranking_count for reply in replies] == [2, 2]
    assert community.state(prompt) == TreeState.RANKING, "it is a ballot short now"
    assert differences(community.database) == []


def test_reviews_stay_for_they_have_decided(community: Community, order: Order) -> None:
    prompt = community.growing()
    order.purge(community.user_id("rita"))
    assert community.message(prompt).review_count == 3
    assert community.state(prompt) == TreeState.GROWING


def test_a_place_that_was_held_is_free_again(community: Community, order: Order) -> None:
    community.set(**SMALL | {"goal_tree_size": 2})
    community.growing()
    community.take("ben", "assistant_reply")
    assert not community.is_offered("cleo", "assistant_reply")
    order.purge(community.user_id("ben"))
    assert community.is_offered("cleo", "assistant_reply")
    assert differences(community.database) == []


def test_the_place_of_a_tree_that_goes_is_taken_by_the_next(community: Community, order: Order) -> None:
    community.set(max_active_trees=1)
    community.growing("ada")
    waiting = community.prompt("anton")
    community.review_everything()
    order.purge(community.user_id("ada"))
    assert community.state(waiting) == TreeState.GROWING
    assert differences(community.database) == []


def test_nobody_wins_a_place_only_to_be_removed(community: Community, order: Order) -> None:
    community.set(max_active_trees=1)
    community.growing("ada")
    community.prompt("ada")
    community.review_everything()
    order.purge(community.user_id("ada"))
    assert ids(community) == set()
    assert differences(community.database) == []


def test_whoever_is_banned_stays_out(community: Community, order: Order) -> None:
    community.growing("ada")
    order.purge(community.user_id("ada"))
    with pytest.raises(UserDisabled):
        community.ask("ada")
    (user,) = community.rows("user", username="ada")
    assert (user["enabled"], user["deleted"]) == (False, True)


def test_without_a_ban_they_may_begin_anew(community: Community, order: Order) -> None:
    community.growing("ada")
    order.purge(community.user_id("ada"), ban=False)
    assert community.prompt("ada") in ids(community)


def test_a_preview_says_exactly_what_the_purge_does_and_changes_nothing(community: Community, order: Order) -> None:
    _, replies = ranked(community)
    community.react("ben", replies[1], Emoji.THUMBS_UP)
    community.growing("ben")
    before = community.everything()
    ben = community.user_id("ben")
    tried = order.purge(ben, preview=True)
    assert community.everything() == before
    assert order.purge(ben) == tried
    assert (tried.messages, tried.trees, tried.reactions) == (2, 1, 1)
    assert tried.before.all - tried.after.all == 2


def test_a_purge_is_journalled_and_cannot_be_undone(community: Community, order: Order) -> None:
    community.growing("ada")
    ada = community.user_id("ada")
    order.purge(ada)
    (event,) = community.events("user_purged")
    assert event["event_payload"]["users"] == [str(ada)]
    assert event["event_payload"]["after"] | {"tasks": 0} == {"messages": 1, "trees": 1, "tasks": 0, "banned": True}
    with pytest.raises(Conflict, match="preview"):
        order.undo_last()


def test_a_purge_of_somebody_who_has_nothing_left_changes_nothing(community: Community, order: Order) -> None:
    community.growing("ada")
    order.purge(community.user_id("ada"))
    before = community.everything()
    assert order.purge(community.user_id("ada")).messages == 0
    assert community.everything() == before


# --- messages only ---------------------------------------------------------------------------------------------------


def test_prompts_stay_unless_they_are_asked_for(community: Community, order: Order) -> None:
    prompt = community.growing("ada")
    other = community.growing("cleo")
    community.write("ada", community.take("ada", "assistant_reply"))
    ada = community.user_id("ada")
    assert order.purge_messages(ada).messages == 1
    assert ids(community) == {prompt, other}
    assert order.purge_messages(ada, Wanted(prompts=True)).trees == 1
    assert ids(community) == {other}
    assert differences(community.database) == []


def test_only_what_was_written_between_two_dates_goes(community: Community, order: Order, clock: Any) -> None:
    first = community.prompt("ada")
    clock.now += timedelta(hours=1)
    since, second = clock.now, community.prompt("ada")
    clock.now += timedelta(hours=1)
    third = community.prompt("ada")
    order.purge_messages(community.user_id("ada"), Wanted(min_date=since, max_date=since))
    assert ids(community) == {first, third}
    assert second not in ids(community)
    with community.refused(Invalid):
        order.purge_messages(community.user_id("ada"), Wanted(min_date=clock.now, max_date=since))


# --- upon whom -------------------------------------------------------------------------------------------------------


def test_moderators_purge_neither_admins_nor_themselves(community: Community, order: Order) -> None:
    moderator, admin = order.as_person("mo"), order.as_person("root", AccountRole.ADMIN)
    for one, upon in ((moderator, admin), (moderator, moderator), (admin, admin), (order, admin)):
        with community.refused(PersonProtected):
            one.purge(upon.user_id)
    admin.purge(moderator.user_id)
    with community.refused(UserNotFound):
        order.purge(uuid4())


def test_what_was_purged_is_not_found(community: Community, order: Order) -> None:
    prompt = community.growing("ada")
    order.delete(prompt)
    entry = order.last()
    order.purge(community.user_id("ada"))
    with community.refused(MessageNotFound):
        order.undo(entry)
