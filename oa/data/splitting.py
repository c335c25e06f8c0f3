"""Two sides of a data set, so that what is learned from and what is measured on have nothing in common."""

from __future__ import annotations

import hashlib
from collections.abc import Collection

from oa.domain.samples import Sample, Speaker, about, texts_of, turns_of


def family_of(sample: Sample) -> str:
    """What a sample is kept together with: its tree; without one, those that begin with the same question."""
    if (tree := about(sample).tree) is not None:
        return tree
    turns = [turn for turn in turns_of(sample) if turn.speaker is not Speaker.SYSTEM]
    return turns[0].text if turns else next(texts_of(sample), "")


def held_out(families: Collection[str], share: float, seed: int) -> frozenset[str]:
    """The families that are kept from training: so many that their share is right to one family, at least one of two.

    Which they are depends on each family and the seed alone, so hardly any changes sides when others come in.

    Args:
        share: 0..1.
    """
    distinct = sorted(set(families), key=lambda family: hashlib.sha256(f"{seed}/{family}".encode()).digest())
    count = round(share * len(distinct))
    if share > 0 and len(distinct) > 1:
        count = min(max(count, 1), len(distinct) - 1)
    return frozenset(distinct[:count])
