from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from sample_trees import json_lines

from oa.errors import BadTrainingData
from oa.train.recipe import load
from oa.train.reward import train
from oa.train.run import Run, ask_to_stop, begin
from oa.train.sizes import Stage

torch.set_num_threads(1)

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
    "evaluation.every=1000",
]


def written(path: Path, replies: list[str], ranks: list[int]) -> Path:
    """Groups of the same replies to different questions."""
    lines = [
        {
            "prompt": [{"role": "user", "content": f"{number}: how are you?"}],
            "replies": [{"role": "assistant", "content": reply} for reply in replies],
            "ranks": ranks,
        }
        for number in range(20)
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    return path


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    replies = ["I am well, thank you.", "Well.", "Fine, whatever.", "Go away."]
    return written(tmp_path_factory.mktemp("data") / "groups.jsonl", replies, [0, 1, 1, 2])


def made(directory: Path, data: Path, *typed: str) -> bool:
    recipe = load(Stage.REWARD, None, [*TINY, f"output={directory}", *typed], {"data": [{"path": str(data)}]})
    with begin(recipe) as run:
        return train(run)


def test_a_new_model_learns_to_rank(tmp_path: Path, data: Path) -> None:
    assert made(tmp_path / "run", data, "training.epochs=5")
    log = json_lines(tmp_path / "run" / "metrics.jsonl")
    losses = [line["loss"] for line in log if "loss" in line]
    assert losses[0] == pytest.approx(0.69, abs=0.1)
    assert losses[-1] < 0.3
    assert log[-1]["eval_groups_accuracy_pairs"] > 0.9
    assert log[-1]["eval_groups_kendall_tau"] > 0.8
    assert log[-1]["eval_groups_accuracy_best_worst"] == 1.0

    from transformers import AutoModelForSequenceClassification

    model: Any = AutoModelForSequenceClassification.from_pretrained(tmp_path / "run" / "final")
    assert model.config.num_labels == 1


def test_going_on_is_the_same_as_never_stopping(tmp_path: Path, data: Path) -> None:
    more = ["training.max_steps=4", "training.save_every=2"]
    assert made(tmp_path / "whole", data, *more)
    with pytest.MonkeyPatch.context() as patch:
        log = Run.log

        def logged(run: Run, at: int, *rest: Any, **named: Any) -> None:
            log(run, at, *rest, **named)
            if at == 2:
                ask_to_stop(run.directory)

        patch.setattr(Run, "log", logged)
        assert not made(tmp_path / "parted", data, *more)
    assert made(tmp_path / "parted", data, *more)
    whole, parted = (load_file(tmp_path / name / "final" / "model.safetensors") for name in ("whole", "parted"))
    assert whole.keys() == parted.keys()
    assert all(torch.equal(one, parted[name]) for name, one in whole.items())


def test_a_score_head_is_trained_along_with_adapters(tmp_path: Path, data: Path) -> None:
    assert made(tmp_path / "base", data, "training.max_steps=1")
    base = tmp_path / "base" / "final"
    assert made(tmp_path / "run", data, f"model.base={base}", "lora.enabled=true", "training.max_steps=1")
    names = load_file(tmp_path / "run" / "final" / "adapter_model.safetensors").keys()
    assert any("score" in name for name in names)
    assert any("lora_A" in name for name in names)


def test_equally_good_replies_teach_nothing(tmp_path: Path) -> None:
    with pytest.raises(BadTrainingData, match="ranks nothing"):
        made(tmp_path / "run", written(tmp_path / "ties.jsonl", ["a", "b"], [0, 0]))
