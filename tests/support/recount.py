"""Whether everything that the hub keeps for speed says what the facts say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from oa.domain.lifecycle import ACTIVE, TreeState
from oa.domain.people import IMPORT_CLIENT_ID
from oa.hub import growth, standing
from oa.store import tables
from oa.store.database import Database, Transaction

Facts = dict[Any, Any]

BARRED = select(tables.barred)
WORK = select(tables.open_work)
STATES = select(tables.trees.c.message_tree_id, tables.trees.c.state)


class _Rebuilt(Exception):
    """Rolls the rebuilding back and brings home what came of it."""


def differences(database: Database) -> list[str]:
    """What does not hold, one sentence each; nothing in the database changes.

    Messages that were imported may have reviews, ballots and reactions of which only the number is known.
    """
    wrong = database.run(lambda tx: [*_wrong_counters(tx), *standing.check(tx)])
    return [*wrong, *wrong_work(database)]


# --- counters --------------------------------------------------------------------------------------------------------


def _wrong_counters(tx: Transaction) -> Iterator[str]:
    messages = [row._mapping for row in tx.connection.execute(select(tables.messages))]
    here = [message for message in messages if message["api_client_id"] != IMPORT_CLIENT_ID]
    children = Counter(message["parent_id"] for message in messages if not message["deleted"])
    yield from _unequal("children_count", _column(messages, "children_count"), children)
    yield from _unequal("review_count", _column(here, "review_count"), _reviews(tx))
    yield from _unequal("ranking_count", _column(here, "ranking_count"), _places(tx))
    yield from _unequal("emojis", _column(here, "emojis"), _reactions(tx))
    yield from _wrong_places_in_trees(messages)
    yield from _wrong_trees(tx, {message["id"]: message for message in messages})
    yield from _wrong_tasks(tx)


def _column(rows: Iterable[Mapping[str, Any]], name: str) -> Facts:
    return {row["id"]: row[name] for row in rows if row[name]}


def _unequal(what: str, kept: Facts, facts: Mapping[Any, Any]) -> Iterator[str]:
    for key in kept.keys() | {key for key, value in facts.items() if key is not None and value}:
        if kept.get(key) != facts.get(key):
            yield f"{what} of {key} is {kept.get(key)}, and should be {facts.get(key)}"


def _reviews(tx: Transaction) -> Counter[UUID]:
    labels = tables.text_labels.c
    return Counter(tx.connection.execute(select(labels.message_id).where(labels.task_id.is_not(None))).scalars())


def _places(tx: Transaction) -> Counter[UUID]:
    rankings = tx.connection.execute(select(tables.ballots.c.ranking)).scalars()
    return Counter(UUID(reply) for ranking in rankings for reply in ranking)


def _reactions(tx: Transaction) -> Facts:
    emojis = tables.message_emojis.c
    rows = tx.connection.execute(
        select(emojis.message_id, emojis.emoji, func.count()).group_by(emojis.message_id, emojis.emoji)
    )
    found: Facts = {}
    for message_id, emoji, count in rows:
        found.setdefault(message_id, {})[emoji] = count
    return found


def _wrong_places_in_trees(messages: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    known = {message["id"]: message for message in messages}
    for message in known.values():
        parent = known.get(message["parent_id"])
        if parent is None:
            fits = message["parent_id"] is None and message["message_tree_id"] == message["id"] and not message["depth"]
        else:
            fits = message["message_tree_id"] == parent["message_tree_id"] and message["depth"] == parent["depth"] + 1
            fits = fits and message["role"] != parent["role"] and (message["deleted"] or not parent["deleted"])
        if not fits:
            yield f"message {message['id']} does not fit under its parent"


def _wrong_trees(tx: Transaction, messages: Mapping[UUID, Mapping[str, Any]]) -> Iterator[str]:
    trees = {row.message_tree_id: row for row in tx.connection.execute(select(tables.trees))}
    roots = {message_id for message_id, message in messages.items() if message["parent_id"] is None}
    if trees.keys() != roots:
        yield f"trees without prompt or prompts without tree: {trees.keys() ^ roots}"
    for tree in trees.values():
        if tree.active != (TreeState(tree.state) in ACTIVE):
            yield f"tree {tree.message_tree_id} is {tree.state}, and its `active` is {tree.active}"
    waiting = {row.message_id: (row.lang, row.user_id) for row in tx.connection.execute(select(tables.waiting_prompts))}
    should_wait = {
        tree_id: (tree.lang, messages[tree_id]["user_id"])
        for tree_id, tree in trees.items()
        if tree.state == TreeState.PROMPT_LOTTERY_WAITING
    }
    yield from _unequal("the place in the draw", waiting, should_wait)


def _wrong_tasks(tx: Transaction) -> Iterator[str]:
    tasks = tables.tasks.c
    holding = tx.connection.execute(select(tables.tasks).where(tasks.place_until.is_not(None))).all()
    for task in holding:
        if task.done or task.skipped or task.collective or task.message_tree_id is None:
            yield f"task {task.id} holds a place that it has no right to"
    slots = Counter((task.user_id, task.kind, task.parent_message_id) for task in holding)
    yield from (f"somebody holds {count} places on one slot: {slot}" for slot, count in slots.items() if count > 1)


# --- open work -------------------------------------------------------------------------------------------------------


def wrong_work(database: Database) -> list[str]:
    """What is wrong with the table of open work alone: what it would be if it were made anew."""

    def rebuild(tx: Transaction) -> None:
        before = _work(tx), _states(tx)
        growth.rebuild_open_work(tx)
        raise _Rebuilt(*zip(before, (_work(tx), _states(tx)), strict=True))

    try:
        database.run(rebuild)
    except _Rebuilt as rebuilt:
        work, states = rebuilt.args
        negative = [f"open work {key} has {slot['free']} places" for key, slot in work[0].items() if slot["free"] < 0]
        return [*_unequal("open work", *work), *_unequal("state", *states), *negative]
    raise AssertionError("the rebuilding came to no end")


def _work(tx: Transaction) -> Facts:
    """Every slot with who must not have it; which number it has and where a probe finds it are left to chance."""
    barred: dict[int, set[UUID]] = {}
    for row in tx.execute(BARRED):
        barred.setdefault(row.work_id, set()).add(row.user_id)
    found: Facts = {}
    for row in tx.execute(WORK):
        slot = {name: getattr(row, name) for name in ("pool", "lang", "message_tree_id", "free", "lonely")}
        found[row.message_id, row.kind] = slot | {"barred": barred.get(row.id, set())}
    return found


def _states(tx: Transaction) -> Facts:
    return {row.message_tree_id: row.state for row in tx.execute(STATES)}
