"""What a worker says of its machine. What the system does not tell is left at 0."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from pathlib import Path

from oa.inference.machine import memory_bytes, physical_cores
from oa.protocol.workers import HardwareInfo, WorkerMetrics


def hardware_info() -> HardwareInfo:
    system = platform.uname()
    return HardwareInfo(
        uname_sysname=system.system,
        uname_release=system.release,
        uname_version=system.version,
        uname_machine=system.machine,
        uname_processor=system.machine,
        cpu_count_physical=physical_cores(),
        cpu_count_logical=os.cpu_count() or 1,
        mem_total=memory_bytes(),
        swap_total=_memory().get("SwapTotal", 0),
    )


class Usage:
    """How busy the machine is; a processor's share since the last time it was asked."""

    def __init__(self) -> None:
        self._busy, self._total = _processor()

    def now(self) -> WorkerMetrics:
        busy, total = _processor()
        passed = total - self._total
        cpu = 100.0 * (busy - self._busy) / passed if passed > 0 else 0.0
        self._busy, self._total = busy, total
        memory = _memory()
        return WorkerMetrics(
            created_at=datetime.now(UTC),
            cpu_usage=round(cpu, 1),
            mem_usage=_percent(memory, "MemTotal", "MemAvailable"),
            swap_usage=_percent(memory, "SwapTotal", "SwapFree"),
        )


def _percent(memory: dict[str, int], total: str, free: str) -> float:
    if not memory.get(total):
        return 0.0
    return round(100.0 * (1 - memory.get(free, 0) / memory[total]), 1)


def _processor() -> tuple[int, int]:
    """Ticks that all cores worked, and all ticks, since the machine started. Source: proc(5), /proc/stat."""
    try:
        ticks = [int(number) for number in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    except (OSError, ValueError, IndexError):
        return 0, 0
    idle, waiting = ticks[3], ticks[4]
    return sum(ticks) - idle - waiting, sum(ticks)


def _memory() -> dict[str, int]:
    """Bytes by name. Source: proc(5), /proc/meminfo."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return {}
    return {name: int(rest.split()[0]) * 1024 for name, _, rest in (line.partition(":") for line in lines)}
