"""Agreement and signs of abuse as use cases, on a hub where people work."""

from __future__ import annotations

import json
import random
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

import pytest
from community import SMALL, Community, who

from oa.domain.agreement import Agreement, Impression
from oa.domain.paging import Page, PageRequest, date_place
from oa.domain.people import AccountRole, Caller
from oa.domain.signs import Key, KnownSign, Sign, SignFilter, SignKind, SignStatus
from oa.errors import (
    ClientNotAuthorized,
    Invalid,
    OwnSign,
    SignDecided,
    SignNotFound,
    UserNotFound,
    UserNotSpecified,
)
from oa.hub import trust
from oa.hub.trust import Decision, Raised
from oa.store import people
from oa.store import trust as stored
from oa.store.database import Database, Transaction

CONFIRM, DISMISS = Decision(SignStatus.CONFIRMED), Decision(SignStatus.DISMISSED, "they share a desk")

LONG = "Give yourself more time than you think you need and write down what you will do before you begin with it"


class Time(Protocol):
    def advance(self, by: timedelta) -> None: ...


@pytest.fixture
def busy(community: Community) -> Community:
    """Everybody may answer as often as there is something to answer."""
    community.set(max_active_trees=0, max_pending_tasks_per_user=100, duplicate_message_filter_window_minutes=0)
    return community


def sign_about(user_id: UUID, other: UUID | None = None, *, since: datetime) -> Sign:
    kind = SignKind.COPIED_TEXT if other is None else SignKind.VOTES_IN_CONCERT
    key = Key(kind, user_id) if other is None else Key.of_pair(kind, user_id, other)
    evidence = {"copies": 3, "texts": 4, "own": 0} if other is None else {"together": 14, "decided": 15}
    return Sign(key, evidence, since)


def keep(community: Community, *found: Sign) -> Raised:
    return community.database.run(lambda tx: trust.keep_signs(tx, found))


def known(community: Community, **wanted: object) -> list[KnownSign]:
    """The signs that a moderator finds, the newest first."""
    request: PageRequest[datetime] = PageRequest(100, descending=True)
    narrowed = SignFilter(**wanted)  # type: ignore[arg-type]
    return list(community.database.run(lambda tx: trust.signs(tx, community.moderator, narrowed, request)).items)


def decide(community: Community, sign: KnownSign, decision: Decision, by: Caller | None = None) -> KnownSign:
    caller = by or community.moderator
    return community.database.run(lambda tx: trust.decide(tx, caller, None, sign.id, decision))


@pytest.fixture
def ada(community: Community) -> UUID:
    community.prompt("ada")
    return community.user_id("ada")


# --- what people did -------------------------------------------------------------------------------------------------


def test_an_answer_is_known_with_what_had_to_be_read_and_how_long_it_took(
    busy: Community, clock: Time, tx_now: datetime
) -> None:
    prompt = busy.take("ada", "initial_prompt")
    clock.advance(timedelta(seconds=40))
    message_id = busy.write("ada", prompt, "How do I bake bread?")
    review = busy.take("rita", "label_initial_prompt")
    clock.advance(timedelta(seconds=7))
    busy.review("rita", review, quality=0.75)
    ids = [busy.user_id(name) for name in ("ada", "rita")]
    deeds = busy.database.run(lambda tx: stored.deeds_of(tx, ids, tx_now))
    (text,), (labels,) = deeds.texts, deeds.reviews
    assert (text.message_id, text.seconds, text.read_characters) == (message_id, 40, 0)
    assert (labels.message_id, labels.seconds, labels.read_characters) == (message_id, 7, len("How do I bake bread?"))
    assert labels.labels["quality"] == 0.75
    assert labels.labels["pii"] == 0  # offered, and not raised
    assert "humor" not in labels.labels  # asked, and left out


def test_a_ranking_is_known_with_the_order_that_was_shown(community: Community, tx_now: datetime) -> None:
    community.set(**SMALL)
    prompt, replies = community.ranking()
    task = community.take("ruth", "rank_assistant_replies")
    shown = [view.message.id for view in task.replies]
    community.rank("ruth", task, *reversed(shown))
    ids = [community.user_id("ruth")]
    (ranking,) = community.database.run(lambda tx: stored.deeds_of(tx, ids, tx_now)).rankings
    assert (ranking.parent_id, list(ranking.shown), list(ranking.order)) == (prompt, shown, shown[::-1])
    assert ranking.read_characters == sum(len(community.message(reply).text) for reply in replies)


# --- agreement -------------------------------------------------------------------------------------------------------


def reviewed(community: Community, number: int, **values: float) -> None:
    """Prompts that three people review, with one quality each."""
    for _ in range(number):
        task = community.take("ada", "initial_prompt")
        community.write("ada", task)
        for name, quality in values.items():
            community.review(name, community.take(name, "label_initial_prompt"), quality=quality)


def agreement(community: Community, name: str) -> Agreement:
    return community.database.run(lambda tx: trust.own_agreement(tx, community.caller, who(name)))


def test_a_person_sees_how_they_agree_and_with_too_little_that_it_is_too_little(busy: Community) -> None:
    reviewed(busy, 3, rita=0.5, rob=0.75)
    found = agreement(busy, "rita")
    assert (found.user_id, found.reviews, found.impression) == (busy.user_id("rita"), 3, Impression.TOO_FEW)
    assert {row.compared for row in found.by_label} == {3}
    assert all(row.distance is None and row.alpha is None for row in found.by_label)


def test_what_is_older_than_the_window_is_not_looked_at(busy: Community, clock: Time) -> None:
    reviewed(busy, 2, rita=0.5, rob=0.5)
    clock.advance(trust.WINDOW + timedelta(days=1))
    assert agreement(busy, "rita").reviews == 0


def test_a_program_must_say_who_asks_about_themselves(community: Community, ada: UUID) -> None:
    with community.refused(UserNotSpecified):
        community.database.run(lambda tx: trust.own_agreement(tx, community.caller, None))
    with community.refused(UserNotFound):
        community.database.run(lambda tx: trust.own_agreement(tx, community.caller, who("nobody")))


def test_only_moderators_see_how_others_agree(community: Community, ada: UUID) -> None:
    with community.refused(ClientNotAuthorized):
        community.database.run(lambda tx: trust.agreement_of(tx, community.caller, ada))
    found = community.database.run(lambda tx: trust.agreement_of(tx, community.moderator, ada))
    assert found.user_id == ada
    with community.refused(UserNotFound):
        community.database.run(lambda tx: trust.agreement_of(tx, community.moderator, UUID(int=1)))


def copy(community: Community, clock: Time, number: int) -> None:
    """Ada writes something that has little in common with what she wrote before, and Bea hands it in, too."""
    clock.advance(timedelta(minutes=5))
    words = " ".join(random.Random(number).sample(LONG.split(), k=len(LONG.split())))
    community.write("ada", community.take("ada", "initial_prompt"), words)
    clock.advance(timedelta(minutes=5))
    community.write("bea", community.take("bea", "initial_prompt"), words.upper())


# --- looking ---------------------------------------------------------------------------------------------------------


async def test_looking_finds_copies_and_takes_no_right_from_anybody(
    busy: Community, database: Database, clock: Time
) -> None:
    for number in range(4):
        copy(busy, clock, number)
    before = {user.id: user for user in await database.read(people.everybody)}
    assert await trust.look_for_signs(database) == Raised(new=1, renewed=0)
    (sign,) = known(busy)
    assert (sign.kind, sign.user_id, sign.status) == (SignKind.COPIED_TEXT, busy.user_id("bea"), SignStatus.OPEN)
    assert sign.evidence["copies"] == 4
    assert {user.id: user for user in await database.read(people.everybody)} == before
    assert busy.is_offered("bea", "initial_prompt")


async def test_looking_again_renews_what_is_open(busy: Community, database: Database, clock: Time) -> None:
    for number in range(3):
        copy(busy, clock, number)
    await trust.look_for_signs(database)
    copy(busy, clock, 3)
    assert await trust.look_for_signs(database) == Raised(new=0, renewed=1)
    (sign,) = known(busy)
    assert sign.evidence["copies"] == 4


async def test_what_was_dismissed_is_not_raised_again_unless_it_goes_on(
    busy: Community, database: Database, clock: Time
) -> None:
    for number in range(3):
        copy(busy, clock, number)
    await trust.look_for_signs(database)
    decide(busy, known(busy)[0], DISMISS)
    assert await trust.look_for_signs(database) == Raised(0, 0)
    copy(busy, clock, 3)
    assert await trust.look_for_signs(database) == Raised(0, 0)
    copy(busy, clock, 4)
    copy(busy, clock, 5)
    assert await trust.look_for_signs(database) == Raised(new=1, renewed=0)
    assert [sign.status for sign in known(busy)] == [SignStatus.OPEN, SignStatus.DISMISSED]


async def test_where_nothing_happened_nothing_is_found(database: Database) -> None:
    assert await trust.look_for_signs(database) == Raised(0, 0)


def test_who_is_shut_out_already_needs_no_sign(community: Community, ada: UUID, tx_now: datetime) -> None:
    community.disable("ada")
    assert keep(community, sign_about(ada, since=tx_now)) == Raised(0, 0)
    community.prompt("bea")
    assert keep(community, sign_about(ada, community.user_id("bea"), since=tx_now)) == Raised(1, 0)


def test_who_is_gone_meanwhile_gets_no_sign(community: Community, tx_now: datetime) -> None:
    assert keep(community, sign_about(UUID(int=5), since=tx_now)) == Raised(0, 0)


def test_signs_leave_with_the_person(community: Community, ada: UUID, tx_now: datetime) -> None:
    keep(community, sign_about(ada, since=tx_now))
    community.database.run(lambda tx: stored.forget(tx, ada))
    assert known(community) == []


# --- deciding --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("decision", [CONFIRM, DISMISS], ids=["confirmed", "dismissed"])
def test_a_decision_is_kept_and_journalled_and_changes_nothing_else(
    community: Community, ada: UUID, tx_now: datetime, decision: Decision
) -> None:
    keep(community, sign_about(ada, since=tx_now))
    moderator = community.new_person("mona", AccountRole.MODERATOR)
    assert moderator.person is not None
    before = community.rows("user", id=ada)
    decided = decide(community, known(community)[0], decision, by=moderator)
    assert (decided.status, decided.decided_by, decided.decided_date, decided.note) == (
        decision.status,
        moderator.person.id,
        tx_now,
        decision.note,
    )
    assert known(community) == [decided]
    (event,) = community.events(f"sign_{decision.status}")
    assert event["user_id"] == moderator.person.id
    payload = event["event_payload"]
    assert (payload["before"], payload["after"], payload["why"]) == ("open", decision.status, decision.note)
    assert payload["about"] == [str(ada)]
    assert community.rows("user", id=ada) == before


def test_nobody_decides_twice_or_about_themselves_or_without_the_right(
    community: Community, ada: UUID, tx_now: datetime
) -> None:
    moderator = community.new_person("mona", AccountRole.MODERATOR)
    assert moderator.person is not None
    keep(community, sign_about(moderator.person.id, ada, since=tx_now))
    (sign,) = known(community)
    with community.refused(OwnSign):
        decide(community, sign, DISMISS, by=moderator)
    for stranger in (community.caller, community.new_person("eve")):
        with community.refused(ClientNotAuthorized):
            decide(community, sign, DISMISS, by=stranger)
    decide(community, sign, DISMISS)
    with community.refused(SignDecided):
        decide(community, sign, CONFIRM)


@pytest.mark.parametrize("decision", [Decision(SignStatus.OPEN), Decision(SignStatus.CONFIRMED, "x" * 2001)])
def test_a_decision_that_is_none_or_says_too_much_is_refused(
    community: Community, ada: UUID, tx_now: datetime, decision: Decision
) -> None:
    keep(community, sign_about(ada, since=tx_now))
    (sign,) = known(community)
    with community.refused(Invalid):
        decide(community, sign, decision)


def test_a_sign_that_does_not_exist_cannot_be_decided(community: Community) -> None:
    with community.refused(SignNotFound):
        community.database.run(lambda tx: trust.decide(tx, community.moderator, None, UUID(int=9), DISMISS))


def test_the_list_is_narrowed_and_paged(community: Community, ada: UUID, tx_now: datetime) -> None:
    community.prompt("bea")
    bea = community.user_id("bea")
    keep(community, sign_about(ada, since=tx_now), sign_about(ada, bea, since=tx_now), sign_about(bea, since=tx_now))
    decide(community, known(community, kind=SignKind.VOTES_IN_CONCERT)[0], DISMISS)
    assert len(known(community)) == 3
    assert len(known(community, status=SignStatus.OPEN)) == 2
    assert {sign.user_id for sign in known(community, kind=SignKind.COPIED_TEXT)} == {ada, bea}
    assert len(known(community, user_id=bea)) == 2

    def page(tx: Transaction, after: str | None) -> Page[KnownSign]:
        request = PageRequest(1, None, date_place(after), descending=True)
        return trust.signs(tx, community.moderator, SignFilter(), request)

    seen: list[UUID] = []
    after: str | None = None
    while True:
        found = community.database.run(lambda tx, after=after: page(tx, after))
        seen += [sign.id for sign in found.items]
        after = found.next
        if after is None:
            break
    assert seen == [sign.id for sign in known(community)]
    with community.refused(ClientNotAuthorized):
        community.database.run(lambda tx: trust.signs(tx, community.caller, SignFilter(), PageRequest(1)))


@pytest.mark.parametrize("words", ["कृपया विस्तार से समझाइए", "请一步一步地解释给我听", "اشرح لي خطوة بخطوة", "🙂" * 12])
def test_a_note_may_be_in_any_script(community: Community, ada: UUID, tx_now: datetime, words: str) -> None:
    keep(community, sign_about(ada, since=tx_now))
    assert decide(community, known(community)[0], Decision(SignStatus.CONFIRMED, words)).note == words
    assert json.dumps(words)  # the journal keeps JSON
    assert community.events("sign_confirmed")[0]["event_payload"]["why"] == words
