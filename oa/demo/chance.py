"""What is left to chance in a community's past: who, when, and which."""

from __future__ import annotations

import random
from bisect import bisect
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import accumulate
from typing import TypeVar
from uuid import UUID

from oa.domain.people import User

T = TypeVar("T")

A_DAY = timedelta(days=1)


class Chance:
    """Whatever is left to it."""

    def __init__(self, rng: random.Random, until: datetime, span: timedelta) -> None:
        self.rng = rng
        self._latest = until - A_DAY
        self._span = span - A_DAY
        self._people: list[UUID] = []
        self._busyness: list[float] = []

    def invite(self, people: Sequence[User]) -> None:
        """A few do most of the work: the nth busiest does about 1/n of what the busiest does."""
        self._people = [person.id for person in people]
        self._busyness = list(accumulate(1 / (rank + 3) for rank in range(len(people))))

    def new_id(self) -> UUID:
        return UUID(int=self.rng.getrandbits(128), version=4)

    def somebody(self, taken: set[UUID]) -> UUID:
        """Somebody who is not taken yet, mostly a busy one; taken from now on."""
        while True:
            found = self._people[bisect(self._busyness, self.rng.random() * self._busyness[-1])]
            if found not in taken:
                taken.add(found)
                return found

    def moment(self) -> datetime:
        """When something began, with a day left for what follows from it."""
        return self._latest - self.rng.random() * self._span

    def one_of(self, shares: Mapping[T, float]) -> T:
        (found,) = self.rng.choices(list(shares), list(shares.values()))
        return found
