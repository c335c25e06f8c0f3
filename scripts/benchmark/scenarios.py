"""What is measured, one function for each question. Every figure is a plain number, with its unit in its name."""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import load
import reads
from corpus import write_corpus
from hub import OA, Usage, command, new_key, serving

Json = dict[str, Any]

SEARCHES = {
    "frequent": "/messages/search?query=python",
    "two_frequent": "/messages/search?query=python+tree",
    "row": "/messages/search?query=%22value+list%22",
    "refused": "/messages/search?query=python+-tree",
    "absent": "/messages/search?query=xyzzy",
    "absent_beside_frequent": "/messages/search?query=python+xyzzy",
    "by_role_and_state": "/messages/search?query=python&role=assistant&state=accepted",
    "by_label": "/messages/search?query=python&label=quality%3E%3D0.5",
    "list_frequent": "/messages/cursor?search_query=python",
    "list_absent": "/messages/cursor?search_query=xyzzy",
}
"""What is asked for, by what it shows."""

SETTLE_S = 3.0
"""After the start, before memory counts as idle."""


@dataclass(frozen=True)
class Sizes:
    """How much to do."""

    busy_messages: int = 10_000
    few_messages: int = 1_000
    many_messages: int = 160_000
    exchanged_messages: int = 100_000
    load_s: float = 30.0
    starts: int = 5


QUICK = Sizes(
    busy_messages=2_000, few_messages=500, many_messages=8_000, exchanged_messages=5_000, load_s=5.0, starts=2
)


def busy_volunteers(sizes: Sizes) -> Json:
    """32 volunteers who never pause."""
    with _data_directory() as data_dir:
        messages = _seed(data_dir, sizes.busy_messages)
        return {"messages_at_start": messages, **_loaded(data_dir, sizes.load_s)}


def growth(sizes: Sizes) -> Json:
    """What an interaction costs in a small database and in a large one, and how long availability takes."""
    results: Json = {}
    for name, messages in (("few", sizes.few_messages), ("many", sizes.many_messages)):
        with _data_directory() as data_dir:
            seeded = _seed(data_dir, messages)
            results[name] = {"messages_at_start": seeded, **_loaded(data_dir, sizes.load_s)}
    few, many = (results[name]["server_cpu_ms_per_interaction"] for name in ("few", "many"))
    results["cost_ratio"] = round(many / few, 3)
    return results


def exchange(sizes: Sizes) -> Json:
    """Import and export in bulk."""
    with _data_directory() as data_dir:
        file, again = data_dir.with_suffix(".jsonl"), data_dir.with_suffix(".out.jsonl")
        messages = write_corpus(file, sizes.exchanged_messages)
        taken = command(data_dir, "data", "import", str(file))
        given = command(data_dir, "data", "export", "--state", "all", "--export-labels", "--export-file", str(again))
        return {
            "messages": messages,
            "file_mb": round(file.stat().st_size / 2**20, 1),
            "import_s": round(taken.seconds, 2),
            "import_peak_mb": round(taken.peak_mb, 1),
            "export_s": round(given.seconds, 2),
            "export_peak_mb": round(given.peak_mb, 1),
            "trees_out_of_trees_in": f"{_count_lines(again)}/{_count_lines(file)}",
        }


def search(sizes: Sizes) -> Json:
    """How long a search takes in a large database, one at a time: the words of the corpus stand in every third text."""
    with _data_directory() as data_dir:
        messages = _seed(data_dir, sizes.many_messages)
        key = new_key(data_dir, trusted=True)
        with serving(data_dir) as hub:
            latencies = asyncio.run(load.time_reads(hub.url, key, SEARCHES))
        return {"messages": messages, "latency_ms": latencies}


def standing(sizes: Sizes) -> Json:
    """Boards, statistics, lists and searches of a large community, one at a time, and a recount of everything."""
    with _data_directory() as data_dir:
        return reads.standing(data_dir, sizes.many_messages)


def start(sizes: Sizes) -> Json:
    """From nothing to the first answer, memory at rest, and `oa --help`."""
    seconds: list[float] = []
    rss_mb = 0.0
    for _ in range(sizes.starts):
        with _data_directory() as data_dir, serving(data_dir) as hub:
            seconds.append(hub.start_s)
            time.sleep(SETTLE_S)
            rss_mb = max(rss_mb, hub.usage().rss_mb)
    helps = [_help_s() for _ in range(sizes.starts + 2)]
    return {
        "start_s": round(statistics.median(seconds), 3),
        "start_slowest_s": round(max(seconds), 3),
        "idle_rss_mb": round(rss_mb, 1),
        "help_s": round(statistics.median(helps), 3),
    }


def _loaded(data_dir: Path, seconds: float) -> Json:
    """Serve this directory and load it."""
    key = new_key(data_dir)
    command(data_dir, "campaign", "set", "rate_limit=false")
    with serving(data_dir) as hub:
        plan = load.Plan(url=hub.url, key=key, seconds=seconds)
        availability = asyncio.run(load.time_availability(plan))
        usages: list[Usage] = []
        log = asyncio.run(load.run(plan, lambda: usages.append(hub.usage()), lambda: usages.append(hub.usage())))
        return {**_figures(plan, log, usages), "availability_ms": availability, "start_s": round(hub.start_s, 3)}


def _figures(plan: load.Plan, log: load.Log, usages: list[Usage]) -> Json:
    before, after = usages
    cpu_s = after.cpu_s - before.cpu_s
    latencies = log.latencies_ms()
    return {
        "volunteers": plan.users,
        "interactions_per_s": round(log.interactions / plan.seconds, 1),
        "server_cpu_ms_per_interaction": round(1000 * cpu_s / max(1, log.interactions), 3),
        "server_cores": round(cpu_s / plan.seconds, 2),
        "worst_p99_ms": max((one["p99"] for one in latencies.values()), default=0.0),
        "latency_ms": latencies,
        "errors": dict(log.errors),
        "no_task": log.no_task,
        "kinds": dict(log.kinds.most_common()),
        "rss_mb": round(after.rss_mb, 1),
    }


def _seed(data_dir: Path, messages: int) -> int:
    file = data_dir.with_suffix(".seed.jsonl")
    written = write_corpus(file, messages)
    command(data_dir, "data", "import", str(file))
    file.unlink()
    return written


def _help_s() -> float:
    begin = time.perf_counter()
    subprocess.run([*OA, "--help"], check=True, capture_output=True)
    return time.perf_counter() - begin


def _count_lines(file: Path) -> int:
    with file.open("rb") as lines:
        return sum(1 for _ in lines)


@contextmanager
def _data_directory() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="oa-benchmark-") as directory:
        yield Path(directory) / "data"
