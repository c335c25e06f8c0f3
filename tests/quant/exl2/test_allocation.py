from __future__ import annotations

from itertools import product
from random import Random

import pytest

from oa.quant.exl2.allocation import Measured, allocate
from oa.quant.exl2.layout import LAYOUTS


def options(*pairs: tuple[int, float]) -> list[Measured]:
    return [Measured(LAYOUTS[place], bits, error) for place, (bits, error) in enumerate(pairs)]


def test_bits_go_where_they_help_most() -> None:
    found = allocate({"deaf": options((10, 0.2), (20, 0.1)), "keen": options((10, 0.9), (20, 0.1))}, 30)

    assert {name: one.total_bits for name, one in found.items()} == {"deaf": 10, "keen": 20}


def test_what_costs_more_and_helps_nothing_is_left_out() -> None:
    found = allocate({"one": options((10, 0.5), (20, 0.6), (30, 0.5))}, 100)

    assert found["one"].total_bits == 10


def test_what_is_left_is_spent_on_smaller_steps() -> None:
    found = allocate({"one": options((10, 1.0), (19, 0.9), (30, 0.1))}, 20)

    assert found["one"].total_bits == 19


def test_too_small_a_budget_is_told() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        allocate({"one": options((10, 1.0)), "two": options((10, 1.0))}, 19)


@pytest.mark.parametrize("seed", range(20))
def test_it_keeps_to_the_budget_and_comes_close_to_the_best(seed: int) -> None:
    rng = Random(seed)
    known = {
        name: options(*((size, rng.random() / size) for size in sorted(rng.sample(range(10, 60), 5))))
        for name in "abcd"
    }
    budget = 140

    found = allocate(known, budget)

    every = (choice for choice in product(*known.values()) if sum(one.total_bits for one in choice) <= budget)
    best = min(sum(one.error for one in choice) for choice in every)
    assert sum(one.total_bits for one in found.values()) <= budget
    assert sum(one.error for one in found.values()) <= best * 1.35
