from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import transformers

from oa.errors import BadModel
from oa.quant.exl2.config import check, normalised

LLAMA3 = {
    "rope_type": "llama3",
    "rope_theta": 500000.0,
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 8192,
}
LONG = {"rope_type": "longrope", "original_max_position_embeddings": 64, "long_factor": [1.0], "short_factor": [1.0]}

GOOD: dict[str, Any] = {
    "architectures": ["LlamaForCausalLM"],
    "hidden_size": 256,
    "intermediate_size": 512,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "hidden_act": "silu",
}


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ({"rope_parameters": {"rope_type": "default", "rope_theta": 5e5}}, {"rope_theta": 5e5, "rope_scaling": None}),
        (
            {"rope_parameters": LLAMA3},
            {
                "rope_theta": 5e5,
                "rope_scaling": {name: value for name, value in LLAMA3.items() if name != "rope_theta"},
            },
        ),
        (
            {"rope_parameters": {"type": "linear", "factor": 2.0}},
            {"rope_scaling": {"rope_type": "linear", "factor": 2.0}},
        ),
        (
            {"rope_parameters": {"rope_type": "default", "partial_rotary_factor": 0.5}},
            {"partial_rotary_factor": 0.5, "rope_scaling": None},
        ),
        ({"rope_parameters": LONG}, {"original_max_position_embeddings": 64, "rope_scaling": LONG}),
        (
            {"rope_parameters": {"rope_type": "default", "mrope_section": [8, 12]}},
            {"rope_scaling": {"rope_type": "mrope", "mrope_section": [8, 12]}},
        ),
        (
            {"rope_parameters": {"sliding_attention": {"rope_theta": 1e4}, "full_attention": {"rope_theta": 1e6}}},
            {"rope_theta": 1e6, "rope_scaling": None},
        ),
        ({"rope_theta": 7e4, "rope_scaling": None}, {"rope_theta": 7e4, "rope_scaling": None}),
        ({"dtype": "bfloat16"}, {"torch_dtype": "bfloat16"}),
        ({"use_sliding_window": False, "sliding_window": 4096}, {"use_sliding_window": False, "sliding_window": None}),
        ({"use_sliding_window": True, "sliding_window": 64}, {"use_sliding_window": True, "sliding_window": 64}),
    ],
)
def test_settings_are_written_as_exllamav2_reads_them(written: dict[str, Any], read: dict[str, Any]) -> None:
    assert normalised({"vocab_size": 1, **written}) == {"vocab_size": 1, **read}


@pytest.mark.parametrize("rope", [{"rope_type": "default", "rope_theta": 5e5}, LLAMA3], ids=["default", "llama3"])
def test_transformers_reads_the_same_out_of_it(tmp_path: Path, rope: dict[str, Any]) -> None:
    config = transformers.LlamaConfig(rope_parameters=rope, max_position_embeddings=16384)

    again = transformers.LlamaConfig(**normalised(config.to_dict()))

    assert again.rope_parameters == config.rope_parameters
    assert again.dtype == config.dtype


def test_what_exllamav2_can_run_passes(tmp_path: Path) -> None:
    check(GOOD, tmp_path)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"quantization_config": {"quant_method": "gptq"}}, r"rounded already \(gptq\); take the original"),
        ({"architectures": ["SmolLM3ForCausalLM"]}, "does not know SmolLM3ForCausalLM"),
        ({"architectures": []}, "must name one architecture"),
        ({"architectures": None}, "must name one architecture"),
        ({"layer_types": ["full_attention", "sliding_attention"]}, "see only what is near"),
        ({"hidden_act": "gelu"}, "take that for silu"),
        ({"architectures": ["Qwen3MoeForCausalLM"], "norm_topk_prob": False}, "does not normalise"),
        ({"rope_parameters": {"rope_type": "dynamic", "factor": 2.0}}, r"stretch positions \(dynamic\)"),
        ({"rope_scaling": {"rope_type": "linear", "type": "linear"}}, "has both"),
        ({"hidden_size": 96}, "hidden_size is 96, and ExLlamaV2's kernels need a multiple of 64"),
        ({"intermediate_size": 500}, "intermediate_size is 500"),
        ({"head_dim": 512}, "heads are 512 wide"),
        ({"head_dim": 16, "num_key_value_heads": 1}, "keys are 16 numbers"),
    ],
)
def test_what_it_cannot_run_or_would_misread_is_refused(change: dict[str, Any], reason: str, tmp_path: Path) -> None:
    with pytest.raises(BadModel, match=reason):
        check({**GOOD, **change}, tmp_path)


def test_gemma_may_mix_its_layers(tmp_path: Path) -> None:
    check({**GOOD, "architectures": ["Gemma2ForCausalLM"], "layer_types": ["full", "near"]}, tmp_path)
