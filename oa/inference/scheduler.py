"""Who is answered next, and by whom.

Every model has a queue and any number of lanes: this process, or workers on other machines. The queue is bounded and
fair: people take turns, however many requests each of them has waiting.
"""

from __future__ import annotations

import asyncio
import math
from collections import OrderedDict, deque
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from oa.errors import ModelFailed, QueueFull, TimedOut, TooMany
from oa.inference.answering import Question, Queued, Started
from oa.inference.engine import End, Token

T = TypeVar("T")

MINUTE_S = 60.0
RUNS_REMEMBERED = 20

MOST_LOSSES = 3
"""A question over which so many lanes were lost is not asked again: it may be what they were lost by."""


class LaneLost(Exception):
    """What answers is gone. Raised by a lane; the request is queued again unless part of the answer was shown."""


class Lane(Protocol):
    """Something that answers questions to one model."""

    @property
    def worker(self) -> str | None:
        """The name of the worker, if it is one."""
        ...

    @property
    def places(self) -> int:
        """How many questions it takes at the same time, now. After a change the queue wants to be told (`wake`)."""
        ...

    def answer(self, question: Question) -> AsyncGenerator[Started | Token | End, None]:
        """One `Started`, the tokens, one `End`. Closing it cancels.

        Raises:
            LaneLost: the lane is gone; whatever is to be said to people is said elsewhere.
            OaError: this question failed.
        """
        ...


@dataclass(frozen=True, slots=True)
class Limits:
    """What one hub lets people ask. 0 stands for no limit."""

    queue_size: int = 100
    """Requests that may wait for one model."""
    per_person: int = 40
    """Requests that one person may have waiting and running, at all models together."""
    per_person_per_minute: int = 120
    wait_s: float = 120.0
    run_s: float = 600.0


@dataclass(frozen=True, slots=True)
class Load:
    """What goes on at one model, and what went on since the start."""

    model: str
    lanes: int
    places: int
    waiting: int
    running: int
    answers: int
    tokens: int
    answering_s: float
    """Seconds between the first and the last piece, of all answers together."""
    first_token_s: float
    """Seconds from the question to the first piece, of all answers together."""


@dataclass(eq=False, slots=True)
class _Open:
    """A lane in use."""

    lane: Lane
    running: int = 0
    is_removed: bool = False

    @property
    def free(self) -> int:
        return 0 if self.is_removed else self.lane.places - self.running


@dataclass(eq=False, slots=True)
class _Ticket:
    question: Question
    deadline: float
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    position: int = 0
    lane: _Open | None = None
    losses: int = 0


class _Deadline:
    """One time limit for all pieces of an answer. `asyncio.timeout` would set and clear a timer for each of them."""

    def __init__(self, loop: asyncio.AbstractEventLoop, at: float | None) -> None:
        self._timer = None if at is None else loop.call_at(at, self._pass)
        self._waiting: asyncio.Task[Any] | None = None
        self._has_passed = False

    async def next_of(self, pieces: AsyncGenerator[T, None]) -> T:
        """Raises: TimeoutError, StopAsyncIteration."""
        if self._has_passed:
            raise TimeoutError
        self._waiting = task = asyncio.current_task()
        try:
            return await anext(pieces)
        except asyncio.CancelledError:
            if self._has_passed and task is not None and task.uncancel() == 0:
                raise TimeoutError from None
            raise
        finally:
            self._waiting = None

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _pass(self) -> None:
        self._has_passed = True
        if self._waiting is not None:
            self._waiting.cancel()


class Visitors:
    """What people have under way and had lately, at all models together."""

    def __init__(self, limits: Limits, now: Callable[[], float]) -> None:
        self._limits = limits
        self._now = now
        self._present: dict[str, int] = {}
        self._lately: OrderedDict[str, deque[float]] = OrderedDict()

    def enter(self, person: str) -> None:
        """Raises: TooMany, with the seconds to wait."""
        limits = self._limits
        if limits.per_person and self._present.get(person, 0) >= limits.per_person:
            raise TooMany(
                f"you have {limits.per_person} answers under way, which is as many as one may have; wait for one",
                retry_after_s=1,
            )
        self._count(person)
        self._present[person] = self._present.get(person, 0) + 1

    def leave(self, person: str) -> None:
        left = self._present.pop(person, 1) - 1
        if left:
            self._present[person] = left

    def _count(self, person: str) -> None:
        most, now = self._limits.per_person_per_minute, self._now()
        if not most:
            return
        while self._lately and next(iter(self._lately.values()))[-1] <= now - MINUTE_S:
            self._lately.popitem(last=False)
        times = self._lately.setdefault(person, deque())
        while times and times[0] <= now - MINUTE_S:
            times.popleft()
        if len(times) >= most:
            wait_s = math.ceil(times[0] + MINUTE_S - now)
            raise TooMany(f"you may ask {most} times a minute; try again in {wait_s} s", retry_after_s=wait_s)
        times.append(now)
        self._lately.move_to_end(person)


class Queue:
    """The queue before one model."""

    def __init__(self, model: str, limits: Limits, visitors: Visitors) -> None:
        self.model = model
        self._limits = limits
        self._visitors = visitors
        self._lanes: list[_Open] = []
        self._waiting: OrderedDict[str, deque[_Ticket]] = OrderedDict()
        self._durations: deque[float] = deque(maxlen=RUNS_REMEMBERED)
        self._answers = 0
        self._tokens = 0
        self._answering_s = 0.0
        self._first_token_s = 0.0

    @property
    def lanes(self) -> tuple[Lane, ...]:
        return tuple(open_lane.lane for open_lane in self._lanes)

    def add(self, lane: Lane) -> None:
        """From now on this lane answers as well."""
        self._lanes.append(_Open(lane))
        self.wake()

    def remove(self, lane: Lane) -> None:
        """Nothing new goes to this lane; what it has under way it may end."""
        for open_lane in self._lanes:
            open_lane.is_removed = open_lane.is_removed or open_lane.lane is lane
        self._lanes = [open_lane for open_lane in self._lanes if not open_lane.is_removed]

    def load(self) -> Load:
        """What goes on here."""
        return Load(
            model=self.model,
            lanes=len(self._lanes),
            places=sum(open_lane.lane.places for open_lane in self._lanes),
            waiting=self._size(),
            running=self._running(),
            answers=self._answers,
            tokens=self._tokens,
            answering_s=self._answering_s,
            first_token_s=self._first_token_s,
        )

    async def answer(self, question: Question) -> AsyncGenerator[Queued | Started | Token | End, None]:
        """As `oa.inference.answering.Answering.answer`."""
        ticket = self._enter(question)
        has_started, has_shown = False, False
        try:
            while True:
                async for place in self._wait(ticket):
                    if not has_started:
                        yield place
                try:
                    async with aclosing(self._run(ticket)) as pieces:
                        async for piece in pieces:
                            if not isinstance(piece, Started):
                                has_shown = True
                                yield piece
                            elif not has_started:
                                has_started = True
                                yield piece
                    return
                except LaneLost as lost:
                    if has_shown:
                        raise ModelFailed("what answered is gone; this is as far as it came") from lost
                    ticket.losses += 1
                    if ticket.losses == MOST_LOSSES:
                        raise ModelFailed(f"{MOST_LOSSES} workers were lost over this question; ask another") from lost
                    self._put_back(ticket)
        finally:
            self._leave(ticket)

    def wake(self) -> None:
        """Give free places to those who wait, and tell the others where they stand."""
        while self._waiting and (open_lane := self._freest()) is not None:
            ticket = self._next()
            ticket.lane = open_lane
            open_lane.running += 1
            ticket.changed.set()
        for position, ticket in enumerate(self._in_order()):
            if ticket.position != position:
                ticket.position = position
                ticket.changed.set()

    def _enter(self, question: Question) -> _Ticket:
        if self._limits.queue_size and self._size() >= self._limits.queue_size and self._freest() is None:
            raise QueueFull(
                f"{self._size()} requests wait for {self.model}, which is as many as may; try again in a moment",
                retry_after_s=self._wait_expected_s(),
            )
        self._visitors.enter(question.person)
        ticket = _Ticket(question, asyncio.get_running_loop().time() + self._limits.wait_s, position=-1)
        self._waiting.setdefault(question.person, deque()).append(ticket)
        self.wake()
        return ticket

    def _put_back(self, ticket: _Ticket) -> None:
        """In front of what the same person asked, who goes first."""
        self._free_lane(ticket)
        ticket.position = -1
        ticket.deadline = asyncio.get_running_loop().time() + self._limits.wait_s
        self._waiting.setdefault(ticket.question.person, deque()).appendleft(ticket)
        self._waiting.move_to_end(ticket.question.person, last=False)
        self.wake()

    def _leave(self, ticket: _Ticket) -> None:
        self._visitors.leave(ticket.question.person)
        self._free_lane(ticket)
        theirs = self._waiting.get(ticket.question.person)
        if theirs is not None and ticket in theirs:
            theirs.remove(ticket)
            if not theirs:
                del self._waiting[ticket.question.person]
        self.wake()

    @staticmethod
    def _free_lane(ticket: _Ticket) -> None:
        if ticket.lane is not None:
            ticket.lane.running -= 1
            ticket.lane = None

    async def _wait(self, ticket: _Ticket) -> AsyncGenerator[Queued, None]:
        shown = -1
        while ticket.lane is None:
            if ticket.position != shown:
                shown = ticket.position
                yield Queued(shown, self._size())
            ticket.changed.clear()
            if ticket.lane is not None or ticket.position != shown:
                continue  # it changed while the last place was looked at
            try:
                async with asyncio.timeout_at(ticket.deadline if self._limits.wait_s else None):
                    await ticket.changed.wait()
            except TimeoutError:
                raise TimedOut(
                    f"{self.model} had no time for this within {self._limits.wait_s:g} s; try again later"
                ) from None

    async def _run(self, ticket: _Ticket) -> AsyncGenerator[Started | Token | End, None]:
        assert ticket.lane is not None
        loop = asyncio.get_running_loop()
        begin, first = loop.time(), 0.0
        deadline = _Deadline(loop, begin + self._limits.run_s if self._limits.run_s else None)
        pieces = ticket.lane.lane.answer(ticket.question)
        try:
            while True:
                try:
                    piece = await deadline.next_of(pieces)
                except StopAsyncIteration:
                    return
                if not isinstance(piece, Started):
                    first = first or loop.time()
                    self._tokens += isinstance(piece, Token)
                yield piece
        except TimeoutError:
            raise TimedOut(f"the answer took longer than {self._limits.run_s:g} s; this is as far as it came") from None
        finally:
            deadline.stop()
            await pieces.aclose()
            self._note(begin, first or loop.time(), loop.time())

    def _note(self, begin: float, first: float, end: float) -> None:
        self._answers += 1
        self._first_token_s += first - begin
        self._answering_s += end - first
        self._durations.append(end - begin)

    def _next(self) -> _Ticket:
        """The first request of the person whose turn it is; then it is everybody else's turn before theirs again."""
        person, theirs = next(iter(self._waiting.items()))
        ticket = theirs.popleft()
        if theirs:
            self._waiting.move_to_end(person)
        else:
            del self._waiting[person]
        return ticket

    def _in_order(self) -> list[_Ticket]:
        """Everybody who waits, in the order in which `_next` will take them."""
        rounds = max((len(theirs) for theirs in self._waiting.values()), default=0)
        return [theirs[row] for row in range(rounds) for theirs in self._waiting.values() if row < len(theirs)]

    def _freest(self) -> _Open | None:
        """The lane with most room, if one has any; the first of several."""
        best = max(self._lanes, key=lambda open_lane: open_lane.free, default=None)
        return best if best is not None and best.free > 0 else None

    def _size(self) -> int:
        return sum(len(theirs) for theirs in self._waiting.values())

    def _running(self) -> int:
        return sum(open_lane.running for open_lane in self._lanes)

    def _wait_expected_s(self) -> int:
        """How long until a place in the queue is free, going by the last answers."""
        mean = sum(self._durations) / len(self._durations) if self._durations else 1.0
        return max(1, min(60, math.ceil(mean / max(1, self._running()))))
