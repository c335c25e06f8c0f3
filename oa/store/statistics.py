"""Counting: messages, trees, people, work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Executable, bindparam, func, select, true

from oa.domain.lifecycle import ACTIVE
from oa.domain.statistics import Activity, CachedFigures, CachedName, SystemStats, TreeCount
from oa.store import dialect
from oa.store.database import Transaction
from oa.store.tables import (
    UtcDateTime,
    ballots,
    cached_stats,
    flagged_messages,
    message_emojis,
    messages,
    open_work,
    text_labels,
    trees,
    users,
)

# --- messages and trees ----------------------------------------------------------------------------------------------

BY_LANG = select(
    messages.c.lang, messages.c.deleted, func.count().label("count"), func.count(messages.c.parent_id).label("replies")
).group_by(messages.c.lang, messages.c.deleted)
BY_STATE = select(trees.c.state, func.count().label("count")).group_by(trees.c.state)


def system(tx: Transaction) -> SystemStats:
    """How many messages and trees there are."""
    rows = tx.execute(BY_LANG).all()
    active = {row.lang: row.count for row in rows if not row.deleted}
    return SystemStats(
        all=sum(row.count for row in rows),
        active=sum(active.values()),
        active_by_lang=dict(sorted(active.items())),
        deleted=sum(row.count for row in rows if row.deleted),
        message_trees=sum(row.count - row.replies for row in rows),
    )


def trees_by_state(tx: Transaction) -> dict[str, int]:
    return {row.state: row.count for row in tx.execute(BY_STATE)}


def message_counts(tx: Transaction, *, only_active: bool) -> list[TreeCount]:
    """Every tree that has messages which are not deleted."""
    counted = (
        select(
            messages.c.message_tree_id,
            func.max(messages.c.depth).label("depth"),
            func.min(messages.c.created_date).label("oldest"),
            func.max(messages.c.created_date).label("youngest"),
            func.count().label("count"),
        )
        .where(messages.c.deleted.is_(False))
        .group_by(messages.c.message_tree_id)
    )
    if only_active:
        active = select(trees.c.message_tree_id).where(trees.c.state.in_([state.value for state in ACTIVE]))
        counted = counted.where(messages.c.message_tree_id.in_(active))
    part = counted.subquery()
    statement = (
        select(part, trees.c.state, trees.c.goal_tree_size)
        .join(trees, trees.c.message_tree_id == part.c.message_tree_id)
        .order_by(part.c.oldest, part.c.message_tree_id)
    )
    return [TreeCount(**row) for row in tx.connection.execute(statement).mappings()]


# --- one person ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Written:
    """Where a message stands."""

    id: UUID
    parent_id: UUID | None
    tree_id: UUID


def messages_of(
    tx: Transaction, user_id: UUID, min_date: datetime | None = None, max_date: datetime | None = None
) -> list[Written]:
    """What a person wrote between two dates, both included, the deleted too; oldest first."""
    statement = (
        select(messages.c.id, messages.c.parent_id, messages.c.message_tree_id)
        .where(messages.c.user_id == user_id)
        .order_by(messages.c.created_date, messages.c.id)
    )
    if min_date is not None:
        statement = statement.where(messages.c.created_date >= min_date)
    if max_date is not None:
        statement = statement.where(messages.c.created_date <= max_date)
    return [Written(*row) for row in tx.connection.execute(statement)]


REACTIONS = (
    select(message_emojis.c.message_id, message_emojis.c.emoji)
    .where(message_emojis.c.user_id == bindparam("user_id"))
    .order_by(message_emojis.c.message_id, message_emojis.c.emoji)
)


def reactions_of(tx: Transaction, user_id: UUID) -> dict[UUID, list[str]]:
    """Every reaction of a person, by message."""
    found: dict[UUID, list[str]] = {}
    for message_id, emoji in tx.execute(REACTIONS, {"user_id": user_id}):
        found.setdefault(message_id, []).append(emoji)
    return found


# --- an overview -----------------------------------------------------------------------------------------------------

OPEN_WORK = select(open_work.c.kind, func.count().label("slots")).where(open_work.c.free > 0).group_by(open_work.c.kind)
USERS = select(func.count()).select_from(users).where(users.c.deleted.is_(False))
ACTIVE_USERS = (
    select(func.count()).select_from(users).where(users.c.last_activity_date >= bindparam("since", type_=UtcDateTime()))
)
OPEN_REPORTS = select(func.count()).select_from(flagged_messages).where(flagged_messages.c.processed.is_(False))


def open_slots(tx: Transaction) -> dict[str, int]:
    """Slots of work with free places, by kind."""
    return {row.kind: row.slots for row in tx.execute(OPEN_WORK)}


def people_known(tx: Transaction) -> int:
    count: int = tx.execute(USERS).scalar_one()
    return count


def people_active(tx: Transaction, since: datetime) -> int:
    count: int = tx.execute(ACTIVE_USERS, {"since": since}).scalar_one()
    return count


def open_reports(tx: Transaction) -> int:
    count: int = tx.execute(OPEN_REPORTS).scalar_one()
    return count


def activity(tx: Transaction, last: date, days: int) -> list[Activity]:
    """What was done on each of the days (UTC) up to `last`, oldest first."""
    first = last - timedelta(days=days - 1)
    written, labelled, ranked = (_by_day(tx, table, first) for table in (messages, text_labels, ballots))
    found = [first + timedelta(days=number) for number in range(days)]
    return [
        Activity(day=day, messages=written.get(day, 0), labels=labelled.get(day, 0), rankings=ranked.get(day, 0))
        for day in found
    ]


def _by_day(tx: Transaction, table: Any, first: date) -> dict[date, int]:
    created = table.c.created_date
    start = datetime.fromisoformat(f"{first}T00:00:00+00:00")
    day = dialect.day_of(tx.connection, created)
    statement = select(day, func.count()).where(created >= start).group_by(day)
    return {date.fromisoformat(str(found)): count for found, count in tx.connection.execute(statement)}


# --- counted from time to time ---------------------------------------------------------------------------------------

HUMAN = (messages.c.deleted.is_(False), messages.c.review_result.is_(True), messages.c.synthetic.is_(False))
BY_STATE_AND_LANG = (
    select(trees.c.lang, trees.c.state, func.count().label("count"))
    .group_by(trees.c.lang, trees.c.state)
    .order_by(trees.c.lang, trees.c.state)
)
HUMAN_BY_LANG = select(messages.c.lang, func.count()).where(*HUMAN).group_by(messages.c.lang)
HUMAN_BY_ROLE = select(messages.c.role, func.count()).where(*HUMAN).group_by(messages.c.role)
ACCEPTED_TERMS = (
    select(func.count()).select_from(users).where(users.c.enabled == true(), users.c.tos_acceptance_date.is_not(None))
)
CACHED = select(cached_stats).order_by(cached_stats.c.name)


def count(tx: Transaction, name: CachedName) -> Any:
    """These figures as they are now."""
    match name:
        case CachedName.HUMAN_MESSAGES_BY_LANG:
            return {lang: count for lang, count in sorted(tx.execute(HUMAN_BY_LANG))}
        case CachedName.HUMAN_MESSAGES_BY_ROLE:
            return {role: count for role, count in sorted(tx.execute(HUMAN_BY_ROLE))}
        case CachedName.MESSAGE_TREES_BY_STATE:
            return dict(sorted(trees_by_state(tx).items()))
        case CachedName.MESSAGE_TREES_STATES_BY_LANG:
            rows = tx.execute(BY_STATE_AND_LANG)
            return [{"lang": row.lang, "state": row.state, "count": row.count} for row in rows]
        case CachedName.USERS_ACCEPTED_TOS:
            return {"count": tx.execute(ACCEPTED_TERMS).scalar_one()}


@cache
def _keep(dialect_name: str) -> Executable:
    statement = dialect.insert(cached_stats, dialect_name)
    changed = {name: statement.excluded[name] for name in ("modified_date", "stats")}
    return statement.on_conflict_do_update(index_elements=[cached_stats.c.name], set_=changed)


def keep(tx: Transaction, figures: CachedFigures) -> None:
    row = {"name": figures.name.value, "modified_date": figures.last_updated, "stats": figures.stats}
    tx.execute(_keep(tx.connection.dialect.name), row)


def kept(tx: Transaction) -> Sequence[CachedFigures]:
    """All figures that have been counted so far."""
    return [
        CachedFigures(name=CachedName(row.name), last_updated=row.modified_date, stats=row.stats)
        for row in tx.execute(CACHED)
    ]
