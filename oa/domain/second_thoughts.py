"""When somebody may still take back what they handed in, and what becomes of their streak without it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from oa.domain.lifecycle import TreeState
from oa.domain.standing import ONE_DAY, Streak, day_of, streaks_end_before

UNDER_REVIEW = frozenset({TreeState.INITIAL_PROMPT_REVIEW, TreeState.GROWING})
"""States in which reviews are wanted, so that one that is taken back can be given again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upon:
    """What others have done about a text since it was handed in."""

    is_answered: bool
    """It has replies, were they deleted or not."""
    is_reviewed: bool
    is_remarked: bool
    """Somebody put labels on it, or a reaction."""
    is_reported: bool
    is_edited: bool
    is_held: bool
    """Somebody has a task about it and keeps its place."""


def why_text_stays(upon: Upon, *, is_deleted: bool, has_tree_moved: bool) -> str | None:
    """What keeps a text from being taken back for good; None where nothing does.

    Args:
        has_tree_moved: it is a prompt, and its tree has left the review of prompts.
    """
    reasons = (
        (upon.is_answered, "others have answered it"),
        (upon.is_reviewed, "others have reviewed it"),
        (upon.is_remarked, "others have labelled it or reacted to it"),
        (upon.is_reported, "it was reported, and moderators are to look at it"),
        (upon.is_edited, "a moderator has edited it"),
        (is_deleted, "it was deleted"),
        (has_tree_moved, "its conversation has moved on"),
    )
    return next((reason for holds, reason in reasons if holds), None)


def why_review_stays(verdict: bool | None, *, missing: int, state: TreeState, is_deleted: bool) -> str | None:
    """What keeps a review from being taken back.

    Args:
        missing: reviews that the message has too few to be decided about.
    """
    if verdict is not None or missing <= 0:
        return "the reviews of this message are complete"
    if is_deleted or state not in UNDER_REVIEW:
        return "this message is no longer under review"
    return None


def why_ballot_stays(state: TreeState) -> str | None:
    """What keeps a ballot from being taken back."""
    return None if state is TreeState.RANKING else "this ranking has been completed or stopped"


def why_skip_stays(state: TreeState) -> str | None:
    """What keeps a task that was given back from being taken up again: enough of them halt a conversation."""
    return "the conversation has been halted" if state is TreeState.HALTED_BY_MODERATOR else None


def streak_without(streak: Streak, day: datetime, last_answer: datetime | None, now: datetime) -> Streak | None:
    """The streak of somebody who has answered nothing on `day` after all.

    Args:
        streak: as it is kept, that day included.
        last_answer: the latest of their answers that are left.

    Returns:
        None for somebody who has never answered anything. A streak that is over has 0 days.
    """
    if last_answer is None or streak.last_day is None:
        return None
    if day < streak.last_day:
        return Streak(min(streak.days, (streak.last_day - day).days), streak.last_day)
    last_day = day_of(last_answer)
    goes_on = last_day == day - ONE_DAY and last_day >= streaks_end_before(now)
    return Streak(max(0, streak.days - 1) if goes_on else 0, last_day)
