"""A model's configuration as ExLlamaV2 0.3.2 understands it, and what it would misread.

transformers 5 writes positions (rope) in one setting, `rope_parameters`; ExLlamaV2 knows the older ones, and takes
defaults in silence where they are missing. What is written here, both read alike.

Source:
    ExLlamaV2 0.3.2, https://github.com/turboderp-org/exllamav2: `config.py`, `architecture.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from oa.errors import BadModel

ARCHITECTURES = frozenset(
    {
        "CohereForCausalLM",
        "Cohere2ForCausalLM",
        "DbrxForCausalLM",
        "GPT2LMHeadModel",
        "GPTBigCodeForCausalLM",
        "GemmaForCausalLM",
        "Gemma2ForCausalLM",
        "Gemma3ForConditionalGeneration",
        "GemmoeForCausalLM",
        "Glm4ForCausalLM",
        "GraniteForCausalLM",
        "IndexForCausalLM",
        "InternLM2ForCausalLM",
        "LlamaForCausalLM",
        "MiniCPMForCausalLM",
        "MistralForCausalLM",
        "MixtralForCausalLM",
        "OrionForCausalLM",
        "Phi3ForCausalLM",
        "Qwen2ForCausalLM",
        "Qwen3ForCausalLM",
        "Qwen3MoeForCausalLM",
        "Starcoder2ForCausalLM",
        "YiForCausalLM",
    }
)
"""Of models of text. It takes any other for a Llama, with a warning that nobody sees."""

LIKE_LLAMA = frozenset(
    {"LlamaForCausalLM", "MistralForCausalLM", "Qwen2ForCausalLM", "Qwen3ForCausalLM", "YiForCausalLM"}
)

MIXED_WINDOWS = frozenset({"Gemma2ForCausalLM", "Gemma3ForConditionalGeneration", "Cohere2ForCausalLM"})
"""Where it knows which layers see only what is near."""

ROPE_TYPES = frozenset({"default", "linear", "llama3", "yarn", "longrope", "su", "mrope"})

LARGEST_HEAD = 256

DIMENSIONS = 64
"""Sizes are multiples of it: its kernels go through blocks of 32 rows, two or four numbers at a time."""


def normalised(config: Mapping[str, Any]) -> dict[str, Any]:
    """The same configuration, for ExLlamaV2 and for transformers alike."""
    made = dict(config)
    if made.get("use_sliding_window") is False:
        made["sliding_window"] = None  # it looks at the size alone
    if "dtype" in made:
        made["torch_dtype"] = made.pop("dtype")
    rope = cast(dict[str, Any], made.pop("rope_parameters", None) or {})
    if not rope:
        return made
    if any(isinstance(one, dict) for one in rope.values()):  # by kind of layer; it knows the near ones by itself
        rope = cast(dict[str, Any], rope.get("full_attention") or next(one for one in rope.values() if one))
    return made | _older_rope(dict(rope))


def _older_rope(rope: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if "rope_theta" in rope:
        made["rope_theta"] = float(rope.pop("rope_theta"))
    if "partial_rotary_factor" in rope:
        made["partial_rotary_factor"] = rope.pop("partial_rotary_factor")
    kind = rope.pop("type", None) or "default"
    kind = rope.pop("rope_type", kind)
    if kind == "default" and "mrope_section" in rope:
        kind = "mrope"
    if kind in ("longrope", "su") and "original_max_position_embeddings" in rope:
        made["original_max_position_embeddings"] = rope["original_max_position_embeddings"]
    made["rope_scaling"] = None if kind == "default" else {"rope_type": kind, **rope}
    return made


def check(config: Mapping[str, Any], directory: Path) -> None:
    """See that ExLlamaV2 can run a model and reads it right.

    Raises:
        BadModel: it cannot; the message says why, and what to do.
    """
    reason = (
        _quantized(config)
        or _unknown(config)
        or _misread(config)
        or _bad_rope(normalised(config))
        or _bad_sizes(cast(dict[str, Any], config.get("text_config") or config))
    )
    if reason is not None:
        raise BadModel(f"{directory} cannot become EXL2: {reason}")


def _quantized(config: Mapping[str, Any]) -> str | None:
    method = cast(dict[str, Any], config.get("quantization_config") or {}).get("quant_method")
    return method and f"its numbers are rounded already ({method}); take the original model"


def _unknown(config: Mapping[str, Any]) -> str | None:
    names = cast(list[str], config.get("architectures") or [])
    if len(names) != 1:
        return "its config.json must name one architecture; save it again with transformers"
    if names[0] in ARCHITECTURES:
        return None
    return f"ExLlamaV2 does not know {names[0]}; use `oa serve` with the model itself, or GGUF"


def _misread(config: Mapping[str, Any]) -> str | None:
    name = config["architectures"][0]
    layers = cast(list[str], config.get("layer_types") or [])
    if len(set(layers)) > 1 and name not in MIXED_WINDOWS:
        return "some of its layers see only what is near, and ExLlamaV2 would read all alike; use GGUF"
    if name in LIKE_LLAMA and config.get("hidden_act", "silu") != "silu":
        return f"it uses {config['hidden_act']}, and ExLlamaV2 would take that for silu; use GGUF"
    if name == "Qwen3MoeForCausalLM" and not config.get("norm_topk_prob"):
        return "it does not normalise what its experts count, and ExLlamaV2 always does; use GGUF"
    return None


def _bad_rope(config: Mapping[str, Any]) -> str | None:
    scaling = cast(dict[str, Any], config.get("rope_scaling") or {})
    kind = scaling.get("rope_type") or scaling.get("type") or "default"
    if kind not in ROPE_TYPES:
        return f"ExLlamaV2 does not know its way to stretch positions ({kind}); use GGUF"
    if scaling.get("rope_type") and scaling.get("type"):
        return "its rope_scaling has both `type` and `rope_type`; take one of them out of config.json"
    return None


def _bad_sizes(config: Mapping[str, Any]) -> str | None:
    for name in ("hidden_size", "intermediate_size", "moe_intermediate_size"):
        size = config.get(name)
        if isinstance(size, int) and size % DIMENSIONS:
            return f"its {name} is {size}, and ExLlamaV2's kernels need a multiple of {DIMENSIONS}"
    heads = config.get("num_attention_heads") or config.get("n_head")
    hidden = config.get("hidden_size") or config.get("n_embd")
    if not isinstance(heads, int) or not isinstance(hidden, int):
        return None
    size = config.get("head_dim") or hidden // heads
    if size > LARGEST_HEAD or size % 2:
        return f"its heads are {size} wide, and ExLlamaV2 takes even sizes up to {LARGEST_HEAD}"
    for what, count in (("queries", heads), ("keys", config.get("num_key_value_heads") or heads)):
        if size * count % DIMENSIONS:
            return f"its {what} are {size * count} numbers, and ExLlamaV2's kernels need a multiple of {DIMENSIONS}"
    return None
