"""What people earn by working: counters, points, levels, places, streaks; and what tells trolls.

Everything that is counted has a person and a date. A time frame is the sum of what lies on or after its base date, so
a frame moves on with the clock, and a sum is moved by what enters it and what falls out of it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TypeVar

from oa.domain.consensus import kendall_tau
from oa.domain.emoji import Emoji
from oa.domain.labels import Label, ReviewMode
from oa.domain.tasks import TaskKind
from oa.domain.tree import Role

T = TypeVar("T")

# --- time frames -----------------------------------------------------------------------------------------------------

ONE_DAY = timedelta(days=1)


class TimeFrame(StrEnum):
    DAY = "day"
    """The last 24 hours, from the full hour on."""
    WEEK = "week"
    """Since midnight (UTC) seven days ago."""
    MONTH = "month"
    """Since midnight (UTC) thirty days ago."""
    TOTAL = "total"

    @property
    def breadth(self) -> int:
        """0 for the widest; what lies in a frame lies in all that are wider."""
        return WIDEST_FIRST.index(self)

    def base_date(self, now: datetime) -> datetime | None:
        """The moment from which on things count; None where everything does."""
        moment = now.astimezone(UTC)
        match self:
            case TimeFrame.DAY:
                return hour_of(moment) - ONE_DAY
            case TimeFrame.WEEK:
                return day_of(moment) - 7 * ONE_DAY
            case TimeFrame.MONTH:
                return day_of(moment) - 30 * ONE_DAY
            case TimeFrame.TOTAL:
                return None


WIDEST_FIRST = (TimeFrame.TOTAL, TimeFrame.MONTH, TimeFrame.WEEK, TimeFrame.DAY)


def hour_of(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def day_of(moment: datetime) -> datetime:
    return hour_of(moment).replace(hour=0)


# --- counters --------------------------------------------------------------------------------------------------------

POINTS: Mapping[str, int] = {
    "replies_assistant": 4,
    "replies_prompter": 1,
    "labels_simple": 1,
    "labels_full": 2,
    "rankings_total": 1,
    "rankings_good": 1,
    "accepted_replies_assistant": 4,
    "accepted_replies_prompter": 1,
    "reply_ranked_1": 9,
    "reply_ranked_2": 3,
    "reply_ranked_3": 1,
}
"""What each is worth."""

TENTHS = ("prompts", "accepted_prompts")
"""Worth a point for every ten: prompts are quickly written, and few are needed."""

LEADER_COUNTERS = (
    "prompts",
    "replies_assistant",
    "replies_prompter",
    "labels_simple",
    "labels_full",
    "rankings_total",
    "rankings_good",
    "accepted_prompts",
    "accepted_replies_assistant",
    "accepted_replies_prompter",
    "reply_ranked_1",
    "reply_ranked_2",
    "reply_ranked_3",
)
"""What a person has done, and what came of it."""

TROLL_POINTS: Mapping[str, int] = {
    "red_flags": 3,
    "upvotes": -1,
    "downvotes": 1,
    "spam_prompts": 1,
    "lang_mismatch": 1,
    "not_appropriate": 1,
    "pii": 1,
    "hate_speech": 1,
    "sexual_content": 1,
    "political_content": 1,
}

SCALES = (Label.QUALITY, Label.HUMOR, Label.TOXICITY, Label.VIOLENCE, Label.HELPFULNESS)
"""Labels of which the mean tells something; each is kept as a sum and the number of votes behind it."""

VOTES, SUM = "_votes", "_sum"

TROLL_COUNTERS = (*TROLL_POINTS, "spam", *(f"{scale}{VOTES}" for scale in SCALES))
"""What others think of what a person wrote."""

SUMS = tuple(f"{scale}{SUM}" for scale in SCALES)
"""In millionths: whole numbers, so that adding and taking away leaves no trace."""

SCALE_COUNTERS: Mapping[str, tuple[str, str]] = {scale.value: (f"{scale}{VOTES}", f"{scale}{SUM}") for scale in SCALES}

COUNTERS = (*LEADER_COUNTERS, *TROLL_COUNTERS, *SUMS)

FLAGS = frozenset(label.value for label in Label if label is Label.SPAM or label in TROLL_POINTS)
"""Labels that count when they are raised."""

REACTIONS: Mapping[str, str] = {
    Emoji.RED_FLAG: "red_flags",
    Emoji.THUMBS_UP: "upvotes",
    Emoji.THUMBS_DOWN: "downvotes",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Authored:
    """What decides how a message counts for whoever wrote it."""

    role: Role
    is_prompt: bool
    """The first of its tree."""
    is_accepted: bool
    rank: int | None
    """Its place in the consensus, 0 is best."""
    emojis: Mapping[str, int]

    @property
    def kind(self) -> str:
        return "prompts" if self.is_prompt else f"replies_{self.role}"


def authored(message: Authored) -> Counter[str]:
    """What a message that is not deleted adds for its author, without the labels that it got."""
    counted = Counter({message.kind: 1})
    if message.is_accepted:
        counted[f"accepted_{message.kind}"] = 1
    if message.rank in (0, 1, 2):
        counted[f"reply_ranked_{message.rank + 1}"] = 1
    counted.update(reacted(message.emojis))
    return counted


def reacted(emojis: Mapping[str, int]) -> Counter[str]:
    """What the reactions to a message add for its author."""
    return Counter({name: emojis[emoji] for emoji, name in REACTIONS.items() if emojis.get(emoji)})


def labelled(labels: Mapping[str, float]) -> dict[str, int]:
    """What one person's labels on a message add for its author. A flag counts from one half upwards."""
    counted: dict[str, int] = {}
    for name, value in labels.items():
        if (scale := SCALE_COUNTERS.get(name)) is not None:
            counted[scale[0]] = 1
            counted[scale[1]] = round(value * 1_000_000)
        elif value >= 0.5 and name in FLAGS:
            counted[name] = 1
    return counted


def reviewed(mode: ReviewMode) -> Counter[str]:
    """What a review adds for the reviewer."""
    return Counter({f"labels_{mode}": 1})


def ranked(order: Sequence[T], ranks: Mapping[T, int], *, not_rankable: bool) -> Counter[str]:
    """What a ballot adds for whoever cast it: more if it agrees with the consensus rather than not.

    Args:
        order: the replies, best first.
        ranks: the place of each reply that has one in the consensus; empty while there is none.
    """
    counted = Counter({"rankings_total": 1})
    if not not_rankable and len(set(order)) == len(order):
        tau = kendall_tau(order, sorted((reply for reply in order if reply in ranks), key=ranks.__getitem__))
        if tau is not None and tau > 0:
            counted["rankings_good"] = 1
    return counted


class Sample(StrEnum):
    """What a community collects, for training. The first three are Open-Assistant's names of the tasks."""

    INITIAL_PROMPT = TaskKind.INITIAL_PROMPT.value
    PROMPTER_REPLY = TaskKind.PROMPTER_REPLY.value
    ASSISTANT_REPLY = TaskKind.ASSISTANT_REPLY.value
    RANKING = "ranking"
    """A message whose replies are ranked by consensus."""


def samples(message: Authored) -> Iterator[Sample]:
    """What a message that is not deleted and that a person wrote adds to the collection."""
    if message.is_accepted:
        yield Sample.INITIAL_PROMPT if message.is_prompt else Sample(f"{message.role}_reply")
    if message.rank == 0:
        yield Sample.RANKING


# --- scores ----------------------------------------------------------------------------------------------------------


def leader_score(counters: Mapping[str, int]) -> int:
    tenths = sum(counters[name] // 10 for name in TENTHS if name in counters)
    return tenths + sum(POINTS[name] * count for name, count in counters.items() if name in POINTS)


def troll_score(counters: Mapping[str, int]) -> int:
    return sum(TROLL_POINTS[name] * count for name, count in counters.items() if name in TROLL_POINTS)


def mean(counters: Mapping[str, int], scale: Label) -> float | None:
    """What those said on average who put a message of this person on the scale; None when nobody did."""
    votes = counters.get(f"{scale}{VOTES}", 0)
    return counters[f"{scale}{SUM}"] / 1_000_000 / votes if votes else None


# --- levels ----------------------------------------------------------------------------------------------------------


def _thresholds() -> tuple[int, ...]:
    return tuple(round(1.1521 * steps * (steps + 1) / 2 + 3 * steps) for steps in range(100))


THRESHOLDS = _thresholds()
"""The points at which each level begins, the first at 0. Each step is a little longer than the one before."""


@dataclass(frozen=True, slots=True)
class Level:
    number: int
    """From 1 to 100; 0 for somebody who has done nothing that counts."""
    begins_at: int
    next_at: int | None
    """Points at which the next level begins; None on the last."""


def level(score: int | None) -> Level:
    """The level that a score has reached; None stands for nothing done yet."""
    number = 0 if score is None else bisect_right(THRESHOLDS, score)
    return Level(
        number,
        begins_at=THRESHOLDS[max(number - 1, 0)],
        next_at=THRESHOLDS[number] if number < len(THRESHOLDS) else None,
    )


# --- places ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Window:
    """The places around one, the first and the last included."""

    first: int
    last: int


def window(rank: int, size: int) -> Window:
    """The places around `rank`, cut as Open-Assistant cuts them: `size` of them at the top, one more below."""
    least = max(0, rank - size // 2)
    return Window(max(1, least), least + size)


# --- streaks ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Streak:
    """Days in a row on which somebody answered a task, by the calendar of UTC."""

    days: int
    last_day: datetime | None
    """Midnight at the beginning of the last of them."""


def continued(days: int | None, last_day: datetime | None, now: datetime) -> Streak:
    """The streak after an answer now."""
    today = day_of(now.astimezone(UTC))
    if last_day == today:
        return Streak(max(days or 0, 1), today)
    return Streak((days or 0) + 1 if last_day == today - ONE_DAY else 1, today)


def lasting(days: int | None, last_day: datetime | None, now: datetime) -> int:
    """How long a streak is now: a day without an answer ends it, but today is not over yet."""
    if days is None or last_day is None or last_day < streaks_end_before(now):
        return 0
    return days


def streaks_end_before(now: datetime) -> datetime:
    """A streak whose last day lies before this moment is over."""
    return day_of(now.astimezone(UTC)) - ONE_DAY
