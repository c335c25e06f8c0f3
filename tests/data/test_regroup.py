from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oa.data.regroup import Regrouper

named = st.lists(st.tuples(st.sampled_from("abcd"), st.binary(max_size=30)), max_size=30)


@given(things=named, run_bytes=st.integers(1, 200))
def test_what_belongs_together_comes_together_in_the_order_in_which_it_came(
    things: list[tuple[str, bytes]], run_bytes: int
) -> None:
    expected: dict[str, list[tuple[int, bytes]]] = {}
    with Regrouper(run_bytes) as regrouper:
        for number, (name, content) in enumerate(things):
            regrouper.add(name, number, content)
            expected.setdefault(name, []).append((number, content))
        assert list(regrouper.groups()) == list(expected.values())


@pytest.mark.parametrize("count", [2_000, 20_000])
def test_memory_does_not_grow_with_what_is_regrouped(count: int) -> None:
    content = b"x" * 1000
    tracemalloc.start()
    try:
        with Regrouper(run_bytes=500_000) as regrouper:
            for number in range(count):
                regrouper.add(f"{number % (count // 4)}", number, content)
            groups = sum(1 for _ in regrouper.groups())
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert groups == count // 4
    assert peak_bytes < 3_000_000
