"""What a model would be trained on, before it is: every sample as tokens, and what of it counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from oa.domain.samples import Conversation, PlainText, RankedGroup
from oa.errors import BadTemplate, BadTrainingData
from oa.train.recipe import Inspection
from oa.train.tokens import IGNORED, Encoded, Encoder

Trained = Conversation | PlainText | RankedGroup


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of tokens as text, and whether they count in the loss."""

    text: str
    is_learned: bool


@dataclass(slots=True)
class Findings:
    """What was seen of some samples."""

    samples: int = 0
    truncated: int = 0
    masked: int = 0
    """Samples of which nothing counts."""
    dropped: int = 0
    """Samples that the template has no place for."""
    tokens: int = 0
    learned: int = 0
    """Tokens that count."""
    longest: int = 0
    reasons: Counter[str] = field(default_factory=Counter[str])
    """Why samples were dropped."""

    def figures(self) -> dict[str, Any]:
        """In plain types."""
        return {
            "samples": self.samples,
            "truncated": self.truncated,
            "masked": self.masked,
            "dropped": self.dropped,
            "tokens": self.tokens,
            "learned_tokens": self.learned,
            "longest": self.longest,
            "reasons": dict(self.reasons),
        }


def encoded(sample: Trained, encoder: Encoder, rng: Random | None = None) -> list[Encoded]:
    """A sample as a model is trained on it; of a ranked group, every reply with what it answers.

    Raises:
        BadTemplate: the template has no place for something in it.
    """
    match sample:
        case Conversation():
            return [encoder.conversation(sample, rng)]
        case PlainText():
            return [encoder.text(sample)]
        case RankedGroup():
            return [_judged(encoder, sample, at) for at in range(len(sample.replies))]


def _judged(encoder: Encoder, group: RankedGroup, at: int) -> Encoded:
    """A reply as a reward model sees it; the score stands at its last token, marked as what counts."""
    prompt, reply = encoder.reply(group.prompt, group.replies[at])
    ids = [*prompt, *reply]
    return Encoded(ids, [*[IGNORED] * len(prompt), *reply], len(ids) >= encoder.limits.max_length)


def inspected(samples: Sequence[Trained], encoder: Encoder) -> tuple[list[Encoded], Findings]:
    """Samples as tokens, without those of which nothing is left, and what was seen on the way.

    Nothing is left to chance here: no offsets, no tags.
    """
    kept: list[Encoded] = []
    found = Findings()
    for sample in samples:
        found.samples += 1
        try:
            made = encoded(sample, encoder)
        except BadTemplate as error:
            found.dropped += 1
            found.reasons[str(error)] += 1
            continue
        found.truncated += any(one.is_truncated for one in made)
        found.masked += not any(one.learned for one in made)
        kept += [one for one in made if one.learned]
    found.tokens = sum(len(one.ids) for one in kept)
    found.learned = sum(one.learned for one in kept)
    found.longest = max((len(one.ids) for one in kept), default=0)
    return kept, found


def check(found: Findings, limits: Inspection) -> None:
    """
    Raises:
        BadTrainingData: too much of the data would be lost, or cut.
    """
    if not found.samples:
        raise BadTrainingData("there is nothing to train on: the data is empty")
    lost = found.masked + found.dropped
    if lost == found.samples or lost > limits.most_lost * found.samples:
        why = f"; most often: {found.reasons.most_common(1)[0][0]}" if found.reasons else ""
        raise BadTrainingData(
            f"{lost:,} of {found.samples:,} samples would teach nothing ({found.masked:,} have no answer within "
            f"training.max_length, {found.dropped:,} have no place in the template{why}): change the data, the "
            "template or the length, or allow it with inspection.most_lost"
        )
    if found.truncated > limits.most_truncated * found.samples:
        raise BadTrainingData(
            f"{found.truncated:,} of {found.samples:,} samples would be cut: raise training.max_length, or allow it "
            "with inspection.most_truncated"
        )


def pieces(sample: Encoded, tokenizer: Any) -> list[Piece]:
    """A sample as text, cut where what counts begins and ends."""
    runs: list[tuple[list[int], bool]] = []
    for number, label in zip(sample.ids, sample.labels, strict=True):
        is_learned = label != IGNORED
        if runs and runs[-1][1] is is_learned:
            runs[-1][0].append(number)
        else:
            runs.append(([number], is_learned))
    return [Piece(str(tokenizer.decode(ids)), is_learned) for ids, is_learned in runs]
