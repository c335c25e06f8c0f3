"""The built-in model's tokenizer: byte-level BPE, made from the lessons."""

from __future__ import annotations

from itertools import islice

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from oa.demo.lessons import Teacher

END_OF_TEXT = "<|endoftext|>"
SPECIAL = (END_OF_TEXT, "<|im_start|>", "<|im_end|>")

CHAT_TEMPLATE = """\
{%- for message in messages -%}
{{ '<|im_start|>' + message['role'] + '\\n' }}
{%- if message['role'] == 'assistant' -%}
{% generation %}{{ message['content'] + '<|im_end|>' }}{% endgeneration %}{{ '\\n' }}
{%- else -%}
{{ message['content'] + '<|im_end|>\\n' }}
{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}
{{ '<|im_start|>assistant\\n' }}
{%- endif -%}
"""
"""ChatML. What stands between the `generation` tags is what an assistant learns to say."""


def make_tokenizer(seed: int, size: int, lessons: int, context: int) -> PreTrainedTokenizerFast:
    """Digits stay single: sums are done digit by digit, and no word of the vocabulary has one in it."""
    tokenizer = Tokenizer(models.BPE())
    by_words = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), by_words])
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=list(SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    taught = islice(Teacher(seed).lessons(), lessons)
    tokenizer.train_from_iterator((said["content"] for lesson in taught for said in lesson.messages()), trainer)
    # From here on as GPT-2 does it, which readers of GGUF files know. No merge has a digit, so they stay single.
    tokenizer.pre_tokenizer = by_words
    tokenizer.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token=END_OF_TEXT,
        eos_token="<|im_end|>",
        pad_token=END_OF_TEXT,
        model_max_length=context,
        chat_template=CHAT_TEMPLATE,
    )
