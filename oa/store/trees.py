"""Trees: their states, what decides about them, and the prompts that wait for the draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, func, select, true

from oa.domain.lifecycle import Tree, TreeState
from oa.domain.tasks import Lottery
from oa.errors import TreeNotFound
from oa.store.database import Transaction
from oa.store.tables import UtcDateTime, ballots, messages, trees, users, waiting_prompts

TREE = select(trees).where(trees.c.message_tree_id == bindparam("tree_id"))
INSERT = trees.insert()
SAVE_STATE = (
    trees.update()
    .where(trees.c.message_tree_id == bindparam("tree_id"))
    .values(
        state=bindparam("new_state"),
        active=bindparam("new_active"),
        won_prompt_lottery_date=bindparam("new_won_prompt_lottery_date"),
    )
)
BALLOT_COUNTS = (
    select(ballots.c.parent_id, func.count().label("ballots"))
    .where(ballots.c.message_tree_id == bindparam("tree_id"))
    .group_by(ballots.c.parent_id)
)
BALLOTS_ON = select(func.count()).where(ballots.c.parent_id == bindparam("parent_id"))
BALLOTS = (
    select(ballots.c.parent_id, ballots.c.ranking, ballots.c.not_rankable)
    .where(ballots.c.message_tree_id == bindparam("tree_id"))
    .order_by(ballots.c.created_date, ballots.c.task_id)
)
SET_RANK = messages.update().where(messages.c.id == bindparam("message_id")).values(rank=bindparam("new_rank"))
FORGET_RANKS = (
    messages.update()
    .where(messages.c.message_tree_id == bindparam("tree_id"), messages.c.rank.is_not(None))
    .values(rank=None)
)
OF_STATE = (
    select(trees.c.message_tree_id)
    .where(trees.c.lang == bindparam("lang"), trees.c.state == bindparam("state"))
    .limit(bindparam("limit"))
)
ACTIVE_TREES = select(trees.c.message_tree_id).where(trees.c.active == true())
LANGS_OF_STATE = select(trees.c.lang).where(trees.c.state == bindparam("state")).distinct()

WAIT = waiting_prompts.insert()
STOP_WAITING = waiting_prompts.delete().where(waiting_prompts.c.message_id == bindparam("tree_id"))
WAITING_AUTHORS = (
    select(waiting_prompts.c.user_id)
    .join(users, users.c.id == waiting_prompts.c.user_id)
    .where(waiting_prompts.c.lang == bindparam("lang"), users.c.enabled == true(), users.c.deleted.is_(False))
    .group_by(waiting_prompts.c.user_id)
    .order_by(waiting_prompts.c.user_id)
)
FIRST_PLACES = (
    select(ballots.c.first_user_id, func.count().label("places"))
    .where(ballots.c.created_date >= bindparam("since", type_=UtcDateTime()), ballots.c.first_user_id.is_not(None))
    .group_by(ballots.c.first_user_id)
)
WAITING_OF_AUTHOR = (
    select(waiting_prompts.c.message_id)
    .where(waiting_prompts.c.lang == bindparam("lang"), waiting_prompts.c.user_id == bindparam("user_id"))
    .order_by(waiting_prompts.c.message_id)
    .limit(100)
)
ABANDONED_PROMPTS = (
    select(waiting_prompts.c.message_id)
    .join(users, users.c.id == waiting_prompts.c.user_id)
    .where(users.c.enabled.is_(False) | (users.c.deleted == true()))
)


def tree_of(row: Row[Any]) -> Tree:
    return Tree(
        id=row.message_tree_id,
        state=TreeState(row.state),
        goal_tree_size=row.goal_tree_size,
        max_depth=row.max_depth,
        max_children_count=row.max_children_count,
        lang=row.lang,
        origin=row.origin,
        won_prompt_lottery_date=row.won_prompt_lottery_date,
        tie_seed=row.tie_seed,
    )


def find(tx: Transaction, tree_id: UUID) -> Tree:
    """
    Raises:
        TreeNotFound: no tree has that id.
    """
    row = tx.execute(TREE, {"tree_id": tree_id}).one_or_none()
    if row is None:
        raise TreeNotFound("there is no tree with this id", tree_id=str(tree_id))
    return tree_of(row)


def add(tx: Transaction, tree: Tree) -> None:
    tx.execute(INSERT, row_of(tree))


def row_of(tree: Tree) -> dict[str, Any]:
    """The columns of a tree, as bulk inserts want them."""
    return {
        "message_tree_id": tree.id,
        "goal_tree_size": tree.goal_tree_size,
        "max_depth": tree.max_depth,
        "max_children_count": tree.max_children_count,
        "state": tree.state.value,
        "active": tree.active,
        "origin": tree.origin,
        "won_prompt_lottery_date": tree.won_prompt_lottery_date,
        "lang": tree.lang,
        "tie_seed": tree.tie_seed,
    }


def save_state(tx: Transaction, tree: Tree) -> None:
    """Write the state of a tree and the date on which it won the draw."""
    tx.execute(
        SAVE_STATE,
        {
            "tree_id": tree.id,
            "new_state": tree.state.value,
            "new_active": tree.active,
            "new_won_prompt_lottery_date": tree.won_prompt_lottery_date,
        },
    )


def active_trees(tx: Transaction) -> list[UUID]:
    return list(tx.execute(ACTIVE_TREES).scalars())


def of_state(tx: Transaction, lang: str, state: TreeState, *, limit: int) -> list[UUID]:
    """Some trees of one language in one state."""
    found = tx.execute(OF_STATE, {"lang": lang, "state": state.value, "limit": limit})
    return list(found.scalars())


def langs_of_state(tx: Transaction, state: TreeState) -> list[str]:
    return list(tx.execute(LANGS_OF_STATE, {"state": state.value}).scalars())


# --- rankings --------------------------------------------------------------------------------------------------------


def ballot_counts(tx: Transaction, tree_id: UUID) -> dict[UUID, int]:
    """How many ballots the replies to each message have."""
    rows = tx.execute(BALLOT_COUNTS, {"tree_id": tree_id})
    return {row.parent_id: row.ballots for row in rows}


def ballots_on(tx: Transaction, parent_id: UUID) -> int:
    """How many ballots the replies to a message have."""
    count: int = tx.execute(BALLOTS_ON, {"parent_id": parent_id}).scalar_one()
    return count


def ballots_of(tx: Transaction, tree_id: UUID) -> dict[UUID, list[tuple[tuple[UUID, ...], bool]]]:
    """The ballots on the replies to each message: the order, best first, and whether none was acceptable."""
    found: dict[UUID, list[tuple[tuple[UUID, ...], bool]]] = {}
    for row in tx.execute(BALLOTS, {"tree_id": tree_id}):
        order = tuple(UUID(reply) for reply in row.ranking)
        found.setdefault(row.parent_id, []).append((order, row.not_rankable))
    return found


def save_ranks(tx: Transaction, tree_id: UUID, ranks: Mapping[UUID, int]) -> None:
    """Write the ranks of a tree's messages; those not named have none."""
    tx.execute(FORGET_RANKS, {"tree_id": tree_id})
    rows = [{"message_id": message_id, "new_rank": rank} for message_id, rank in ranks.items()]
    tx.execute_many(SET_RANK, rows)


# --- the prompt lottery ----------------------------------------------------------------------------------------------


def _capped_count(state: TreeState, limit: str) -> Any:
    """How many trees of a language are in a state, counted no further than `limit`."""
    rows = (
        select(trees.c.message_tree_id)
        .where(trees.c.lang == bindparam("lang"), trees.c.state == state.value)
        .limit(bindparam(limit))
        .subquery()
    )
    return select(func.count()).select_from(rows).scalar_subquery()


# There may be tens of thousands waiting, and all that matters is whether the room is full.
LOTTERY = select(
    _capped_count(TreeState.GROWING, "most_growing").label("growing"),
    _capped_count(TreeState.INITIAL_PROMPT_REVIEW, "most_in_review").label("in_review"),
    _capped_count(TreeState.PROMPT_LOTTERY_WAITING, "most_waiting").label("waiting"),
)


def lottery(tx: Transaction, lang: str, *, most: Lottery) -> Lottery:
    """How many trees of a language compete, each counted up to what `most` says."""
    row = tx.execute(
        LOTTERY,
        {
            "lang": lang,
            "most_growing": most.growing,
            "most_in_review": most.in_review,
            "most_waiting": most.waiting,
        },
    ).one()
    return Lottery(row.growing, row.in_review, row.waiting)


def waiting_authors(tx: Transaction, lang: str, *, since: datetime) -> dict[UUID, int]:
    """Authors with prompts in the draw, with how many ballots since then put a reply of theirs first."""
    authors: dict[UUID, int] = dict.fromkeys(tx.execute(WAITING_AUTHORS, {"lang": lang}).scalars(), 0)
    if len(authors) > 1:  # else the places decide nothing, and there may be many ballots to count
        places = {row.first_user_id: row.places for row in tx.execute(FIRST_PLACES, {"since": since})}
        return {author: places.get(author, 0) for author in authors}
    return authors


def waiting_of(tx: Transaction, lang: str, author: UUID) -> Sequence[UUID]:
    """At most a hundred of an author's waiting prompts."""
    return tx.execute(WAITING_OF_AUTHOR, {"lang": lang, "user_id": author}).scalars().all()


def abandoned_prompts(tx: Transaction) -> Sequence[UUID]:
    """Waiting prompts whose authors have been disabled or are gone."""
    return tx.execute(ABANDONED_PROMPTS).scalars().all()


def wait_for_draw(tx: Transaction, tree_id: UUID, lang: str, author: UUID | None) -> None:
    tx.execute(WAIT, {"message_id": tree_id, "lang": lang, "user_id": author})


def stop_waiting(tx: Transaction, tree_id: UUID) -> None:
    tx.execute(STOP_WAITING, {"tree_id": tree_id})
