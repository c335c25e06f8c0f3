"""Texts that a model is quantized by: rows of tokens, all of one length."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from jinja2 import TemplateError
from torch import Tensor

from oa.data.sources import opened
from oa.domain.records import Fault
from oa.domain.samples import Sample, texts_of, turns_of
from oa.errors import BadFile

FEWEST_ROWS = 4

SEED = 20210531
"""Of what a model writes itself."""

AT_ONCE = 16
"""Texts that it writes beside each other."""


def rows_from(file: Path, tokenizer: Any, rows: int, length: int) -> Tensor:
    """The beginning of a file of text or samples as tokens, (rows, length), int64: conversations in the model's
    template, one after the other without gaps.

    Raises:
        BadFile: it holds too little, or is no file of samples or text.
    """
    tokens: list[int] = []
    with opened(file) as source:
        for sample in source.samples():
            if not isinstance(sample, Fault):
                tokens += _tokens(sample, tokenizer)
            if len(tokens) >= rows * length:
                break
    found = len(tokens) // length
    if found < FEWEST_ROWS:
        raise BadFile(
            f"{file} has {len(tokens)} tokens, and calibration needs {FEWEST_ROWS * length} at least "
            f"({FEWEST_ROWS} rows of {length}): choose a longer text, or shorter rows with --length"
        )
    found = min(found, rows)
    return torch.tensor(tokens[: found * length]).reshape(found, length)


def _tokens(sample: Sample, tokenizer: Any) -> list[int]:
    text = _in_template(sample, tokenizer)
    if text is not None:
        return tokenizer(text, add_special_tokens=False)["input_ids"]
    return tokenizer("\n\n".join(texts_of(sample)))["input_ids"]


def _in_template(sample: Sample, tokenizer: Any) -> str | None:
    """A conversation as the model reads it; None where there is none, or where the template has no place for it."""
    turns = turns_of(sample)
    if not turns or tokenizer.chat_template is None:
        return None
    try:
        messages = [{"role": str(turn.speaker), "content": turn.text} for turn in turns]
        return tokenizer.apply_chat_template(messages, tokenize=False)
    except TemplateError:
        return None


def rows_by(model: Any, tokenizer: Any, rows: int, length: int) -> Tensor:
    """What the model writes when nobody asks, as tokens, (rows, length), int64: close to what it was trained on,
    whatever its languages.

    Source:
        Williams et al. 2024, Self-calibration for language model quantization, https://arxiv.org/abs/2410.17170
    """
    generator = torch.Generator().manual_seed(SEED)
    first = tokenizer.bos_token_id
    written: list[Tensor] = []
    for begin in range(0, rows, AT_ONCE):
        count = min(AT_ONCE, rows - begin)
        start = torch.randint(0, len(tokenizer), (count, 1), generator=generator)
        written.append(_go_on(model, start if first is None else torch.full((count, 1), first), length, generator))
    return torch.cat(written)


def _go_on(model: Any, tokens: Tensor, length: int, generator: torch.Generator) -> Tensor:
    """Each row drawn on to the length, as likely as the model finds it; an end of text is no reason to stop."""
    cache: Any = None
    with torch.inference_mode():
        while tokens.shape[1] < length:
            new = tokens if cache is None else tokens[:, -1:]
            out: Any = model(input_ids=new, past_key_values=cache, use_cache=True)
            cache = out.past_key_values
            chances: Tensor = out.logits[:, -1].float().softmax(-1)
            tokens = torch.cat([tokens, torch.multinomial(chances, 1, generator=generator)], 1)
    return tokens
