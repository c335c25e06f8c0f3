"""Models of transformers so small that they learn in seconds, of random weights that are always the same."""

from __future__ import annotations

from typing import Any

SHAPE = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "initializer_range": 0.1,  # of smaller weights, an output that stays as it is makes everything about as likely
}


def letters() -> Any:
    """A tokenizer of small letters, spaces and line feeds: so few that every one of them is often drawn."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    names = ["<|endoftext|>", *"abcdefghijklmnopqrstuvwxyz", "\u0120", "\u010a"]  # the last two: space and line feed
    plain = Tokenizer(models.BPE({name: number for number, name in enumerate(names)}, []))
    plain.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    plain.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(tokenizer_object=plain, eos_token="<|endoftext|>")


def causal(tokenizer: Any, seed: int = 0) -> Any:
    """A Llama that writes nonsense."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.set_num_threads(1)
    torch.manual_seed(seed)
    return LlamaForCausalLM(LlamaConfig(vocab_size=len(tokenizer), tie_word_embeddings=True, **_ends(tokenizer)))


def scoring(tokenizer: Any, seed: int = 1) -> Any:
    """A Llama with a score head that likes anything."""
    import torch
    from transformers import LlamaConfig, LlamaForSequenceClassification

    torch.set_num_threads(1)
    torch.manual_seed(seed)
    return LlamaForSequenceClassification(LlamaConfig(vocab_size=len(tokenizer), num_labels=1, **_ends(tokenizer)))


def _ends(tokenizer: Any) -> dict[str, Any]:
    return {
        **SHAPE,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
        "bos_token_id": None,
    }
