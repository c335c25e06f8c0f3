"""What a data set is made of: how much, how long, in which languages, and what reviewers thought."""

from __future__ import annotations

import statistics
from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from oa.domain.records import TreeRecord
from oa.domain.refusals import phrase_in
from oa.domain.samples import Sample, about, kind_of, replies_of, texts_of, turns_of

PERCENTILES = (5, 25, 50, 75, 95, 99)

BAR_EDGES = (0, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384)
"""Characters at which the bars of the plot of lengths begin."""


@dataclass(slots=True)
class Lengths:
    """Lengths of texts in characters."""

    values: array[int] = field(default_factory=lambda: array("Q"))

    def add(self, length: int) -> None:
        self.values.append(length)

    def summary(self) -> dict[str, float]:
        """Count, sum, mean, percentiles, least and most; nothing for no text."""
        if not self.values:
            return {}
        ordered = sorted(self.values)
        percentiles = {
            f"p{share}": ordered[min(len(ordered) - 1, share * len(ordered) // 100)] for share in PERCENTILES
        }
        return {
            "count": len(ordered),
            "sum": sum(ordered),
            "mean": round(statistics.fmean(ordered), 1),
            "least": ordered[0],
            **percentiles,
            "most": ordered[-1],
        }

    def bars(self) -> list[tuple[int, int]]:
        """Where each bar begins and how many texts are in it, up to the last that has any."""
        counts = [0] * len(BAR_EDGES)
        for length in self.values:
            counts[next(at for at in range(len(BAR_EDGES) - 1, -1, -1) if length >= BAR_EDGES[at])] += 1
        while counts and not counts[-1]:
            counts.pop()
        return list(zip(BAR_EDGES, counts, strict=False))


@dataclass(slots=True)
class Statistics:
    """Takes samples one by one."""

    phrases: Sequence[str] = ()
    """In lower case; how many samples have each of them is counted."""
    samples: Counter[str] = field(default_factory=Counter[str])
    """By kind."""
    langs: Counter[str] = field(default_factory=Counter[str])
    sources: Counter[str] = field(default_factory=Counter[str])
    states: Counter[str] = field(default_factory=Counter[str])
    turns: Counter[int] = field(default_factory=Counter[int])
    """Samples by how many turns, or messages, they have."""
    appearances: Counter[str] = field(default_factory=Counter[str])
    texts: Lengths = field(default_factory=Lengths)
    replies: Lengths = field(default_factory=Lengths)
    _labels: dict[str, tuple[float, int]] = field(default_factory=dict[str, tuple[float, int]])

    def add(self, sample: Sample) -> None:
        known = about(sample)
        self.samples[kind_of(sample)] += 1
        self.langs[known.lang or "unknown"] += 1
        if known.source is not None:
            self.sources[known.source] += 1
        texts = list(texts_of(sample))
        for text in texts:
            self.texts.add(len(text))
        for text in replies_of(sample):
            self.replies.add(len(text))
        self.turns[len(texts)] += 1
        self._add_labels(sample)
        for phrase in self.phrases:
            self.appearances[phrase] += phrase_in(texts, (phrase,)) is not None

    def _add_labels(self, sample: Sample) -> None:
        if isinstance(sample, TreeRecord):
            self.states[sample.state or "unknown"] += 1
            means = [(name, mean.value) for one in sample.messages for name, mean in (one.labels or {}).items()]
        else:
            means = [(name, value) for turn in turns_of(sample) for name, value in turn.labels.items()]
        for name, value in means:
            total, count = self._labels.get(name, (0.0, 0))
            self._labels[name] = (total + value, count + 1)

    @property
    def labels(self) -> dict[str, dict[str, float]]:
        """Of each label the mean over messages, and how many have it."""
        return {
            name: {"mean": round(total / count, 4), "count": count}
            for name, (total, count) in sorted(self._labels.items())
        }

    def summary(self) -> dict[str, object]:
        """Everything, in plain types."""
        return {
            "samples": sum(self.samples.values()),
            "kinds": dict(self.samples),
            "messages": len(self.texts.values),
            "characters": self.texts.summary(),
            "reply_characters": self.replies.summary(),
            "turns": {str(count): many for count, many in sorted(self.turns.items())},
            "languages": dict(self.langs.most_common()),
            "sources": dict(self.sources.most_common(50)),
            "states": dict(self.states.most_common()),
            "labels": self.labels,
            "appearances": dict(self.appearances),
        }
