"""Signs that somebody does not work in earnest. A sign is a question to a moderator, never a verdict: it holds what was
seen, so that a human can look, and nothing follows from it by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from math import exp, fsum, lgamma, log, log1p
from typing import Any
from uuid import UUID

FALSE_ALARMS = 0.01
"""How many signs that rest on a test of chance alone may be wrong in one look at everybody, if nobody cheats."""

EXAMPLES = 5
"""How much a moderator is shown of each."""

LONG_AGO = datetime.min.replace(tzinfo=UTC)


class SignKind(StrEnum):
    COPIED_TEXT = "copied_text"
    IMPOSSIBLE_SPEED = "impossible_speed"
    SAME_ANSWER = "same_answer"
    VOTES_IN_CONCERT = "votes_in_concert"
    ACCOUNTS_IN_STEP = "accounts_in_step"


class SignStatus(StrEnum):
    OPEN = "open"
    """A moderator should look."""
    DISMISSED = "dismissed"
    """There was nothing to it."""
    CONFIRMED = "confirmed"
    """It was as it looked; what is done about it is done elsewhere."""


@dataclass(frozen=True, slots=True)
class Key:
    """What a sign is about: the same sign is not raised twice."""

    kind: SignKind
    user_id: UUID
    other_user_id: UUID | None = None
    """The other of a pair; the lower id comes first."""

    @classmethod
    def of_pair(cls, kind: SignKind, one: UUID, other: UUID) -> Key:
        return cls(kind, min(one, other), max(one, other))


@dataclass(frozen=True, slots=True)
class Sign:
    key: Key
    evidence: Mapping[str, Any]
    """Counts and ids, fit for JSON; never a text or a name, so that nothing of a person stays in it who leaves."""
    since: datetime
    """The oldest of what was seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownSign:
    """A sign with what has become of it."""

    id: UUID
    kind: SignKind
    user_id: UUID
    other_user_id: UUID | None
    evidence: Mapping[str, Any]
    since: datetime
    created_date: datetime
    status: SignStatus
    decided_by: UUID | None = None
    decided_date: datetime | None = None
    note: str = ""

    @property
    def key(self) -> Key:
        return Key(self.kind, self.user_id, self.other_user_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignFilter:
    """Which signs are wanted; None does not narrow them."""

    status: SignStatus | None = None
    kind: SignKind | None = None
    user_id: UUID | None = None
    """Either of a pair."""


@dataclass(frozen=True, slots=True)
class Judged:
    """Until when a moderator has looked at a sign: what was done up to then is not held against anybody again."""

    until: Mapping[Key, datetime]

    def is_news(self, key: Key, date: datetime) -> bool:
        return date > self.until.get(key, LONG_AGO)


NOTHING_JUDGED = Judged({})


def explain(kind: SignKind, evidence: Mapping[str, Any]) -> str:
    """The sign in a sentence for a moderator, with what else could be behind it."""
    match kind:
        case SignKind.COPIED_TEXT:
            return (
                f"{evidence['copies']} of {evidence['texts']} texts are nearly the same as an earlier one, "
                f"{evidence['own']} of them as one of the same person in another tree. Compare the pairs: a shared "
                "source or a template can look like this, too."
            )
        case SignKind.IMPOSSIBLE_SPEED:
            return (
                f"{evidence['fast']} of {evidence['answers']} answers came faster than anybody can read and write "
                f"(typically {evidence['median_s']} s where {evidence['needed_s']} s is the least). Texts that were "
                "ready beforehand can look like this, and programs that fetch a task late."
            )
        case SignKind.SAME_ANSWER:
            return (
                "The answer is always the same, whatever was asked about: "
                f"{'; '.join(evidence['patterns'])}. The others differed on the very same messages."
            )
        case SignKind.VOTES_IN_CONCERT:
            return (
                f"On {evidence['together']} of {evidence['decided']} messages that both judged, and on which people "
                "differed, these two were closer to each other than to anybody else. Friends with one taste can look "
                "like this."
            )
        case SignKind.ACCOUNTS_IN_STEP:
            return (
                f"These two accounts move together: {evidence['close']} of {evidence['answers']} answers within "
                f"{evidence['within_s']:g} s of one of the other's, {evidence['handovers']} of {evidence['sessions']} "
                f"sessions next to one of the other's, {evidence['same_texts']} texts in common. People who share a "
                "desk can look like this."
            )


def at_least(hits: int, trials: int, chance: float) -> float:
    """The probability of so many hits or more in independent trials (the upper tail of the binomial distribution)."""
    if hits <= 0:
        return 1.0
    if hits > trials or chance <= 0:
        return 0.0
    if chance >= 1:
        return 1.0
    ways = lgamma(trials + 1)
    return min(
        1.0,
        fsum(
            exp(ways - lgamma(k + 1) - lgamma(trials - k + 1) + k * log(chance) + (trials - k) * log1p(-chance))
            for k in range(hits, trials + 1)
        ),
    )


def at_least_of(hits: int, chances: list[float]) -> float:
    """The same where every trial has a chance of its own (the Poisson binomial distribution)."""
    upto = [1.0] + [0.0] * hits  # the last holds "hits or more"
    for chance in chances:
        for count in range(hits, 0, -1):
            stays = upto[count] if count == hits else upto[count] * (1 - chance)
            upto[count] = stays + upto[count - 1] * chance
        upto[0] *= 1 - chance
    return upto[hits] if hits else 1.0
