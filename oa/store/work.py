"""Open work: the slots that trees have open, finding one for somebody, and who must not be given them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import CompoundSelect, Executable, Float, and_, bindparam, func, literal, select, text, union, union_all

from oa.domain.campaign import Campaign
from oa.domain.emoji import Emoji
from oa.domain.tasks import POOL_OF, RANKINGS, REPLIES, REVIEWS, Pool, Slot, TaskKind
from oa.store import dialect
from oa.store.database import Transaction
from oa.store.tables import UtcDateTime, ballots, barred, message_emojis, messages, open_work, tasks, text_labels

FREE = text("open_work.free > 0")
"""Word for word the condition of the partial indexes: SQLite does not see through a bound parameter."""


@dataclass(frozen=True, slots=True)
class Opening:
    """A slot as it stands in the table."""

    id: int
    kind: TaskKind
    message_id: UUID
    tree_id: UUID
    lang: str
    free: int
    lonely: bool


COLUMNS = (
    open_work.c.id,
    open_work.c.kind,
    open_work.c.message_id,
    open_work.c.message_tree_id,
    open_work.c.lang,
    open_work.c.free,
    open_work.c.lonely,
)
OF_TREE = select(*COLUMNS).where(open_work.c.message_tree_id == bindparam("tree_id"))
INSERT = open_work.insert().returning(open_work.c.id)
UPDATE = (
    open_work.update()
    .where(open_work.c.id == bindparam("work_id"))
    .values(free=bindparam("new_free"), lonely=bindparam("new_lonely"))
)
DELETE = open_work.delete().where(open_work.c.id == bindparam("work_id"))
DELETE_OF_TREE = open_work.delete().where(open_work.c.message_tree_id == bindparam("tree_id"))
DELETE_ALL = open_work.delete()
TAKE = (
    open_work.update()
    .where(open_work.c.id == bindparam("work_id"))
    .values(free=open_work.c.free - 1, random_key=bindparam("new_key"))
)
MOVE = open_work.update().where(open_work.c.id == bindparam("work_id")).values(random_key=bindparam("new_key"))


def _opening(row: Any) -> Opening:
    return Opening(row.id, TaskKind(row.kind), row.message_id, row.message_tree_id, row.lang, row.free, row.lonely)


def of_tree(tx: Transaction, tree_id: UUID) -> list[Opening]:
    return [_opening(row) for row in tx.execute(OF_TREE, {"tree_id": tree_id})]


def open_slot(tx: Transaction, tree_id: UUID, slot: Slot) -> int:
    """Open a slot and say under which number."""
    work_id: int = tx.execute(
        INSERT,
        {
            "kind": slot.kind.value,
            "pool": POOL_OF[slot.kind].value,
            "lang": slot.lang,
            "message_id": slot.message_id,
            "message_tree_id": tree_id,
            "free": slot.free,
            "lonely": slot.lonely,
            "random_key": tx.rng.random(),
        },
    ).scalar_one()
    return work_id


def change_slot(tx: Transaction, work_id: int, slot: Slot) -> None:
    row = {"work_id": work_id, "new_free": slot.free, "new_lonely": slot.lonely}
    tx.execute(UPDATE, row)


def close_slots(tx: Transaction, work_ids: Iterable[int]) -> None:
    tx.execute_many(DELETE, [{"work_id": work_id} for work_id in work_ids])


def close_tree(tx: Transaction, tree_id: UUID) -> None:
    tx.execute(DELETE_OF_TREE, {"tree_id": tree_id})


def close_all(tx: Transaction) -> None:
    tx.execute(DELETE_ALL)


def take(tx: Transaction, work_id: int) -> None:
    """One place less on a slot; and somewhere else for the next random probe."""
    tx.execute(TAKE, {"work_id": work_id, "new_key": tx.rng.random()})


def move(tx: Transaction, work_id: int) -> None:
    """Put a slot somewhere else for the next random probe."""
    tx.execute(MOVE, {"work_id": work_id, "new_key": tx.rng.random()})


# --- finding work ----------------------------------------------------------------------------------------------------


BARRED = select(literal(1)).where(barred.c.work_id == open_work.c.id, barred.c.user_id == bindparam("user_id"))
PLACES = (
    tasks.c.message_tree_id == open_work.c.message_tree_id,  # the index of places is by tree
    tasks.c.parent_message_id == open_work.c.message_id,
    tasks.c.kind == open_work.c.kind,
    tasks.c.place_until.is_not(None),
)
HOLDING = select(literal(1)).where(*PLACES, tasks.c.user_id == bindparam("user_id"))


def _probe(*, by_kind: bool, lonely_first: bool) -> Executable:
    """From the random key upwards, then from the bottom; the lonely ones before all others where that is asked."""
    key, start = open_work.c.random_key, bindparam("start", type_=Float())
    conditions = [open_work.c.pool == bindparam("pool"), open_work.c.lang == bindparam("lang"), FREE]
    conditions += [~BARRED.exists(), ~HOLDING.exists()]
    if by_kind:
        conditions.append(open_work.c.kind == bindparam("kind"))
    parts: list[Any] = []
    for lonely in (True, False) if lonely_first else (False,):
        for where in (key >= start, key < start):
            found = select(*COLUMNS).where(*conditions, where, *([open_work.c.lonely.is_(True)] if lonely else []))
            parts.append(select(found.order_by(key).limit(1).subquery()))
    return union_all(*parts).limit(1)


PROBES = {
    (by_kind, lonely_first): _probe(by_kind=by_kind, lonely_first=lonely_first)
    for by_kind in (False, True)
    for lonely_first in (False, True)
}


def probe(
    tx: Transaction, pool: Pool, kinds: frozenset[TaskKind], lang: str, user_id: UUID, *, lonely_first: bool = False
) -> Opening | None:
    """A random slot of this pool, with a free place, that this person may be given; None when there is none.

    Args:
        kinds: any of these; all of the pool, or one.
        lonely_first: prompts with too few replies to rank, as long as there are any.
    """
    of_pool = [kind for kind in kinds if POOL_OF[kind] is pool]
    by_kind = len(of_pool) == 1
    values: dict[str, Any] = {"pool": pool.value, "lang": lang, "user_id": user_id, "start": tx.rng.random()}
    if by_kind:
        values["kind"] = of_pool[0].value
    row = tx.execute(PROBES[by_kind, lonely_first], values).first()
    return None if row is None else _opening(row)


def _counts() -> Executable:
    """Slots with free places, and those whose places are about to be freed, less those that are not for this person."""
    of_lang = open_work.c.lang == bindparam("lang")
    now = bindparam("now", type_=UtcDateTime())
    free = select(open_work.c.kind, func.count().label("slots")).where(of_lang, FREE).group_by(open_work.c.kind)
    freed = (
        select(open_work.c.kind, func.count(open_work.c.id.distinct()).label("slots"))
        .join(tasks, and_(*PLACES))
        .where(tasks.c.place_until <= now, of_lang, open_work.c.free <= 0, ~BARRED.exists())
        .group_by(open_work.c.kind)
    )
    not_for_them = union(
        select(barred.c.work_id).where(barred.c.user_id == bindparam("user_id")),
        select(open_work.c.id)
        .join(tasks, and_(*PLACES))
        .where(
            tasks.c.user_id == bindparam("user_id"),
            tasks.c.done.is_(False),  # follows from the place, but the index of pending tasks must be told
            tasks.c.skipped.is_(False),
            tasks.c.place_until > now,
        ),
    )
    less = (
        select(open_work.c.kind, (-func.count()).label("slots"))
        .where(of_lang, FREE, open_work.c.id.in_(not_for_them))
        .group_by(open_work.c.kind)
    )
    parts = union_all(free, freed, less).subquery()
    return select(parts.c.kind, func.sum(parts.c.slots).label("slots")).group_by(parts.c.kind)


COUNTS = _counts()


def counts(tx: Transaction, lang: str, user_id: UUID | None) -> dict[TaskKind, int]:
    """Messages with work that this person may be given (anybody, when None), by kind."""
    rows = tx.execute(COUNTS, {"lang": lang, "user_id": user_id, "now": tx.now})
    return {TaskKind(row.kind): int(row.slots) for row in rows}


# --- who may not -----------------------------------------------------------------------------------------------------

SKIP_EMOJI = {
    **dict.fromkeys(REVIEWS, Emoji.SKIP_LABELING),
    **dict.fromkeys(RANKINGS, Emoji.SKIP_RANKING),
    **dict.fromkeys(REPLIES, Emoji.SKIP_REPLY),
}

SKIPPED = select(message_emojis.c.user_id).where(
    message_emojis.c.message_id == bindparam("message_id"), message_emojis.c.emoji == bindparam("skip_emoji")
)
REVIEWED = select(text_labels.c.user_id).where(
    text_labels.c.message_id == bindparam("message_id"), text_labels.c.task_id.is_not(None)
)
RANKED = select(ballots.c.user_id).where(ballots.c.parent_id == bindparam("message_id"))
REPLIED = select(messages.c.user_id).where(
    messages.c.parent_id == bindparam("message_id"),
    messages.c.deleted.is_(False),
    messages.c.user_id.is_not(None),
)
WROTE = select(messages.c.user_id).where(messages.c.id == bindparam("message_id"), messages.c.user_id.is_not(None))
WROTE_REPLY = REPLIED.where(messages.c.review_result.is_(True))


REVIEWED_BY = REVIEWED.where(text_labels.c.user_id == bindparam("user_id")).limit(1)
RANKED_BY = RANKED.where(ballots.c.user_id == bindparam("user_id")).limit(1)
REPLIED_BY = REPLIED.where(messages.c.user_id == bindparam("user_id")).limit(1)


def has_done(tx: Transaction, kind: TaskKind, message_id: UUID, user_id: UUID) -> bool:
    """Whether this person has given such an answer on this message before."""
    statement = REVIEWED_BY if kind in REVIEWS else RANKED_BY if kind in RANKINGS else REPLIED_BY
    values = {"message_id": message_id, "user_id": user_id}
    return tx.execute(statement, values).first() is not None


@cache
def _unsuitable(kind: TaskKind, *, allow_own: bool, allow_again: bool) -> CompoundSelect[Any] | None:
    did, wrote = REVIEWED, WROTE
    if kind in RANKINGS:
        did, wrote = RANKED, WROTE_REPLY
    elif kind in REPLIES:
        did = REPLIED
    parts = ([] if allow_again else [SKIPPED, did]) + ([] if allow_own else [wrote])
    return union(*parts) if parts else None


def unsuitable(tx: Transaction, kind: TaskKind, message_id: UUID, campaign: Campaign) -> Sequence[UUID]:
    """Everybody who must not be given work of this kind on this message."""
    allow_own = campaign.allow_self_replies
    if kind in REVIEWS:
        allow_own = campaign.allow_self_labeling
    elif kind in RANKINGS:
        allow_own = campaign.allow_self_ranking
    statement = _unsuitable(kind, allow_own=allow_own, allow_again=campaign.allow_duplicate_tasks)
    if statement is None:
        return ()
    values = {"message_id": message_id, "skip_emoji": SKIP_EMOJI[kind].value}
    return tx.execute(statement, values).scalars().all()


def bar(tx: Transaction, work_id: int, user_ids: Iterable[UUID]) -> None:
    """Never give this slot to these people."""
    rows = [{"work_id": work_id, "user_id": user_id} for user_id in user_ids]
    tx.execute_many(dialect.insert_or_ignore(tx.connection, barred), rows)


@cache
def _bar_from(dialect_name: str) -> Executable:
    who = bindparam("user_id", type_=barred.c.user_id.type)
    slot = select(open_work.c.id, who).where(
        open_work.c.message_id == bindparam("message_id"), open_work.c.kind == bindparam("kind")
    )
    row = dialect.insert(barred, dialect_name).from_select([barred.c.work_id, barred.c.user_id], slot)
    return row.on_conflict_do_nothing()


def bar_from(tx: Transaction, kind: TaskKind, message_id: UUID, user_id: UUID) -> bool:
    """Never again give this person this kind of work on this message.

    Returns:
        Whether that is new. False says little: they were barred before, or the slot is closed.
    """
    values = {"kind": kind.value, "message_id": message_id, "user_id": user_id}
    return tx.execute(_bar_from(tx.connection.dialect.name), values).rowcount == 1


OPEN_RANKINGS = select(func.count()).where(
    open_work.c.lang == bindparam("lang"), open_work.c.pool == Pool.RANKING.value
)


def open_rankings(tx: Transaction, lang: str) -> int:
    """How many rankings of a language still want ballots."""
    count: int = tx.execute(OPEN_RANKINGS, {"lang": lang}).scalar_one()
    return count
