"""What a community aims at and is told, and what its people have reached."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from oa.domain import badges
from oa.domain.announcements import Announcement
from oa.domain.badges import Earned
from oa.domain.goals import Goal
from oa.domain.paging import in_utc
from oa.domain.people import Caller, Identity
from oa.domain.standing import Sample
from oa.errors import Invalid, NotFound, UserNotFound, UserNotSpecified
from oa.hub import access
from oa.store import community, journal, people
from oa.store.database import Transaction

# --- goals -----------------------------------------------------------------------------------------------------------


def goals(tx: Transaction) -> list[Goal]:
    """Every goal, with what the community has by now."""
    return community.goals(tx)


def set_goal(tx: Transaction, caller: Caller, kind: Sample, lang: str, wanted: int) -> Goal:
    """Set how many samples of a kind and language are wanted, or change it; the goal with what there is.

    Raises:
        ClientNotAuthorized: the caller may not moderate.
        Invalid: the number or the language is none.
    """
    access.require_trusted(caller)
    goal = Goal(kind, lang, wanted)
    goal.check()
    before = next((known.wanted for known in goals(tx) if (known.kind, known.lang) == (kind, lang)), None)
    if before != wanted:
        community.set_goal(tx, goal)
        _record(tx, caller, "goal_changed", kind=kind.value, lang=lang, before=before, after=wanted)
    return next(known for known in goals(tx) if (known.kind, known.lang) == (kind, lang))


def remove_goal(tx: Transaction, caller: Caller, kind: Sample, lang: str) -> None:
    """Give a goal up.

    Raises:
        ClientNotAuthorized: the caller may not moderate.
        NotFound: there is none.
    """
    access.require_trusted(caller)
    if not community.remove_goal(tx, kind, lang):
        raise NotFound(f"there is no goal for {kind} in {lang[:40]}")
    _record(tx, caller, "goal_changed", kind=kind.value, lang=lang, after=None)


# --- announcements ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAnnouncement:
    text: str
    lang: str | None = None
    from_date: datetime | None = None
    """Now when None."""
    until_date: datetime | None = None


def announcements(tx: Transaction, lang: str | None = None) -> list[Announcement]:
    """What is told now, latest first, to those who work in a language, or to anybody."""
    return community.current_announcements(tx, lang)


def all_announcements(tx: Transaction, caller: Caller) -> list[Announcement]:
    """Those to come and those that are over too.

    Raises:
        ClientNotAuthorized: the caller may not moderate.
    """
    access.require_trusted(caller)
    return community.all_announcements(tx)


def announce(tx: Transaction, caller: Caller, wanted: NewAnnouncement) -> Announcement:
    """Tell everybody something, from one date to another.

    Raises:
        ClientNotAuthorized: the caller may not moderate.
        Invalid: there is no text, too much of it, or it ends before it begins.
    """
    access.require_trusted(caller)
    announcement = Announcement(
        id=tx.new_id(),
        text=wanted.text.strip(),
        lang=wanted.lang or None,
        from_date=_in_utc(wanted.from_date) or tx.now,
        until_date=_in_utc(wanted.until_date),
        created_date=tx.now,
        created_by=caller.person.id if caller.person else None,
    )
    announcement.check()
    community.add_announcement(tx, announcement)
    _record(tx, caller, "announced", announcement=str(announcement.id), text=announcement.text)
    return announcement


def end_announcement(tx: Transaction, caller: Caller, announcement_id: UUID) -> None:
    """Tell it no longer; ending it again changes nothing.

    Raises:
        ClientNotAuthorized: the caller may not moderate.
        NotFound: there is no such announcement.
    """
    access.require_trusted(caller)
    found = community.announcement(tx, announcement_id)
    if found is None:
        raise NotFound("there is no announcement with this id")
    if found.until_date is None or found.until_date > tx.now:
        community.end_announcement(tx, found.id, tx.now)
        _record(tx, caller, "announcement_ended", announcement=str(found.id))


def _in_utc(date: datetime | None) -> datetime | None:
    try:
        return None if date is None else in_utc(date)
    except ValueError as error:
        raise Invalid("dates lie between the years 1 and 9999") from error


def _record(tx: Transaction, caller: Caller, event: str, **facts: Any) -> None:
    journal.add(tx, event, user_id=caller.person.id if caller.person else None, api_client_id=caller.client.id, **facts)


# --- badges ----------------------------------------------------------------------------------------------------------


def badges_of(tx: Transaction, caller: Caller, user_id: UUID) -> list[Earned]:
    """What somebody has reached.

    Raises:
        UserNotFound: nobody has this id any more.
        ClientNotAuthorized: it is somebody else, whom no leaderboard shows.
    """
    user = people.user_by_id(tx, user_id)
    if user is None or user.deleted:
        raise UserNotFound("there is no user with this id")
    access.check_may_see(caller, user)
    return list(badges.earned(community.deeds(tx, user_id)))


def own_badges(tx: Transaction, caller: Caller, who: Identity | None) -> list[Earned]:
    """What the reader has reached.

    Raises:
        UserNotSpecified, UserNotFound: a program names nobody, or somebody unknown.
    """
    reader = access.reading_user(tx, caller, who)
    if reader is None:
        raise UserNotSpecified("say whose badges these are: `x-oasst-user: auth_method:username`")
    return list(badges.earned(community.deeds(tx, reader.id)))
