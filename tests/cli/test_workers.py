"""`oa workers` and what `oa worker` refuses before it begins."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tiny_models import make_tiny_model

from oa.cli import main

Oa = Callable[..., int]


@pytest.fixture
def oa(data_dir: Path) -> Oa:
    """Runs `oa` on one data directory; the exit code."""

    def run(*arguments: str) -> int:
        with pytest.raises(SystemExit) as left:
            main.entry([*arguments, "--data-dir", str(data_dir)])
        assert isinstance(left.value.code, int)
        return left.value.code

    return run


@pytest.fixture
def printed(oa: Oa, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """What a command prints as JSON."""

    def run(*arguments: str) -> Any:
        assert oa(*arguments, "--json") == 0
        return json.loads(capsys.readouterr().out)

    return run


def test_a_key_is_printed_once(printed: Callable[..., Any]) -> None:
    added = printed("workers", "add", "attic")
    assert added["key"].startswith("oaw_")
    (listed,) = printed("workers")
    assert (listed["name"], listed["id"], listed["connected"]) == ("attic", added["id"], None)
    assert added["key"] not in json.dumps(listed)


def test_a_worker_is_removed_by_its_name(printed: Callable[..., Any]) -> None:
    printed("workers", "add", "attic")
    assert printed("workers", "remove", "attic")["name"] == "attic"
    assert printed("workers") == []


def test_nobody_removes_what_is_not_there(oa: Oa, capsys: pytest.CaptureFixture[str]) -> None:
    assert oa("workers", "remove", "attic") == 1
    assert capsys.readouterr().err == "oa: there is no worker attic; `oa workers` lists them\n"


def test_a_worker_refuses_an_address_that_is_none(oa: Oa, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = make_tiny_model(tmp_path).gguf
    assert oa("worker", "--hub", "attic:8080", "--key", "x", "--model", str(model)) == 1
    assert capsys.readouterr().err == (
        "oa: attic:8080 is no address of a hub; write one such as https://oa.example.org\n"
    )


def test_a_worker_refuses_a_model_that_is_none(oa: Oa, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUFnonsense")
    assert oa("worker", "--hub", "http://127.0.0.1:9", "--key", "x", "--model", str(broken)) == 1
    complaint = capsys.readouterr().err
    assert str(broken) in complaint
    assert complaint.count("\n") == 1
