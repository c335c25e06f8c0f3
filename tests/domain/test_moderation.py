"""Red flags and skips act without a moderator, but only where somebody would still be shown the message."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import pytest

from oa.domain.campaign import Campaign
from oa.domain.lifecycle import Tree, TreeState
from oa.domain.moderation import Action, auto_moderation
from oa.domain.tree import Node, Role

DEFAULT = Campaign()
ROOT = Node(id=UUID(int=1), parent_id=None, user_id=None, role=Role.PROMPTER, lang="en")
REPLY = Node(id=UUID(int=2), parent_id=ROOT.id, depth=1, user_id=None, role=Role.ASSISTANT, lang="en")
FLAGS, SKIPS = {"red_flag": 4}, {"_skip_reply": 25}


def tree(state: TreeState) -> Tree:
    return Tree(id=ROOT.id, state=state, goal_tree_size=12, max_depth=3, max_children_count=3, lang="en")


@pytest.mark.parametrize(
    ("emojis", "node", "expected"),
    [
        pytest.param({}, ROOT, None, id="no reactions"),
        pytest.param(
            {"-1": 99, "poop": 99, "_skip_labeling": 99, "_skip_ranking": 99}, ROOT, None, id="other reactions"
        ),
        pytest.param({"red_flag": 3}, ROOT, None, id="three flags are too few"),
        pytest.param(FLAGS, ROOT, Action.ABORT_TREE, id="four flags on a prompt"),
        pytest.param(FLAGS, REPLY, Action.DELETE_MESSAGE, id="four flags on a reply"),
        pytest.param({"_skip_reply": 24}, ROOT, None, id="twenty-four skips are too few"),
        pytest.param(SKIPS, ROOT, Action.HALT_TREE, id="twenty-five skips of a prompt"),
        pytest.param(SKIPS, REPLY, Action.HALT_TREE, id="twenty-five skips of a reply"),
        pytest.param({**FLAGS, **SKIPS}, ROOT, Action.ABORT_TREE, id="flags weigh more on a prompt"),
        pytest.param({**FLAGS, **SKIPS}, REPLY, Action.DELETE_MESSAGE, id="and on a reply"),
    ],
)
def test_reactions_that_are_many_enough_act(emojis: Mapping[str, int], node: Node, expected: Action | None) -> None:
    assert auto_moderation(emojis, node, tree(TreeState.GROWING), DEFAULT) is expected


@pytest.mark.parametrize("state", list(TreeState))
def test_only_trees_in_review_or_growth_are_moderated(state: TreeState) -> None:
    acts = state in {TreeState.INITIAL_PROMPT_REVIEW, TreeState.GROWING}
    assert auto_moderation(FLAGS, ROOT, tree(state), DEFAULT) is (Action.ABORT_TREE if acts else None)


@pytest.mark.parametrize(
    ("node", "changes", "acts"),
    [
        pytest.param(ROOT, {"deleted": True}, False, id="a deleted prompt"),
        pytest.param(ROOT, {"review_result": True, "review_count": 3}, True, id="an accepted prompt"),
        pytest.param(ROOT, {"review_result": False, "review_count": 3}, True, id="a rejected prompt"),
        pytest.param(REPLY, {"deleted": True}, False, id="a deleted reply"),
        pytest.param(REPLY, {"review_result": True, "review_count": 3}, True, id="an accepted reply"),
        pytest.param(REPLY, {"review_count": 2}, True, id="a reply under review"),
        pytest.param(REPLY, {"review_result": False, "review_count": 2}, True, id="a reply that may still be accepted"),
        pytest.param(REPLY, {"review_result": False, "review_count": 3}, False, id="a rejected reply"),
    ],
)
def test_messages_that_nobody_is_shown_any_more_are_left_alone(
    node: Node, changes: Mapping[str, Any], acts: bool
) -> None:
    message = dataclasses.replace(node, **changes)
    assert (auto_moderation(FLAGS, message, tree(TreeState.GROWING), DEFAULT) is not None) is acts


@pytest.mark.parametrize(
    ("setting", "emojis", "expected"),
    [
        pytest.param({"auto_mod_enabled": False}, {**FLAGS, **SKIPS}, None, id="switched off"),
        pytest.param({"auto_mod_red_flags": 1}, {"red_flag": 1}, Action.DELETE_MESSAGE, id="one flag is enough"),
        pytest.param({"auto_mod_max_skip_reply": 2}, {"_skip_reply": 2}, Action.HALT_TREE, id="two skips are enough"),
        pytest.param({"num_reviews_reply": 4}, FLAGS, Action.DELETE_MESSAGE, id="a fourth review is to come"),
    ],
)
def test_the_campaign_decides_how_many_are_enough(
    setting: Mapping[str, Any], emojis: Mapping[str, int], expected: Action | None
) -> None:
    undecided = dataclasses.replace(REPLY, review_result=False, review_count=3 if "num_reviews_reply" in setting else 0)
    assert auto_moderation(emojis, undecided, tree(TreeState.GROWING), Campaign(**setting)) is expected
