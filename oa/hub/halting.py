"""Halting trees and letting them go on."""

from __future__ import annotations

from uuid import UUID

from oa.domain import lifecycle
from oa.domain.lifecycle import Tree, TreeState
from oa.domain.moderation import Act, Effect, Outcome
from oa.hub import growth, moderators, reports
from oa.hub.moderators import Moderator
from oa.store import messages, trees
from oa.store.database import Transaction


def halt(tx: Transaction, moderator: Moderator, message_id: UUID) -> Effect:
    """Stop all work on the tree of a message.

    Raises:
        ClientNotAuthorized: the caller may not moderate.
        MessageNotFound, TreeNotFound
    """
    tree = _tree(tx, moderator, message_id)
    reports.settle(tx, moderator, [message_id], Outcome.TREE_HALTED)
    return move(tx, moderator, Act.HALT, tree, TreeState.HALTED_BY_MODERATOR)


def resume(tx: Transaction, moderator: Moderator, message_id: UUID) -> Effect:
    """Let the tree of a message go on from where its messages allow. A prompt that waits for the draw keeps waiting.

    Raises:
        ClientNotAuthorized: the caller may not moderate.
        MessageNotFound, TreeNotFound
    """
    tree = _tree(tx, moderator, message_id)
    return move(tx, moderator, Act.RESUME, tree, lifecycle.resumed_state(tree, messages.nodes(tx, tree.id)))


def move(tx: Transaction, moderator: Moderator, act: Act, tree: Tree, state: TreeState) -> Effect:
    """Put a tree into a state and see where it goes from there; on record unless it was there already."""
    if tree.state is state is TreeState.HALTED_BY_MODERATOR:
        return Effect(act=act)
    moved = growth.move_tree(tx, tree, state)
    effect = Effect(act=act, before={"state": tree.state.value}, after={"state": moved.state.value})
    return moderators.record(tx, moderator, effect, tree.id)


def _tree(tx: Transaction, moderator: Moderator, message_id: UUID) -> Tree:
    moderators.acting(tx, moderator)
    return trees.find(tx, messages.find(tx, message_id).tree_id)
