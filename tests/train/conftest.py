from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sample_trees import SHARED_DATA

MakeTokenizer = Callable[[], Any]


@pytest.fixture(scope="session")
def make_tokenizer() -> MakeTokenizer:
    """Makes a small tokenizer of bytes, with an end token and nothing else."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    def make() -> Any:
        alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
        vocabulary = {letter: number for number, letter in enumerate(["<|endoftext|>", *alphabet])}
        plain = Tokenizer(models.BPE(vocabulary, []))
        plain.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        plain.decoder = decoders.ByteLevel()
        return PreTrainedTokenizerFast(tokenizer_object=plain, eos_token="<|endoftext|>")

    return make


@pytest.fixture
def oasst_tokenizer() -> Any:
    """The tokenizer of Open-Assistant's own tests; skipped where it is not."""
    from transformers import AutoTokenizer

    path = SHARED_DATA / "oasst_tokenizer"
    if not path.exists():
        pytest.skip(f"{path} is not there")
    return AutoTokenizer.from_pretrained(str(path))
