from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress

import pytest

from oa.domain.sampling import Sampling
from oa.errors import ModelFailed, QueueFull, TimedOut, TooMany
from oa.inference.answering import Question, Queued, Started
from oa.inference.engine import End, Reason, Role, Token, Turn
from oa.inference.scheduler import LaneLost, Limits, Queue, Visitors

Piece = Queued | Started | Token | End


class Bench:
    """A lane that answers when it is told to."""

    worker: str | None = None

    def __init__(self, places: int = 1) -> None:
        self.places = places
        self.begun: list[str] = []
        self.gates: dict[str, asyncio.Event] = {}
        self.closed: list[str] = []
        self.is_lost = False
        self.is_lost_after_a_token = False

    def finish(self, name: str) -> None:
        self.gates[name].set()

    async def answer(self, question: Question) -> AsyncGenerator[Started | Token | End, None]:
        self.begun.append(question.id)
        gate = self.gates.setdefault(question.id, asyncio.Event())
        try:
            yield Started(1, 0)
            if self.is_lost:
                await gate.wait()
                raise LaneLost
            yield Token(question.id)
            if self.is_lost_after_a_token:
                raise LaneLost
            await gate.wait()
            yield End(Reason.END, 1, 1)
        finally:
            self.closed.append(question.id)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def question(name: str, person: str = "ann") -> Question:
    return Question(name, person, "m", (Turn(Role.USER, name),), Sampling())


def queue_with(*lanes: Bench, now: Clock | None = None, **limits: float) -> Queue:
    chosen = Limits(**limits)  # type: ignore[arg-type]
    queue = Queue("m", chosen, Visitors(chosen, now or Clock()))
    for lane in lanes:
        queue.add(lane)
    return queue


async def listen(queue: Queue, asked: Question) -> list[Piece]:
    return [piece async for piece in queue.answer(asked)]


async def settle() -> None:
    """Let everything that can go on go on."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_an_answer_is_passed_on_whole() -> None:
    queue = queue_with(lane := Bench())
    answer = asyncio.create_task(listen(queue, question("a")))
    await settle()
    lane.finish("a")
    assert await answer == [Started(1, 0), Token("a"), End(Reason.END, 1, 1)]
    assert (queue.load().answers, queue.load().tokens, queue.load().running) == (1, 1, 0)


async def test_who_waits_sees_how_the_place_changes() -> None:
    queue = queue_with(lane := Bench())
    answers = [asyncio.create_task(listen(queue, question(name))) for name in "abc"]
    await settle()
    assert (queue.load().waiting, queue.load().running) == (2, 1)
    for name in "abc":
        lane.finish(name) if name in lane.gates else lane.gates.setdefault(name, asyncio.Event()).set()
        await settle()
    last = await answers[2]
    assert [piece for piece in last if isinstance(piece, Queued)] == [Queued(1, 2), Queued(0, 1)]
    assert lane.begun == ["a", "b", "c"]


async def test_people_take_turns_however_much_one_asks() -> None:
    queue = queue_with(lane := Bench())
    asked = [question(name, "greedy") for name in ("g1", "g2", "g3", "g4")] + [question("m1", "modest")]
    asked.append(question("o1", "other"))
    answers = [asyncio.create_task(listen(queue, one)) for one in asked]
    await settle()
    for _ in asked:
        lane.finish(lane.begun[-1])
        await settle()
    await asyncio.gather(*answers)
    assert lane.begun == ["g1", "g2", "m1", "o1", "g3", "g4"]


async def test_a_full_queue_refuses_with_the_seconds_to_wait() -> None:
    queue = queue_with(Bench(), queue_size=2)
    answers = [asyncio.create_task(listen(queue, question(name, name))) for name in "abc"]
    await settle()
    with pytest.raises(QueueFull, match="2 requests wait") as refused:
        await listen(queue, question("d", "d"))
    assert refused.value.retry_after_s >= 1
    for answer in answers:
        answer.cancel()
    await asyncio.gather(*answers, return_exceptions=True)
    assert (queue.load().waiting, queue.load().running) == (0, 0)


async def test_one_person_has_only_so_many_under_way() -> None:
    queue = queue_with(lane := Bench(places=9), per_person=2)
    answers = [asyncio.create_task(listen(queue, question(name))) for name in "ab"]
    await settle()
    with pytest.raises(TooMany, match="2 answers under way"):
        await listen(queue, question("c"))
    other = asyncio.create_task(listen(queue, question("d", "ben")))
    await settle()
    assert lane.begun == ["a", "b", "d"]
    lane.finish("a")
    await answers[0]
    third = asyncio.create_task(listen(queue, question("c")))
    await settle()
    for name in ("b", "c", "d"):
        lane.finish(name)
    await asyncio.gather(answers[1], third, other)


async def test_one_person_asks_only_so_often_in_a_minute() -> None:
    clock = Clock()
    queue = queue_with(lane := Bench(), now=clock, per_person_per_minute=2)
    for name in "abcd":
        lane.gates[name] = asyncio.Event()
        lane.finish(name)
    await listen(queue, question("a"))
    clock.now += 20
    await listen(queue, question("b"))
    with pytest.raises(TooMany, match="2 times a minute") as refused:
        await listen(queue, question("c"))
    assert refused.value.retry_after_s == 40
    await listen(queue, question("d", "ben"))
    clock.now += 41
    await listen(queue, question("c"))


async def test_waiting_too_long_ends_with_an_error() -> None:
    queue = queue_with(Bench(), wait_s=0.02)
    first = asyncio.create_task(listen(queue, question("a")))
    await settle()
    with pytest.raises(TimedOut, match="no time for this"):
        await listen(queue, question("b"))
    assert queue.load().waiting == 0
    first.cancel()
    with suppress(asyncio.CancelledError):
        await first


async def test_running_too_long_ends_with_an_error_and_frees_the_place() -> None:
    queue = queue_with(lane := Bench(), run_s=0.02)
    pieces: list[Piece] = []

    async def listen_to_a() -> None:
        async for piece in queue.answer(question("a")):
            pieces.append(piece)

    with pytest.raises(TimedOut, match="took longer"):
        await listen_to_a()
    assert pieces == [Started(1, 0), Token("a")]
    assert lane.closed == ["a"]
    assert queue.load().running == 0


async def test_whoever_listens_slowly_meets_the_limit_with_the_next_piece() -> None:
    queue = queue_with(Bench(), run_s=0.02)
    async with aclosing(queue.answer(question("a"))) as pieces:
        assert isinstance(await anext(pieces), Started)
        over = asyncio.Event()
        asyncio.get_running_loop().call_later(0.03, over.set)
        await over.wait()
        with pytest.raises(TimedOut, match="took longer"):
            await anext(pieces)


async def test_a_listener_that_is_cancelled_is_not_told_of_a_limit() -> None:
    queue = queue_with(lane := Bench(), run_s=60)
    listening = asyncio.create_task(listen(queue, question("a")))
    await settle()
    listening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await listening
    assert lane.closed == ["a"]


async def test_closing_cancels_what_runs_and_lets_the_next_one_in_at_once() -> None:
    queue = queue_with(lane := Bench())
    async with aclosing(queue.answer(question("a"))) as pieces:
        assert isinstance(await anext(pieces), Started)
        waiting = asyncio.create_task(listen(queue, question("b")))
        await settle()
        assert lane.begun == ["a"]
    assert lane.closed == ["a"]
    await settle()
    assert lane.begun == ["a", "b"]
    lane.finish("b")
    await waiting


async def test_closing_takes_who_waits_out_of_the_queue() -> None:
    queue = queue_with(lane := Bench())
    first = asyncio.create_task(listen(queue, question("a")))
    await settle()
    async with aclosing(queue.answer(question("b"))) as pieces:
        assert await anext(pieces) == Queued(0, 1)
    assert queue.load().waiting == 0
    lane.finish("a")
    await first
    assert lane.begun == ["a"]


async def test_a_new_lane_takes_who_waits() -> None:
    queue = queue_with()
    waiting = asyncio.create_task(listen(queue, question("a")))
    await settle()
    queue.add(lane := Bench())
    await settle()
    lane.finish("a")
    assert (await waiting)[0] == Queued(0, 1)


async def test_a_lane_with_more_room_is_taken_first_and_a_removed_one_no_more() -> None:
    queue = queue_with(small := Bench(1), large := Bench(3))
    answers = [asyncio.create_task(listen(queue, question(name))) for name in "ab"]
    await settle()
    assert large.begun == ["a", "b"]
    queue.remove(large)
    answers += [asyncio.create_task(listen(queue, question("c")))]
    await settle()
    assert small.begun == ["c"]
    for lane, name in ((large, "a"), (large, "b"), (small, "c")):
        lane.finish(name)
    assert all(isinstance(pieces[-1], End) for pieces in await asyncio.gather(*answers))


async def test_more_places_are_used_once_the_queue_is_told() -> None:
    queue = queue_with(lane := Bench(1))
    answers = [asyncio.create_task(listen(queue, question(name))) for name in "abc"]
    await settle()
    assert lane.begun == ["a"]
    lane.places = 3
    queue.wake()
    await settle()
    assert lane.begun == ["a", "b", "c"]
    for name in "abc":
        lane.finish(name)
    await asyncio.gather(*answers)


async def test_what_a_lost_lane_has_not_begun_is_answered_by_another_first() -> None:
    queue = queue_with(lost := Bench(1))
    lost.is_lost = True
    answer = asyncio.create_task(listen(queue, question("a")))
    await settle()
    later = asyncio.create_task(listen(queue, question("b")))
    await settle()
    queue.remove(lost)
    lost.finish("a")
    await settle()
    queue.add(found := Bench(1))
    await settle()
    assert found.begun == ["a"]
    found.finish("a")
    assert await answer == [Started(1, 0), Token("a"), End(Reason.END, 1, 1)]
    await settle()
    found.finish("b")
    await later


async def test_an_answer_that_was_begun_by_a_lost_lane_ends_as_far_as_it_came() -> None:
    queue = queue_with(lane := Bench())
    lane.is_lost_after_a_token = True
    pieces = queue.answer(question("a"))
    assert [await anext(pieces), await anext(pieces)] == [Started(1, 0), Token("a")]
    with pytest.raises(ModelFailed, match="as far as it came"):
        await anext(pieces)
    assert queue.load().running == 0
