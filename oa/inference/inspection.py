"""What a file or directory is that somebody wants to use as a model, and what can run it here."""

from __future__ import annotations

import importlib.util
import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, cast

import msgspec

from oa.errors import BadModel
from oa.inference.gguf import read_gguf
from oa.inference.models import EngineKind, Entry
from oa.inference.weights import shapes_below

CONTEXT_FIELDS = ("max_position_embeddings", "n_positions", "n_ctx", "seq_length", "max_sequence_length")
"""Where configurations of Hugging Face models say how much context they were made for, most common first."""

WEIGHTS = ("*.safetensors", "*.bin", "*.gguf")

TOOLS_IN_TEMPLATE = re.compile(r"{[%{][^%}]*\btools\b")


PART_OF = re.compile(r"(.+)-\d{5}-of-(\d{5})\.gguf")
"""How the files of a model that was cut into several are called."""


class ModelKind(StrEnum):
    """The formats in which models come."""

    GGUF = "GGUF"
    EXL2 = "EXL2"
    HUGGING_FACE = "Hugging Face"
    PEFT = "PEFT adapter"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether an engine can run it here; `obstacle` says why not."""

    engine: EngineKind
    obstacle: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What was found. None where the files do not say."""

    path: Path
    kind: ModelKind
    architecture: str
    size_bytes: int
    parameters: int | None = None
    trained_context: int | None = None
    template: str | None = None
    base: str | None = None
    """The model that an adapter was made for, as the adapter names it."""
    verdicts: tuple[Verdict, ...] = ()

    @property
    def engine(self) -> EngineKind | None:
        """The first engine that can run it here."""
        return next((verdict.engine for verdict in self.verdicts if verdict.obstacle is None), None)

    @property
    def knows_tools(self) -> bool:
        """Its template has a form of its own for tools."""
        return self.template is not None and TOOLS_IN_TEMPLATE.search(self.template) is not None


def inspect(path: Path) -> Found:
    """Look at a file or directory.

    Raises:
        BadModel: it is no model, or a damaged one; the message says what was missed.
    """
    path = path.expanduser()
    if not path.exists():
        raise BadModel(f"{path} does not exist")
    if path.is_file():
        return _gguf(path)
    if (path / "adapter_config.json").is_file():
        return _adapter(path)
    if (path / "config.json").is_file():
        return _directory(path)
    files = sorted(path.glob("*.gguf"))
    if len(files) == 1 or (files and len(_parts(files[0])) == len(files)):
        return _gguf(files[0])
    if files:
        raise BadModel(f"{path} holds {len(files)} GGUF files; name the one: {', '.join(file.name for file in files)}")
    raise BadModel(f"{path} is no model: it has neither config.json, nor adapter_config.json, nor a GGUF file")


def entry_of(found: Found, name: str, created_s: int) -> Entry:
    """How the model is entered into the registry.

    Raises:
        BadModel: nothing can run it here; the message says why.
    """
    engine = found.engine
    if engine is None:
        reasons = "; ".join(f"{verdict.engine}: {verdict.obstacle}" for verdict in found.verdicts)
        raise BadModel(f"nothing here can run {found.path} ({found.kind}): {reasons}")
    return Entry(
        name=name,
        engine=engine,
        path=str(found.path.absolute()),
        created_s=created_s,
        architecture=found.architecture,
        parameters=found.parameters,
        size_bytes=found.size_bytes,
        trained_context=found.trained_context,
        embeddings=engine in (EngineKind.LLAMACPP, EngineKind.TRANSFORMERS),
        tools=found.knows_tools,
    )


def name_of(path: Path) -> str:
    """A name for a model, after its file or directory: small letters, digits, dots, hyphens and underscores."""
    cut = PART_OF.fullmatch(path.name)
    stem = cut[1] if cut is not None else path.stem if path.suffix == ".gguf" else path.name
    return re.sub(r"[^a-z0-9._-]+", "-", stem.lower()).strip("-.") or "model"


def _gguf(path: Path) -> Found:
    header, *others = [read_gguf(part) for part in _parts(path)]
    if header.fields.get("general.type") == "adapter":
        raise BadModel(f"{path} is a LoRA adapter; add its base model, and name the adapter with --adapter")
    return Found(
        path=header.path,
        kind=ModelKind.GGUF,
        architecture=header.architecture,
        size_bytes=sum(part.file_bytes for part in (header, *others)),
        parameters=sum(part.parameters for part in (header, *others)),
        trained_context=header.context_length,
        template=header.chat_template,
        verdicts=(
            Verdict(EngineKind.LLAMACPP, _missing("xllamacpp")),
            Verdict(EngineKind.EXLLAMAV2, "reads no GGUF"),
            Verdict(EngineKind.TRANSFORMERS, "reads no GGUF"),
        ),
    )


def _parts(path: Path) -> list[Path]:
    """The files of a model that was cut into several, in order, whichever of them was named."""
    cut = PART_OF.fullmatch(path.name)
    if cut is None:
        return [path]
    parts = [path.with_name(f"{cut[1]}-{number:05}-of-{cut[2]}.gguf") for number in range(1, int(cut[2]) + 1)]
    missing = [part.name for part in parts if not part.exists()]
    if missing:
        raise BadModel(f"{path} is one of {len(parts)} files, and these are missing: {', '.join(missing)}")
    return parts


def _directory(path: Path) -> Found:
    config = _json(path / "config.json")
    text = cast(dict[str, Any], config.get("text_config") or config)
    names = cast(list[str], config.get("architectures") or [str(config.get("model_type", "unknown"))])
    quantization = cast(dict[str, Any], config.get("quantization_config") or {})
    is_exl2 = quantization.get("quant_method") == "exl2"
    shapes = shapes_below(path)
    size_bytes = _size(path)
    if size_bytes == 0:
        raise BadModel(f"{path} has a config.json but no weights (*.safetensors): fetch the whole repository")
    return Found(
        path=path,
        kind=ModelKind.EXL2 if is_exl2 else ModelKind.HUGGING_FACE,
        architecture=names[0],
        size_bytes=size_bytes,
        parameters=None if quantization or not shapes else sum(math.prod(shape) for shape in shapes.values()),
        trained_context=next((text[name] for name in CONTEXT_FIELDS if isinstance(text.get(name), int)), None),
        template=_template(path),
        verdicts=_verdicts_on_directory(is_exl2=is_exl2),
    )


def _verdicts_on_directory(*, is_exl2: bool) -> tuple[Verdict, ...]:
    in_the_way = _missing("exllamav2") or ("is no part of this version of OA" if has_cuda() else "needs a CUDA device")
    return (
        Verdict(EngineKind.EXLLAMAV2, in_the_way if is_exl2 else "reads EXL2 only"),
        Verdict(EngineKind.TRANSFORMERS, _missing("torch") or _missing("transformers")),
        Verdict(EngineKind.LLAMACPP, "reads GGUF only"),
    )


def _adapter(path: Path) -> Found:
    config = _json(path / "adapter_config.json")
    shapes = shapes_below(path)
    if not shapes:
        raise BadModel(f"{path} has no adapter_model.safetensors; adapters in pickle files are not read")
    base = config.get("base_model_name_or_path")
    return Found(
        path=path,
        kind=ModelKind.PEFT,
        architecture=str(config.get("peft_type", "LORA")),
        size_bytes=_size(path),
        parameters=sum(math.prod(shape) for shape in shapes.values()),
        template=_template(path),
        base=base if isinstance(base, str) else None,
        verdicts=(
            Verdict(EngineKind.TRANSFORMERS, _missing("torch") or _missing("peft")),
            Verdict(EngineKind.EXLLAMAV2, "runs no PEFT adapters here"),
            Verdict(EngineKind.LLAMACPP, "reads GGUF only"),
        ),
    )


def see_that_adapter_fits(adapter: Path, base: Path) -> None:
    """Compare the shapes of an adapter with those of a base model.

    Raises:
        BadModel: it was made for another model; the message names the first layer that tells.
    """
    layers = shapes_below(base)
    if not layers:
        return  # no safetensors to compare with; the engine will see
    for name, (_, *width) in shapes_below(adapter).items():
        layer, found, _ = name.removeprefix("base_model.model.").partition(".lora_A")
        if not found:
            continue
        shape = layers.get(f"{layer}.weight")
        if shape is None or shape[1:] != tuple(width):
            have = "has no such layer" if shape is None else f"has {shape[-1]} there"
            raise BadModel(
                f"the adapter {adapter} was made for another base: its {layer} takes {width[-1]} numbers, "
                f"and {base} {have}"
            )


def has_cuda() -> bool:
    """A CUDA device is in this machine, going by its driver."""
    return os.path.exists("/dev/nvidiactl") or os.path.exists("/dev/dxg")


def _missing(package: str) -> str | None:
    if importlib.util.find_spec(package) is not None:
        return None
    extra = {"xllamacpp": "", "exllamav2": "[gpu]"}.get(package, "[train]")
    return f"{package} is not installed (pip install 'oa{extra}')"


def _size(path: Path) -> int:
    return sum(file.stat().st_size for pattern in WEIGHTS for file in path.glob(pattern))


def _template(path: Path) -> str | None:
    """The chat template of a directory, in a file of its own or in the tokenizer's configuration."""
    own = path / "chat_template.jinja"
    if own.is_file():
        return own.read_text("utf-8", "replace")
    if not (path / "tokenizer_config.json").is_file():
        return None
    template = _json(path / "tokenizer_config.json").get("chat_template")
    if isinstance(template, list):  # several, by name
        named = {item.get("name"): item.get("template") for item in cast(list[dict[str, Any]], template)}
        template = named.get("default")
    return template if isinstance(template, str) else None


def _json(file: Path) -> Mapping[str, Any]:
    try:
        found = msgspec.json.decode(file.read_bytes())
    except OSError as error:
        raise BadModel(f"{file} cannot be read: {error.strerror}") from error
    except msgspec.DecodeError as error:
        raise BadModel(f"{file} is not valid JSON: {error}") from error
    if not isinstance(found, dict):
        raise BadModel(f"{file} is no JSON object")
    return cast(dict[str, Any], found)
