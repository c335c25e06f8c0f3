"""What of several sources is learned from in an epoch: all, a share, or so many of each, drawn anew every time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from oa.errors import InvalidSetting


@dataclass(frozen=True, slots=True)
class Ingredient:
    """One source of a mixture; at most one of `fraction` and `size` is given, and neither takes all of it."""

    name: str
    available: int
    fraction: float | None = None
    """0..1"""
    size: int | None = None

    def __post_init__(self) -> None:
        if self.fraction is not None and self.size is not None:
            raise InvalidSetting(f"{self.name} has both a fraction and a size: say one of them")
        if self.fraction is not None and not 0 < self.fraction <= 1:
            raise InvalidSetting(f"the fraction of {self.name} must be above 0 and at most 1, not {self.fraction}")
        if self.size is not None and not 0 < self.size <= self.available:
            raise InvalidSetting(f"{self.name} has {self.available:,} samples, so its size cannot be {self.size:,}")

    @property
    def taken(self) -> int:
        """How many samples of it an epoch has; of a source that is not empty, at least one."""
        if self.fraction is not None:
            return max(round(self.fraction * self.available), min(1, self.available))
        return self.available if self.size is None else self.size


Drawn = tuple[int, int]
"""Which source, and which of its samples."""


def drawn(ingredients: Sequence[Ingredient], epoch: int, seed: int) -> list[Drawn]:
    """The samples of an epoch in a random order, none of them twice.

    The same epoch and seed always draw the same. Every epoch draws for itself: what a share leaves out of one may come
    in the next. Open-Assistant did the same, but only where a switch was set that was off.

    Args:
        epoch: counted from 0.
    """
    rng = Random(f"{seed}/{epoch}")
    found: list[Drawn] = []
    for place, one in enumerate(ingredients):
        taken = range(one.available) if one.taken == one.available else rng.sample(range(one.available), one.taken)
        found += [(place, at) for at in taken]
    rng.shuffle(found)
    return found
