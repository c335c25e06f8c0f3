from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from exl2_models import make_model
from safetensors.torch import load_file, save_file
from torch import Tensor

from oa.errors import BadModel, InvalidSetting
from oa.quant.exl2.model import is_exl2, load
from oa.quant.exl2.quantizer import Job, Made, quantize_model

torch.set_num_threads(1)

BITS = (3.2, 4.0, 6.0)

Find = Callable[[str], Path]


def silent(_what: str, _done: int, _total: int) -> None:
    return


@pytest.fixture(scope="module")
def llamas(model_of: Find, tmp_path_factory: pytest.TempPathFactory) -> list[Made]:
    """One model at several bitrates."""
    place = tmp_path_factory.mktemp("made")
    job = Job(model_of("Llama"), {bits: place / f"{bits}" for bits in BITS}, rows=6, length=64)
    return quantize_model(job, silent)


def logits_of(model: Any) -> Tensor:
    torch.manual_seed(5)
    with torch.no_grad():
        return model(input_ids=torch.randint(0, 290, (4, 48))).logits


def distance(model: Any, other: Any) -> float:
    """The Kullback-Leibler divergence of what one says from what the other says, in nats for each token."""
    one, two = logits_of(model).log_softmax(-1), logits_of(other).log_softmax(-1)
    return float((one.exp() * (one - two)).sum(-1).mean())


def plain(directory: Path) -> Any:
    return transformers.AutoModelForCausalLM.from_pretrained(directory, dtype=torch.float32).eval()


def test_sizes_are_what_was_asked(llamas: list[Made]) -> None:
    for made in llamas:
        assert 0.98 * made.asked_bits <= made.bits <= made.asked_bits


def test_more_bits_say_more_nearly_what_the_model_says(llamas: list[Made], model_of: Find) -> None:
    original = plain(model_of("Llama"))

    found = [distance(original, load(made.directory, torch.float32)) for made in llamas]

    assert found == sorted(found, reverse=True)
    assert found[-1] < 0.02


def test_what_is_made_says_what_it_is(llamas: list[Made], model_of: Find) -> None:
    directory = llamas[1].directory
    config = json.loads((directory / "config.json").read_text())

    assert is_exl2(directory)
    assert not is_exl2(model_of("Llama"))
    assert config["quantization_config"]["bits"] == 4.0
    assert config["rope_theta"] == 10000.0
    assert {file.name for file in directory.iterdir()} >= {"output.safetensors", "tokenizer.json"}
    assert len({file.stat().st_mode for file in directory.iterdir()}) == 1
    assert not [file for file in directory.parent.iterdir() if file.name.startswith(".")]


def test_files_hold_what_exllamav2_looks_for(llamas: list[Made]) -> None:
    stored = load_file(llamas[0].directory / "output.safetensors")

    kinds = {name.rpartition(".")[2]: str(tensor.dtype) for name, tensor in stored.items()}
    assert kinds == {
        **dict.fromkeys(("q_weight", "q_scale", "q_invperm"), "torch.int32"),
        **{"q_groups": "torch.int16", "q_scale_max": "torch.float16", "weight": "torch.float16"},
    }
    assert len([name for name in stored if name.endswith(".q_weight")]) == 2 * 7 + 1


@pytest.mark.parametrize("kind", ["Qwen2", "Mistral", "Qwen3"])
def test_models_of_other_kinds_come_out_alike(kind: str, tmp_path: Path) -> None:
    source = make_model(tmp_path / "model", kind, num_hidden_layers=1, intermediate_size=128)

    (made,) = quantize_model(Job(source, {6.0: tmp_path / "out"}, head_bits=8, rows=4, length=32), silent)

    assert distance(plain(source), load(made.directory, torch.float32)) < 0.02


def test_an_output_layer_that_was_tied_is_rounded_on_its_own(tmp_path: Path) -> None:
    source = make_model(tmp_path / "tied", "Llama", tie_word_embeddings=True, num_hidden_layers=1)

    (made,) = quantize_model(Job(source, {5.0: tmp_path / "out"}, rows=4, length=32), silent)

    model = load(made.directory, torch.float32)
    assert not torch.equal(model.lm_head.weight, model.model.embed_tokens.weight)
    assert torch.equal(model.model.embed_tokens.weight.half(), plain(source).model.embed_tokens.weight.half())
    assert distance(plain(source), model) < 0.05


@pytest.mark.parametrize(
    ("change", "error", "reason"),
    [
        ({"targets": {2.0: Path("out")}}, BadModel, r"takes 2\.\d\d bits per weight at least"),
        ({"targets": {9.0: Path("out")}}, InvalidSetting, "2 to 8 bits, not 9"),
        ({"head_bits": 7}, InvalidSetting, "2, 3, 4, 5, 6, 8 bits, not 7"),
        ({"targets": {4.0: Path("nowhere/out")}}, InvalidSetting, "nowhere is no directory"),
        ({"targets": {4.0: Path("there")}}, InvalidSetting, "there is there already"),
        ({"source": Path("gone")}, BadModel, "gone is no directory"),
    ],
)
def test_what_cannot_be_done_is_refused_and_leaves_nothing(
    change: dict[str, Any], error: type[Exception], reason: str, model_of: Find, tmp_path: Path
) -> None:
    (tmp_path / "there").mkdir()
    facts: dict[str, Any] = {"source": model_of("Llama"), "targets": {4.0: Path("out")}, **change}
    facts["targets"] = {bits: tmp_path / target for bits, target in facts["targets"].items()}

    with pytest.raises(error, match=reason):
        quantize_model(Job(**facts, rows=4, length=16), silent)

    assert [file.name for file in tmp_path.iterdir()] == ["there"]


# --- reading ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def copy(llamas: list[Made], tmp_path: Path) -> Path:
    return Path(shutil.copytree(llamas[0].directory, tmp_path / "copy"))


def test_numbers_come_as_long_as_wanted(copy: Path) -> None:
    assert load(copy, torch.bfloat16).lm_head.weight.dtype == torch.bfloat16


def test_a_model_that_is_not_whole_is_refused(copy: Path) -> None:
    stored = load_file(copy / "output.safetensors")
    del stored["model.norm.weight"]
    save_file(stored, copy / "output.safetensors")

    with pytest.raises(BadModel, match=r"lacks 1 tensors \(model.norm.weight\)"):
        load(copy, torch.float32)


def test_a_tensor_too_many_is_refused(copy: Path) -> None:
    stored = load_file(copy / "output.safetensors")
    save_file(stored | {"model.surprise.weight": torch.zeros(3)}, copy / "output.safetensors")

    with pytest.raises(BadModel, match=r"has a tensor model\.surprise\.weight"):
        load(copy, torch.float32)


def test_a_matrix_of_another_size_is_refused(copy: Path) -> None:
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps({**config, "intermediate_size": 256}))

    with pytest.raises(BadModel, match=r"is \(128, 192\), and its configuration says \(128, 256\)"):
        load(copy, torch.float32)


def test_a_file_that_is_cut_off_is_refused(copy: Path) -> None:
    whole = (copy / "output.safetensors").read_bytes()
    (copy / "output.safetensors").write_bytes(whole[:-100])

    with pytest.raises(BadModel, match="damaged one; fetch it again"):
        load(copy, torch.float32)
