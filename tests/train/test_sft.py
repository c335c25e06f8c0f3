from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest
import torch
from sample_trees import json_lines

from oa.errors import BadTrainingData, InvalidSetting
from oa.train.recipe import load
from oa.train.run import Run, ask_to_stop, begin
from oa.train.sft import train
from oa.train.sizes import Stage

torch.set_num_threads(1)

COLOURS = [("sky", "blue"), ("grass", "green"), ("snow", "white"), ("coal", "black"), ("sun", "yellow")]
TINY = [
    "size=tiny",
    "model.hidden=32",
    "model.layers=1",
    "model.heads=2",
    "model.vocabulary=300",
    "training.batch_size=4",
    "training.max_length=64",
    "training.learning_rate=0.01",
    "training.log_every=1",
    "evaluation.share=0.2",
]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "colours.jsonl"
    conversations = [
        {
            "messages": [
                {"role": "user", "content": f"{number}: what is the colour of {thing}?"},
                {"role": "assistant", "content": f"It is {colour}."},
            ]
        }
        for number in range(5)
        for thing, colour in COLOURS
    ]
    path.write_text("".join(json.dumps(one) + "\n" for one in conversations), "utf-8")
    return path


def new_run(directory: Path, data: Path, *typed: str) -> Run:
    return begin(load(Stage.SFT, None, [*TINY, f"output={directory}", *typed], {"data": [{"path": str(data)}]}))


def made(directory: Path, data: Path, *typed: str) -> bool:
    with new_run(directory, data, *typed) as run:
        return train(run)


def weights(directory: Path) -> dict[str, torch.Tensor]:
    from safetensors.torch import load_file

    found: dict[str, torch.Tensor] = {}
    for path in sorted(directory.glob("*.safetensors")):
        found |= load_file(path)
    return found


@pytest.mark.parametrize("packing", ["false", "true"])
def test_a_new_model_learns_to_answer(tmp_path: Path, data: Path, packing: str) -> None:
    question = "1: what is the colour of snow?"
    more = [
        f"training.packing={packing}",
        f"sampling.prompts=['{question}']",
        "sampling.every=20",
        "sampling.max_new_tokens=8",
    ]
    assert made(tmp_path / "run", data, "training.epochs=6", "evaluation.every=10", *more)
    log = json_lines(tmp_path / "run" / "metrics.jsonl")
    losses = [line["loss"] for line in log if "loss" in line]
    assert losses[-1] < 0.5 * losses[0]
    assert "eval_colours_loss" in log[-1]
    samples = json_lines(tmp_path / "run" / "samples.jsonl")
    assert {(line["step"] % 20, line["prompt"]) for line in samples} == {(0, question)}
    card = (tmp_path / "run" / "final" / "README.md").read_text("utf-8")
    assert "colours.jsonl" in card

    from transformers import AutoModelForCausalLM

    model: Any = AutoModelForCausalLM.from_pretrained(tmp_path / "run" / "final")
    assert sum(one.numel() for one in model.parameters()) > 10_000


@pytest.mark.parametrize("kind", ["new", "packed", "adapters"])
def test_going_on_is_the_same_as_never_stopping(tmp_path: Path, data: Path, kind: str) -> None:
    more = ["training.max_steps=4", "training.save_every=2"]
    if kind == "packed":
        more.append("training.packing=true")
    if kind == "adapters":
        assert made(tmp_path / "base", data, "training.max_steps=1")
        more += ["lora.enabled=true", f"model.base={tmp_path / 'base' / 'final'}", "lora.dropout=0.2"]
    assert made(tmp_path / "whole", data, *more)
    with pytest.MonkeyPatch.context() as patch:
        stop_after(patch, 2, by_signal=kind == "packed")
        assert not made(tmp_path / "parted", data, *more)
    assert not (tmp_path / "parted" / "final").exists()
    assert made(tmp_path / "parted", data, *more)
    expected, found = (weights(tmp_path / name / "final") for name in ("whole", "parted"))
    assert expected.keys() == found.keys()
    assert all(torch.equal(one, found[name]) for name, one in expected.items())
    logs = [json_lines(tmp_path / name / "metrics.jsonl") for name in ("whole", "parted")]
    losses = [[(line["step"], line["loss"]) for line in log if "loss" in line] for log in logs]
    assert losses[0] == losses[1]
    assert [step for step, _ in losses[0]] == [1, 2, 3, 4]


def stop_after(patch: pytest.MonkeyPatch, step: int, *, by_signal: bool) -> None:
    """Have somebody stop the run once the step is in its log."""
    log = Run.log

    def logged(run: Run, at: int, *rest: Any, **more: Any) -> None:
        log(run, at, *rest, **more)
        if at == step and by_signal:
            os.kill(os.getpid(), signal.SIGTERM)
        elif at == step:
            ask_to_stop(run.directory)

    patch.setattr(Run, "log", logged)


def test_data_that_teaches_nothing_is_refused_before_the_first_step(tmp_path: Path) -> None:
    path = tmp_path / "questions.jsonl"
    rows = [{"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": ""}]}] * 3
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    with pytest.raises((BadTrainingData, InvalidSetting)):
        made(tmp_path / "run", path, "training.max_length=4")
    assert not (tmp_path / "run" / "checkpoints").exists()
