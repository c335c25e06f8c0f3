"""Samples that say the same as one before: letter by letter, or nearly."""

from __future__ import annotations

import hashlib
from array import array
from dataclasses import dataclass, field
from enum import StrEnum

from oa.domain.likeness import likeness, shingles, sketch
from oa.domain.samples import Sample, Speaker, TreeRecord, replies_of, texts_of, turns_of

MOST_COMPARED = 50
"""Samples with the same mark of which each new one is compared with no more: many share what a form letter says."""


class Part(StrEnum):
    """What must be the same for two samples to be."""

    ALL = "all"
    QUESTION = "question"
    """What the first answer answers."""
    ANSWER = "answer"
    """Everything that the assistant says."""


def text_of(sample: Sample, part: Part) -> str:
    """What is compared."""
    match part:
        case Part.ALL:
            return "\n".join(texts_of(sample))
        case Part.ANSWER:
            return "\n".join(replies_of(sample)) or "\n".join(texts_of(sample))
        case Part.QUESTION:
            if isinstance(sample, TreeRecord):
                return next((one.text for one in sample.messages if one.parent_id is None), "")
            asked = (turn.text for turn in turns_of(sample) if turn.speaker is Speaker.USER)
            return next(asked, None) or "\n".join(texts_of(sample))


@dataclass(slots=True)
class Deduplicator:
    """Knows what has come before.

    Of a sample, 16 bytes are kept, and for near-duplicates four more for every three words in a row.
    """

    part: Part = Part.ALL
    likeness: float | None = None
    """Share of words in a row, 0..1, from which two samples are nearly the same; None for the same letters only."""
    exact: int = 0
    """Samples that were there before, letter by letter but for case and spaces."""
    near: int = 0
    _digests: set[bytes] = field(default_factory=set[bytes])
    _marks: dict[tuple[int, int], list[int]] = field(default_factory=dict[tuple[int, int], list[int]])
    _shingles: list[array[int]] = field(default_factory=list["array[int]"])

    def is_new(self, sample: Sample) -> bool:
        """Whether nothing like it has come before; what is new counts from now on."""
        text = text_of(sample, self.part)
        digest = hashlib.blake2b(
            " ".join(text.casefold().split()).encode("utf-8", "surrogatepass"), digest_size=16
        ).digest()
        if digest in self._digests:
            self.exact += 1
            return False
        if self.likeness is not None and not self._is_unlike_all(text, self.likeness):
            self.near += 1
            return False
        self._digests.add(digest)
        return True

    def _is_unlike_all(self, text: str, limit: float) -> bool:
        found = shingles(text)
        marks = sketch(found)
        if marks is None:
            return True
        keys = list(enumerate(marks))
        candidates = {place for key in keys for place in self._marks.get(key, ())[-MOST_COMPARED:]}
        if any(likeness(found, frozenset(self._shingles[place])) >= limit for place in candidates):
            return False
        for key in keys:
            self._marks.setdefault(key, []).append(len(self._shingles))
        self._shingles.append(array("I", found))
        return True
