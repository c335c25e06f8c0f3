from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from oa.inference.gguf import read_gguf

BENCHMARK = Path(__file__).parents[2] / "scripts" / "benchmark"


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARK))
    import chat_models

    return chat_models


def test_models_of_random_weights_have_the_sizes_they_are_named_after(models: ModuleType, tmp_path: Path) -> None:
    assert 900_000 < models.ONE_MILLION.parameters < 1_100_000
    assert 95_000_000 < models.HUNDRED_MILLION.parameters < 105_000_000
    file = models.random_weights(tmp_path, "one-million", models.ONE_MILLION)
    header = read_gguf(file)
    assert header.architecture == "llama"
    assert header.context_length == models.ONE_MILLION.context


@pytest.mark.slow
def test_the_engine_alone_writes_as_many_tokens_as_it_is_asked_for(models: ModuleType, tmp_path: Path) -> None:
    file = models.random_weights(tmp_path, "tiny", models.Shape(64, 128, 1, 2, 300))
    command = [sys.executable, str(BENCHMARK / "chat_direct.py"), str(file), "50", "0.1", "1", "2"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    one, two = json.loads(done.stdout.splitlines()[-1])
    assert (one["clients"], two["clients"]) == (1, 2)
    assert one["answers"] >= 1
    assert two["answers"] >= 2
    assert one["tokens_per_s"] > 0


def test_the_benchmark_says_what_it_can_measure() -> None:
    command = [sys.executable, str(BENCHMARK / "chat.py"), "--help"]
    told = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "{small,events,large,idle}" in told.stdout
