"""What this machine has to run models with."""

from __future__ import annotations

import os
from pathlib import Path

MEGABYTE = 1024 * 1024
ASSUMED_MEMORY_BYTES = 8 * 1024 * MEGABYTE
"""Where the machine does not say how much it has."""


def physical_cores() -> int:
    """Cores that this process may use, each counted once however many threads it runs."""
    usable = _usable()
    cores = {_siblings(number) for number in usable}
    return max(1, len(cores))


def memory_bytes() -> int:
    """The machine's memory, or the part of it that this container may use."""
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return ASSUMED_MEMORY_BYTES
    for name in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        text = _read(Path(name))
        if text.isdigit():
            total = min(total, int(text))
    return total


def threads_for(model_bytes: int, cores: int) -> int:
    """How many threads compute best with a model of this size.

    For a small model the threads wait for each other longer than they compute; for a large one every core helps, but
    one is left for the hub where there are more than two.
    """
    if model_bytes < 64 * MEGABYTE:
        return 1
    spare = cores - 1 if cores > 2 else cores
    return min(spare, 4) if model_bytes < 1024 * MEGABYTE else spare


def _usable() -> list[int]:
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def _siblings(number: int) -> str:
    """The threads of the core that this thread belongs to; its own number where nobody says."""
    return _read(Path(f"/sys/devices/system/cpu/cpu{number}/topology/thread_siblings_list")) or str(number)


def _read(file: Path) -> str:
    try:
        return file.read_text().strip()
    except OSError:
        return ""
