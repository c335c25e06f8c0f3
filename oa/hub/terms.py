"""The terms of service: publishing versions, accepting them, and who must."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from oa.domain.campaign import Campaign
from oa.domain.paging import in_utc
from oa.domain.people import AuthMethod, Caller, Identity, User
from oa.domain.terms import Acceptance, Terms, next_terms
from oa.errors import Conflict, Invalid, NotFound, TermsNotAccepted
from oa.hub import access
from oa.store import journal, people
from oa.store import terms as stored
from oa.store.database import Transaction


def publish(tx: Transaction, caller: Caller, text: str, from_date: datetime | None = None) -> Terms:
    """A new version, which holds from a date on, now if none is named.

    Raises:
        RootTokenNotAuthorized: the caller is no admin.
        Invalid: there is no text, too much of it, or the date lies before that of the version that it follows.
    """
    access.require_admin(caller)
    try:
        holds_from = tx.now if from_date is None else in_utc(from_date)
    except ValueError as error:
        raise Invalid("from_date lies between the years 1 and 9999") from error
    new = next_terms(stored.last(tx), text, holds_from)
    me = caller.person and caller.person.id
    stored.add(tx, new, me)
    journal.add(tx, "terms_published", user_id=me, version=new.version, from_date=new.from_date.isoformat())
    return new


def current(tx: Transaction) -> Terms:
    """The version that holds now.

    Raises:
        NotFound: this hub has none.
    """
    found = stored.current(tx)
    if found is None:
        raise NotFound("this hub has no terms of service")
    return found


def version(tx: Transaction, number: int) -> Terms:
    """Any version, those to come included.

    Raises:
        NotFound: there is no such version.
    """
    found = stored.find(tx, number)
    if found is None:
        raise NotFound(f"there is no version {number} of the terms of service")
    return found


def accept(tx: Transaction, caller: Caller, who: Identity | None, number: int | None = None) -> Acceptance:
    """Somebody accepts the version that holds now.

    Args:
        number: the version that they have read; that which holds now when None.

    Raises:
        UserNotSpecified, UserDisabled: as `access.acting_user`.
        NotFound: this hub has no terms, or no such version.
        Conflict: they have read another version than the one that holds now.
    """
    user = access.acting_user(tx, caller, who)
    holds = current(tx)
    if number is not None and version(tx, number).version != holds.version:
        raise Conflict(f"version {holds.version} of the terms of service holds now; read and accept that one")
    people.change_user(tx, replace(user, tos_acceptance_date=accepted(tx, user)))
    return next(one for one in stored.accepted_by(tx, user.id) if one.version == holds.version)


def is_open(tx: Transaction, user: User) -> bool:
    """Whether there is a version that they have not accepted yet."""
    return stored.has_accepted_current(tx, user.id) is False


def accepted(tx: Transaction, user: User) -> datetime:
    """Write down that somebody accepts what holds now; since when they have."""
    holds = stored.current(tx)
    if holds is not None and stored.accept(tx, user.id, holds.version):
        return tx.now
    return user.tos_acceptance_date or tx.now


def check_accepted(tx: Transaction, user: User, campaign: Campaign) -> None:
    """
    Raises:
        TermsNotAccepted: the campaign asks for it, and this person has not accepted what holds now.
    """
    if not may_work(tx, user, campaign):
        raise TermsNotAccepted("read and accept the terms of service first: GET /api/v1/terms, POST /api/v1/me/terms")


def may_work(tx: Transaction, user: User, campaign: Campaign) -> bool:
    """Whether somebody has accepted what the campaign asks them to accept."""
    if not campaign.require_terms or user.auth_method == AuthMethod.SYSTEM:
        return True
    has_accepted = stored.has_accepted_current(tx, user.id)
    if has_accepted is None:  # this hub has no text of its own: whoever made the user known has shown one
        return user.tos_acceptance_date is not None
    return has_accepted
