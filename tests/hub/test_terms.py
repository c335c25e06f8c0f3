"""Versions of the terms of service, and who must accept them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from community import Community, who

from oa.domain.people import AccountRole, Identity
from oa.domain.tasks import ANY_KIND
from oa.errors import Conflict, Invalid, NotFound, RootTokenNotAuthorized, TermsNotAccepted
from oa.hub import collect, frontend_users, terms
from oa.hub.assignments import TaskRequest
from oa.hub.frontend_users import UserChanges
from oa.hub.moderators import KEEPER
from oa.store import people


@pytest.fixture
def strict(community: Community) -> Community:
    """A hub that asks for acceptance, and a trusted program's user called ada."""
    community.caller = community.moderator
    community.set(require_terms="true")
    community.database.run(lambda tx: frontend_users.make_known(tx, community.caller, who("ada"), UserChanges()))
    return community


def publish(community: Community, text: str, **more: Any) -> int:
    return community.database.run(lambda tx: terms.publish(tx, KEEPER, text, **more)).version


def accept(community: Community, version: int | None = None) -> int:
    return community.database.run(lambda tx: terms.accept(tx, community.caller, who("ada"), version)).version


def upsert(community: Community, **changes: bool) -> None:
    wanted = UserChanges(**changes)
    community.database.run(lambda tx: frontend_users.make_known(tx, community.caller, who("ada"), wanted))


def test_without_a_text_the_word_of_the_program_is_enough(strict: Community) -> None:
    with strict.refused(TermsNotAccepted):
        strict.ask("ada")
    upsert(strict, accepts_terms=True)
    strict.ask("ada")


def test_each_version_is_accepted_anew_when_it_begins_to_hold(strict: Community, clock: Any) -> None:
    upsert(strict, accepts_terms=True)
    assert publish(strict, "Be kind.") == 1
    assert publish(strict, "Be kinder.", from_date=clock.now + timedelta(days=1)) == 2
    with strict.refused(TermsNotAccepted):
        strict.ask("ada")
    with strict.refused(Conflict):
        accept(strict, 2)
    assert accept(strict, 1) == accept(strict) == 1
    strict.ask("ada")
    clock.advance(timedelta(days=1))
    with strict.refused(TermsNotAccepted):
        strict.ask("ada")
    upsert(strict, accepts_terms=True)
    strict.ask("ada")
    assert [row["version"] for row in strict.rows("terms_acceptance")] == [1, 2]
    user_id = strict.user_id("ada")
    user = strict.database.run(lambda tx: people.user_by_id(tx, user_id))
    assert user is not None
    assert user.tos_acceptance_date == clock.now


def test_nobody_is_asked_where_the_campaign_does_not(community: Community) -> None:
    publish(community, "Be kind.")
    community.ask("ada")


def test_users_of_the_system_accept_nothing(strict: Community) -> None:
    publish(strict, "Be kind.")
    wanted = TaskRequest(who=Identity("system", "bot"), kinds=ANY_KIND)
    strict.database.run(lambda tx: collect.request_task(tx, strict.caller, wanted))


def test_only_admins_publish(community: Community) -> None:
    for caller in (community.moderator, community.new_person("mod", AccountRole.MODERATOR)):
        with community.refused(RootTokenNotAuthorized):
            community.database.run(lambda tx, c=caller: terms.publish(tx, c, "Be mine."))
    root = community.new_person("root", AccountRole.ADMIN)
    assert community.database.run(lambda tx: terms.publish(tx, root, " Be kind.\n")).text == "Be kind."
    (event,) = community.events("terms_published")
    assert event["user_id"] == root.person.id  # type: ignore[union-attr]


def test_terms_that_cannot_be_are_refused(community: Community, clock: Any) -> None:
    with community.refused(NotFound):
        accept(community)
    with community.refused(Invalid):
        publish(community, "  ")
    publish(community, "Be kind.")
    with community.refused(Invalid):
        publish(community, "Be kinder.", from_date=clock.now - timedelta(days=1))
    with community.refused(NotFound):
        community.database.run(lambda tx: terms.version(tx, 2))
