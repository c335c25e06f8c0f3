"""What a trainer goes through, step by step: the samples of all epochs in their order, encoded when they are needed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any

from oa.domain.samples import Conversation, PlainText
from oa.errors import BadTemplate, BadTrainingData
from oa.train.batches import bins, collate, grouped_by_length, pack
from oa.train.corpus import Corpus, epoch_of
from oa.train.inspection import encoded
from oa.train.recipe import Recipe
from oa.train.tokens import IGNORED, Encoded, Encoder

if TYPE_CHECKING:
    from torch import Tensor

Learned = Conversation | PlainText

ROW_MULTIPLE = 8
"""Packed rows are filled up to a multiple of this."""


@dataclass(frozen=True, slots=True)
class Place:
    """A sample in an epoch; its chance comes from both numbers, so that a run that goes on draws the same."""

    epoch: int
    sample: Learned
    number: int


class Rows:
    """Rows in the order in which they are trained on; each is one sample, or several that are packed.

    Every epoch is drawn anew from the sources.
    """

    def __init__(self, corpora: Sequence[Corpus[Learned]], encoder: Encoder, recipe: Recipe) -> None:
        """
        Raises:
            BadTrainingData: no sample has anything to learn from.
        """
        self._encoder = encoder
        self._seed = recipe.seed
        self._rows: list[list[Place]] = []
        training = recipe.training
        for epoch in range(math.ceil(training.epochs)):
            samples = epoch_of(corpora, epoch, recipe.seed)
            places = [Place(epoch, sample, number) for number, sample in enumerate(samples)]
            lengths = [self._length(place) for place in places]
            usable = [at for at, length in enumerate(lengths) if length]
            if not usable:
                raise BadTrainingData("no sample has anything to learn from: `oa train inspect` shows why")
            rows = self._rows_of([lengths[at] for at in usable], recipe, epoch)
            made = [[places[usable[at]] for at in row] for row in rows]
            share = min(1.0, training.epochs - epoch)
            self._rows += made[: max(1, round(len(made) * share))]

    def _rows_of(self, lengths: Sequence[int], recipe: Recipe, epoch: int) -> list[list[int]]:
        """Which samples share a row, and the rows' order."""
        rng = Random(f"{recipe.seed}/{epoch}/rows")
        if recipe.training.packing:
            rows = bins(lengths, recipe.training.max_length)
            rng.shuffle(rows)
            return rows
        if recipe.training.group_by_length:
            return [[at] for at in grouped_by_length(lengths, recipe.training.batch_size, rng)]
        return [[at] for at in range(len(lengths))]

    def _length(self, place: Place) -> int:
        """Tokens of a sample; 0 for one that teaches nothing."""
        found = self._encoded(place)
        return len(found.ids) if found is not None and any(label != IGNORED for label in found.labels[1:]) else 0

    def _encoded(self, place: Place) -> Encoded | None:
        rng = Random(f"{self._seed}/{place.epoch}/{place.number}")
        try:
            return encoded(place.sample, self._encoder, rng)[0]
        except BadTemplate:
            return None

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, at: int) -> list[Encoded]:
        return [found for place in self._rows[at] if (found := self._encoded(place)) is not None]


def measured(samples: Sequence[Learned], encoder: Encoder) -> list[dict[str, list[int]]]:
    """Held-out samples, one to a row; none of it is left to chance, and those that say nothing are left out."""
    found: list[dict[str, list[int]]] = []
    for sample in samples:
        try:
            made = encoded(sample, encoder)[0]
        except BadTemplate:
            continue
        if any(label != IGNORED for label in made.labels[1:]):
            found.append({"input_ids": made.ids, "labels": made.labels})
    return found


@dataclass(frozen=True, slots=True)
class RowCollator:
    """Makes batches of rows that are named by their number, or that are there as tokens and labels."""

    rows: Rows
    pad_id: int
    is_packed: bool

    def __call__(self, named: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        if "row" not in named[0]:
            return dict(collate([Encoded(one["input_ids"], one["labels"]) for one in named], self.pad_id))
        rows = [self.rows[one["row"]] for one in named]
        if self.is_packed:
            return dict(self._packed(rows))
        return dict(collate([row[0] for row in rows], self.pad_id))

    def _packed(self, rows: Sequence[list[Encoded]]) -> dict[str, Tensor]:
        """Without a mask: what fills up stands at position 0 again and again, and so belongs to no sample."""
        import torch

        packed = [pack(row) for row in rows]
        longest = max(len(row["input_ids"]) for row in packed)
        length = -(-longest // ROW_MULTIPLE) * ROW_MULTIPLE
        fillers = {"input_ids": self.pad_id, "labels": IGNORED, "position_ids": 0}
        return {
            name: torch.tensor([row[name] + [filler] * (length - len(row[name])) for row in packed])
            for name, filler in fillers.items()
        }
