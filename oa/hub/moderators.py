"""What all acts of moderation share: who may, upon whom, on record, and tried out first.

Every act is one function of a transaction and a `Moderator` that gives its `Effect`. An act that would change nothing
changes nothing, and the journal does not hear of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar
from uuid import UUID

from oa.domain.moderation import Effect
from oa.domain.people import AccountRole, Caller, Identity, User
from oa.errors import PersonProtected, UserDisabled, UserNotFound
from oa.hub import access
from oa.store import accounts, journal, people
from oa.store.database import Transaction
from oa.store.rehearsal import rehearsed

T = TypeVar("T")

KEEPER = Caller(access.HUB, None, AccountRole.ADMIN)
"""Whoever has the hub's machine."""


@dataclass(frozen=True, slots=True)
class Moderator:
    """Who keeps order, and why."""

    caller: Caller
    who: Identity | None = None
    """For whom a trusted program does it; with a person's token it is always its owner."""
    why: str | None = None
    undoes: int | None = None
    """The journal's entry that is taken back by this."""


def acting(tx: Transaction, moderator: Moderator) -> UUID | None:
    """Who is to stand in the journal; None for a program in its own name, and for whoever has the hub's machine.

    Raises:
        ClientNotAuthorized: the caller may not moderate.
        UserNotFound: a program named somebody who is not there; with a display name they are made at first sight.
        UserDisabled: a program named somebody who may not act.
    """
    caller, who = moderator.caller, moderator.who
    access.require_trusted(caller)
    if caller.person is not None or who is None:
        return caller.person and caller.person.id
    user = access.acting_user(tx, caller, who) if who.display_name else access.reading_user(tx, caller, who)
    if user is not None and (user.deleted or not user.enabled):
        raise UserDisabled("this user is disabled, so nothing can be done in their name", user=user.username)
    return user and user.id


def record(tx: Transaction, moderator: Moderator, effect: Effect, message_id: UUID | None = None) -> Effect:
    """Write an act into the journal if it changed something; the effect itself."""
    if effect.changed:
        why = {"why": moderator.why} if moderator.why else {}
        journal.add(
            tx,
            effect.act.value,
            user_id=acting(tx, moderator),
            message_id=message_id,
            api_client_id=moderator.caller.client.id,
            undoes=moderator.undoes,
            before=dict(effect.before or {}),
            after=dict(effect.after or {}),
            users=[str(user_id) for user_id in effect.users],
            **why,
        )
    return effect


def target(tx: Transaction, moderator: Moderator, user_id: UUID, *, may_have_left: bool = False) -> User:
    """The user upon whom a moderator acts.

    Raises:
        ClientNotAuthorized: the caller may not moderate.
        UserNotFound: nobody has this id, or whoever had it deleted their account.
        PersonProtected: it is the moderator, or an admin and the caller is none.
    """
    me = acting(tx, moderator)
    user = people.user_by_id(tx, user_id)
    if user is None:
        raise UserNotFound("there is no user with this id", user_id=str(user_id))
    if user.deleted and user.enabled and not may_have_left:  # those who are banned are disabled, too
        raise UserNotFound("this user has left", user_id=str(user_id))
    if user_id == me:
        raise PersonProtected("nobody moderates themselves; ask another moderator")
    account = accounts.account_by_id(tx, user_id)
    if account is not None and account.role is AccountRole.ADMIN and not moderator.caller.is_admin:
        raise PersonProtected("this is an admin; only an admin acts on one")
    return user


def in_own_name(moderator: Moderator) -> Moderator:
    """The same, for what users may ask of their program about themselves: it is the program then that acts on them."""
    return moderator if moderator.caller.person is not None else replace(moderator, who=None)


def rehearse(tx: Transaction, act: Callable[[Transaction], T], *, preview: bool) -> T:
    """Carry an act out; with `preview` everything is as before afterwards, and only its result tells of it."""
    if not preview:
        return act(tx)
    with rehearsed(tx):
        return act(tx)
