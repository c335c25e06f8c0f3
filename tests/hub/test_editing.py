"""Editing, deleting and restoring messages."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest
from community import SMALL, Community
from order import Order
from recount import differences

from oa.domain.emoji import Emoji
from oa.domain.lifecycle import TreeState
from oa.errors import ClientNotAuthorized, MessageIsDeleted, MessageNotFound, MessageTextEmpty, MessageTooLong
from oa.hub import editing


def texts(community: Community, message_id: UUID) -> list[tuple[str, UUID | None]]:
    found = community.database.run(lambda tx: editing.history(tx, community.moderator, message_id))[1]
    return [(revision.text, revision.user_id) for revision in found]


def thread(community: Community) -> tuple[UUID, UUID, UUID]:
    """A prompt, an accepted reply to it, and a reply to that."""
    prompt = community.growing()
    reply = community.reply("ben")
    community.review_everything()
    return prompt, reply, community.write("cleo", community.take("cleo", "prompter_reply"))


def deleted(community: Community, *message_ids: UUID) -> list[bool]:
    return [community.message(message_id).deleted for message_id in message_ids]


# --- editing ---------------------------------------------------------------------------------------------------------


def test_an_edit_keeps_every_text_with_who_wrote_it(community: Community, order: Order) -> None:
    prompt, moderator = community.prompt("ada"), order.as_person("mo")
    first = community.message(prompt).text
    moderator.edit(prompt, "second")
    moderator.edit(prompt, "third")
    assert (community.message(prompt).text, community.message(prompt).edited) == ("third", True)
    ada, mo = community.user_id("ada"), moderator.user_id
    assert texts(community, prompt) == [(first, ada), ("second", mo), ("third", mo)]


def test_a_message_that_was_never_edited_has_no_history(community: Community) -> None:
    assert texts(community, community.prompt("ada")) == []


def test_an_edit_is_journalled_without_the_texts(community: Community, order: Order) -> None:
    prompt = community.prompt("ada")
    order.edit(prompt, "the new text")
    (event,) = community.events("message_edited")
    assert (event["message_id"], event["event_payload"]["why"]) == (prompt, "because")
    revisions = [str(row["id"]) for row in community.rows("message_revision")]
    assert {event["event_payload"][side]["revision"] for side in ("before", "after")} == set(revisions)


def test_the_same_text_again_changes_nothing(community: Community, order: Order) -> None:
    prompt = community.prompt("ada")
    before = community.everything()
    assert not order.edit(prompt, community.message(prompt).text).changed
    assert community.everything() == before


def test_an_edit_is_undone_by_the_earlier_text(community: Community, order: Order) -> None:
    prompt = community.prompt("ada")
    first = community.message(prompt).text
    order.edit(prompt, "second")
    order.undo_last()
    assert (community.message(prompt).text, community.message(prompt).edited) == (first, False)
    assert len(texts(community, prompt)) == 3
    order.undo_last()
    assert community.message(prompt).text == "second"


@pytest.mark.parametrize(
    ("text", "error"), [(" \n", MessageTextEmpty), ("x" * 2001, MessageTooLong)], ids=["empty", "too long"]
)
def test_a_text_that_nobody_could_send_is_no_edit(
    community: Community, order: Order, text: str, error: type[Any]
) -> None:
    prompt = community.prompt("ada")
    with community.refused(error):
        order.edit(prompt, text)


def test_a_deleted_message_is_restored_before_it_is_edited(community: Community, order: Order) -> None:
    prompt = community.prompt("ada")
    order.delete(prompt)
    with community.refused(MessageIsDeleted):
        order.edit(prompt, "better")


# --- deleting --------------------------------------------------------------------------------------------------------


def test_a_deletion_takes_everything_below_along_and_counts_it(community: Community, order: Order) -> None:
    prompt, reply, below = thread(community)
    effect = order.delete(reply)
    assert set(effect.messages) == {reply, below}
    assert deleted(community, prompt, reply, below) == [False, True, True]
    assert community.message(prompt).children_count == 0
    assert differences(community.database) == []


def test_the_place_of_a_deleted_reply_is_open_again(community: Community, order: Order) -> None:
    community.set(**SMALL)
    prompt = community.growing()
    replies = [community.reply(name) for name in ("ben", "cleo")]
    assert not community.is_offered("dora", "assistant_reply")
    order.delete(replies[0])
    assert community.is_offered("dora", "assistant_reply")
    assert community.state(prompt) == TreeState.GROWING


def test_deleting_twice_changes_and_journals_nothing(community: Community, order: Order) -> None:
    _, reply, _ = thread(community)
    order.delete(reply)
    before = community.everything()
    assert not order.delete(reply).changed
    assert community.everything() == before


def test_a_deletion_settles_the_reports_about_what_went(community: Community, order: Order) -> None:
    _, reply, below = thread(community)
    community.react("zoe", below, Emoji.RED_FLAG)
    order.delete(reply)
    (flagged,) = community.rows("flagged_message")
    assert (flagged["processed"], flagged["outcome"]) == (True, "message_deleted")


def test_a_preview_says_what_would_go_and_changes_nothing(community: Community, order: Order) -> None:
    _, reply, _ = thread(community)
    before = community.everything()
    tried = order.delete(reply, preview=True)
    assert community.everything() == before
    assert order.delete(reply) == tried


# --- restoring -------------------------------------------------------------------------------------------------------


def test_a_restored_message_comes_back_with_those_above_it(community: Community, order: Order) -> None:
    prompt, reply, below = thread(community)
    order.delete(reply)
    order.restore(below)
    assert deleted(community, prompt, reply, below) == [False, False, False]
    assert [community.message(one).children_count for one in (prompt, reply)] == [1, 1]
    assert differences(community.database) == []


def test_what_was_deleted_with_it_comes_back_where_that_is_asked(community: Community, order: Order) -> None:
    _, reply, below = thread(community)
    order.delete(below)
    order.delete(reply)
    order.restore(reply, descendants=True)
    assert deleted(community, reply, below) == [False, True], "it was deleted by another act"
    order.restore(below)
    order.delete(reply)
    order.restore(reply)
    assert deleted(community, reply, below) == [False, True]
    order.restore(below)
    order.delete(reply)
    order.restore(reply, descendants=True)
    assert deleted(community, reply, below) == [False, False]
    assert differences(community.database) == []


def test_a_tree_goes_on_when_its_prompt_is_restored(community: Community, order: Order) -> None:
    prompt, _, below = thread(community)
    order.delete(prompt)
    assert community.state(prompt) == TreeState.HALTED_BY_MODERATOR
    order.restore(below)
    assert community.state(prompt) == TreeState.GROWING
    assert differences(community.database) == []


def test_a_tree_that_a_moderator_halted_stays_halted_when_its_prompt_is_restored(
    community: Community, order: Order
) -> None:
    prompt, _, _ = thread(community)
    order.halt(prompt)
    order.delete(prompt)
    order.restore(prompt, descendants=True)
    assert community.state(prompt) == TreeState.HALTED_BY_MODERATOR


def test_what_red_flags_deleted_comes_back_whole(community: Community, order: Order) -> None:
    community.set(auto_mod_red_flags=1)
    _, reply, below = thread(community)
    community.react("zoe", reply, Emoji.RED_FLAG)
    assert deleted(community, reply, below) == [True, True]
    order.restore(reply, descendants=True)
    assert deleted(community, reply, below) == [False, False]


def test_a_deletion_is_undone_as_a_whole_and_so_is_the_undoing(community: Community, order: Order) -> None:
    prompt, reply, below = thread(community)
    order.delete(prompt)
    assert set(order.undo_last().messages) == {prompt, reply, below}
    assert community.state(prompt) == TreeState.GROWING
    assert set(order.undo_last().messages) == {prompt, reply, below}
    assert community.state(prompt) == TreeState.HALTED_BY_MODERATOR
    assert differences(community.database) == []


# --- who may, and upon what ------------------------------------------------------------------------------------------


def test_only_moderators_edit_delete_and_restore(community: Community) -> None:
    prompt = community.prompt("ada")
    for caller in (community.caller, community.new_person("vera")):
        untrusted = Order(community, caller)
        with community.refused(ClientNotAuthorized):
            untrusted.edit(prompt, "x")
        for act in (untrusted.delete, untrusted.restore):
            with community.refused(ClientNotAuthorized):
                act(prompt)
        with pytest.raises(ClientNotAuthorized):
            community.database.run(lambda tx, caller=caller: editing.history(tx, caller, prompt))


def test_messages_that_are_not_there_are_not_found(community: Community, order: Order) -> None:
    for act in (lambda: order.edit(uuid4(), "x"), lambda: order.delete(uuid4()), lambda: order.restore(uuid4())):
        with community.refused(MessageNotFound):
            act()
