"""Measure what training needs on this machine; every command runs as a person would run it, in a process of its own."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import corpus

Json = dict[str, Any]

MESSAGES, FEW_MESSAGES = 100_000, 2_000


def measured(command: Sequence[str | Path]) -> Json:
    """Run `oa …`: seconds on the clock and of the processor, and the most memory it had."""
    began = time.perf_counter()
    arguments = [sys.executable, "-m", "oa", *map(str, command)]
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"oa {' '.join(map(str, command))} failed with {process.returncode}")
    return {
        "wall_s": round(time.perf_counter() - began, 2),
        "cpu_s": round(usage.ru_utime + usage.ru_stime, 2),
        "peak_mb": round(usage.ru_maxrss / 1024, 1),
    }


def data(quick: bool) -> Json:
    """100,000 messages of trees through every step of preparing data (bar: convert in < 20 s within 300 MB)."""
    with tempfile.TemporaryDirectory() as place:
        directory = Path(place)
        trees, talks = directory / "trees.jsonl", directory / "talks.jsonl"
        written = corpus.write_corpus(trees, FEW_MESSAGES if quick else MESSAGES)
        steps: dict[str, Sequence[str | Path]] = {
            "trees to single messages": ["convert", trees, "--to", "oasst-messages", "-o", directory / "flat.jsonl"],
            "single messages to trees": [
                "convert",
                directory / "flat.jsonl",
                "--to",
                "oasst",
                "-o",
                directory / "back.jsonl",
            ],
            "trees to conversations": ["convert", trees, "--to", "messages", "-o", talks],
            "conversations to ShareGPT": ["convert", talks, "--to", "sharegpt", "-o", directory / "sharegpt.jsonl"],
            "conversations to Parquet": ["convert", talks, "-o", directory / "talks.parquet"],
            "Parquet to conversations": ["convert", directory / "talks.parquet", "-o", directory / "again.jsonl"],
            "filter, PII redacted": [
                "filter",
                talks,
                "--pii",
                "redact",
                "--no-refusals",
                "-o",
                directory / "safe.jsonl",
            ],
            "near-duplicates": ["dedupe", talks, "--near", "0.8", "-o", directory / "new.jsonl"],
            "statistics": ["stats", talks, "--json"],
        }
        found: Json = {"messages": written}
        for name, command in steps.items():
            found[name] = measured(["data", *command])
        return found


SCENARIOS: dict[str, Callable[[bool], Json]] = {"data": data}


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/bench_train", description=__doc__)
    parser.add_argument("scenarios", nargs="*", choices=[[], *SCENARIOS], help="all, if none is named")
    parser.add_argument("--quick", action="store_true", help="with little data, to see that it works")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results here, not to stdout")
    options = parser.parse_args()
    results = {name: SCENARIOS[name](options.quick) for name in options.scenarios or SCENARIOS}
    text = json.dumps(results, indent=2) + "\n"
    if options.json:
        options.json.write_text(text, "utf-8")
    else:
        sys.stdout.write(text)


if __name__ == "__main__":
    main()
