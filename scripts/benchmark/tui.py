"""Measure `oa tui` as a person meets it: a process of its own in a pty of 80x24, against a hub in another."""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import pty
import re
import select
import statistics
import struct
import sys
import tempfile
import termios
import time
import uuid
from pathlib import Path
from typing import Any

import psutil
from hub import OA, command, environment, serving

TREE_MESSAGES = 1_000
SILENCE_S = 0.2
"""After so long without output a screen is painted."""

LIMIT_S = 30.0


class Terminal:
    """A program in a pty, and what it writes there."""

    def __init__(self, arguments: list[str], env: dict[str, str]) -> None:
        self.began = time.perf_counter()
        self.pid, self._file = pty.fork()
        if self.pid == 0:
            os.execvpe(arguments[0], arguments, env)
        fcntl.ioctl(self._file, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))

    def read_until(self, wanted: bytes) -> float:
        """Seconds from now until something has been painted."""
        start, seen = time.perf_counter(), b""
        while wanted not in _text(seen):
            if time.perf_counter() - start > LIMIT_S:
                raise SystemExit(f"{wanted!r} was not painted; the last was {_text(seen)[-500:]!r}")
            seen += self._read(0.05)
        return time.perf_counter() - start

    def quiet(self, silence_s: float = SILENCE_S) -> int:
        """Read until nothing comes for a while; how many bytes came."""
        count = 0
        while part := self._read(silence_s):
            count += len(part)
        return count

    def press(self, key: str) -> tuple[float, int]:
        """Seconds until the first of what a key changes is painted, and how many bytes it takes in all."""
        start = time.perf_counter()
        os.write(self._file, key.encode())
        first = self._read(LIMIT_S)
        return time.perf_counter() - start, len(first) + self.quiet()

    def press_only(self, key: str) -> None:
        os.write(self._file, key.encode())

    def listen(self, seconds: float) -> int:
        """How many bytes come while nobody does anything."""
        until, count = time.perf_counter() + seconds, 0
        while (left := until - time.perf_counter()) > 0:
            count += len(self._read(left))
        return count

    def memory_mb(self) -> float:
        return psutil.Process(self.pid).memory_info().rss / 2**20

    def close(self) -> None:
        os.write(self._file, b"\x11")
        self.quiet()
        os.waitpid(self.pid, 0)
        os.close(self._file)

    def _read(self, timeout_s: float) -> bytes:
        ready, _, _ = select.select([self._file], [], [], timeout_s)
        try:
            return os.read(self._file, 65536) if ready else b""
        except OSError:  # the other end is closed
            return b""


def _text(written: bytes) -> bytes:
    return re.sub(rb"\x1b\[[0-9;?]*[a-zA-Z]", b"", written)


def large_tree(path: Path) -> None:
    """A complete tree of so many messages, six levels deep, in Open-Assistant's format."""
    count = 0

    def message(depth: int, replies: int) -> dict[str, Any]:
        nonlocal count
        count += 1
        role = "assistant" if depth % 2 else "prompter"
        text = f"Message number {count} of a large tree, with a few words more."
        found: dict[str, Any] = {"message_id": str(uuid.uuid4()), "text": text, "role": role, "lang": "en"}
        found["replies"] = [message(depth + 1, 3) for _ in range(replies) if depth < 6 and count < TREE_MESSAGES]
        return found

    root = message(0, 4)
    tree = {"message_tree_id": root["message_id"], "tree_state": "ready_for_export", "prompt": root}
    path.write_text(json.dumps(tree) + "\n")


def measured(idle_s: float) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        data_dir = directory / "hub"
        large_tree(directory / "tree.jsonl")
        added = command(data_dir, "users", "add", "ada", "--role", "moderator").output
        command(data_dir, "data", "import", str(directory / "tree.jsonl"))
        token = re.search(r"oat_\S+", added)
        assert token is not None
        with serving(data_dir) as hub:
            env = {**environment(data_dir), "TERM": "xterm-256color", "LANG": "C.UTF-8", "OA_TOKEN": token[0]}
            env |= {"XDG_CONFIG_HOME": f"{directory}/config", "XDG_STATE_HOME": f"{directory}/state"}
            return _at(hub.url, env, idle_s)


def _at(url: str, env: dict[str, str], idle_s: float) -> dict[str, float]:
    terminal = Terminal([*OA, "tui", "--hub", url], env)
    terminal.read_until(b"What would you like to do?")
    found = {"first_paint_s": time.perf_counter() - terminal.began}
    terminal.quiet(1.0)
    keys = [terminal.press(key) for key in "jjjkkkjjjkkk"]
    terminal.press("5")
    terminal.quiet(1.0)
    typed = [terminal.press(key) for key in "some words that people type"]
    found["key_to_paint_ms"] = 1000 * statistics.median(seconds for seconds, _ in keys + typed)
    found["key_to_paint_p95_ms"] = 1000 * statistics.quantiles([seconds for seconds, _ in keys + typed], n=20)[-1]
    found["bytes_per_key_home"] = statistics.mean(count for _, count in keys)
    found["bytes_per_key_writing"] = statistics.mean(count for _, count in typed)
    terminal.quiet(1.0)  # what is said about a text comes when the hand rests
    found["bytes_at_rest"] = terminal.listen(idle_s)
    terminal.press("\x1b")
    terminal.quiet(1.0)
    terminal.press_only("t")
    terminal.read_until(b"of a large tree")
    terminal.quiet(1.0)
    start = time.perf_counter()
    terminal.press_only("\r")
    terminal.read_until(f"{TREE_MESSAGES}/".encode())
    found["tree_of_1000_opens_ms"] = 1000 * (time.perf_counter() - start)
    terminal.quiet(1.0)
    found["memory_mb"] = terminal.memory_mb()
    terminal.close()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--idle", type=float, default=30.0, help="seconds of rest that are listened to")
    arguments = parser.parse_args()
    for name, value in measured(arguments.idle).items():
        sys.stdout.write(f"{name:<24} {value:10.2f}\n")


if __name__ == "__main__":
    main()
