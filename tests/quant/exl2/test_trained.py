"""The quantizer on a model that has learned something: the built-in one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from torch import Tensor
from torch.nn.functional import cross_entropy

import oa.demo.model
from oa.quant.exl2.calibration import rows_by
from oa.quant.exl2.model import load
from oa.quant.exl2.quantizer import Job, quantize_model

pytestmark = pytest.mark.slow  # 15 s of processor time

QUESTION = "<|im_start|>user\nWhat is the capital of France?<|im_end|>\n<|im_start|>assistant\n"


def perplexity(model: Any, rows: Tensor) -> float:
    with torch.no_grad():
        logits = model(input_ids=rows).logits[:, :-1]
    return float(cross_entropy(logits.flatten(0, 1), rows[:, 1:].flatten()).exp())


def test_perplexity_falls_with_bits_towards_the_originals(tmp_path: Path) -> None:
    torch.set_num_threads(1)
    found = {"gguf_file": "oa-demo.q8_0.gguf"}
    place = str(Path(oa.demo.model.__file__).parent)
    read = transformers.AutoModelForCausalLM.from_pretrained(place, **found, dtype=torch.float32)
    facts = read.config.to_dict()
    facts.pop("quantization_config", None)  # which says that it came from a GGUF file
    original = transformers.LlamaForCausalLM(transformers.LlamaConfig(**facts)).eval()
    original.load_state_dict(read.state_dict())
    tokenizer = transformers.AutoTokenizer.from_pretrained(place, **found)
    original.save_pretrained(tmp_path / "plain")
    tokenizer.save_pretrained(tmp_path / "plain")
    targets = {bits: tmp_path / f"{bits}" for bits in (3.0, 4.0, 6.0)}

    made = quantize_model(Job(tmp_path / "plain", targets, rows=8, length=192), lambda *_: None)

    rows = rows_by(original, tokenizer, 24, 128)[8:]  # others than those that it was calibrated by
    models = [load(one.directory, torch.float32) for one in made]
    figures = [perplexity(one, rows) for one in models]
    assert all(abs(one.bits / one.asked_bits - 1) < 0.02 for one in made)
    assert figures == sorted(figures, reverse=True)
    assert figures[-1] < 1.01 * perplexity(original, rows)
    asked = tokenizer(QUESTION, return_tensors="pt", add_special_tokens=False).input_ids
    said = models[-1].generate(asked, attention_mask=torch.ones_like(asked), max_new_tokens=12, do_sample=False)
    assert "Paris" in tokenizer.decode(said[0])
