"""Small models of random weights, of sizes that ExLlamaV2 takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

SMALL: dict[str, Any] = {
    "vocab_size": 300,
    "hidden_size": 128,
    "intermediate_size": 192,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 64,
    "bos_token_id": 0,
    "eos_token_id": 1,
    "initializer_range": 0.1,
}

KINDS = ("Llama", "Qwen2", "Mistral", "Qwen3")

TEXTS = ["The cat sat on the mat.", "A dog ran to the river and came back.", "Two birds sang in the old tree."]


def make_model(directory: Path, kind: str, **changes: Any) -> Path:
    """A model of random weights, as transformers saves it, with its tokenizer."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    facts = SMALL | ({"head_dim": 32} if kind == "Qwen3" else {}) | changes
    config = getattr(transformers, f"{kind}Config")(**facts)
    getattr(transformers, f"{kind}ForCausalLM")(config).save_pretrained(directory)
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    special = ["<begin>", "<end>"]
    trainer = trainers.BpeTrainer(
        vocab_size=290, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(TEXTS, trainer)
    fast = transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<begin>",
        eos_token="<end>",
        chat_template="{% for message in messages %}{{ message['content'] }}<end>{% endfor %}",
    )
    fast.save_pretrained(directory)
    return directory
