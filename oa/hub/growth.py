"""Trees move on: states change, open work is opened and closed, rankings are merged, prompts win their place.

Every function runs inside the transaction of the use case that caused the change, so that nobody sees half of it.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from oa.domain import lifecycle
from oa.domain.campaign import Campaign, LangLimits
from oa.domain.consensus import Ballot, consensus
from oa.domain.lifecycle import Facts, Tree, TreeState
from oa.domain.tasks import Lottery, Slot, draw_author
from oa.domain.tree import Node, root_of
from oa.errors import OaError
from oa.hub import campaigns, standing
from oa.store import journal, messages, tasks, trees, work
from oa.store.database import Transaction
from oa.store.work import Opening

log = logging.getLogger(__name__)

LOTTERY_MEMORY = timedelta(days=30)
"""How far back first places among the ballots earn tickets in the draw."""


# --- one tree --------------------------------------------------------------------------------------------------------


def refresh_tree(tx: Transaction, tree_id: UUID) -> Tree:
    """Carry a tree as far as it goes by itself and open the work it then asks for.

    Raises:
        TreeNotFound: no tree has that id.
    """
    tree = trees.find(tx, tree_id)
    return _make_room(tx, tree, _settle(tx, tree, facts_of(tx, tree)))


def move_tree(tx: Transaction, tree: Tree, state: TreeState) -> Tree:
    """Put a tree into a state that somebody has decided on, and carry it on from there."""
    work.close_tree(tx, tree.id)
    moved = tree if state is tree.state else _enter(tx, tree, facts_of(tx, tree), state)
    return _make_room(tx, tree, _settle(tx, moved, facts_of(tx, moved)))


def facts_of(tx: Transaction, tree: Tree) -> Facts:
    ballots = trees.ballot_counts(tx, tree.id) if tree.state is TreeState.RANKING else {}
    return Facts(messages.nodes(tx, tree.id), ballots)


def _settle(tx: Transaction, tree: Tree, facts: Facts) -> Tree:
    """The tree where it comes to stand, with its work open."""
    campaign = campaigns.current(tx)
    while (state := lifecycle.next_state(tree, facts, campaign)) is not None:
        tree = _enter(tx, tree, facts, state)
        facts = facts_of(tx, tree)
    open_work_of(tx, tree, facts, campaign)
    return tree


def _enter(tx: Transaction, tree: Tree, facts: Facts, state: TreeState) -> Tree:
    """Put a tree into a state; one that is ready for scoring is scored at once and comes back ready or failed."""
    left, won = tree.state, tree.won_prompt_lottery_date
    if left is TreeState.PROMPT_LOTTERY_WAITING and state is TreeState.GROWING and won is None:
        won = tx.now
    tree = dataclasses.replace(tree, state=state, won_prompt_lottery_date=won)
    if state is TreeState.READY_FOR_SCORING:
        tree = _score(tx, tree, facts)
    _save_state(tx, left, tree)
    if left is TreeState.PROMPT_LOTTERY_WAITING:
        trees.stop_waiting(tx, tree.id)
    if state is TreeState.PROMPT_LOTTERY_WAITING:
        trees.wait_for_draw(tx, tree.id, tree.lang, root_of(facts.nodes).user_id)
    return tree


def _save_state(tx: Transaction, left: TreeState, tree: Tree) -> None:
    if TreeState.ABORTED_LOW_GRADE in (left, tree.state):  # which makes a spam prompt of its prompt
        with standing.following(tx, [tree.id]):
            trees.save_state(tx, tree)
    else:
        trees.save_state(tx, tree)


def _make_room(tx: Transaction, before: Tree, after: Tree) -> Tree:
    """Let other trees have the place that one has left; the tree itself as it stands then.

    A prompt that has just been accepted may win its place at once.
    """
    if after.state is before.state:
        return after
    if before.active and not after.active:
        _wake_backlog(tx, after.lang)
    if before.state is TreeState.GROWING or after.state is TreeState.PROMPT_LOTTERY_WAITING:
        return next((won for won in fill_places(tx, after.lang) if won.id == after.id), after)
    return after


def _score(tx: Transaction, tree: Tree, facts: Facts) -> Tree:
    try:
        ranks = ranks_of(tx, tree, facts.nodes, campaigns.current(tx))
    except (OaError, ValueError):
        # Ballots that cannot be merged must not keep the last volunteer from handing in; the tree is kept for a look.
        log.exception("the ballots of tree %s cannot be merged", tree.id)
        return dataclasses.replace(tree, state=TreeState.SCORING_FAILED)
    with standing.following_ranks(tx, tree.id):
        trees.save_ranks(tx, tree.id, ranks)
    return dataclasses.replace(tree, state=TreeState.READY_FOR_EXPORT)


def ranks_of(tx: Transaction, tree: Tree, nodes: Sequence[Node], campaign: Campaign) -> dict[UUID, int]:
    """The place of every reply in the consensus of the ballots on its siblings, 0 is best."""
    cast = trees.ballots_of(tx, tree.id)
    ranks: dict[UUID, int] = {}
    for parent_id, replies in lifecycle.rankable(nodes, campaign).items():
        ballots = [Ballot(order, not_rankable=none_good) for order, none_good in cast.get(parent_id, ())]
        order = consensus(ballots, [reply.id for reply in replies], seed=f"{tree.tie_seed}:{parent_id}")
        ranks.update({reply: rank for rank, reply in enumerate(order or ())})
    return ranks


# --- open work -------------------------------------------------------------------------------------------------------


def open_work_of(tx: Transaction, tree: Tree, facts: Facts, campaign: Campaign) -> None:
    """Make the table of open work say what the tree asks for now."""
    held = tasks.held(tx, tree.id) if tree.active else {}
    asked = {(slot.kind, slot.message_id): slot for slot in lifecycle.open_work(tree, facts, campaign, held)}
    standing = {(opening.kind, opening.message_id): opening for opening in work.of_tree(tx, tree.id)}
    for key, slot in asked.items():
        if (opening := standing.get(key)) is None:
            work_id = work.open_slot(tx, tree.id, slot)
            work.bar(tx, work_id, work.unsuitable(tx, slot.kind, slot.message_id, campaign))
        elif _differs(opening, slot):
            work.change_slot(tx, opening.id, slot)
    work.close_slots(tx, (opening.id for key, opening in standing.items() if key not in asked))


def _differs(opening: Opening, slot: Slot) -> bool:
    return (opening.free, opening.lonely) != (slot.free, slot.lonely)


def reopen_work_of(tx: Transaction, tree_id: UUID) -> Tree:
    """Refresh a tree and decide anew who may do its work: after a deletion, say, a person may answer again."""
    work.close_tree(tx, tree_id)
    return refresh_tree(tx, tree_id)


def rebuild_open_work(tx: Transaction) -> None:
    """Derive all open work anew from the trees: after a setting has changed, or to prove that nothing was missed."""
    work.close_all(tx)
    for tree_id in trees.active_trees(tx):
        refresh_tree(tx, tree_id)
    for lang in trees.langs_of_state(tx, TreeState.PROMPT_LOTTERY_WAITING):
        fill_places(tx, lang)


def release_places(tx: Transaction) -> None:
    """Free the places of tasks that have been held for too long; whoever holds one may still answer."""
    lost = tasks.lost_places(tx)
    for task_id, _ in lost:
        tasks.release(tx, task_id)
    for tree_id in {tree_id for _, tree_id in lost}:
        refresh_tree(tx, tree_id)


# --- the prompt lottery ----------------------------------------------------------------------------------------------


def lottery(tx: Transaction, lang: str, limits: LangLimits) -> Lottery:
    """The trees of a language that compete, counted no further than its limits ask."""
    most = Lottery(
        limits.max_active_trees,
        limits.max_initial_prompt_review + limits.max_active_trees,
        limits.max_prompt_lottery_waiting + 1,
    )
    return trees.lottery(tx, lang, most=most)


def prompts_wanted(tx: Transaction, lang: str, campaign: Campaign) -> int:
    """How many new prompts the community can take in this language now."""
    if lang in campaign.init_prompt_disabled_langs or lang in campaign.disabled_langs:
        return 0
    limits = campaign.limits_of(lang)
    return lottery(tx, lang, limits).prompts_wanted(limits)


def fill_places(tx: Transaction, lang: str) -> list[Tree]:
    """Draw waiting prompts until every place is taken or nobody waits; the trees that won."""
    limits = campaigns.current(tx).limits_of(lang)
    authors: dict[UUID, int] | None = None
    won: list[Tree] = []
    # Counted anew each time: a tree with nothing left to ask for gives its place back at once.
    while (competing := lottery(tx, lang, limits)).places(limits) and competing.waiting:
        if authors is None:
            authors = trees.waiting_authors(tx, lang, since=tx.now - LOTTERY_MEMORY)
        winner = _draw(tx, lang, authors)
        if winner is None:
            break
        tree = trees.find(tx, winner)
        facts = facts_of(tx, tree)
        won.append(_settle(tx, _enter(tx, tree, facts, TreeState.GROWING), facts))
    return won


def fill_all_places(tx: Transaction) -> None:
    """The same in every language: somebody with waiting prompts has come back."""
    for lang in trees.langs_of_state(tx, TreeState.PROMPT_LOTTERY_WAITING):
        fill_places(tx, lang)


def _draw(tx: Transaction, lang: str, authors: dict[UUID, int]) -> UUID | None:
    while authors:
        author = draw_author(authors, tx.rng)
        if prompts := trees.waiting_of(tx, lang, author):
            return tx.rng.choice(prompts)
        del authors[author]
    return None


# --- the backlog -----------------------------------------------------------------------------------------------------


def _wake_backlog(tx: Transaction, lang: str) -> None:
    """A tree has come to rest: perhaps one from the backlog takes its turn."""
    campaign = campaigns.current(tx)
    open_rankings = 0
    if campaign.min_active_rankings_per_lang:
        open_rankings = work.open_rankings(tx, lang)
    for _ in range(lifecycle.wakes_backlog(campaign, tx.rng, open_rankings)):
        if not wake_one(tx, lang):
            break


def wake_one(tx: Transaction, lang: str) -> bool:
    """Send one tree of the backlog to ranking; those with nothing to rank are given up on the way."""
    while waiting := trees.of_state(tx, lang, TreeState.BACKLOG_RANKING, limit=1):
        tree = trees.find(tx, waiting[0])
        state = lifecycle.woken_state(facts_of(tx, tree), campaigns.current(tx))
        move_tree(tx, tree, state)
        if state is TreeState.RANKING:
            return True
    return False


# --- from time to time -----------------------------------------------------------------------------------------------


def tidy(tx: Transaction) -> Mapping[str, int]:
    """What happens by time alone: held places expire, and prompts of people who have gone leave the draw."""
    standing.tidy(tx)
    release_places(tx)
    abandoned = trees.abandoned_prompts(tx)
    for tree_id in abandoned:
        move_tree(tx, trees.find(tx, tree_id), TreeState.HALTED_BY_MODERATOR)
        journal.add(tx, "tree_halted", message_id=tree_id, why="the author was disabled or is gone")
    for lang in trees.langs_of_state(tx, TreeState.PROMPT_LOTTERY_WAITING):
        fill_places(tx, lang)
    return {"halted": len(abandoned)}
