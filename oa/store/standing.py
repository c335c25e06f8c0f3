"""What people have earned: kept as sums, moved by what happens, read in order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, reduce
from operator import add as add_up
from typing import Any
from uuid import UUID

from sqlalchemy import Executable, Integer, Select, Uuid, bindparam, case, func, not_, or_, select, tuple_

from oa.domain.people import User
from oa.domain.standing import (
    COUNTERS,
    LEADER_COUNTERS,
    POINTS,
    SUMS,
    TENTHS,
    TROLL_COUNTERS,
    TROLL_POINTS,
    WIDEST_FIRST,
    TimeFrame,
    leader_score,
    troll_score,
)
from oa.store import dialect
from oa.store.database import Transaction
from oa.store.people import USER_COLUMNS, user_of
from oa.store.tables import collected, standing, standing_frames, users

AnySelect = Select[*tuple[Any, ...]]

HIDDEN = or_(users.c.enabled.is_(False), users.c.deleted.is_(True), users.c.show_on_leaderboard.is_(False))
"""Who has no place on the leaderboards."""

# --- writing ---------------------------------------------------------------------------------------------------------

DELETE_EMPTY = standing.delete().where(
    standing.c.user_id == bindparam("person"), standing.c.leader_order.is_(None), standing.c.troll_order.is_(None)
)
DELETE_OF_USER = standing.delete().where(standing.c.user_id == bindparam("person"))
DELETE_OF_FRAME = standing.delete().where(standing.c.frame == bindparam("breadth"))
OF_USER = select(standing).where(standing.c.user_id == bindparam("person"))
BASES = select(standing_frames)
DELETE_BASES = standing_frames.delete()
INSERT_BASE = standing_frames.insert()
DELETE_EMPTY_SAMPLES = collected.delete().where(collected.c.samples == 0)
EVERY_ROW = select(standing)
SAMPLES = select(collected)


THESE_FRAMES = (
    standing.c.user_id == bindparam("person"),
    standing.c.frame.between(bindparam("widest"), bindparam("narrowest")),
)


@cache
def _grow(names: tuple[str, ...]) -> Executable:
    """For what earns points one by one and only becomes more, which is nearly all that happens."""
    grown: dict[str, Any] = {name: standing.c[name] + bindparam(f"more_{name}") for name in names}
    for order, counters in (("leader_order", LEADER_COUNTERS), ("troll_order", TROLL_COUNTERS)):
        if set(counters).intersection(names):
            grown[order] = func.coalesce(standing.c[order], 0) + bindparam(f"more_{order}", type_=Integer())
    return standing.update().where(*THESE_FRAMES).values(grown)


@cache
def _add(names: tuple[str, ...]) -> Executable:
    after: dict[str, Any] = {name: standing.c[name] for name in COUNTERS}
    added = {name: standing.c[name] + bindparam(f"more_{name}", type_=standing.c[name].type) for name in names}
    after |= added
    if set(LEADER_COUNTERS).intersection(names):
        points = [weight * after[name] for name, weight in POINTS.items()] + [after[name] // 10 for name in TENTHS]
        added["leader_order"] = _order(points, [after[name] for name in LEADER_COUNTERS])
    if set(TROLL_COUNTERS).intersection(names):
        points = [weight * after[name] for name, weight in TROLL_POINTS.items()]
        added["troll_order"] = _order(points, [after[name] for name in TROLL_COUNTERS])
    return standing.update().where(*THESE_FRAMES).values(added)


def _order(points: Sequence[Any], counters: Sequence[Any]) -> Any:
    return case((reduce(add_up, counters) > 0, -reduce(add_up, points)))


def add(tx: Transaction, user_id: UUID, more: Mapping[str, int], *, widest: int = 0, narrowest: int) -> None:
    """Add to a person's counters in the frames from the widest to the narrowest, both by their breadth."""
    names = tuple(sorted(more))
    values = {f"more_{name}": more[name] for name in names}
    where = {"person": user_id, "widest": widest, "narrowest": narrowest}
    if min(more.values()) > 0 and not set(TENTHS).intersection(names):
        values |= {"more_leader_order": -leader_score(more), "more_troll_order": -troll_score(more)}
        moved = tx.execute(_grow(names), where | values)
    else:
        moved = tx.execute(_add(names), where | values)
    if moved.rowcount <= narrowest - widest:
        insert = dialect.insert_or_ignore(tx.connection, standing)
        row = {"user_id": user_id, **{name: more[name] for name in names}, **orders(more)}
        tx.execute_many(insert, [{**row, "frame": frame} for frame in range(widest, narrowest + 1)])
    if min(more.values()) < 0:
        tx.execute(DELETE_EMPTY, {"person": user_id})


def orders(counters: Mapping[str, int]) -> dict[str, int | None]:
    """Where somebody with these counters comes in the order of the boards."""
    does, is_judged = (any(counters.get(name) for name in names) for names in (LEADER_COUNTERS, TROLL_COUNTERS))
    return {
        "leader_order": -leader_score(counters) if does else None,
        "troll_order": -troll_score(counters) if is_judged else None,
    }


def forget_user(tx: Transaction, user_id: UUID) -> None:
    tx.execute(DELETE_OF_USER, {"person": user_id})


def forget_frame(tx: Transaction, breadth: int) -> None:
    tx.execute(DELETE_OF_FRAME, {"breadth": breadth})


@cache
def _collect(dialect_name: str) -> Executable:
    statement = dialect.insert(collected, dialect_name)
    return statement.on_conflict_do_update(
        index_elements=[collected.c.kind, collected.c.lang],
        set_={"samples": collected.c.samples + statement.excluded.samples},
    )


def collect(tx: Transaction, kind: str, lang: str, more: int) -> None:
    """Count more samples of a kind and language, or fewer."""
    tx.execute(_collect(tx.connection.dialect.name), {"kind": kind, "lang": lang, "samples": more})
    if more < 0:
        tx.execute(DELETE_EMPTY_SAMPLES)


def forget_everything(tx: Transaction) -> None:
    for table in (standing, standing_frames, collected):
        tx.connection.execute(table.delete())


def bases(tx: Transaction) -> dict[int, datetime]:
    """From when on each frame counts as it is kept, by breadth; the frame without a beginning is left out."""
    return {row.frame: row.base_date for row in tx.execute(BASES)}


def set_bases(tx: Transaction, dates: Mapping[int, datetime]) -> None:
    tx.execute(DELETE_BASES)
    tx.execute_many(INSERT_BASE, [{"frame": frame, "base_date": date} for frame, date in dates.items()])


# --- all of it -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Row:
    """What is kept of one person in one frame."""

    user_id: UUID
    breadth: int
    counters: Mapping[str, int]
    """Those that are not zero."""
    orders: Mapping[str, int | None]


def every_row(tx: Transaction) -> Iterator[Row]:
    for row in tx.execute(EVERY_ROW):
        kept_orders = {"leader_order": row.leader_order, "troll_order": row.troll_order}
        yield Row(row.user_id, row.frame, _counters(row), kept_orders)


def of_user(tx: Transaction, user_id: UUID) -> dict[int, dict[str, int]]:
    """Somebody's counters that are not zero, by the breadth of the frame."""
    return {row.frame: _counters(row) for row in tx.execute(OF_USER, {"person": user_id})}


def _counters(row: Any) -> dict[str, int]:
    return {name: value for name in COUNTERS if (value := getattr(row, name))}


def samples(tx: Transaction) -> dict[tuple[str, str], int]:
    """How much there is, by kind and language."""
    return {(row.kind, row.lang): row.samples for row in tx.execute(SAMPLES)}


# --- reading ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Place:
    """A person on a board."""

    user: User
    rank: int | None
    """From 1; None for those who are not shown."""
    counters: Mapping[str, int]


LEADERS = tuple(standing.c[name] for name in LEADER_COUNTERS)
TROLLS = tuple(standing.c[name] for name in (*TROLL_COUNTERS, *SUMS))
IN_FRAME = standing.c.frame == bindparam("breadth")
KEY = tuple_(standing.c.leader_order, standing.c.user_id)
GIVEN_KEY = tuple_(bindparam("order", type_=Integer()), bindparam("person", type_=Uuid()))
SHOWN = (
    select(*USER_COLUMNS, *LEADERS)
    .join_from(standing, users, users.c.id == standing.c.user_id)
    .where(IN_FRAME, standing.c.leader_order.is_not(None), not_(HIDDEN))
    .limit(bindparam("most"))
)
FROM_THE_TOP = SHOWN.order_by(standing.c.leader_order, standing.c.user_id)
ABOVE = SHOWN.where(KEY < GIVEN_KEY).order_by(standing.c.leader_order.desc(), standing.c.user_id.desc())
FROM_HERE = SHOWN.where(KEY >= GIVEN_KEY).order_by(standing.c.leader_order, standing.c.user_id)


def _with_ranks() -> AnySelect:
    """One person's rows with the places that they would have: those before them, less the hidden ones, and one."""
    before, hidden = standing.alias("before"), standing.alias("hidden")
    all_before = (
        select(func.count())
        .select_from(before)
        .where(before.c.frame == standing.c.frame, tuple_(before.c.leader_order, before.c.user_id) < KEY)
    )
    hidden_before = (
        select(func.count())
        .select_from(hidden)
        .where(
            hidden.c.user_id.in_(select(users.c.id).where(HIDDEN)),
            hidden.c.frame == standing.c.frame,
            # Adding nothing keeps the database from going through everybody before them, to ask who of them is hidden.
            tuple_(hidden.c.leader_order + 0, hidden.c.user_id) < KEY,
        )
    )
    rank = all_before.scalar_subquery() - hidden_before.scalar_subquery() + 1
    return select(
        standing.c.frame,
        standing.c.leader_order,
        case((standing.c.leader_order.is_not(None), rank)).label("rank"),
        *LEADERS,
    ).where(standing.c.user_id == bindparam("person"))


WITH_RANKS = _with_ranks()
TROLL_ORDER = (standing.c.troll_order, standing.c.user_id)
ON_TROLLBOARD = (
    select(*USER_COLUMNS, *TROLLS)
    .join_from(standing, users, users.c.id == standing.c.user_id)
    .where(IN_FRAME, standing.c.troll_order.is_not(None), users.c.deleted.is_(False))
)
TROLLS_FROM_THE_TOP = ON_TROLLBOARD.order_by(*TROLL_ORDER).limit(bindparam("most"))


def _some_trolls(*, enabled: bool) -> AnySelect:
    """Those from the top who may act, or may not, with the places that they have among all.

    Who they are is asked of the few hidden people: places come from the index of the board alone, without a look at
    everybody on it.
    """
    gone = select(users.c.id).where(HIDDEN, users.c.deleted.is_(True))
    stopped = select(users.c.id).where(HIDDEN, users.c.enabled.is_(False))
    place = func.row_number().over(order_by=TROLL_ORDER).label("rank")
    placed = (
        select(standing.c.user_id, place)
        .where(IN_FRAME, standing.c.troll_order.is_not(None), standing.c.user_id.not_in(gone))
        .subquery()
    )
    some = (
        select(placed.c.user_id, placed.c.rank)
        .where(placed.c.user_id.not_in(stopped) if enabled else placed.c.user_id.in_(stopped))
        .order_by(placed.c.rank)
        .limit(bindparam("most"))
        .subquery()
    )
    return (
        select(*USER_COLUMNS, *TROLLS, some.c.rank)
        .join_from(some, users, users.c.id == some.c.user_id)
        .join(standing, standing.c.user_id == some.c.user_id)
        .where(IN_FRAME)
        .order_by(some.c.rank)
    )


ENABLED_TROLLS, STOPPED_TROLLS = _some_trolls(enabled=True), _some_trolls(enabled=False)


@dataclass(frozen=True, slots=True)
class Ranked:
    """How somebody stands in a frame, whether they are shown or not."""

    order: int | None
    """Minus their points; None when they have done nothing that counts."""
    rank: int | None
    """The place that they have, or would have if they were shown."""
    counters: Mapping[str, int]


def leaders(tx: Transaction, frame: TimeFrame, most: int) -> list[Place]:
    """The leaderboard from the top."""
    return _places(tx.execute(FROM_THE_TOP, {"breadth": frame.breadth, "most": most}), first=1)


def around(tx: Transaction, user_id: UUID, frame: TimeFrame, here: Ranked, *, above: int, below: int) -> list[Place]:
    """The leaderboard around somebody who is shown on it, with so many places above and below at most."""
    where = {"breadth": frame.breadth, "order": here.order, "person": user_id}
    better = list(tx.execute(ABOVE, {**where, "most": above}))[::-1]
    others = list(tx.execute(FROM_HERE, {**where, "most": below + 1}))
    return _places([*better, *others], first=(here.rank or 1) - len(better))


def ranked(tx: Transaction, user_id: UUID) -> dict[TimeFrame, Ranked]:
    """How somebody stands in each frame in which anything counts for them."""
    return {
        WIDEST_FIRST[row.frame]: Ranked(row.leader_order, row.rank, dict(zip(LEADER_COUNTERS, row[3:], strict=True)))
        for row in tx.execute(WITH_RANKS, {"person": user_id})
    }


def trolls(tx: Transaction, frame: TimeFrame, most: int, *, enabled: bool | None) -> list[Place]:
    """The trollboard from the top; places count everybody, whoever is left out of the list."""
    where = {"breadth": frame.breadth, "most": most}
    if enabled is None:
        ranked = list(enumerate(tx.execute(TROLLS_FROM_THE_TOP, where), start=1))
    else:
        ranked = [(row.rank, row) for row in tx.execute(ENABLED_TROLLS if enabled else STOPPED_TROLLS, where)]
    width, names = len(USER_COLUMNS), (*TROLL_COUNTERS, *SUMS)
    return [
        Place(user_of(row), rank, dict(zip(names, row[width : width + len(names)], strict=True)))
        for rank, row in ranked
    ]


def _places(rows: Sequence[Any] | Any, *, first: int) -> list[Place]:
    width = len(USER_COLUMNS)
    return [
        Place(user_of(row), rank, dict(zip(LEADER_COUNTERS, row[width:], strict=True)))
        for rank, row in enumerate(rows, start=first)
    ]
