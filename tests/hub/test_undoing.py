"""Stopping people, reports, the journal, and taking things back."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest
from community import Community
from order import Order
from recount import differences

from oa.domain.emoji import Emoji
from oa.domain.lifecycle import TreeState
from oa.domain.moderation import EventFilter, Flagged, Outcome
from oa.domain.paging import PageRequest, date_place
from oa.domain.people import AccountRole, Identity
from oa.errors import (
    CannotUndo,
    ClientNotAuthorized,
    Conflict,
    EventNotFound,
    MessageNotFound,
    PersonProtected,
    UserDisabled,
    UserNotFound,
)
from oa.hub import access, accounts, banning, reports, undoing
from oa.hub.moderators import KEEPER, Moderator


def access_of(community: Community, user_id: UUID) -> tuple[bool, bool]:
    (row,) = community.rows("user", id=user_id)
    return row["enabled"], row["deleted"]


# --- stopping people -------------------------------------------------------------------------------------------------


def test_whoever_is_stopped_may_come_back(community: Community, order: Order) -> None:
    community.prompt("ada")
    ada = community.user_id("ada")
    order.stop(ada)
    with pytest.raises(UserDisabled):
        community.ask("ada")
    order.enable(ada)
    community.prompt("ada")


def test_a_ban_hides_the_user_and_is_undone_whole(community: Community, order: Order) -> None:
    community.prompt("ada")
    ada = community.user_id("ada")
    order.ban(ada)
    assert access_of(community, ada) == (False, True)
    order.undo_last()
    assert access_of(community, ada) == (True, False)


def test_undoing_a_ban_leaves_whoever_was_stopped_before_stopped(community: Community, order: Order) -> None:
    community.prompt("ada")
    ada = community.user_id("ada")
    order.stop(ada)
    order.ban(ada)
    order.undo_last()
    assert access_of(community, ada) == (False, False)


def test_stopping_twice_is_journalled_once(community: Community, order: Order) -> None:
    community.prompt("ada")
    ada = community.user_id("ada")
    assert order.stop(ada).changed
    assert not order.stop(ada).changed
    assert len(community.events("user_disabled")) == 1


def test_what_others_stopped_is_undone_too(community: Community, order: Order) -> None:
    community.prompt("ada")
    ada = community.user_id("ada")
    community.database.run(lambda tx: accounts.set_enabled(tx, str(ada), False))
    order.undo_last()
    assert access_of(community, ada) == (True, False)


def test_moderators_act_neither_on_admins_nor_on_themselves(community: Community, order: Order) -> None:
    moderator, admin = order.as_person("mo"), order.as_person("root", AccountRole.ADMIN)
    for act in (moderator.stop, moderator.ban, moderator.enable):
        for user_id in (admin.user_id, moderator.user_id):
            with community.refused(PersonProtected):
                act(user_id)
    with community.refused(Conflict):
        Order(community, KEEPER).ban(admin.user_id)  # the last admin


def test_whoever_left_or_never_was_cannot_be_stopped(community: Community, order: Order) -> None:
    community.prompt("ada")
    ada = community.user_id("ada")
    community.put("user", ada, deleted=True)  # as those who delete their account are
    for user_id in (ada, uuid4()):
        with community.refused(UserNotFound):
            order.stop(user_id)


def test_a_program_names_the_moderator_who_must_be_somebody_who_may_act(community: Community, order: Order) -> None:
    community.prompt("ada")
    ada = community.user_id("ada")

    def stop(name: str) -> None:
        moderator = Moderator(community.moderator, Identity("local", name))
        community.database.run(lambda tx: banning.stop(tx, moderator, ada))

    with community.refused(UserNotFound):
        stop("mo")
    community.database.run(lambda tx: access.acting_user(tx, community.moderator, Identity("local", "mo")))
    stop("mo")
    (event,) = community.events("user_disabled")
    (mo,) = community.rows("user", username="mo")
    assert (event["user_id"], event["api_client_id"]) == (mo["id"], community.moderator.client.id)
    order.enable(ada)
    order.stop(mo["id"])
    with community.refused(UserDisabled):
        stop("mo")


# --- halting ---------------------------------------------------------------------------------------------------------


def test_halting_is_undone_to_the_very_state(community: Community, order: Order) -> None:
    prompt = community.prompt("ada")
    community.review_everything(spam=1)
    order.halt(prompt)
    order.undo_last()
    assert community.state(prompt) == TreeState.ABORTED_LOW_GRADE
    order.undo_last()
    assert community.state(prompt) == TreeState.HALTED_BY_MODERATOR


def test_resuming_is_undone_by_halting(community: Community, order: Order) -> None:
    prompt = community.growing()
    order.halt(prompt)
    order.resume(prompt)
    order.undo_last()
    assert community.state(prompt) == TreeState.HALTED_BY_MODERATOR
    assert differences(community.database) == []


def test_a_preview_of_halting_changes_nothing(community: Community, order: Order) -> None:
    prompt = community.growing()
    before = community.everything()
    assert order.halt(prompt, preview=True).after == {"state": "halted_by_moderator"}
    assert community.everything() == before


# --- undoing ---------------------------------------------------------------------------------------------------------


def test_nothing_is_undone_twice(community: Community, order: Order) -> None:
    prompt = community.growing()
    order.halt(prompt)
    entry = order.last()
    order.undo(entry)
    with community.refused(CannotUndo) as refused:
        order.undo(entry)
    assert f"by entry {order.last()}" in str(refused.value)


def test_what_has_moved_on_is_not_undone(community: Community, order: Order) -> None:
    prompt = community.growing()
    community.prompt("ben")
    ben = community.user_id("ben")
    for act, again in (
        (lambda: order.halt(prompt), lambda: order.resume(prompt)),
        (lambda: order.delete(prompt), lambda: order.restore(prompt)),
        (lambda: order.edit(prompt, "one"), lambda: order.edit(prompt, "two")),
        (lambda: order.stop(ben), lambda: order.enable(ben)),
    ):
        act()
        entry = order.last()
        again()
        with community.refused(CannotUndo):
            order.undo(entry)


def test_only_acts_of_moderation_are_undone(community: Community, order: Order) -> None:
    community.prompt("ada")
    with community.refused(CannotUndo):
        order.undo_last()
    for entry in (0, 10**6, -1):
        with community.refused(EventNotFound):
            order.undo(entry)


def test_only_moderators_undo_and_read_the_journal(community: Community, order: Order) -> None:
    order.halt(community.growing())
    entry = order.last()
    for caller in (community.caller, community.new_person("vera")):
        with community.refused(ClientNotAuthorized):
            Order(community, caller).undo(entry)
        with pytest.raises(ClientNotAuthorized):
            community.database.run(lambda tx, caller=caller: undoing.events(tx, caller, EventFilter(), 10))


def test_the_journal_is_read_from_the_end(community: Community, order: Order) -> None:
    prompt = community.growing()
    order.halt(prompt)
    order.resume(prompt)

    def read(limit: int = 10, **wanted: Any) -> list[str]:
        found = community.database.run(lambda tx: undoing.events(tx, community.moderator, EventFilter(**wanted), limit))
        return [event.kind for event in found]

    assert read(2) == ["tree_resumed", "tree_halted"]
    assert read(event_types=("tree_halted",)) == ["tree_halted"]
    assert read(user_id=community.user_id("ada")) == ["text_reply_to_message"]
    assert read(1, before=order.last()) == ["tree_halted"]
    assert read(message_id=uuid4()) == []


# --- reports ---------------------------------------------------------------------------------------------------------


def queue(community: Community, **wanted: Any) -> list[Flagged]:
    return community.database.run(lambda tx: reports.queue(tx, community.moderator, 100, **wanted))


def test_the_queue_tells_who_reported_and_in_what_words(community: Community) -> None:
    prompt = community.prompt("ada")
    community.remark("zoe", prompt, text="he insults me", is_report=True, hate_speech=1.0)
    community.react("ben", prompt, Emoji.RED_FLAG)
    (flagged,) = queue(community)
    assert (flagged.message_id, flagged.processed) == (prompt, False)
    said = {report.username: (report.text, dict(report.labels)) for report in flagged.reports}
    assert said == {"zoe": ("he insults me", {"hate_speech": 1.0}), "ben": ("", {})}


def test_an_outcome_is_kept_until_somebody_reports_again(community: Community, order: Order) -> None:
    prompt, moderator = community.prompt("ada"), order.as_person("mo")
    community.react("ben", prompt, Emoji.RED_FLAG)

    def process(*what: Any) -> Flagged:
        return community.database.run(lambda tx: reports.process(tx, moderator.moderator, prompt, *what))

    done = process(Outcome.DISMISSED, "only a joke")
    assert (done.processed_by, done.outcome, done.note) == (moderator.user_id, Outcome.DISMISSED, "only a joke")
    assert process() == done
    assert queue(community, processed=False) == []
    community.react("cleo", prompt, Emoji.RED_FLAG)
    (again,) = queue(community, processed=False)
    assert (again.outcome, again.note, len(again.reports)) == (None, None, 2)


def test_processing_a_report_is_undone(community: Community, order: Order) -> None:
    prompt = community.prompt("ada")
    community.react("ben", prompt, Emoji.RED_FLAG)
    community.database.run(lambda tx: reports.process(tx, order.moderator, prompt, Outcome.DISMISSED))
    order.undo_last()
    (flagged,) = queue(community)
    assert (flagged.processed, flagged.outcome) == (False, None)


def test_what_nobody_reported_has_no_outcome(community: Community, order: Order) -> None:
    for message_id in (community.prompt("ada"), uuid4()):
        with community.refused(MessageNotFound):
            community.database.run(lambda tx, found=message_id: reports.process(tx, order.moderator, found))


def test_the_queue_is_walked_through_page_by_page(community: Community) -> None:
    """Any cursor crashed the original. All dates are equal here: the ids must tell them apart."""
    reported = {community.prompt("ada") for _ in range(5)}
    for prompt in reported:
        community.react("ben", prompt, Emoji.RED_FLAG)
    seen: list[UUID] = []
    after: str | None = None
    while True:
        request = PageRequest(2, None, date_place(after))
        page = community.database.run(lambda tx, request=request: reports.queue_page(tx, community.moderator, request))
        seen += [one.message_id for one in page.items]
        if page.next is None:
            break
        after = page.next
    assert (len(seen), set(seen)) == (5, reported)
    back = community.database.run(
        lambda tx: reports.queue_page(tx, community.moderator, PageRequest(2, date_place(after)))
    )
    assert [one.message_id for one in back.items] == seen[1:3]
