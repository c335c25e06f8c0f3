from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers

from oa.errors import BadFile
from oa.quant.exl2.calibration import rows_by, rows_from

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def tokenizer(model_of: Callable[[str], Path]) -> Any:
    return transformers.AutoTokenizer.from_pretrained(model_of("Llama"))


def test_a_text_is_cut_into_rows_without_gaps(tmp_path: Path, tokenizer: Any) -> None:
    text = "The cat sat on the mat. " * 100
    (tmp_path / "text.txt").write_text(text)

    rows = rows_from(tmp_path / "text.txt", tokenizer, 5, 32)

    assert rows.shape == (5, 32)
    assert text.startswith(tokenizer.decode(rows.flatten()))


def test_conversations_come_in_the_models_template(tmp_path: Path, tokenizer: Any) -> None:
    turns = [{"role": "user", "content": "The cat"}, {"role": "assistant", "content": "sat on the mat"}]
    (tmp_path / "talk.jsonl").write_text("\n".join([json.dumps({"messages": turns})] * 40))

    rows = rows_from(tmp_path / "talk.jsonl", tokenizer, 4, 16)

    assert tokenizer.decode(rows.flatten()).startswith("The cat<end>sat on the mat<end>The cat<end>")


def test_conversations_that_the_template_refuses_come_as_plain_text(tmp_path: Path, model_of: Any) -> None:
    strict = transformers.AutoTokenizer.from_pretrained(model_of("Llama"))
    strict.chat_template = "{{ raise_exception('no') }}"
    turns = [{"role": "user", "content": "The cat sat"}, {"role": "assistant", "content": "on the mat"}]
    (tmp_path / "talk.jsonl").write_text("\n".join([json.dumps({"messages": turns})] * 40))

    rows = rows_from(tmp_path / "talk.jsonl", strict, 4, 16)

    assert strict.decode(rows.flatten()).startswith("The cat sat\n\non the mat")


def test_too_little_text_is_refused_with_what_is_needed(tmp_path: Path, tokenizer: Any) -> None:
    (tmp_path / "text.txt").write_text("The cat sat.")

    with pytest.raises(BadFile, match=r"tokens, and calibration needs 256 at least \(4 rows of 64\)"):
        rows_from(tmp_path / "text.txt", tokenizer, 32, 64)


def test_a_model_writes_its_own_texts_the_same_every_time(model_of: Any, tokenizer: Any) -> None:
    model = transformers.AutoModelForCausalLM.from_pretrained(model_of("Llama"), dtype=torch.float32)

    rows = rows_by(model, tokenizer, 18, 12)

    assert rows.shape == (18, 12)
    assert set(rows[:, 0].tolist()) == {tokenizer.bos_token_id}
    assert len({tuple(row) for row in rows.tolist()}) == 18
    assert torch.equal(rows, rows_by(model, tokenizer, 18, 12))
