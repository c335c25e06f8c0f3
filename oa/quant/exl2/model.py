"""An EXL2 directory as a model of transformers, in plain numbers: it runs anywhere, if slowly, and can be checked.

Matrices are made plain one at a time, so that beside the model no more than one of them is in memory.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, cast

import safetensors
import torch
import transformers
from torch import Tensor
from transformers import initialization

from oa.errors import BadModel
from oa.quant.exl2.codec import FIELDS, MARK, PackedMatrix, read

_library: Any = transformers  # its types are unknown in many places
_initialization: Any = initialization
_files: Any = safetensors


def is_exl2(directory: Path) -> bool:
    """Whether a directory says that it holds a model in EXL2."""
    try:
        config: object = json.loads((directory / "config.json").read_bytes())
    except (OSError, ValueError):
        return False
    found = cast(dict[str, Any], config).get("quantization_config") if isinstance(config, dict) else None
    return isinstance(found, dict) and cast(dict[str, Any], found).get("quant_method") == "exl2"


def load(directory: Path, dtype: torch.dtype) -> Any:
    """The model, as `transformers.AutoModelForCausalLM` gives it, on the processor.

    Args:
        dtype: what its numbers become: torch.float32, torch.bfloat16 or torch.float16.

    Raises:
        BadModel: a tensor is missing, damaged or too many.
    """
    names = _names(directory)
    config: Any = _library.AutoConfig.from_pretrained(str(directory), trust_remote_code=False)
    del config.quantization_config
    if any(name.startswith("lm_head.") for name in names):
        config.tie_word_embeddings = False  # it was rounded on its own; the embeddings were not
    with _initialization.no_init_weights():
        model: Any = _library.AutoModelForCausalLM.from_config(config, dtype=dtype, trust_remote_code=False)
    _fill(model, directory)
    if (directory / "generation_config.json").exists():
        model.generation_config = _library.GenerationConfig.from_pretrained(str(directory))
    return model.eval()


def _fill(model: Any, directory: Path) -> None:
    parameters = cast(dict[str, Tensor], dict(model.named_parameters()))
    missing = set(parameters)
    shapes = {name: tuple(parameter.shape) for name, parameter in parameters.items()}
    with torch.no_grad():
        for name, tensor in weights(directory, shapes):
            parameters[name].copy_(tensor)
            missing.discard(name)
    if missing:
        some = ", ".join(sorted(missing)[:3])
        raise BadModel(f"{directory} lacks {len(missing)} tensors ({some}): it is not whole; fetch it again")


def weights(directory: Path, shapes: Mapping[str, Sequence[int]]) -> Iterator[tuple[str, Tensor]]:
    """Every weight by the name that transformers has for it; matrices dequantized, float16.

    Args:
        shapes: what is expected, by name. Columns behind it only fill up, and are left out.

    Raises:
        BadModel: a tensor is damaged, of another shape, or not expected.
    """
    with ExitStack() as stack:
        for name, stored in _open(directory, stack).items():
            kind = name.rpartition(".")[2]
            if kind in FIELDS and f".{kind}" != MARK:
                continue
            plain = name.removesuffix(MARK) + ".weight" if name.endswith(MARK) else name
            if plain not in shapes:
                raise BadModel(f"{directory} has a tensor {plain}, which models of its architecture have not")
            shape = tuple(shapes[plain])
            if name.endswith(MARK):
                tensor = matrix(stored, name.removesuffix(MARK)).dequantize(shape[0])
            else:
                tensor = cast(Tensor, stored.get_tensor(name))[: shape[0]]
            if tuple(tensor.shape) != shape:
                raise BadModel(f"{directory}: {plain} is {tuple(tensor.shape)}, and its configuration says {shape}")
            yield plain, tensor


def matrix(stored: Any, name: str) -> PackedMatrix:
    """Take one out of an open safetensors file."""
    there = set(stored.keys())
    return read({key: stored.get_tensor(key) for field in FIELDS if (key := f"{name}.{field}") in there}, name)


def _names(directory: Path) -> list[str]:
    with ExitStack() as stack:
        return list(_open(directory, stack))


def _open(directory: Path, stack: ExitStack) -> dict[str, Any]:
    """The open file of each tensor, by the tensor's name."""
    found: dict[str, Any] = {}
    for file in sorted(directory.glob("*.safetensors")):
        try:
            stored: Any = stack.enter_context(_files.safe_open(str(file), framework="pt"))
        except (_files.SafetensorError, OSError) as error:
            raise BadModel(f"{file} is no safetensors file, or a damaged one; fetch it again") from error
        found |= dict.fromkeys(stored.keys(), stored)
    if not found:
        raise BadModel(f"{directory} has no *.safetensors file, so there is no model; fetch it again")
    return found
