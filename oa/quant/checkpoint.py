"""A model as Hugging Face's libraries save it, read without them: config.json, tokenizer.json and safetensors files.

Source:
    https://github.com/huggingface/safetensors#format: a length of 8 bytes, a header in JSON, the numbers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from oa.errors import BadModel

LONGEST_HEADER_BYTES = 100 * 1024 * 1024

NUMBERS: Mapping[str, str] = {"F32": "<f4", "F16": "<f2", "BF16": "<u2"}
"""How the numbers of each type lie in the file, as numpy says it; BF16 is the upper half of a float32."""


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """Where a tensor lies."""

    file: Path
    kind: str
    shape: tuple[int, ...]
    offset: int

    def read(self) -> npt.NDArray[np.float32]:
        """Its numbers as float32, whatever they are stored as."""
        stored = np.memmap(self.file, dtype=NUMBERS[self.kind], mode="r", offset=self.offset, shape=self.shape)
        if self.kind == "BF16":
            return (stored.astype(np.uint32) << 16).view(np.float32)
        return stored.astype(np.float32)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What was found in a directory."""

    directory: Path
    config: Mapping[str, Any]
    tokenizer: Mapping[str, Any]
    chat_template: str | None
    tensors: Mapping[str, StoredTensor]

    @property
    def architecture(self) -> str:
        """The class that transformers loads it with."""
        return str((self.config.get("architectures") or ["unknown"])[0])


def read_checkpoint(directory: Path) -> Checkpoint:
    """Look through a model's directory; the numbers stay on disk until they are read.

    Raises:
        BadModel: a file is missing or damaged, or holds numbers of a type that is not known.
    """
    tensors: dict[str, StoredTensor] = {}
    for file in sorted(directory.glob("*.safetensors")):
        tensors |= _tensors(file)
    if not tensors:
        raise BadModel(f"{directory} has no *.safetensors file, so there is no model to convert")
    return Checkpoint(
        directory,
        _read_json(directory / "config.json"),
        _read_json(directory / "tokenizer.json"),
        _chat_template(directory),
        tensors,
    )


def _tensors(file: Path) -> dict[str, StoredTensor]:
    size = file.stat().st_size
    with file.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        header = stream.read(length) if length <= min(size, LONGEST_HEADER_BYTES) else b""
    try:
        described = cast(dict[str, Any], json.loads(header))
        described.pop("__metadata__", None)
        found = {
            name: StoredTensor(file, facts["dtype"], tuple(facts["shape"]), 8 + length + facts["data_offsets"][0])
            for name, facts in described.items()
        }
        end = max((facts["data_offsets"][1] for facts in described.values()), default=0)
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise BadModel(f"{file} is no safetensors file, or a damaged one; fetch it again") from error
    if size < 8 + length + end:
        raise BadModel(f"{file} is cut off: it has {size} bytes of {8 + length + end}; fetch it again")
    for name, tensor in found.items():
        if tensor.kind not in NUMBERS:
            raise BadModel(f"{file}: {name} holds {tensor.kind}; only {', '.join(NUMBERS)} can be converted")
    return found


def _read_json(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        raise BadModel(f"{file.parent} has no {file.name}, which every model of this kind has") from None
    except (OSError, ValueError) as error:
        raise BadModel(f"{file} cannot be read: {error}") from error
    if not isinstance(found, dict):
        raise BadModel(f"{file} is not what it should be: no JSON object")
    return cast(dict[str, Any], found)


def _chat_template(directory: Path) -> str | None:
    """In a file of its own, or in the tokenizer's settings, as older versions of transformers wrote it."""
    file = directory / "chat_template.jinja"
    if file.exists():
        return file.read_text("utf-8")
    if not (directory / "tokenizer_config.json").exists():
        return None
    template = _read_json(directory / "tokenizer_config.json").get("chat_template")
    return template if isinstance(template, str) else None
