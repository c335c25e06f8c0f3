"""Whom to trust: how far people agree, and signs of abuse for moderators to look at.

Nothing here takes a right from anybody. A sign is raised, a human decides about it, and what follows is done by the
ordinary means of moderation.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from uuid import UUID

from oa.domain import abuse, agreement
from oa.domain.agreement import Agreement
from oa.domain.deeds import Deeds
from oa.domain.paging import Page, PageRequest, Part, written
from oa.domain.people import Caller, Identity, User
from oa.domain.signs import Judged, KnownSign, Sign, SignFilter, SignStatus
from oa.errors import Invalid, OwnSign, SignDecided, UserNotFound, UserNotSpecified
from oa.hub import access, accounts
from oa.store import journal, people, trust
from oa.store.database import Database, Transaction

WINDOW = timedelta(days=30)
"""How far back is looked; what is older says little about who somebody is now."""

PEOPLE_AT_ONCE = 50
"""Whose deeds are read in one go, so that whoever waits for the database meanwhile does not wait long."""

MOST_COMPARED = 2000
"""Reviews, and rankings, of one person that are compared with others'; the latest."""

LONGEST_NOTE = 2000

MOST_LISTED = 10_000
"""Signs on one list; whoever has more has other problems."""


# --- agreement -------------------------------------------------------------------------------------------------------


def agreement_of(tx: Transaction, caller: Caller, user_id: UUID) -> Agreement:
    """How far somebody agrees with the others; for moderators.

    Raises:
        ClientNotAuthorized: the caller may not moderate.
        UserNotFound: there is no such user.
    """
    access.require_trusted(caller)
    if people.user_by_id(tx, user_id) is None:
        raise UserNotFound("there is no user with this id")
    return _agreement(tx, user_id)


def agreement_by_name(tx: Transaction, name_or_id: str) -> Agreement:
    """The same for whoever has the hub's machine: by the name somebody signs in with, or any user's id.

    Raises:
        UserNotFound: there is no such user.
    """
    try:
        user = people.user_by_id(tx, UUID(name_or_id))
    except ValueError:
        user = None
    return _agreement(tx, (user or accounts.find_account(tx, name_or_id).user).id)


def own_agreement(tx: Transaction, caller: Caller, who: Identity | None) -> Agreement:
    """How far the caller, or the user whom a program speaks for, agrees with the others.

    Raises:
        UserNotSpecified: a program named nobody.
        UserNotFound: it named somebody whom this hub has not met through it.
    """
    user = access.reading_user(tx, caller, who)
    if user is None:
        raise UserNotSpecified("say who asks: `x-oasst-user: auth_method:username`")
    return _agreement(tx, user.id)


def _agreement(tx: Transaction, user_id: UUID) -> Agreement:
    since = tx.now - WINDOW
    deeds = trust.judgements_with(tx, user_id, since, most=MOST_COMPARED)
    return agreement.agreement(user_id, deeds, since)


# --- looking for signs -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Raised:
    """What a look at everybody has brought."""

    new: int
    renewed: int
    """Signs that were open before, and say now what is seen now."""


async def look_for_signs(database: Database) -> Raised:
    """Look at everything that was done in the `WINDOW`, and write down the signs of abuse in it.

    Reads in small parts and thinks in a thread of its own, so that the hub goes on meanwhile.
    """
    since, active, judged = await database.read(_whom_to_look_at)
    parts = [await database.read(lambda tx, some=some: trust.deeds_of(tx, some, since)) for some in _slices(active)]
    found = await asyncio.to_thread(abuse.find_signs, Deeds.together(parts), judged)
    return await database.write(lambda tx: keep_signs(tx, found))


def may_ask_for_a_look(tx: Transaction, caller: Caller) -> datetime:
    """When somebody asks for a look who may.

    Raises:
        ClientNotAuthorized: the caller may not moderate.
    """
    access.require_trusted(caller)
    return tx.now


def note_look(tx: Transaction, caller: Caller, who: Identity | None, raised: Raised) -> None:
    """Write into the journal that somebody has asked for a look, and what it brought.

    Raises:
        ClientNotAuthorized: the caller may not moderate any more.
        UserNotFound: a program named somebody who is not there.
    """
    access.require_trusted(caller)
    moderator = access.reading_user(tx, caller, who)
    journal.add(
        tx,
        "signs_looked_for",
        user_id=None if moderator is None else moderator.id,
        api_client_id=caller.client.id,
        new=raised.new,
        renewed=raised.renewed,
    )


def _whom_to_look_at(tx: Transaction) -> tuple[datetime, list[UUID], Judged]:
    since = tx.now - WINDOW
    return since, trust.active_people(tx, since), Judged(trust.last_decisions(tx, since))


def _slices(ids: Sequence[UUID]) -> Iterator[list[UUID]]:
    rest = iter(ids)
    while some := list(islice(rest, PEOPLE_AT_ONCE)):
        yield some


def keep_signs(tx: Transaction, found: Sequence[Sign]) -> Raised:
    """Raise signs that are not open yet, and renew those that are. Who is shut out already needs no sign."""
    shut_out, known = trust.people_shut_out(tx), trust.open_signs(tx)
    decided = trust.last_decisions(tx, tx.now - WINDOW)
    new = renewed = 0
    for sign in found:
        key = sign.key
        about = {key.user_id, key.other_user_id} - {None}
        if about <= shut_out or any(people.user_by_id(tx, one) is None for one in about if one is not None):
            continue
        if key in known:
            trust.renew_sign(tx, known[key].id, sign.evidence, sign.since)
            renewed += 1
        elif key not in decided or sign.since > decided[key]:  # else somebody has decided while this was looked for
            trust.add_sign(tx, _new_sign(tx, sign))
            new += 1
    return Raised(new, renewed)


def _new_sign(tx: Transaction, sign: Sign) -> KnownSign:
    return KnownSign(
        id=tx.new_id(),
        kind=sign.key.kind,
        user_id=sign.key.user_id,
        other_user_id=sign.key.other_user_id,
        evidence=sign.evidence,
        since=sign.since,
        created_date=tx.now,
        status=SignStatus.OPEN,
    )


# --- deciding --------------------------------------------------------------------------------------------------------


def signs(tx: Transaction, caller: Caller, wanted: SignFilter, request: PageRequest[datetime]) -> Page[KnownSign]:
    """A page of the list of signs, by the date on which they were found.

    Raises:
        ClientNotAuthorized: the caller may not moderate.
    """
    access.require_trusted(caller)
    found = trust.part_of_list(tx, wanted, request.part())
    return request.page(found, lambda sign: written(sign.id, sign.created_date), "created_date")


def all_signs(tx: Transaction, wanted: SignFilter) -> list[KnownSign]:
    """Every sign that is wanted, the newest first; for whoever has the hub's machine."""
    return trust.part_of_list(tx, wanted, Part(limit=MOST_LISTED, descending=True))


@dataclass(frozen=True, slots=True)
class Decision:
    """What a moderator says about a sign."""

    status: SignStatus
    """Confirmed or dismissed."""
    note: str = ""


def decide(tx: Transaction, caller: Caller, who: Identity | None, sign_id: UUID, decision: Decision) -> KnownSign:
    """Confirm or dismiss a sign. Neither does anything to anybody; what was seen until now is not raised again.

    Args:
        who: for whom a program decides, if it says so.

    Raises:
        ClientNotAuthorized: the caller may not moderate.
        SignNotFound, UserNotFound
        SignDecided: somebody has decided already.
        OwnSign: it is about whoever decides.
        Invalid: the decision is none, or the note is too long.
    """
    access.require_trusted(caller)
    _check(decision)
    moderator = access.reading_user(tx, caller, who)
    sign = trust.find_sign(tx, sign_id)
    if sign.status is not SignStatus.OPEN:
        raise SignDecided(f"this sign has been {sign.status} already; what is seen later will be a sign of its own")
    if moderator is not None and moderator.id in (sign.user_id, sign.other_user_id):
        raise OwnSign("this sign is about you; let another moderator look at it")
    decided = replace(
        sign,
        status=decision.status,
        decided_by=None if moderator is None else moderator.id,
        decided_date=tx.now,
        note=decision.note,
    )
    trust.decide_sign(tx, decided)
    _record(tx, caller, moderator, decided)
    return decided


def _check(decision: Decision) -> None:
    if decision.status is SignStatus.OPEN:
        raise Invalid("a sign is confirmed or dismissed; to leave it open, do nothing")
    if len(decision.note) > LONGEST_NOTE:
        raise Invalid(f"a note has at most {LONGEST_NOTE} characters, not {len(decision.note)}")


def _record(tx: Transaction, caller: Caller, moderator: User | None, sign: KnownSign) -> None:
    journal.add(
        tx,
        f"sign_{sign.status}",
        user_id=None if moderator is None else moderator.id,
        api_client_id=caller.client.id,
        sign=str(sign.id),
        kind=sign.kind.value,
        about=[str(one) for one in (sign.user_id, sign.other_user_id) if one is not None],
        before=SignStatus.OPEN.value,
        after=sign.status.value,
        why=sign.note,
    )
