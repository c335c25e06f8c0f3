"""`oa tui` in a real terminal against a real `oa serve`: a campaign of twenty tasks of every kind by keys alone."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed"),
]

OA = [sys.executable, "-m", "oa"]
PATIENCE_S = 60.0
CAMPAIGN = ["goal_tree_size=4", "max_tree_depth=2", "max_children_count=2", "max_active_trees=2", "rate_limit=false"]
CAMPAIGN += [
    "num_reviews_initial_prompt=1",
    "num_reviews_reply=1",
    "num_required_rankings=1",
    "rank_prompter_replies=true",
]
KEYS = {"review": "1", "rank": "2", "assist": "3", "prompt": "4", "first": "5"}
HEADINGS = {
    "review": "Review a message",
    "rank": "Rank replies",
    "assist": "Answer as the assistant",
    "prompt": "Go on as the prompter",
    "first": "Write a first prompt",
}
NOTHING = "There is nothing of this kind"


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


class Hub:
    """A hub in a process of its own, which can be killed and started again."""

    def __init__(self, directory: Path) -> None:
        self.data_dir = directory / "hub"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def run(self, *arguments: str) -> str:
        command = [*OA, *arguments, "--data-dir", str(self.data_dir)]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    def start(self) -> None:
        command = [*OA, "serve", "--port", str(self.port), "--data-dir", str(self.data_dir)]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(self._is_ready, "the hub to start")

    def kill(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    def _is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/readyz").status_code == 200
        except httpx.TransportError:
            return False


def wait_for(is_so: object, what: str) -> None:
    """Ask again and again until something is so."""
    assert callable(is_so)
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        if is_so():
            return
        time.sleep(0.05)  # between two looks, not instead of one
    pytest.fail(f"waited in vain for {what}")


class Terminal:
    """tmux with one person in it."""

    def __init__(self, directory: Path, hub: Hub, name: str) -> None:
        self._name = f"oa-{uuid.uuid4().hex[:8]}"
        self.directory = directory / name
        token = re.search(r"oat_\S+", hub.run("users", "add", name))
        assert token is not None
        self._command = ["env", f"XDG_CONFIG_HOME={self.directory}/config", f"XDG_STATE_HOME={self.directory}/state"]
        self._command += ["LANG=C.UTF-8", *OA, "tui", "--hub", hub.url, "--token", token[0]]

    def open(self) -> None:
        size = ["-x", "80", "-y", "24"]
        settings = self.directory.with_suffix(".tmux")
        settings.write_text("set -g remain-on-exit on\n")  # what a program said last can still be seen
        self._tmux("-f", str(settings), "new-session", "-d", "-s", "oa", *size, *self._command)
        self.sees("Points")

    def close(self) -> None:
        self._tmux("kill-server", check=False)

    def press(self, *keys: str) -> None:
        self._tmux("send-keys", "-t", "oa", *keys)

    def type(self, text: str) -> None:
        self._tmux("send-keys", "-t", "oa", "-l", text)

    def screen(self) -> str:
        return self._tmux("capture-pane", "-p", "-t", "oa")

    def sees(self, *texts: str) -> str:
        """Which of some texts is on the screen first."""
        found: list[str] = []

        def look() -> bool:
            shown = self.screen()
            found[:] = [text for text in texts if text in shown]
            return bool(found)

        try:
            wait_for(look, f"one of {texts}")
        except BaseException:
            print(self.screen())  # noqa: T201  # the only way to know what was there instead
            raise
        return found[0]

    def _tmux(self, *arguments: str, check: bool = True) -> str:
        command = ["tmux", "-L", self._name, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=check, env={**os.environ}).stdout


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    hub = Hub(tmp_path)
    hub.run("campaign", "set", *CAMPAIGN)
    hub.start()
    yield hub
    hub.kill()


@pytest.fixture
def people(hub: Hub, tmp_path: Path) -> Iterator[list[Terminal]]:
    terminals = [Terminal(tmp_path, hub, name) for name in ("ada", "ben", "cleo")]
    for terminal in terminals:
        terminal.open()
    yield terminals
    for terminal in terminals:
        terminal.close()


class Worker:
    """Does what there is, and counts it."""

    def __init__(self) -> None:
        self.done: dict[str, int] = dict.fromkeys(KEYS, 0)
        self._texts = 0

    def work(self, terminal: Terminal, name: str) -> bool:
        """One task of a kind, if there is one; home is on the screen before and after."""
        terminal.press(KEYS[name])
        if terminal.sees(NOTHING, "hand in") == NOTHING:
            self._home(terminal)
            return False
        terminal.sees(HEADINGS[name])
        self._answer(terminal, name)
        terminal.sees("1 done", *(f"{count} done" for count in range(2, 30)), NOTHING)
        self.done[name] += 1
        self._home(terminal)
        return True

    def _answer(self, terminal: Terminal, name: str) -> None:
        match name:
            case "review":
                terminal.press("n")
                terminal.sees("● no")
                terminal.press("Enter")
            case "rank":
                terminal.press("J")
                terminal.press("Enter")
            case _:
                self._texts += 1
                terminal.type(f"Text number {self._texts} by keys alone")
                terminal.sees(f"Text number {self._texts} by keys alone")
                terminal.press("C-s")

    def _home(self, terminal: Terminal) -> None:
        terminal.press("Escape")
        terminal.sees("What would you like to do?")


def test_twenty_tasks_of_every_kind_are_done_by_keys_alone(hub: Hub, people: list[Terminal]) -> None:
    worker = Worker()
    for terminal in people[:2]:
        assert worker.work(terminal, "first")
    idle = 0
    while (sum(worker.done.values()) < 20 or not all(worker.done.values())) and idle < 3:
        before = sum(worker.done.values())
        for terminal in people:
            for name in ("rank", "review", "assist", "prompt"):
                while worker.work(terminal, name):
                    pass
        if sum(worker.done.values()) == before:
            idle += 1
            worker.work(people[idle % 3], "first")
    assert sum(worker.done.values()) >= 20
    assert all(worker.done.values()), worker.done


@pytest.mark.parametrize("name", ["review", "assist"])
def test_a_killed_hub_between_writing_and_handing_in_loses_nothing(hub: Hub, people: list[Terminal], name: str) -> None:
    ada, ben, cleo = people
    worker = Worker()
    assert worker.work(ada, "first")
    if name == "assist":
        assert worker.work(ben, "review")
    cleo.press(KEYS[name])
    cleo.sees("hand in")
    if name == "review":
        cleo.press("n")
        cleo.sees("● no")
    else:
        cleo.type("What nobody may lose")
        cleo.sees("What nobody may lose")
    hub.kill()
    cleo.press("Enter" if name == "review" else "C-s")
    cleo.sees("reconnecting")
    hub.start()
    wait_for(lambda: "reconnecting" not in cleo.screen(), "the answer to be sent")
    cleo.press("Escape")
    cleo.sees("1 answer")
    waiting = list((cleo.directory / "state").rglob("outbox/*.json"))
    assert waiting == []
