from __future__ import annotations

import asyncio
import threading

import pytest

from oa.inference.channel import AT_ONCE, PAUSE_S, Channel


async def test_pieces_of_a_thread_arrive_in_order_and_all_of_them() -> None:
    channel = Channel[int](asyncio.get_running_loop())

    def write() -> None:
        for number in range(5000):
            channel.put(number)
        channel.close()

    thread = threading.Thread(target=write)
    thread.start()
    assert [number async for number in channel.take()] == list(range(5000))
    thread.join()


async def test_a_failure_is_raised_behind_the_last_piece() -> None:
    channel = Channel[str](asyncio.get_running_loop())
    channel.put("piece")
    channel.close(ValueError("broken"))
    channel.close()
    pieces = channel.take()
    assert await anext(pieces) == "piece"
    with pytest.raises(ValueError, match="broken"):
        await anext(pieces)


async def test_others_have_their_turn_while_many_pieces_are_taken() -> None:
    channel = Channel[int](asyncio.get_running_loop())
    for number in range(10 * AT_ONCE):
        channel.put(number)
    channel.close()
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    assert len([number async for number in channel.take()]) == 10 * AT_ONCE
    counting.cancel()
    assert turns >= 9


async def test_a_piece_wakes_who_waits_for_it() -> None:
    channel = Channel[str](asyncio.get_running_loop())
    pieces = channel.take()
    waiting = asyncio.ensure_future(anext(pieces))
    await asyncio.sleep(0)
    threading.Thread(target=channel.put, args=("late",)).start()
    async with asyncio.timeout(5):
        assert await waiting == "late"


def test_a_piece_for_a_loop_that_is_gone_does_no_harm() -> None:
    loop = asyncio.new_event_loop()
    channel = Channel[str](loop)
    loop.close()
    channel.put("lost")
    channel.close()


async def test_after_the_first_piece_those_that_come_soon_come_together() -> None:
    channel, loop = Channel[int](asyncio.get_running_loop()), asyncio.get_running_loop()
    arrived: list[tuple[int, float]] = []

    async def listen() -> None:
        arrived.extend([(number, loop.time()) async for number in channel.take()])

    listening = asyncio.create_task(listen())
    await asyncio.sleep(0)
    begin = loop.time()
    for number in range(4):
        channel.put(number)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    loop.call_later(5 * PAUSE_S, channel.close)
    await listening
    first, *others = (at - begin for _, at in arrived)
    assert first < PAUSE_S <= others[0]
    assert others[-1] - others[0] < PAUSE_S


async def test_the_end_is_not_waited_for() -> None:
    channel, loop = Channel[int](asyncio.get_running_loop()), asyncio.get_running_loop()
    pieces = channel.take()
    channel.put(1)
    assert await anext(pieces) == 1
    waiting = asyncio.ensure_future(anext(pieces))
    await asyncio.sleep(0)
    begin = loop.time()
    channel.put(2)
    await asyncio.sleep(0)
    channel.close()
    assert await waiting == 2
    assert await anext(pieces, None) is None
    assert loop.time() - begin < PAUSE_S
