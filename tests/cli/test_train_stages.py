from __future__ import annotations

import json
from pathlib import Path

import pytest

from oa.cli import main

TINY = ("--size", "tiny", "--set", "model.hidden=16", "--set", "model.layers=1", "--set", "model.vocabulary=300")


def run(*arguments: str | Path) -> int:
    with pytest.raises(SystemExit) as left:
        main.entry(["train", *map(str, arguments)])
    assert isinstance(left.value.code, int)
    return left.value.code


@pytest.mark.parametrize("stage", ["sft", "reward"])
def test_a_model_is_trained_from_the_command_line(
    stage: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "data.jsonl"
    rows = [{"prompt": f"question {at}", "replies": ["a good answer", "no"]} for at in range(8)]
    data.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    place = tmp_path / "run"
    assert run(stage, *TINY, "--data", data, "-o", place, "--set", "training.max_steps=1") == 0
    assert "finished" in capsys.readouterr().err
    assert (place / "final" / "model.safetensors").exists()


@pytest.mark.parametrize("stage", ["sft", "reward"])
def test_data_that_is_not_there_is_a_sentence(stage: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(stage, *TINY, "--data", tmp_path / "none.jsonl", "-o", tmp_path / "run") == 1
    assert capsys.readouterr().err.splitlines()[-1] == f"oa: there is no file {tmp_path / 'none.jsonl'}"
    assert run(stage, *TINY, "--data", "a", "--dry-run") == 0
