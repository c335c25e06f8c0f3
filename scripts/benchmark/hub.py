"""A hub of its own for each measurement: a fresh data directory, `oa` commands on it, and `oa serve` in a process."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

OA = (sys.executable, "-m", "oa")

START_LIMIT_S = 30.0
STOP_LIMIT_S = 20.0

READY_PATH = "/api/v1/text_labels/report_labels"
"""Answered without a key, from the catalogue."""


@dataclass(frozen=True)
class Finished:
    """A command that has run."""

    seconds: float
    peak_mb: float
    output: str


@dataclass(frozen=True)
class Usage:
    """What a hub has used of the machine."""

    cpu_s: float
    rss_mb: float


@dataclass
class RunningHub:
    url: str
    start_s: float
    """From the command to the first answered request."""
    process: psutil.Process
    log: Path

    def usage(self) -> Usage:
        """Of the process and whatever it has started."""
        cpu_s = rss_bytes = 0.0
        for process in [self.process, *self.process.children(recursive=True)]:
            with suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                cpu_s += times.user + times.system
                rss_bytes += process.memory_info().rss
        return Usage(cpu_s, rss_bytes / 2**20)


def environment(data_dir: Path) -> dict[str, str]:
    """That of this process, with nothing of the developer's own hub in it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OA_")}
    return {**kept, "OA_DATA_DIR": str(data_dir), "OA_DEBUG": "1"}


def command(data_dir: Path, *arguments: str, limit_s: float = 600.0) -> Finished:
    """Run `oa` and wait for it.

    Raises:
        SystemExit: it failed; what it said comes with it.
    """
    return run_process([*OA, *arguments], environment(data_dir), limit_s)


def run_process(arguments: Sequence[str], env: dict[str, str], limit_s: float) -> Finished:
    """Run a program and say how long it took and how much memory it held at most."""
    start = time.perf_counter()
    process = subprocess.Popen(arguments, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    watched, peak_bytes = psutil.Process(process.pid), 0
    while True:
        try:
            output, said = process.communicate(timeout=0.02)
            break
        except subprocess.TimeoutExpired:
            with suppress(psutil.Error):
                peak_bytes = max(peak_bytes, watched.memory_info().rss)
            if time.perf_counter() - start > limit_s:
                process.kill()
                raise SystemExit(f"{' '.join(arguments)} took longer than {limit_s:.0f} s") from None
    if process.returncode:
        raise SystemExit(f"{' '.join(arguments)} failed: {said.decode().strip()}")
    return Finished(time.perf_counter() - start, peak_bytes / 2**20, output.decode())


def new_key(data_dir: Path, *, trusted: bool = False) -> str:
    """An API key of the hub in this directory."""
    trust = ["--trusted"] if trusted else []
    return json.loads(command(data_dir, "keys", "add", "benchmark", "--json", *trust).output)["key"]


@contextmanager
def serving(data_dir: Path, settings: Mapping[str, str] | None = None) -> Iterator[RunningHub]:
    """A hub on this directory, until the block ends.

    Args:
        settings: environment variables beside the directory.
    """
    port = _free_port()
    log = data_dir.with_suffix(".log")
    with log.open("wb") as said:
        start = time.perf_counter()
        process = subprocess.Popen(
            [*OA, "serve", "--port", str(port)],
            env={**environment(data_dir), **(settings or {})},
            stdout=said,
            stderr=said,
        )
        try:
            _wait_until_answered(port, process, log, start)
            start_s = time.perf_counter() - start
            yield RunningHub(f"http://127.0.0.1:{port}", start_s, psutil.Process(process.pid), log)
        finally:
            process.terminate()
            try:
                process.wait(STOP_LIMIT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_until_answered(port: int, process: subprocess.Popen[bytes], log: Path, start: float) -> None:
    while time.perf_counter() - start < START_LIMIT_S:
        if process.poll() is not None:
            raise SystemExit(f"`oa serve` ended at once: {log.read_text().strip()[-500:]}")
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=START_LIMIT_S)
        try:
            connection.request("GET", READY_PATH)
            if connection.getresponse().status < 500:
                return
        except OSError:
            time.sleep(0.01)
        finally:
            connection.close()
    raise SystemExit(f"the hub did not answer within {START_LIMIT_S:.0f} s")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
