from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from oa.cli import main


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as left:
        main.entry(arguments)
    assert isinstance(left.value.code, int)
    return left.value.code


@pytest.fixture
def hub(data_dir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[str]:
    """A hub that runs in a process of its own; the environment names it, its data and a key."""
    monkeypatch.setenv("OA_DATA_DIR", str(data_dir))
    assert run("keys", "add", "demo", "--json") == 0
    monkeypatch.setenv("OA_KEY", json.loads(capsys.readouterr().out)["key"])
    serve = [sys.executable, "-m", "oa", "serve", "--port", "0"]
    with subprocess.Popen(serve, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        address = re.search(r"http://\S+:\d+", process.stdout.readline())
        assert address is not None
        monkeypatch.setenv("OA_HUB", address[0])
        yield address[0]
        process.terminate()


def test_a_community_works_on_a_running_hub_and_says_what_it_did(hub: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("demo", "--lang", "en", "--lang", "de", "--rounds", "3", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["rounds"] == 3
    assert told["answers"]["initial_prompt"] > 0
    assert told["refused"] == {}


def test_without_json_every_count_has_its_line(hub: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("demo", "--rounds", "1", "--volunteers", "4", "--trolls", "1") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "what\thow many"
    assert "rounds\t1" in lines
    assert any(line.startswith("answers: initial_prompt\t") for line in lines)


def test_too_few_rounds_for_the_trees_that_were_wanted_is_a_failure(
    hub: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("demo", "--rounds", "1", "--volunteers", "2", "--trolls", "0", "--trees", "1") == 1
    assert "before 1 trees were ready" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--lang", "tlh"), "does not speak 'tlh'"),
        (("--trolls", "21"), "no more trolls than people"),
        (("--hub", "hub.test"), "is not the address of a hub"),
        (("--hub", "http://127.0.0.1:1"), "no hub answers at"),
    ],
)
def test_what_cannot_work_is_said_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], sentence: str
) -> None:
    monkeypatch.setenv("OA_KEY", "oak_any")
    assert run("demo", *arguments) == 1
    said = capsys.readouterr().err
    assert sentence in said
    assert len(said.splitlines()) == 1
