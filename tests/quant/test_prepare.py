from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from exl2_models import make_model
from safetensors.torch import load_file, save_file

from oa.errors import BadModel
from oa.quant.prepare import prepare


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("llama"), "Llama", num_hidden_layers=1)


@pytest.fixture
def copy(saved: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(saved, tmp_path / "model"))


def change(file: Path, **facts: Any) -> None:
    file.write_text(json.dumps(json.loads(file.read_text()) | facts))


def test_a_model_becomes_a_directory_that_exllamav2_reads(copy: Path, tmp_path: Path) -> None:
    (copy / "model.safetensors.index.json").write_text('{"weight_map": {"a": "model-00001-of-00002.safetensors"}}')
    (copy / "training_args.bin").write_bytes(b"pickle")

    prepare(copy, tmp_path / "ready")

    config = json.loads((tmp_path / "ready" / "config.json").read_text())
    assert config["rope_theta"] == 10000.0
    assert "rope_parameters" not in config
    assert {file.name for file in (tmp_path / "ready").iterdir()} == {
        *("config.json", "generation_config.json", "model.safetensors"),
        *("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"),
    }
    assert "rope_parameters" in json.loads((copy / "config.json").read_text())


def test_half_of_a_model_is_refused(copy: Path, tmp_path: Path) -> None:
    named = {"a": "model.safetensors", "b": "model-00002-of-00002.safetensors"}
    (copy / "model.safetensors.index.json").write_text(json.dumps({"weight_map": named}))

    with pytest.raises(BadModel, match=r"lacks 1 of its files \(model-00002-of-00002.safetensors\): fetch"):
        prepare(copy, tmp_path / "ready")


@pytest.mark.parametrize(
    ("gone", "reason"),
    [
        ("config.json", "no config.json"),
        ("tokenizer.json", "no tokenizer.json, which ExLlamaV2 needs"),
        ("model.safetensors", "no weights"),
    ],
)
def test_what_is_missing_is_named(copy: Path, tmp_path: Path, gone: str, reason: str) -> None:
    (copy / gone).unlink()

    with pytest.raises(BadModel, match=reason):
        prepare(copy, tmp_path / "ready")


def test_weights_in_pickle_files_are_refused_with_a_way_out(copy: Path, tmp_path: Path) -> None:
    (copy / "model.safetensors").rename(copy / "pytorch_model.bin")

    with pytest.raises(BadModel, match=r"pytorch_model\.bin is not read: load it with transformers"):
        prepare(copy, tmp_path / "ready")


@pytest.mark.parametrize("value", [70000.0, float("inf"), float("nan")])
def test_numbers_beyond_half_precision_are_refused(copy: Path, tmp_path: Path, value: float) -> None:
    tensors = load_file(copy / "model.safetensors")
    tensors["model.norm.weight"][3] = value
    save_file(tensors, copy / "model.safetensors", {"format": "pt"})

    with pytest.raises(BadModel, match=r"model\.norm\.weight reaches"):
        prepare(copy, tmp_path / "ready")


def test_a_model_that_is_quantized_already_is_refused(copy: Path, tmp_path: Path) -> None:
    change(copy / "config.json", quantization_config={"quant_method": "awq"})

    with pytest.raises(BadModel, match=r"rounded already \(awq\)"):
        prepare(copy, tmp_path / "ready")


def test_something_that_is_no_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadModel, match="no directory"):
        prepare(tmp_path / "nothing", tmp_path / "ready")


def adapter(directory: Path, base: str) -> Path:
    """A LoRA adapter for one matrix."""
    directory.mkdir()
    facts = {"peft_type": "LORA", "task_type": "CAUSAL_LM", "base_model_name_or_path": base, "r": 2, "lora_alpha": 4}
    (directory / "adapter_config.json").write_text(json.dumps({**facts, "target_modules": ["q_proj"]}))
    prefix = "base_model.model.model.layers.0.self_attn.q_proj"
    torch.manual_seed(3)
    pair = {f"{prefix}.lora_A.weight": torch.randn(2, 128), f"{prefix}.lora_B.weight": torch.randn(128, 2)}
    save_file(pair, directory / "adapter_model.safetensors")
    return directory


@pytest.mark.slow  # to import peft takes longer than all the rest
@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")
def test_an_adapter_is_merged_into_its_base(saved: Path, tmp_path: Path) -> None:
    prepare(adapter(tmp_path / "adapter", str(saved)), tmp_path / "ready")

    low, high = load_file(tmp_path / "adapter" / "adapter_model.safetensors").values()
    before, after = load_file(saved / "model.safetensors"), load_file(tmp_path / "ready" / "model.safetensors")
    name = "model.layers.0.self_attn.q_proj.weight"
    assert torch.allclose(after[name], before[name] + 2 * high @ low, atol=1e-5)
    assert not list((tmp_path / "ready").glob("adapter*"))


def test_an_adapter_without_its_base_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadModel, match="is an adapter for somebody/base, which is not here"):
        prepare(adapter(tmp_path / "adapter", "somebody/base"), tmp_path / "ready")
