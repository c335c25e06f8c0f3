"""Measure a hub on this machine: speed under load, growth, import and export, search, start and memory.

Every measurement has a data directory of its own, and all traffic stays on the loopback device. The limit on how many
tasks a person may ask for without answering (30 in four minutes) is switched off for the load: the loop asks again at
once when there is nothing to do, which no person does. The load generator takes up to a core of its own, so compare the
server's processor time per interaction and the latencies, and the rate only on the same machine.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import scenarios
from rich.console import Console
from rich.table import Table

import oa

SCENARIOS: dict[str, Callable[[scenarios.Sizes], scenarios.Json]] = {
    "busy": scenarios.busy_volunteers,
    "growth": scenarios.growth,
    "exchange": scenarios.exchange,
    "search": scenarios.search,
    "standing": scenarios.standing,
    "start": scenarios.start,
}


def main() -> None:
    options = _options()
    sizes = scenarios.QUICK if options.quick else scenarios.Sizes()
    results: dict[str, Any] = {"machine": _machine()}
    console = Console(stderr=True)
    for name in options.only or SCENARIOS:
        console.print(f"{name}: {SCENARIOS[name].__doc__}", highlight=False)
        begin = time.perf_counter()
        results[name] = SCENARIOS[name](sizes)
        results[name]["took_s"] = round(time.perf_counter() - begin, 1)
        console.print(_table(results[name]))
    results["machine"]["load_after"] = os.getloadavg()[0]
    text = json.dumps(results, indent=2)
    if options.json:
        options.json.write_text(text + "\n", "utf-8")
    else:
        sys.stdout.write(text + "\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/bench_hub", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", choices=list(SCENARIOS), action="append", help="measure this and not everything")
    parser.add_argument("--quick", action="store_true", help="small sizes: to see that it runs, not to compare")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there (default: standard output)")
    return parser.parse_args()


def _machine() -> dict[str, Any]:
    return {
        "oa": oa.__version__,
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "cores": os.cpu_count(),
        "load_before": os.getloadavg()[0],
    }


def _table(figures: dict[str, Any]) -> Table:
    table = Table("figure", "value", box=None)
    for name, value in _flat(figures):
        table.add_row(name, value)
    return table


def _flat(figures: dict[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    for name, value in figures.items():
        if not isinstance(value, dict):
            yield above + name, str(value)
        elif "bar" in value:
            half = f"p50 {value['p50']}, p95 " if "p50" in value else ""
            met = "met" if value["met"] else "MISSED"
            yield above + name, f"{half}{value['measured']} {value['unit']} (bar {value['bar']:g}): {met}"
        elif "p99" in value:
            yield above + name, f"p50 {value['p50']}  p95 {value['p95']}  p99 {value['p99']}  max {value['max']}"
        elif value and all(isinstance(count, int) for count in value.values()):
            yield above + name, ", ".join(f"{count} {part}" for part, count in value.items())
        elif value:
            yield from _flat(value, f"{above}{name}.")
        else:
            yield above + name, "none"


if __name__ == "__main__":
    main()
