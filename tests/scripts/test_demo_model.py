from __future__ import annotations

import subprocess
import sys
from itertools import islice
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "demo_model"


@pytest.fixture
def training(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(SCRIPT))
    import torch
    import training

    torch.set_num_threads(1)
    return training


@pytest.fixture
def tokenizer(training: ModuleType) -> Any:
    import tokenizer

    return tokenizer.make_tokenizer(seed=0, size=600, lessons=200, context=256)


def test_digits_stay_single_and_texts_come_back(tokenizer: Any) -> None:
    text = "Сколько будет 17 + 203? ¿Qué? 7 kilómetros = 7000 metros."
    pieces = [tokenizer.decode([token]) for token in tokenizer(text)["input_ids"]]
    assert "".join(tokenizer.decode(tokenizer(text)["input_ids"])) == text
    assert all(piece.strip() in "0123456789" for piece in pieces if any(letter.isdigit() for letter in piece))


def test_only_the_assistants_words_are_learnt(training: ModuleType, tokenizer: Any) -> None:
    said = [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "Hello!"},
        {"role": "assistant", "content": "Hi."},
        {"role": "user", "content": "Bye"},
        {"role": "assistant", "content": "Goodbye!"},
    ]
    ids, labels = training._tokens(tokenizer, said)
    learnt = [token for token in labels if token != training.IGNORED]
    assert tokenizer.decode(learnt) == "Hi.<|im_end|>Goodbye!<|im_end|>"
    assert tokenizer.decode(ids).startswith("<|im_start|>system\nBe kind.<|im_end|>\n<|im_start|>user\nHello!")


def test_batches_hold_about_as_many_tokens_as_they_should(training: ModuleType, tokenizer: Any) -> None:
    plan = training.Plan(batch_tokens=512)
    sizes = [batch.ids.numel() for batch in islice(training.batches(tokenizer, plan), 50)]
    assert max(sizes) <= 1024
    assert sum(sizes) / len(sizes) > 300


def test_a_seed_gives_the_same_batches(training: ModuleType, tokenizer: Any) -> None:
    first, second = (next(training.batches(tokenizer, training.Plan())).ids.tolist() for _ in range(2))
    assert first == second


def test_training_learns(training: ModuleType, tokenizer: Any) -> None:
    plan = training.shortened(training.Plan(vocabulary=600, hidden=64, layers=2, warm_up_steps=10), 50)
    lines: list[str] = []
    trained = training.train(training.new_model(plan, tokenizer), tokenizer, plan, lines.append)
    losses = [float(line.partition("loss ")[2]) for line in lines]
    assert losses[-1] < losses[0] < 6.4  # nats a token of one among 600
    assert trained.loss == pytest.approx(losses[-1], abs=1e-3)


def test_the_card_counts_what_is_right(training: ModuleType) -> None:
    from card import table
    from scoring import Score

    rows = [Score("sum", "en", 9, 10), Score("sum", "ru", 1, 10), Score("unit", "en", 5, 5)]
    lines = table(rows).splitlines()
    assert lines[2] == "| sum | 9/10 | 1/10 | - | - | 0.500 |"
    assert lines[3] == "| unit | 5/5 | - | - | - | 1.000 |"
    assert lines[4].endswith("| 0.600 |")


def test_the_script_says_what_it_does() -> None:
    done = subprocess.run([sys.executable, str(SCRIPT), "--help"], capture_output=True, text=True, check=True)
    assert "--install" in done.stdout
