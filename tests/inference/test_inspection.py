from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from tiny_models import TinyModel, make_adapter

from oa.errors import BadModel
from oa.inference.inspection import ModelKind, entry_of, inspect, name_of, see_that_adapter_fits
from oa.inference.models import EngineKind


def test_a_gguf_file_is_recognised(tiny_model: TinyModel) -> None:
    found = inspect(tiny_model.gguf)
    assert (found.kind, found.architecture, found.parameters) == (ModelKind.GGUF, "llama", 108224)
    assert (found.trained_context, found.size_bytes) == (512, tiny_model.gguf.stat().st_size)
    assert found.template is not None
    assert found.engine is EngineKind.LLAMACPP


def test_a_directory_with_one_gguf_file_is_that_file(tiny_model: TinyModel, tmp_path: Path) -> None:
    shutil.copy(tiny_model.gguf, tmp_path / "one.gguf")
    assert inspect(tmp_path).path == tmp_path / "one.gguf"
    shutil.copy(tiny_model.gguf, tmp_path / "two.gguf")
    with pytest.raises(BadModel, match=r"2 GGUF files.*one\.gguf, two\.gguf"):
        inspect(tmp_path)


def test_a_model_in_several_files_is_one_model(tiny_model: TinyModel, tmp_path: Path) -> None:
    first, second = (tmp_path / f"big-0000{number}-of-00002.gguf" for number in (1, 2))
    shutil.copy(tiny_model.gguf, second)
    with pytest.raises(BadModel, match=r"one of 2 files.*big-00001-of-00002\.gguf"):
        inspect(second)
    shutil.copy(tiny_model.gguf, first)
    for named in (first, second, tmp_path):
        found = inspect(named)
        assert (found.path, found.size_bytes) == (first, 2 * tiny_model.gguf.stat().st_size)
    assert name_of(first) == "big"


def test_a_hugging_face_directory_is_recognised(tiny_model: TinyModel) -> None:
    found = inspect(tiny_model.hugging_face)
    assert (found.kind, found.architecture, found.parameters) == (ModelKind.HUGGING_FACE, "LlamaForCausalLM", 108224)
    assert found.trained_context == 512
    assert {verdict.engine for verdict in found.verdicts if verdict.obstacle} >= {EngineKind.LLAMACPP}


def test_an_exl2_directory_is_recognised(tiny_model: TinyModel, tmp_path: Path) -> None:
    directory = tmp_path / "exl2"
    shutil.copytree(tiny_model.hugging_face, directory)
    config = json.loads((directory / "config.json").read_text())
    (directory / "config.json").write_text(json.dumps({**config, "quantization_config": {"quant_method": "exl2"}}))
    found = inspect(directory)
    assert found.kind is ModelKind.EXL2
    obstacles = {verdict.engine: verdict.obstacle for verdict in found.verdicts}
    assert obstacles[EngineKind.LLAMACPP] == "reads GGUF only"
    assert obstacles[EngineKind.EXLLAMAV2] != "reads EXL2 only"
    assert obstacles[EngineKind.TRANSFORMERS] is None


def test_an_adapter_is_recognised_with_its_base(tmp_path: Path) -> None:
    found = inspect(make_adapter(tmp_path))
    assert (found.kind, found.base, found.parameters) == (ModelKind.PEFT, "tiny", 2 * 2 * 4 * 64)


def test_an_adapter_is_compared_with_its_base(tiny_model: TinyModel, tmp_path: Path) -> None:
    see_that_adapter_fits(make_adapter(tmp_path), tiny_model.hugging_face)
    with pytest.raises(BadModel, match="another base"):
        see_that_adapter_fits(make_adapter(tmp_path, width=32), tiny_model.hugging_face)


def test_a_template_in_the_tokenizers_settings_is_found(tiny_model: TinyModel, tmp_path: Path) -> None:
    directory = tmp_path / "old"
    shutil.copytree(tiny_model.hugging_face, directory)
    (directory / "chat_template.jinja").unlink()
    assert inspect(directory).template is None
    named = [{"name": "tool_use", "template": "no"}, {"name": "default", "template": "{% if tools %}yes{% endif %}"}]
    (directory / "tokenizer_config.json").write_text(json.dumps({"chat_template": named}))
    assert inspect(directory).knows_tools


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({}, "is no model"),
        ({"config.json": "{}"}, "no weights"),
        ({"config.json": "{"}, "not valid JSON"),
        ({"config.json": "[]"}, "no JSON object"),
        ({"config.json": "{}", "model.safetensors": "no"}, "damaged"),
        ({"adapter_config.json": "{}"}, r"no adapter_model\.safetensors"),
    ],
)
def test_what_is_no_model_is_refused_with_what_is_missing(tmp_path: Path, files: dict[str, str], sentence: str) -> None:
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    with pytest.raises(BadModel, match=sentence):
        inspect(tmp_path)


def test_weights_that_are_cut_off_are_refused(tiny_model: TinyModel, tmp_path: Path) -> None:
    directory = tmp_path / "short"
    shutil.copytree(tiny_model.hugging_face, directory)
    weights = directory / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    with pytest.raises(BadModel, match="cut off"):
        inspect(directory)


def test_what_nothing_here_can_run_is_refused_with_the_reasons(
    tiny_model: TinyModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(BadModel, match=r"llamacpp: xllamacpp is not installed.*transformers: reads no GGUF"):
        entry_of(inspect(tiny_model.gguf), "tiny", 0)


@pytest.mark.parametrize(
    ("path", "name"),
    [("a/Some Model-Q4_K_M.gguf", "some-model-q4_k_m"), ("a/Llama-3.1-8B", "llama-3.1-8b"), ("ü", "model")],
)
def test_names_are_made_of_file_names(path: str, name: str) -> None:
    assert name_of(Path(path)) == name
