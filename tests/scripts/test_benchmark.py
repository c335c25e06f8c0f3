from __future__ import annotations

import subprocess
import sys
from itertools import islice
from pathlib import Path
from types import ModuleType

import pytest

from oa.data.lines import reading
from oa.data.oasst import read_trees
from oa.domain.records import TreeRecord, fault_of

BENCHMARK = Path(__file__).parents[2] / "scripts" / "benchmark"


@pytest.fixture
def corpus(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARK))
    import corpus

    return corpus


def test_the_corpus_is_made_of_trees_that_an_import_takes(corpus: ModuleType, tmp_path: Path) -> None:
    file = tmp_path / "corpus.jsonl"
    written = corpus.write_corpus(file, 500)
    with reading(file) as lines:
        trees = list(read_trees(lines))
    assert [tree for tree in trees if not isinstance(tree, TreeRecord) or fault_of(tree)] == []
    assert sum(len(tree.messages) for tree in trees if isinstance(tree, TreeRecord)) == written >= 500


def test_a_seed_gives_the_same_corpus(corpus: ModuleType) -> None:
    assert list(islice(corpus.trees(1), 20)) == list(islice(corpus.trees(1), 20))
    assert list(islice(corpus.trees(1), 20)) != list(islice(corpus.trees(2), 20))


def test_the_benchmark_says_what_it_can_measure() -> None:
    told = subprocess.run([sys.executable, str(BENCHMARK), "--help"], capture_output=True, text=True, check=True)
    assert "{busy,growth,exchange,search,standing,start}" in told.stdout
