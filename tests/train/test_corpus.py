from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sample_trees import shared_file

from oa.domain.samples import Conversation, Kind
from oa.errors import BadFile, BadTrainingData, InvalidSetting
from oa.train.corpus import Corpus, counts, epoch_of, gathered
from oa.train.recipe import Recipe, load
from oa.train.sizes import Stage


def recipe(*sources: dict[str, Any], share: float = 0.2) -> Recipe:
    made = ", ".join(
        "{" + ", ".join(f"{key} = {json.dumps(value)}" for key, value in one.items()) + "}" for one in sources
    )
    return load(Stage.SFT, None, ["size=tiny", f"evaluation.share={share}", f"data=[{made}]"]).recipe


def conversations(*sources: dict[str, Any], share: float = 0.2) -> list[Corpus[Conversation]]:
    return gathered(recipe(*sources, share=share), [Kind.CONVERSATION])


def alpaca(path: Path, count: int, first: int = 0) -> str:
    rows = [json.dumps({"instruction": f"question {first + at}", "output": "a"}) for at in range(count)]
    path.write_text("\n".join(rows), "utf-8")
    return str(path)


def test_every_source_is_split_by_itself(tmp_path: Path) -> None:
    first, second = alpaca(tmp_path / "first.jsonl", 20), alpaca(tmp_path / "second.jsonl", 10)
    found = conversations({"path": first}, {"path": second})
    assert counts(found)["first"] == {"train": 16, "held_out": 4, "unreadable": 0, "skipped": 0}
    assert counts(found)["second"]["held_out"] == 2


def test_an_epoch_draws_the_share_of_each_source_whatever_else_is_said(tmp_path: Path) -> None:
    first, second = alpaca(tmp_path / "first.jsonl", 20), alpaca(tmp_path / "second.jsonl", 20, 100)
    found = conversations({"path": first, "fraction": 0.25}, {"path": second, "size": 3}, share=0.0)
    epochs = [epoch_of(found, epoch, 1) for epoch in range(8)]
    for epoch in epochs:
        asked = [int(sample.turns[0].text.split()[1]) for sample in epoch]
        assert (sum(one < 100 for one in asked), sum(one >= 100 for one in asked)) == (5, 3)
    assert len({sample.turns[0].text for epoch in epochs for sample in epoch}) > 16


def test_real_trees_become_demonstrations_and_rankings() -> None:
    path = {"path": str(shared_file("oasst_en_100_trees.jsonl"))}
    talks = conversations(path)
    groups = gathered(recipe(path), [Kind.RANKED])
    trees = {sample.about.tree for sample in talks[0].train}
    assert len(talks[0].train) > 100
    assert len(groups[0].train) > 50
    assert all(len(group.replies) > 1 for group in groups[0].train)
    assert not trees & {sample.about.tree for sample in talks[0].held_out}
    best = conversations({**path, "top_k": 1})
    assert 0 < len(best[0].train) < len(talks[0].train)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (
            '{"instruction": "q", "output": 3}',
            "has nothing to learn from: 1 rows cannot be read, the first in line 1: output",
        ),
        ('{"prompt": "q", "chosen": "a", "rejected": "b"}\n', None),
        ('{"text": "words"}', "1 samples in it are of no use"),
    ],
)
def test_a_source_without_use_says_why(content: str, sentence: str | None, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(content, "utf-8")
    source = {"path": str(path), "format": "alpaca"} if "instruction" in content else {"path": str(path)}
    if sentence is None:
        assert len(conversations(source, share=0.0)[0].train) == 1
    else:
        with pytest.raises(BadTrainingData, match=sentence):
            conversations(source)


def test_no_data_and_no_file_are_sentences(tmp_path: Path) -> None:
    with pytest.raises(BadTrainingData, match="--data FILE"):
        conversations()
    with pytest.raises(BadFile, match="there is no file"):
        conversations({"path": str(tmp_path / "nothing.jsonl")})
    with pytest.raises(InvalidSetting, match="its size cannot be 7"):
        conversations({"path": alpaca(tmp_path / "a.jsonl", 5), "size": 7})
