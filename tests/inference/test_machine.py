from __future__ import annotations

import pytest

from oa.inference.machine import MEGABYTE, memory_bytes, physical_cores, threads_for


def test_this_machine_has_cores_and_memory() -> None:
    assert physical_cores() >= 1
    assert memory_bytes() > 100 * MEGABYTE


@pytest.mark.parametrize(
    ("model_megabytes", "cores", "threads"),
    [(1, 16, 1), (63, 16, 1), (200, 16, 4), (200, 2, 2), (200, 1, 1), (4000, 16, 15), (4000, 2, 2), (4000, 1, 1)],
)
def test_larger_models_get_more_threads(model_megabytes: int, cores: int, threads: int) -> None:
    assert threads_for(model_megabytes * MEGABYTE, cores) == threads
