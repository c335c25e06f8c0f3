"""Whether llama.cpp says with the GGUF file what transformers says with the checkpoint."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from scoring import LONGEST_ANSWER, Answering
from transformers import AutoTokenizer, LlamaForCausalLM

from oa.demo.lessons import Lesson


def equal_replies(checkpoint: Path, model: Answering, lessons: Sequence[Lesson]) -> int:
    """In how many conversations both give the same answer, taking the likeliest token."""
    reference, tokenizer = (
        LlamaForCausalLM.from_pretrained(checkpoint).eval(),
        AutoTokenizer.from_pretrained(checkpoint),
    )
    equal = 0
    for lesson in lessons:
        asked = lesson.messages()[:-1]
        prompt = tokenizer.apply_chat_template(asked, add_generation_prompt=True, return_tensors="pt", return_dict=True)
        with torch.no_grad():
            written = reference.generate(**prompt, do_sample=False, max_new_tokens=LONGEST_ANSWER)
        theirs = tokenizer.decode(written[0, prompt["input_ids"].shape[1] :], skip_special_tokens=True)
        equal += theirs == model.reply(asked)
    return equal
