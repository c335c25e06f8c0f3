"""Label votes on a message become a verdict: accepted, rejected, undecided.

A vote maps labels to values in 0..1 (`oa.domain.labels`) and holds only what its author answered.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import fsum

from oa.domain.labels import ALL_LABELS, Label

EQUAL_WITHIN = 1e-9
"""Scores closer than this are the same: 0.1 + 0.3 and 0.4 must meet the threshold alike, and no reviewer means 1e-9."""


@dataclass(frozen=True, slots=True)
class LabelMean:
    """What the reviewers who answered a label said on average, and how many they were."""

    value: float
    count: int


def acceptance_score(votes: Sequence[Mapping[str, float]]) -> float:
    """How little the reviewers complained: 1 - (mean spam + mean wrong language), from -1 to 1.

    Every vote counts in both means. Here, and only here, a label that is absent adds nothing: the two ask whether
    something is wrong, and a reviewer who was free to raise the flag and did not has seen nothing wrong. A mean over
    those who raised it would let one complaint outvote any number of silent approvals. 1.0 without votes.
    """
    if not votes:
        return 1.0
    complaints = fsum(vote.get(Label.SPAM, 0.0) + vote.get(Label.LANG_MISMATCH, 0.0) for vote in votes)
    return 1.0 - complaints / len(votes)


def decide(
    votes: Sequence[Mapping[str, float]], *, current: bool | None, required: int, threshold: float
) -> bool | None:
    """Whether the message is accepted (True), rejected (False) or still undecided (None).

    Acceptance is final: work may already hang below the message. A rejection can turn with later votes.

    Args:
        votes: every vote there is, the newest included.
        current: the verdict so far.
        required: how many votes it takes to reach one; below that `current` stands.
        threshold: the score must be higher; a score equal to it rejects.
    """
    if current is True or len(votes) < required:
        return current
    return acceptance_score(votes) - threshold > EQUAL_WITHIN


def summarise(votes: Sequence[Mapping[str, float]]) -> dict[str, LabelMean]:
    """Mean and count of each label over the votes that answered it, in the order of the catalogue.

    A label that nobody answered is absent. Names outside the catalogue (imported data) come last, by name.
    """
    given: dict[str, list[float]] = {}
    for vote in votes:
        for name, value in vote.items():
            given.setdefault(str(name), []).append(value)
    known = [label.value for label in ALL_LABELS if label.value in given]
    others = sorted(given.keys() - set(known))
    return {name: LabelMean(fsum(given[name]) / len(given[name]), len(given[name])) for name in (*known, *others)}
