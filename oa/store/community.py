"""Goals, announcements, and the deeds behind badges."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Executable, String, Uuid, bindparam, or_, select, true, union_all

from oa.domain.announcements import Announcement
from oa.domain.badges import Deed
from oa.domain.goals import Goal
from oa.domain.standing import Sample
from oa.store import dialect
from oa.store.database import Transaction
from oa.store.tables import (
    UtcDateTime,
    announcements,
    ballots,
    campaign_goals,
    collected,
    messages,
    text_labels,
)

# --- goals -----------------------------------------------------------------------------------------------------------

GOALS = (
    select(campaign_goals.c.kind, campaign_goals.c.lang, campaign_goals.c.wanted, collected.c.samples)
    .outerjoin_from(
        campaign_goals,
        collected,
        (collected.c.kind == campaign_goals.c.kind) & (collected.c.lang == campaign_goals.c.lang),
    )
    .order_by(campaign_goals.c.lang, campaign_goals.c.kind)
)
REMOVE_GOAL = campaign_goals.delete().where(
    campaign_goals.c.kind == bindparam("of_kind"), campaign_goals.c.lang == bindparam("of_lang")
)


def goals(tx: Transaction) -> list[Goal]:
    """All goals with what there is, by language and kind."""
    return [Goal(Sample(row.kind), row.lang, row.wanted, row.samples or 0) for row in tx.execute(GOALS)]


@cache
def _set_goal(dialect_name: str) -> Executable:
    statement = dialect.insert(campaign_goals, dialect_name)
    return statement.on_conflict_do_update(
        index_elements=[campaign_goals.c.kind, campaign_goals.c.lang], set_={"wanted": statement.excluded.wanted}
    )


def set_goal(tx: Transaction, goal: Goal) -> None:
    """Set or change how much is wanted."""
    values = {"kind": goal.kind.value, "lang": goal.lang, "wanted": goal.wanted}
    tx.execute(_set_goal(tx.connection.dialect.name), values)


def remove_goal(tx: Transaction, kind: Sample, lang: str) -> bool:
    """Give a goal up; whether there was one."""
    return tx.execute(REMOVE_GOAL, {"of_kind": kind.value, "of_lang": lang}).rowcount > 0


# --- announcements ---------------------------------------------------------------------------------------------------

IN_ORDER = (announcements.c.from_date.desc(), announcements.c.id)
ANNOUNCEMENT = select(announcements).where(announcements.c.id == bindparam("announcement_id"))
ALL_ANNOUNCEMENTS = select(announcements).order_by(*IN_ORDER)
NOW = bindparam("now", type_=UtcDateTime())
OF_LANG = bindparam(
    "lang", type_=String()
)  # PostgreSQL wants to know what a value is before it says whether it is NULL
CURRENT_ANNOUNCEMENTS = (
    select(announcements)
    .where(
        announcements.c.from_date <= NOW,
        or_(announcements.c.until_date.is_(None), announcements.c.until_date > NOW),
        or_(announcements.c.lang.is_(None), OF_LANG.is_(None), announcements.c.lang == OF_LANG),
    )
    .order_by(*IN_ORDER)
)
INSERT_ANNOUNCEMENT = announcements.insert()
END_ANNOUNCEMENT = (
    announcements.update()
    .where(announcements.c.id == bindparam("announcement_id"))
    .values(until_date=bindparam("new_until_date"))
)


def add_announcement(tx: Transaction, announcement: Announcement) -> None:
    tx.execute(INSERT_ANNOUNCEMENT, {name: getattr(announcement, name) for name in Announcement.__slots__})


def announcement(tx: Transaction, announcement_id: UUID) -> Announcement | None:
    row = tx.execute(ANNOUNCEMENT, {"announcement_id": announcement_id}).one_or_none()
    return None if row is None else _announcement(row)


def all_announcements(tx: Transaction) -> list[Announcement]:
    """Those to come and those that are over too, latest first."""
    return [_announcement(row) for row in tx.execute(ALL_ANNOUNCEMENTS)]


def current_announcements(tx: Transaction, lang: str | None) -> list[Announcement]:
    """Those that are told now, latest first; for everybody when no language is named."""
    return [_announcement(row) for row in tx.execute(CURRENT_ANNOUNCEMENTS, {"now": tx.now, "lang": lang})]


def end_announcement(tx: Transaction, announcement_id: UUID, until_date: datetime) -> None:
    tx.execute(END_ANNOUNCEMENT, {"announcement_id": announcement_id, "new_until_date": until_date})


def _announcement(row: Any) -> Announcement:
    return Announcement(**{name: getattr(row, name) for name in Announcement.__slots__})


# --- deeds -----------------------------------------------------------------------------------------------------------

PERSON = bindparam("user_id", type_=Uuid())
ACCEPTED = (
    select(messages.c.created_date, messages.c.parent_id, messages.c.rank)
    .where(messages.c.user_id == PERSON, messages.c.deleted.is_(False), messages.c.review_result == true())
    .order_by(messages.c.created_date)
)
REVIEW_DATES = (
    select(text_labels.c.created_date)
    .where(text_labels.c.user_id == PERSON, text_labels.c.task_id.is_not(None))
    .order_by(text_labels.c.created_date)
)
RANKING_DATES = select(ballots.c.created_date).where(ballots.c.user_id == PERSON).order_by(ballots.c.created_date)
DATES = union_all(
    select(messages.c.created_date).where(messages.c.user_id == PERSON, messages.c.task_id.is_not(None)),
    select(text_labels.c.created_date).where(text_labels.c.user_id == PERSON, text_labels.c.task_id.is_not(None)),
    select(ballots.c.created_date).where(ballots.c.user_id == PERSON),
)


def deeds(tx: Transaction, user_id: UUID) -> dict[Deed, Sequence[datetime]]:
    """When somebody did what counts for badges, oldest first; for days in a row, everything that they did."""
    who = {"user_id": user_id}
    accepted = list(tx.execute(ACCEPTED, who))
    return {
        Deed.ACCEPTED_PROMPT: [row.created_date for row in accepted if row.parent_id is None],
        Deed.ACCEPTED_REPLY: [row.created_date for row in accepted if row.parent_id is not None],
        Deed.BEST_REPLY: [row.created_date for row in accepted if row.rank == 0],
        Deed.REVIEW: tx.execute(REVIEW_DATES, who).scalars().all(),
        Deed.RANKING: tx.execute(RANKING_DATES, who).scalars().all(),
        Deed.DAY_IN_A_ROW: tx.execute(DATES, who).scalars().all(),
    }
