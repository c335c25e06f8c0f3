"""Moderation without a moderator: what red flags and skips do to a message and its tree."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from oa.domain.campaign import Campaign
from oa.domain.emoji import Emoji
from oa.domain.lifecycle import Tree, TreeState
from oa.domain.tree import Node

MODERATED = frozenset({TreeState.INITIAL_PROMPT_REVIEW, TreeState.GROWING})
"""States in which people are still shown messages one by one; what has been ranked is left to the moderators."""


class Action(StrEnum):
    ABORT_TREE = "abort_tree"
    DELETE_MESSAGE = "delete_message"
    """With everything below it."""
    HALT_TREE = "halt_tree"


def auto_moderation(emojis: Mapping[str, int], node: Node, tree: Tree, campaign: Campaign) -> Action | None:
    """What the reactions to one message bring about, if anything. Red flags weigh more than skips.

    A rejected reply is left alone: it is out of everybody's way already.

    Args:
        emojis: how many people gave each emoji to this message.
    """
    if not campaign.auto_mod_enabled or tree.state not in MODERATED or node.deleted:
        return None
    if node.parent_id is not None and not node.is_live(campaign.num_reviews_reply):
        return None
    if emojis.get(Emoji.RED_FLAG, 0) >= campaign.auto_mod_red_flags:
        return Action.ABORT_TREE if node.parent_id is None else Action.DELETE_MESSAGE
    if emojis.get(Emoji.SKIP_REPLY, 0) >= campaign.auto_mod_max_skip_reply:
        return Action.HALT_TREE
    return None
