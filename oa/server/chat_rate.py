"""How often one person may ask for an answer."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

from oa.errors import TooMany

MOST_KEPT = 100_000
"""People whose requests are counted at most; who has not asked for the longest time goes first."""


@dataclass(slots=True)
class ChatRate:
    """How many answers each person has asked for lately. It is in memory; a restart forgets it."""

    most: int
    """Within the window; 0 for any number."""
    window_s: int
    clock: Callable[[], float] = time.monotonic
    _asked: dict[UUID, deque[float]] = field(default_factory=dict[UUID, deque[float]])

    def take(self, person_id: UUID) -> None:
        """Count a request.

        Raises:
            TooMany: there were too many within the window.
        """
        if not self.most:
            return
        now = self.clock()
        asked = self._asked.pop(person_id, None) or deque()
        self._asked[person_id] = asked
        while asked and asked[0] <= now - self.window_s:
            asked.popleft()
        if len(asked) >= self.most:
            wait_s = max(1, math.ceil(asked[0] + self.window_s - now))
            raise TooMany(
                f"{self.most} answers within {self.window_s} seconds is as many as one person may ask for;"
                f" ask again in {wait_s} seconds",
                retry_after_s=wait_s,
            )
        asked.append(now)
        if len(self._asked) > MOST_KEPT:
            del self._asked[next(iter(self._asked))]

    def give_back(self, person_id: UUID) -> None:
        """The last request came to nothing, by no fault of theirs."""
        if asked := self._asked.get(person_id):
            asked.pop()
