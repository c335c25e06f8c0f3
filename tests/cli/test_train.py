from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from oa.cli import main
from oa.train.recipe import load
from oa.train.run import begin
from oa.train.sizes import Stage

Run = Callable[..., int]


@pytest.fixture
def run() -> Run:
    """Runs `oa train …`; gives the exit code."""

    def run(*arguments: str | Path) -> int:
        with pytest.raises(SystemExit) as left:
            main.entry(["train", *map(str, arguments)])
        assert isinstance(left.value.code, int)
        return left.value.code

    return run


@pytest.fixture
def data(tmp_path: Path) -> Path:
    rows = [{"instruction": f"question {at}", "output": f"answer {at} [b]x[/b]"} for at in range(20)]
    path = tmp_path / "data.json"
    path.write_text(json.dumps(rows), "utf-8")
    return path


def test_a_recipe_is_printed_to_begin_with(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("recipe", "--size", "tiny", "--stage", "reward") == 0
    file = tmp_path / "recipe.toml"
    file.write_text(capsys.readouterr().out, "utf-8")
    assert load(Stage.REWARD, file).recipe == load(Stage.REWARD, None, ["size=tiny"]).recipe
    assert run("recipe", file, "--origins", "--json") == 0
    found = {one["value"]: one["from"] for one in json.loads(capsys.readouterr().out)}
    assert found["training.batch_size"] == f"file {file}"


def test_samples_are_shown_with_what_counts_marked(run: Run, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("inspect", "--size", "tiny", "--data", data, "-n", "2") == 0
    output = capsys.readouterr().out
    assert output.count("⟦answer ") == 2
    assert "[b]x[/b]<|im_end|>⟧" in output
    assert "samples\t19" in output
    assert run("inspect", "--size", "tiny", "--data", data, "--json") == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert len(found["shown"]) == 3
    assert all(len(one["ids"]) == len(one["labels"]) for one in found["shown"])


def test_data_of_which_too_much_is_cut_is_refused(run: Run, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("inspect", "--size", "tiny", "--data", data, "--set", "training.max_length=8") == 1
    assert "would teach nothing" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["inspect", "--size", "tiny"], 1, "--data FILE"),
        (["inspect", "--size", "tiny", "--data", "nothing.jsonl"], 1, "there is no file nothing.jsonl"),
        (["inspect", "--size", "tine"], 2, "size must be one of tiny, small, medium, full, not 'tine'"),
        (["inspect", "--stage", "sfd"], 2, "did you mean sft"),
        (["inspect", "--stage", "ppo", "--size", "tiny"], 2, "oa data preview"),
        (["inspect"], 2, "set model.base, or lora.enabled=false"),
        (["stop", "nowhere"], 2, "nowhere holds no run"),
    ],
)
def test_a_mistake_is_answered_with_a_sentence(
    arguments: list[str], code: int, sentence: str, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*arguments) == code
    assert sentence in capsys.readouterr().err


def test_every_value_and_its_origin_are_printed_before_anything_is_done(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("inspect", "--size", "tiny", "--set", "seed=3", "--dry-run") == 0
    lines = capsys.readouterr().out.splitlines()
    assert "seed\t3\t--set" in lines
    assert "training.max_length\t256\tsize tiny" in lines
    assert "training.beta1\t0.9\tdefault" in lines


def test_a_run_is_asked_to_stop(run: Run, tmp_path: Path) -> None:
    made = begin(load(Stage.SFT, None, ["size=tiny", f"output={tmp_path / 'run'}"]))
    assert run("stop", tmp_path / "run") == 0
    assert made.should_stop
