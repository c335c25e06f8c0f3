"""Models with random weights, small enough to be made on the spot: the same one as GGUF and as Hugging Face files."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from gguf import GGUFWriter, LlamaFileType
from numpy.typing import NDArray
from safetensors.numpy import save_file

Weights = dict[str, NDArray[np.float32]]

WIDTH, INNER, LAYERS, HEADS, CACHE_HEADS, CONTEXT = 64, 128, 2, 4, 2, 512
SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
MERGES = (("t", "h"), ("th", "e"), ("a", "n"), ("i", "n"), ("Ġ", "t"), ("Ġ", "a"), ("e", "r"), ("o", "u"))

TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)


@dataclass(frozen=True, slots=True)
class TinyModel:
    """108,000 parameters that know nothing. It writes letters, spaces, commas and full stops, and ends now and then."""

    gguf: Path
    hugging_face: Path


def make_tiny_model(directory: Path, seed: int = 0) -> TinyModel:
    """Write both forms."""
    vocabulary = _vocabulary()
    weights = _weights(vocabulary, np.random.default_rng(seed))
    hugging_face = directory / "tiny-hf"
    hugging_face.mkdir(parents=True)
    _write_tokenizer(hugging_face, vocabulary)
    _write_config(hugging_face, len(vocabulary))
    save_file(weights, hugging_face / "model.safetensors", metadata={"format": "pt"})
    gguf = directory / "tiny.gguf"
    _write_gguf(gguf, vocabulary, weights)
    return TinyModel(gguf, hugging_face)


def make_adapter(directory: Path, width: int = WIDTH) -> Path:
    """A PEFT adapter on the query projections of a model of this width, strong enough to change what it says."""
    adapter = directory / f"adapter-{width}"
    adapter.mkdir()
    rng = np.random.default_rng(1)
    config = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": "tiny",
        "r": 4,
        "lora_alpha": 64,
        "target_modules": ["q_proj"],
    }
    (adapter / "adapter_config.json").write_text(json.dumps(config))
    weights: Weights = {}
    for layer in range(LAYERS):
        name = f"base_model.model.model.layers.{layer}.self_attn.q_proj"
        weights[f"{name}.lora_A.weight"] = rng.normal(size=(4, width)).astype(np.float32)
        weights[f"{name}.lora_B.weight"] = rng.normal(size=(width, 4)).astype(np.float32)
    save_file(weights, adapter / "adapter_model.safetensors")
    return adapter


def _vocabulary() -> list[str]:
    """Every byte as the letter that GPT-2 writes for it, a few pairs, and the special tokens."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    letters = {byte: chr(byte) for byte in printable}
    for byte in range(256):
        letters.setdefault(byte, chr(256 + sum(other not in printable for other in range(byte))))
    return [*(letters[byte] for byte in range(256)), *("".join(pair) for pair in MERGES), *SPECIAL]


def _weights(vocabulary: list[str], rng: np.random.Generator) -> Weights:
    def matrix(rows: int, columns: int) -> NDArray[np.float32]:
        return (rng.normal(size=(rows, columns)) * 0.15).astype(np.float32)

    weights: Weights = {"model.embed_tokens.weight": matrix(len(vocabulary), WIDTH)}
    cache = WIDTH // HEADS * CACHE_HEADS
    for layer in range(LAYERS):
        name = f"model.layers.{layer}"
        for part, rows in (("q_proj", WIDTH), ("k_proj", cache), ("v_proj", cache), ("o_proj", WIDTH)):
            weights[f"{name}.self_attn.{part}.weight"] = matrix(rows, WIDTH)
        weights[f"{name}.mlp.gate_proj.weight"] = matrix(INNER, WIDTH)
        weights[f"{name}.mlp.up_proj.weight"] = matrix(INNER, WIDTH)
        weights[f"{name}.mlp.down_proj.weight"] = matrix(WIDTH, INNER)
        weights[f"{name}.input_layernorm.weight"] = np.ones(WIDTH, np.float32)
        weights[f"{name}.post_attention_layernorm.weight"] = np.ones(WIDTH, np.float32)
    weights["model.norm.weight"] = np.ones(WIDTH, np.float32)
    head = matrix(len(vocabulary), WIDTH) * 2
    writable = [token == "<|im_end|>" or set(token) <= set("Ġ.,abcdefghijklmnopqrstuvwxyz") for token in vocabulary]
    weights["lm_head.weight"] = head * np.array(writable, np.float32)[:, None]
    return weights


def _write_tokenizer(directory: Path, vocabulary: list[str]) -> None:
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    special = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    plain = vocabulary[: -len(SPECIAL)]
    tokenizer = {
        "version": "1.0",
        "added_tokens": [{"id": vocabulary.index(name), "content": name, **special} for name in SPECIAL],
        "pre_tokenizer": byte_level,
        "decoder": byte_level,
        "model": {
            "type": "BPE",
            "vocab": {token: index for index, token in enumerate(plain)},
            "merges": [list(pair) for pair in MERGES],
        },
    }
    (directory / "tokenizer.json").write_text(json.dumps(tokenizer))
    names = {"bos_token": SPECIAL[0], "eos_token": SPECIAL[2], "pad_token": SPECIAL[0]}
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "clean_up_tokenization_spaces": False, **names}
    (directory / "tokenizer_config.json").write_text(json.dumps(settings))
    (directory / "chat_template.jinja").write_text(TEMPLATE)


def _write_config(directory: Path, vocabulary_size: int) -> None:
    config = {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "dtype": "float32",
        "vocab_size": vocabulary_size,
        "hidden_size": WIDTH,
        "intermediate_size": INNER,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "num_key_value_heads": CACHE_HEADS,
        "max_position_embeddings": CONTEXT,
        "rms_norm_eps": 1e-6,
        "rope_theta": 10000.0,
        "tie_word_embeddings": False,
        "bos_token_id": vocabulary_size - 3,
        "eos_token_id": vocabulary_size - 1,
    }
    (directory / "config.json").write_text(json.dumps(config))


def _write_gguf(file: Path, vocabulary: list[str], weights: Weights) -> None:
    writer = GGUFWriter(file, "llama")
    writer.add_name("tiny")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(CACHE_HEADS)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_rope_freq_base(10000.0)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_vocab_size(len(vocabulary))
    writer.add_file_type(LlamaFileType.ALL_F32)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(vocabulary)
    writer.add_token_types([3 if token in SPECIAL else 1 for token in vocabulary])
    writer.add_token_merges([" ".join(pair) for pair in MERGES])
    writer.add_bos_token_id(len(vocabulary) - 3)
    writer.add_eos_token_id(len(vocabulary) - 1)
    writer.add_add_bos_token(False)
    writer.add_chat_template(TEMPLATE)
    for name, weight in weights.items():
        writer.add_tensor(_gguf_name(name), _in_gguf_order(name, weight))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _gguf_name(name: str) -> str:
    outside = {
        "model.embed_tokens.weight": "token_embd.weight",
        "model.norm.weight": "output_norm.weight",
        "lm_head.weight": "output.weight",
    }
    parts = {
        "input_layernorm": "attn_norm",
        "post_attention_layernorm": "ffn_norm",
        "q_proj": "attn_q",
        "k_proj": "attn_k",
        "v_proj": "attn_v",
        "o_proj": "attn_output",
        "gate_proj": "ffn_gate",
        "up_proj": "ffn_up",
        "down_proj": "ffn_down",
    }
    if name in outside:
        return outside[name]
    _, _, layer, *_, part, _ = name.split(".")
    return f"blk.{layer}.{parts[part]}.weight"


def _in_gguf_order(name: str, weight: NDArray[np.float32]) -> NDArray[np.float32]:
    """llama.cpp turns neighbouring pairs of numbers by the position, Hugging Face the two halves of each head."""
    heads = {"q_proj": HEADS, "k_proj": CACHE_HEADS}.get(name.split(".")[-2])
    if heads is None:
        return weight
    halves = weight.reshape(heads, 2, -1, weight.shape[1])
    return np.ascontiguousarray(halves.swapaxes(1, 2).reshape(weight.shape))
