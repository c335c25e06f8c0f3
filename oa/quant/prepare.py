"""Makes a model ready to be quantized: adapters merged, safetensors only, a configuration that is read rightly.

What is made is a directory of its own; the model stays as it is.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any, cast

import numpy as np

from oa.errors import BadModel
from oa.quant.checkpoint import read_checkpoint
from oa.quant.exl2 import config as exl2

LARGEST = 65504.0
"""That half precision has."""

INDEX = "model.safetensors.index.json"

LEFT_BEHIND = frozenset({"adapter_config.json", INDEX})
"""Of the files beside the weights. An index names files that there will not be."""

KEPT = frozenset({".json", ".jinja", ".txt", ".model", ".md"})
"""Endings of files that go along: tokenizer, template, settings, licence, model card."""

NO_TOKENIZER = (
    "has no tokenizer.json, which ExLlamaV2 needs: load the tokenizer with transformers, and save_pretrained() it there"
)


def prepare(source: Path, target: Path) -> None:
    """Make a directory from which a model can be quantized to EXL2. Weights are linked where nothing changes in them.

    Args:
        source: a model, or a PEFT adapter that names its base model by a path.
        target: does not exist yet, or is empty.

    Raises:
        BadModel: it cannot be quantized; the message says why, and what to do.
    """
    check_files(source)
    if (source / "adapter_config.json").exists():
        base = _base(source)
        check_files(base)
        exl2.check(_json(base / "config.json"), base)
        target.mkdir(parents=True, exist_ok=True)
        _copy_beside(base, target)
        _copy_beside(source, target)
        _merge(base, source, target)
    else:
        exl2.check(_json(source / "config.json"), source)
        target.mkdir(parents=True, exist_ok=True)
        _copy_beside(source, target)
        for file in source.glob("*.safetensors"):
            (target / file.name).symlink_to(file.resolve())
    made = exl2.normalised(_json(target / "config.json"))
    (target / "config.json").write_text(json.dumps(made, indent=2) + "\n", "utf-8")
    _check_numbers(target, source)


def check_files(directory: Path) -> None:
    """See that a model or an adapter is there, whole.

    Raises:
        BadModel: it is not.
    """
    if not directory.is_dir():
        raise BadModel(f"{directory} is no directory: name one with config.json, tokenizer.json and *.safetensors")
    is_adapter = (directory / "adapter_config.json").exists()
    if not is_adapter and not (directory / "config.json").exists():
        raise BadModel(f"{directory} has no config.json: it is no model that transformers has saved")
    if not any(directory.glob("*.safetensors")):
        others = [file.name for kind in ("*.bin", "*.pt", "*.gguf") for file in directory.glob(kind)]
        way = f"; {others[0]} is not read: load it with transformers, and save_pretrained() it" if others else ""
        raise BadModel(f"{directory} has no weights (*.safetensors){way}")
    if not is_adapter and not (directory / "tokenizer.json").exists():
        raise BadModel(f"{directory} {NO_TOKENIZER}")
    _check_shards(directory)


def _check_shards(directory: Path) -> None:
    if not (directory / INDEX).exists():
        return
    named = set(cast(dict[str, str], _json(directory / INDEX).get("weight_map") or {}).values())
    there = {file.name for file in directory.glob("*.safetensors")}
    missing = sorted(named - there)
    if missing and not named & there:
        return  # left over from before the files were put together
    if missing:
        raise BadModel(f"{directory} lacks {len(missing)} of its files ({missing[0]}): fetch the whole model again")


def _base(adapter: Path) -> Path:
    named = _json(adapter / "adapter_config.json").get("base_model_name_or_path")
    base = Path(named) if isinstance(named, str) else None
    if base is None or not base.is_dir():
        raise BadModel(
            f"{adapter} is an adapter for {named}, which is not here: fetch that model, and write its path into "
            "adapter_config.json as base_model_name_or_path"
        )
    return base


def _merge(base: Path, adapter: Path, target: Path) -> None:
    import peft
    import transformers

    library: Any = transformers
    adapters: Any = peft
    try:
        model: Any = library.AutoModelForCausalLM.from_pretrained(str(base), dtype="auto", trust_remote_code=False)
        merged: Any = adapters.PeftModel.from_pretrained(model, str(adapter)).merge_and_unload()
    except (OSError, ValueError, RuntimeError, KeyError, TypeError) as error:
        reason = str(error).strip().partition("\n")[0][:300]
        raise BadModel(f"{adapter} cannot be merged into {base}: {reason or type(error).__name__}") from error
    merged.save_pretrained(str(target), max_shard_size="1TB")
    (target / INDEX).unlink(missing_ok=True)


def _copy_beside(source: Path, target: Path) -> None:
    for file in source.iterdir():
        if file.is_file() and file.suffix in KEPT and file.name not in LEFT_BEHIND:
            shutil.copyfile(file, target / file.name)


def _check_numbers(prepared: Path, source: Path) -> None:
    """ExLlamaV2 takes everything that it does not quantize in half precision."""
    for name, stored in read_checkpoint(prepared).tensors.items():
        numbers = stored.read()
        with np.errstate(invalid="ignore"):
            largest = float(np.abs(numbers).max(initial=0.0))
        if not largest <= LARGEST:
            raise BadModel(
                f"{source} cannot become EXL2: {name} reaches {largest:g}, and half precision ends at {LARGEST:g}; "
                "the model was trained for other numbers, or is damaged"
            )


def _json(file: Path) -> dict[str, Any]:
    try:
        found: object = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise BadModel(f"{file} cannot be read: {error}") from error
    if not isinstance(found, dict):
        raise BadModel(f"{file} is not what it should be: no JSON object")
    return cast(dict[str, Any], found)
