"""How many tasks one person may ask for without answering them.

Each count runs in a window that begins with its first request and then starts anew. An answered task gives its count
back, so that whoever works is never stopped, however fast, while whoever hoards or skips is. All of it is in memory: a
restart forgets it. It is asked inside write transactions only, which run one at a time.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from oa.domain.people import Caller, Identity
from oa.domain.tasks import RATE_LIMIT, RATE_LIMITS, RateLimit, TaskKind
from oa.errors import TooMany
from oa.protocol.trust import SignsRaised

WITHOUT_USER = RateLimit(10_000, 60)
"""For each API key, over the requests that name no user."""

BETWEEN_LOOKS = timedelta(minutes=1)
"""How long the last look for signs of abuse is recent enough: each reads a month of everybody's work."""

LONGEST_WINDOW_S = max(limit.window_s for limit in (RATE_LIMIT, WITHOUT_USER, *RATE_LIMITS.values()))

MOST_KEPT = 100_000
"""Windows and tasks that are remembered at most; the oldest go first."""

Key = tuple[UUID, str | None, TaskKind | None]


@dataclass(slots=True)
class Window:
    """The requests since `start` that are not answered yet."""

    start: datetime
    count: int = 0


@dataclass(frozen=True, slots=True)
class Handed:
    """A task that was given out, and the windows that it counts in."""

    at: datetime
    windows: tuple[Window, ...]
    message_key: list[tuple[UUID, str]] = field(default_factory=list[tuple[UUID, str]])
    """Under which frontend message id the task was acknowledged; empty until then."""


class Limits:
    """The counts of everybody who asked lately."""

    def __init__(self) -> None:
        self._windows: dict[Key, Window] = {}  # oldest start first
        self._handed: dict[UUID, Handed] = {}  # oldest first
        self._answered: dict[UUID, Handed] = {}  # as well, so that an answer that is taken back counts again
        self._by_message: dict[tuple[UUID, str], UUID] = {}
        self.looking = asyncio.Lock()
        """Held by whoever looks for signs of abuse at somebody's request, so that others wait for what it brings."""
        self.last_look: SignsRaised | None = None

    def take(self, caller: Caller, who: Identity | None, kind: TaskKind | None, now: datetime) -> tuple[Window, ...]:
        """Count a request for a task; `kind` is the one that was asked for, None for any.

        Raises:
            TooMany: too many requests lately are unanswered; it says when to come back.
        """
        self._forget(now)
        windows: list[Window] = []
        for key, limit in _limits(caller, who, kind):
            window = self._window(key, limit, now)
            if window.count >= limit.requests:
                raise _too_many(window, limit, now)
            windows.append(window)
        for window in windows:
            window.count += 1
        return tuple(windows)

    def handed_out(self, task_id: UUID, windows: tuple[Window, ...], now: datetime) -> None:
        """Remember which count a task will give back. The same task handed out again, as a retry, counts once."""
        if task_id in self._handed:
            _give_back(windows)
        elif windows:
            self._handed[task_id] = Handed(now, windows)

    def acknowledged(self, caller: Caller, task_id: UUID, frontend_message_id: str) -> None:
        """Remember the name under which the task will be answered."""
        handed = self._handed.get(task_id)
        if handed is not None and not handed.message_key:
            key = (caller.client.id, frontend_message_id)
            handed.message_key.append(key)
            self._by_message[key] = task_id

    def answered_message(self, caller: Caller, frontend_message_id: str) -> None:
        """The task that was acknowledged under this name is answered."""
        task_id = self._by_message.get((caller.client.id, frontend_message_id))
        if task_id is not None:
            self.answered(task_id)

    def answered(self, task_id: UUID) -> None:
        """Give a task's count back, once."""
        handed = self._handed.pop(task_id, None)
        if handed is None:
            return
        _give_back(handed.windows)
        for key in handed.message_key:
            del self._by_message[key]
        self._answered[task_id] = handed

    def taken_back(self, task_id: UUID) -> None:
        """Count a task again: its answer was taken back, so that it waits for another."""
        handed = self._answered.pop(task_id, None)
        if handed is None:
            return  # so long ago that it counts no more, or never counted
        for window in handed.windows:
            window.count += 1
        self._handed[task_id] = handed
        self._by_message.update(dict.fromkeys(handed.message_key, task_id))

    def _window(self, key: Key, limit: RateLimit, now: datetime) -> Window:
        window = self._windows.get(key)
        if window is None or now - window.start >= timedelta(seconds=limit.window_s):
            self._windows.pop(key, None)
            window = self._windows[key] = Window(now)
        return window

    def _forget(self, now: datetime) -> None:
        """Let go of what no longer counts. Each request adds three entries at most and removes up to six."""
        for _ in range(2):
            oldest = next(iter(self._windows.items()), None)
            if oldest and (len(self._windows) > MOST_KEPT or _is_over(oldest[1].start, now)):
                del self._windows[oldest[0]]
            task = next(iter(self._handed.items()), None)
            if task and (len(self._handed) > MOST_KEPT or _is_over(task[1].at, now)):
                del self._handed[task[0]]
                for key in task[1].message_key:
                    del self._by_message[key]
            answered = next(iter(self._answered.items()), None)
            if answered and (len(self._answered) > MOST_KEPT or _is_over(answered[1].at, now)):
                del self._answered[answered[0]]


def _give_back(windows: Iterable[Window]) -> None:
    for window in windows:  # one that has run out meanwhile is no longer looked at
        window.count -= 1


def _limits(caller: Caller, who: Identity | None, kind: TaskKind | None) -> Iterator[tuple[Key, RateLimit]]:
    client = caller.client.id
    if caller.person is not None:
        user = str(caller.person.id)
    elif who is not None:
        user = f"{who.auth_method}:{who.username}"
    else:
        yield (client, None, None), WITHOUT_USER
        return
    yield (client, user, None), RATE_LIMIT
    if kind is not None and kind in RATE_LIMITS:
        yield (client, user, kind), RATE_LIMITS[kind]


def _is_over(start: datetime, now: datetime) -> bool:
    return now - start >= timedelta(seconds=LONGEST_WINDOW_S)


def _too_many(window: Window, limit: RateLimit, now: datetime) -> TooMany:
    wait_s = max(1, math.ceil(window.start.timestamp() + limit.window_s - now.timestamp()))
    return TooMany(
        f"{limit.requests} tasks were asked for within {limit.window_s} seconds and not answered; answer them, or ask"
        f" again in {wait_s} seconds",
        retry_after_s=wait_s,
    )
