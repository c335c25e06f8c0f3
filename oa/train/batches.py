"""From encoded samples to batches: filled up, packed without leaks, or grouped by length."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Sequence
from random import Random
from typing import TYPE_CHECKING

from oa.train.tokens import IGNORED, Encoded

if TYPE_CHECKING:
    from torch import Tensor

PAD_MULTIPLE = 8
"""Batches are as long as a multiple of this, for the sake of the hardware."""

WINDOW_BATCHES = 50
"""Batches among which samples are sorted by length: enough for little filling, few enough to stay in random order."""


def collate(
    samples: Sequence[Encoded], pad_id: int, *, multiple: int = PAD_MULTIPLE, left: bool = False
) -> dict[str, Tensor]:
    """A batch of samples of different length.

    Args:
        left: fill up on the left, as a model wants that is to go on from the samples.

    Returns:
        `input_ids`, `attention_mask` and `labels`, each (B, T), int64.
    """
    import torch

    longest = max(len(sample.ids) for sample in samples)
    length = -(-longest // multiple) * multiple

    def filled(values: Sequence[int], filler: int) -> list[int]:
        more = [filler] * (length - len(values))
        return [*more, *values] if left else [*values, *more]

    return {
        "input_ids": torch.tensor([filled(sample.ids, pad_id) for sample in samples]),
        "attention_mask": torch.tensor([filled([1] * len(sample.ids), 0) for sample in samples]),
        "labels": torch.tensor([filled(sample.labels, IGNORED) for sample in samples]),
    }


def bins(lengths: Sequence[int], size: int) -> list[list[int]]:
    """Which samples share a row: each goes, the longest first, where the least room is left that it fits in.

    Args:
        lengths: tokens of each sample, none of them more than `size`.

    Returns:
        The samples' places by row; every place once.

    Source:
        Best-fit decreasing: Johnson 1974, "Fast algorithms for bin packing", https://doi.org/10.1016/S0022-0000(74)80026-7
    """
    made: list[list[int]] = []
    rooms: list[tuple[int, int]] = []  # what is left in each row, and which; in order
    for place in sorted(range(len(lengths)), key=lambda place: -lengths[place]):
        at = bisect_left(rooms, (lengths[place], -1))
        if at < len(rooms):
            room, row = rooms.pop(at)
        else:
            room, row = size, len(made)
            made.append([])
        made[row].append(place)
        insort(rooms, (room - lengths[place], row))
    return made


def pack(samples: Sequence[Encoded]) -> dict[str, list[int]]:
    """Several samples as one row without leaks.

    Positions begin anew with each sample, by which transformers keeps the attention within it (with `use_cache=False`;
    its cache would hide where a sample begins). The first token of a sample counts for nothing: it would be predicted
    from the sample before.

    Returns:
        `input_ids`, `labels` and `position_ids`, all of one length.
    """
    row: dict[str, list[int]] = {"input_ids": [], "labels": [], "position_ids": []}
    for sample in samples:
        row["input_ids"] += sample.ids
        row["labels"] += [IGNORED, *sample.labels[1:]]
        row["position_ids"] += range(len(sample.ids))
    return row


def grouped_by_length(lengths: Sequence[int], batch_size: int, rng: Random) -> list[int]:
    """A random order in which batches hold samples of about the same length, the longest batch first.

    A lack of memory then shows at the first step.

    Returns:
        The samples' places; every place once.
    """
    order = list(range(len(lengths)))
    rng.shuffle(order)
    window = batch_size * WINDOW_BATCHES
    batches: list[list[int]] = []
    for start in range(0, len(order), window):
        part = sorted(order[start : start + window], key=lambda place: -lengths[place])
        batches += [part[at : at + batch_size] for at in range(0, len(part), batch_size)]
    whole = [batch for batch in batches if len(batch) == batch_size]
    rest = [batch for batch in batches if len(batch) < batch_size]
    rng.shuffle(whole)
    if whole:
        longest = max(range(len(whole)), key=lambda at: lengths[whole[at][0]])
        whole[0], whole[longest] = whole[longest], whole[0]
    return [place for batch in [*whole, *rest] for place in batch]
