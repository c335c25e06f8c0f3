from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from engines_under_test import ask
from exl2_models import make_model
from tiny_models import TinyModel, make_adapter

from oa.domain.sampling import Sampling
from oa.errors import ModelFailed, NotSupported
from oa.inference.engines.transformers import TransformersEngine, TransformersSettings

pytest.importorskip("torch", reason="the extra `train` is not installed")


pytestmark = pytest.mark.filterwarnings(
    "ignore:`is_gradient_checkpointing`:FutureWarning"  # which peft still reads
)


async def say(settings: TransformersSettings) -> str:
    engine = TransformersEngine(settings)
    try:
        await engine.load()
        return (await ask(engine, "hello")).text
    finally:
        await engine.unload()


@pytest.mark.slow  # to import peft takes longer than all the rest
async def test_an_adapter_changes_what_is_said(tiny_model: TinyModel, tmp_path: Path) -> None:
    plain = await say(TransformersSettings(tiny_model.hugging_face, threads=1))
    adapted = TransformersSettings(tiny_model.hugging_face, adapter=make_adapter(tmp_path), threads=1)
    assert await say(adapted) != plain


async def test_an_adapter_for_another_base_is_refused(tiny_model: TinyModel, tmp_path: Path) -> None:
    engine = TransformersEngine(
        TransformersSettings(tiny_model.hugging_face, adapter=make_adapter(tmp_path, width=32), threads=1)
    )
    with pytest.raises(ModelFailed, match="made for another base"):
        await engine.load()
    assert not engine.is_loaded


async def test_a_model_in_exl2_says_what_its_plain_numbers_say(tmp_path: Path) -> None:
    import torch

    from oa.quant.exl2.model import load
    from oa.quant.exl2.quantizer import Job, quantize_model

    source = make_model(tmp_path / "source", "Llama", num_hidden_layers=1, intermediate_size=128)
    (made,) = quantize_model(Job(source, {4.0: tmp_path / "exl2"}, rows=4, length=16), lambda *_: None)
    load(made.directory, torch.float32).save_pretrained(tmp_path / "plain")
    shutil.copy(source / "tokenizer.json", tmp_path / "plain")
    shutil.copy(source / "tokenizer_config.json", tmp_path / "plain")

    said = await say(TransformersSettings(made.directory, threads=1))

    assert said == await say(TransformersSettings(tmp_path / "plain", threads=1)) != ""


async def test_a_damaged_model_in_exl2_is_named(tmp_path: Path) -> None:
    directory = make_model(tmp_path / "broken", "Llama", num_hidden_layers=1)
    config = json.loads((directory / "config.json").read_text())
    (directory / "config.json").write_text(json.dumps({**config, "quantization_config": {"quant_method": "exl2"}}))
    (directory / "model.safetensors").write_bytes(b"nothing")

    with pytest.raises(ModelFailed, match=r"no safetensors file, or a damaged one; fetch it again"):
        await TransformersEngine(TransformersSettings(directory, threads=1)).load()


@pytest.mark.parametrize("kind", ["no_such_architecture", "llama"])
async def test_a_directory_that_cannot_be_loaded_is_named(tiny_model: TinyModel, tmp_path: Path, kind: str) -> None:
    directory = tmp_path / "broken"
    shutil.copytree(tiny_model.hugging_face, directory)
    config = json.loads((directory / "config.json").read_text())
    (directory / "config.json").write_text(json.dumps({**config, "model_type": kind, "num_attention_heads": 7}))
    with pytest.raises(ModelFailed, match="broken cannot be loaded"):
        await TransformersEngine(TransformersSettings(directory, threads=1)).load()


async def test_schemas_and_grammars_are_refused(tiny_model: TinyModel) -> None:
    engine = TransformersEngine(TransformersSettings(tiny_model.hugging_face, threads=1))
    await engine.load()
    with pytest.raises(NotSupported):
        await ask(engine, "hello", json_schema={})
    await engine.unload()


async def test_every_setting_of_sampling_is_understood(tiny_model: TinyModel) -> None:
    engine = TransformersEngine(TransformersSettings(tiny_model.hugging_face, threads=1))
    await engine.load()
    plain = (await ask(engine, "hello", sampling=Sampling(1.0, seed=1))).text
    narrow = [Sampling(1.0, seed=1, top_k=1), Sampling(1.0, seed=1, top_p=1e-6), Sampling(1.0, seed=1, min_p=1.0)]
    greedy = (await ask(engine, "hello", sampling=Sampling(0))).text
    assert {(await ask(engine, "hello", sampling=one)).text for one in narrow} == {greedy} != {plain}
    assert (await ask(engine, "hello", sampling=Sampling(1.0, seed=1, typical_p=0.2))).text != plain
    await engine.unload()


@pytest.mark.gpu
async def test_a_cuda_device_says_what_the_processor_says(tiny_model: TinyModel) -> None:
    import torch

    if not torch.cuda.is_available():
        pytest.skip("there is no CUDA device")
    on_processor = await say(TransformersSettings(tiny_model.hugging_face, device="cpu", threads=1))
    assert await say(TransformersSettings(tiny_model.hugging_face, device="cuda")) == on_processor
