"""Badges: what people have reached, told from the dates of what they did.

A badge has the date of the deed that reached it. It follows from what is there, so it goes when that is deleted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from oa.domain.standing import ONE_DAY, day_of


class Deed(StrEnum):
    """What is counted for badges."""

    ACCEPTED_PROMPT = "accepted_prompt"
    ACCEPTED_REPLY = "accepted_reply"
    BEST_REPLY = "best_reply"
    """A reply that the consensus puts first."""
    REVIEW = "review"
    RANKING = "ranking"
    DAY_IN_A_ROW = "day_in_a_row"


@dataclass(frozen=True, slots=True)
class Badge:
    name: str
    deed: Deed
    needed: int
    text: str


@dataclass(frozen=True, slots=True)
class Earned:
    badge: Badge
    date: datetime


BADGES = (
    Badge("first_prompt", Deed.ACCEPTED_PROMPT, 1, "wrote a prompt that was accepted"),
    Badge("ten_prompts", Deed.ACCEPTED_PROMPT, 10, "wrote ten prompts that were accepted"),
    Badge("first_reply", Deed.ACCEPTED_REPLY, 1, "wrote a reply that was accepted"),
    Badge("hundred_replies", Deed.ACCEPTED_REPLY, 100, "wrote a hundred replies that were accepted"),
    Badge("first_best_reply", Deed.BEST_REPLY, 1, "wrote the reply that others ranked first"),
    Badge("ten_best_replies", Deed.BEST_REPLY, 10, "wrote ten replies that others ranked first"),
    Badge("first_review", Deed.REVIEW, 1, "reviewed a message"),
    Badge("hundred_reviews", Deed.REVIEW, 100, "reviewed a hundred messages"),
    Badge("thousand_reviews", Deed.REVIEW, 1000, "reviewed a thousand messages"),
    Badge("first_ranking", Deed.RANKING, 1, "ranked the replies to a message"),
    Badge("hundred_rankings", Deed.RANKING, 100, "ranked the replies to a hundred messages"),
    Badge("week_in_a_row", Deed.DAY_IN_A_ROW, 7, "did something on seven days in a row"),
    Badge("month_in_a_row", Deed.DAY_IN_A_ROW, 30, "did something on thirty days in a row"),
)


def earned(deeds: Mapping[Deed, Sequence[datetime]]) -> Iterator[Earned]:
    """The badges that somebody has, in the order of the catalogue.

    Args:
        deeds: when they did what, oldest first; days in a row are found out from all of it.
    """
    reached = {**deeds, Deed.DAY_IN_A_ROW: longest_run(deeds.get(Deed.DAY_IN_A_ROW, ()))}
    for badge in BADGES:
        dates = reached.get(badge.deed, ())
        if len(dates) >= badge.needed:
            yield Earned(badge, dates[badge.needed - 1])


def longest_run(dates: Iterable[datetime]) -> list[datetime]:
    """The first of the longest rows of days, by the calendar of UTC, with the first moment of each day."""
    longest: list[datetime] = []
    run: list[datetime] = []
    for date in sorted(dates):
        apart = day_of(date) - day_of(run[-1]) if run else timedelta(0)
        if run and not apart:
            continue
        run = [*run, date] if apart == ONE_DAY else [date]
        longest = max(longest, run, key=len)
    return longest
