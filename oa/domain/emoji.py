"""The reactions that people put on messages, and how one changes the others."""

from __future__ import annotations

from collections.abc import Set
from enum import StrEnum


class Emoji(StrEnum):
    THUMBS_UP = "+1"
    THUMBS_DOWN = "-1"
    RED_FLAG = "red_flag"
    HUNDRED = "100"
    ROFL = "rofl"
    CLAP = "clap"
    DIAMOND = "diamond"
    HEART_EYES = "heart_eyes"
    DISAPPOINTED = "disappointed"
    POOP = "poop"
    SKULL = "skull"
    SKIP_REPLY = "_skip_reply"
    SKIP_RANKING = "_skip_ranking"
    SKIP_LABELING = "_skip_labeling"


class EmojiOperation(StrEnum):
    TOGGLE = "toggle"
    ADD = "add"
    REMOVE = "remove"


VOTES = frozenset({Emoji.THUMBS_UP, Emoji.THUMBS_DOWN})
"""One person gives one of these or none, and none to what they wrote."""


def react(given: Set[Emoji], emoji: Emoji, operation: EmojiOperation, *, is_author: bool) -> frozenset[Emoji]:
    """What one person's reactions to one message are after an operation."""
    if emoji in VOTES and is_author:
        return frozenset(given)
    adds = operation is EmojiOperation.ADD or (operation is EmojiOperation.TOGGLE and emoji not in given)
    if not adds:
        return frozenset(given - {emoji})
    replaced = VOTES if emoji in VOTES else frozenset[Emoji]()
    return frozenset((given - replaced) | {emoji})
