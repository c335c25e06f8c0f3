from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from oa.errors import ModelFailed
from oa.inference.engine import Engine
from oa.inference.residence import Residence, Resident


class Weight:
    """An engine of which only loading and unloading matters."""

    def __init__(self) -> None:
        self.is_loaded = False
        self.loads = 0
        self.is_broken = False
        self.left = asyncio.Event()

    async def load(self) -> None:
        await asyncio.sleep(0)
        if self.is_broken:
            raise ModelFailed("it cannot be loaded")
        self.loads += not self.is_loaded
        self.is_loaded = True

    async def unload(self) -> None:
        await asyncio.sleep(0)
        self.is_loaded = False
        self.left.set()


def resident(name: str, needs: int = 60) -> Resident:
    return Resident(name, cast(Engine, Weight()), needs)


def weight(one: Resident) -> Any:
    return one.engine


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_a_model_is_loaded_once_however_many_need_it() -> None:
    residence, model = Residence(100, idle_s=0), resident("a")

    async def use() -> None:
        async with residence.using(model):
            assert model.engine.is_loaded
            await settle()

    await asyncio.gather(*(use() for _ in range(5)))
    assert weight(model).loads == 1


async def test_several_models_stay_where_there_is_room() -> None:
    residence, first, second = Residence(150, idle_s=0), resident("a"), resident("b")
    async with residence.using(first):
        pass
    async with residence.using(second):
        assert first.engine.is_loaded


async def test_the_model_that_was_used_longest_ago_makes_room() -> None:
    residence = Residence(130, idle_s=0)
    models = [resident(name) for name in "abc"]
    for model in (models[0], models[1], models[0]):
        async with residence.using(model):
            await settle()
    async with residence.using(models[2]):
        assert [model.engine.is_loaded for model in models] == [True, False, True]


async def test_a_model_ends_what_it_has_begun_and_takes_nothing_new_before_it_makes_room() -> None:
    residence, first, second = Residence(100, idle_s=0), resident("a"), resident("b")
    changes: list[bool] = []
    first.on_change = lambda: changes.append(first.must_leave)
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def use_first() -> None:
        async with residence.using(first):
            begun.set()
            await go_on.wait()
            assert first.engine.is_loaded

    async def use_second() -> None:
        async with residence.using(second):
            assert not first.engine.is_loaded

    running = asyncio.create_task(use_first())
    await begun.wait()
    switching = asyncio.create_task(use_second())
    await settle()
    assert first.must_leave
    assert not second.engine.is_loaded
    go_on.set()
    await asyncio.gather(running, switching)
    assert changes == [False, True, False]
    async with residence.using(first):
        assert not second.engine.is_loaded


async def test_a_model_larger_than_the_room_is_loaded_alone() -> None:
    residence, small, large = Residence(100, idle_s=0), resident("a"), resident("b", 1000)
    async with residence.using(small):
        pass
    async with residence.using(large):
        assert large.engine.is_loaded
        assert not small.engine.is_loaded


async def test_a_model_that_nobody_uses_is_unloaded() -> None:
    residence, model = Residence(100, idle_s=0.01), resident("a")
    async with residence.using(model):
        pass
    async with asyncio.timeout(5):
        await weight(model).left.wait()
    async with residence.using(model):
        assert weight(model).loads == 2


async def test_a_model_that_cannot_be_loaded_says_so_every_time_and_blocks_no_other() -> None:
    residence, broken, sound = Residence(100, idle_s=0), resident("a"), resident("b")
    weight(broken).is_broken = True
    for _ in range(2):
        with pytest.raises(ModelFailed):
            async with residence.using(broken):
                pass
    async with residence.using(sound):
        assert sound.engine.is_loaded
    weight(broken).is_broken = False
    async with residence.using(broken):
        assert broken.engine.is_loaded


async def test_closing_unloads_everything() -> None:
    residence, first, second = Residence(200, idle_s=100), resident("a"), resident("b")
    for model in (first, second):
        async with residence.using(model):
            pass
    await residence.close()
    assert not first.engine.is_loaded
    assert not second.engine.is_loaded
