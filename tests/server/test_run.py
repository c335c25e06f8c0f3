"""The hub as a process."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from oa.config import Server
from oa.errors import CannotListen
from oa.server.run import address_of, greeting, listen


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


def test_a_port_that_is_taken_is_said_with_the_way_out(taken_port: int) -> None:
    with pytest.raises(CannotListen, match=rf"port {taken_port} on 127\.0\.0\.1 is taken.*--port {taken_port + 1}"):
        listen(Server(port=taken_port))


@pytest.mark.parametrize("host", ["no.such.host.invalid", "203.0.113.7", "not a host"])
def test_an_address_that_is_not_this_machines_is_said_with_the_way_out(host: str) -> None:
    with pytest.raises(CannotListen, match="no address of this machine; name another with --host"):
        listen(Server(host=host, port=0))


@pytest.mark.parametrize(
    ("server", "address"),
    [
        (Server(port=0), r"http://127\.0\.0\.1:\d+"),
        (Server(port=0, host="0.0.0.0"), r"http://localhost:\d+"),
        (Server(port=0, base_url="https://oa.example.org/"), "https://oa.example.org"),
    ],
)
def test_people_are_told_an_address_that_they_can_open(server: Server, address: str) -> None:
    with listen(server) as listener:
        assert re.fullmatch(address, address_of(server, listener))


def test_the_link_is_printed_only_where_there_is_no_administrator() -> None:
    first = greeting("http://hub", "c0de")
    assert "http://hub/setup?code=c0de" in first
    assert "30 minutes" in first
    assert "oa users add NAME --role admin" in first
    assert "setup" not in greeting("http://hub", None)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A hub in a process of its own, on a new data directory, and its address."""
    command = [sys.executable, "-m", "oa", "serve", "--port", "0", "--data-dir", str(tmp_path / "data")]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OA_")}
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, cwd=tmp_path
    )
    assert process.stdout is not None
    first_line = process.stdout.readline()
    found = re.search(r"http://127\.0\.0\.1:\d+", first_line)
    try:
        assert found, first_line
        yield process, found[0]
    finally:
        process.kill()
        process.communicate()


def test_a_hub_answers_and_ends_well_when_it_is_told_to(served: tuple[subprocess.Popen[str], str]) -> None:
    process, address = served
    assert httpx.get(f"{address}/readyz", timeout=30).json() == {"status": "ready"}
    process.send_signal(signal.SIGTERM)
    _, noise = process.communicate(timeout=30)
    assert process.returncode == 0
    assert noise == ""


def test_the_printed_link_makes_an_administrator(served: tuple[subprocess.Popen[str], str]) -> None:
    process, address = served
    assert process.stdout is not None
    process.stdout.readline()
    link = process.stdout.readline().strip()
    assert link.startswith(f"{address}/setup?code=")
    form = {"code": link.partition("code=")[2], "username": "root", "password": "correct horse battery"}
    assert httpx.post(f"{address}/setup", data=form, timeout=30).status_code == 200


def test_a_port_that_is_taken_leaves_no_data_behind(tmp_path: Path, taken_port: int) -> None:
    command = [sys.executable, "-m", "oa", "serve", "--port", str(taken_port), "--data-dir", str(tmp_path / "data")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith(f"oa: port {taken_port} on 127.0.0.1 is taken")
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "data").exists()
