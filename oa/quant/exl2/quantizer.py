"""Quantizes a model to EXL2 on a processor: for models up to about a billion weights.

Every matrix is rounded in several ways, and what that does to its output is measured on texts. From that follows which
gets how many bits. Then the model is rounded layer by layer, each by the inputs that the rounded ones before it give.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors import torch as files
from torch import Tensor, nn

import oa
from oa.errors import BadModel, InvalidSetting
from oa.quant.exl2.allocation import Measured, allocate
from oa.quant.exl2.calibration import rows_by, rows_from
from oa.quant.exl2.codec import MARK, pack, read
from oa.quant.exl2.gptq import importance, quantize, relative_error
from oa.quant.exl2.layers import MATRICES, SAME_INPUT, Walk
from oa.quant.exl2.layout import HEAD_LAYOUTS, Layout, layout
from oa.quant.prepare import prepare

_library: Any = transformers  # its types are unknown in many places
_files: Any = files

FORMAT_VERSION = "0.3.2"
"""Of ExLlamaV2, whose files these are like."""

ARCHITECTURES = ("LlamaForCausalLM", "MistralForCausalLM", "Qwen2ForCausalLM", "Qwen3ForCausalLM")

MOST_WEIGHTS = 2_000_000_000

CANDIDATES = tuple(
    map(
        layout,
        (
            "3:64:0.05 2:64:0.95",
            "3:64:0.3 2:64:0.7",
            "6:32:0.05 3:64:0.2 2:64:0.75",
            "4:128:0.1 3:128:0.9",
            "4:32:0.1 3:32:0.9",
            "8:32:0.05 4:32:0.1 3:32:0.85",
            "4:128:1",
            "5:32:0.1 4:32:0.9",
            "8:32:0.05 5:32:0.1 4:32:0.85",
            "5:32:1",
            "6:128:0.1 5:128:0.9",
            "6:128:1",
            "6:32:1",
            "8:128:0.1 6:128:0.9",
            "8:128:1",
        ),
    )
)
"""What is measured of each matrix; the others lie close to these."""

Tell = Callable[[str, int, int], None]
"""Takes what is being done, how many parts of it are done, and of how many."""


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be made of which model."""

    source: Path
    targets: Mapping[float, Path]
    """A directory for each number of bits that a weight of the layers is to take on average."""
    head_bits: int = 6
    """Of the output layer: 2, 3, 4, 5, 6 or 8."""
    calibration: Path | None = None
    """A file of text or samples; None: the model writes them itself."""
    rows: int = 32
    length: int = 512
    """Tokens of each row."""


@dataclass(frozen=True, slots=True)
class Made:
    """A model that was quantized."""

    directory: Path
    asked_bits: float
    bits: float
    """That a weight of the layers takes, scales and the rest included."""
    head_bits: float
    size_bytes: int
    """Of its weights' file."""
    bits_of: Mapping[str, float]
    """That a weight of each matrix takes."""


def quantize_model(job: Job, tell: Tell) -> list[Made]:
    """Make every directory of a job. One appears when it is finished, and not before.

    Raises:
        BadModel: the model cannot be quantized, or not to so few bits; the message says why, and what to do.
        BadFile: the calibration file holds too little.
        InvalidSetting: a directory is there already, or the disk too full.
    """
    _check(job)
    with _workplace(next(iter(job.targets.values()))) as work:
        tell("Preparing", 0, 1)
        prepare(job.source, work / "model")
        tell("Preparing", 1, 1)
        model, tokenizer = _load(work / "model")
        weights = _check_model(model, job)
        rows = _rows(job, model, tokenizer, tell)
        options = _measure(model, rows, tell)
        chosen = {bits: allocate(options, int(bits * weights)) for bits in job.targets}
        made: list[Made] = []
        for bits, target in job.targets.items():
            model = _load(work / "model")[0] if made else model
            finished = work / f"finished-{len(made)}"
            shutil.copytree(work / "model", finished, ignore=shutil.ignore_patterns("*.safetensors"))
            layouts = {name: one.layout for name, one in chosen[bits].items()}
            layouts["lm_head"] = HEAD_LAYOUTS[job.head_bits]
            tensors = _round_model(model, rows, layouts, partial(tell, f"Quantizing to {bits:g}"))
            made.append(_write(tensors, finished, job, bits))
            finished.rename(target)
        return made


# --- before ----------------------------------------------------------------------------------------------------------


def _check(job: Job) -> None:
    if job.head_bits not in HEAD_LAYOUTS:
        raise InvalidSetting(f"the output layer takes {', '.join(map(str, HEAD_LAYOUTS))} bits, not {job.head_bits}")
    if job.rows < 1 or job.length < 16:
        raise InvalidSetting("calibration takes rows of 16 tokens at least, and one of them at least")
    weights = sum(file.stat().st_size for file in job.source.glob("*.safetensors"))
    for bits, target in job.targets.items():
        if not 2 <= bits <= 8:
            raise InvalidSetting(f"a weight takes 2 to 8 bits, not {bits:g}")
        if target.exists():
            raise InvalidSetting(f"{target} is there already: choose another directory, or remove it")
        if not target.parent.is_dir():
            raise InvalidSetting(f"{target.parent} is no directory: make it first")
        free = shutil.disk_usage(target.parent).free
        if free < weights * len(job.targets):
            raise InvalidSetting(
                f"{target.parent} has {free / 1e9:.1f} GB left, and up to {weights * len(job.targets) / 1e9:.1f} GB "
                "are needed: make room, or choose another disk"
            )


def _check_model(model: Any, job: Job) -> int:
    """How many weights the matrices of its layers have."""
    name: str = model.config.architectures[0]
    if name not in ARCHITECTURES:
        raise BadModel(f"{job.source} is a {name}; without CUDA only {', '.join(ARCHITECTURES)} can be quantized")
    every = sum(parameter.numel() for parameter in model.parameters())
    if every > MOST_WEIGHTS:
        raise BadModel(
            f"{job.source} has {every / 1e9:.1f} billion weights, and a processor would take days for more than "
            f"{MOST_WEIGHTS / 1e9:g}: take a smaller model, or fetch one that is EXL2 already"
        )
    shapes = [_matrix(layer, name).weight.shape for layer in model.model.layers for name in MATRICES]
    weights = sum(rows * columns for columns, rows in shapes)
    least = sum(min(one.total_bits(rows, columns) for one in CANDIDATES) for columns, rows in shapes)
    if int(min(job.targets) * weights) < least:
        raise BadModel(
            f"{job.source} takes {least / weights:.2f} bits per weight at least, scales included; "
            f"ask for more than {min(job.targets):g} with --bpw"
        )
    return weights


@contextmanager
def _workplace(target: Path) -> Generator[Path]:
    """A hidden directory beside a target, which is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix=f".{target.name}.", suffix=".partial", dir=target.parent) as work:
        yield Path(work)


def _load(directory: Path) -> tuple[Any, Any]:
    _library.utils.logging.disable_progress_bar()
    _library.utils.logging.set_verbosity_error()
    try:
        tokenizer: Any = _library.AutoTokenizer.from_pretrained(str(directory), trust_remote_code=False)
        model: Any = _library.AutoModelForCausalLM.from_pretrained(
            str(directory), dtype=torch.float32, trust_remote_code=False
        )
    except (OSError, ValueError, RuntimeError, KeyError, ImportError, TypeError) as error:
        reason = str(error).strip().partition("\n")[0][:300]
        raise BadModel(f"the model cannot be loaded: {reason or type(error).__name__}") from error
    return model.eval(), tokenizer


def _rows(job: Job, model: Any, tokenizer: Any, tell: Tell) -> Tensor:
    tell("Reading texts" if job.calibration else "Writing texts", 0, 1)
    length = min(job.length, model.config.max_position_embeddings)
    if job.calibration is not None:
        rows = rows_from(job.calibration, tokenizer, job.rows, length)
    else:
        rows = rows_by(model, tokenizer, job.rows, length)
    tell("Reading texts" if job.calibration else "Writing texts", 1, 1)
    return rows


# --- measuring and choosing ------------------------------------------------------------------------------------------


def _measure(model: Any, rows: Tensor, tell: Tell) -> dict[str, list[Measured]]:
    """What every candidate takes and costs in every matrix of the layers."""
    walk = Walk(model, rows)
    found: dict[str, list[Measured]] = {}
    for place, layer in enumerate(walk.layers):
        hessians = walk.hessians(place)
        for shared, names in SAME_INPUT.items():
            known = importance(hessians[shared])
            for name in names:
                weight = _matrix(layer, name).weight.detach()
                found[f"model.layers.{place}.{name}"] = [
                    Measured(
                        one,
                        one.total_bits(weight.shape[1], weight.shape[0]),
                        relative_error(weight, pack(quantize(weight, known, one)).dequantize(), known.hessian),
                    )
                    for one in CANDIDATES
                ]
                tell("Measuring", len(found), len(walk.layers) * len(MATRICES))
        walk.go_on(place)
    return found


# --- rounding and writing --------------------------------------------------------------------------------------------


def _round_model(
    model: Any, rows: Tensor, layouts: Mapping[str, Layout], tell: Callable[[int, int], None]
) -> dict[str, Tensor]:
    """The model's tensors in EXL2; its own matrices are rounded on the way."""
    plain = {name: tensor.half() for name, tensor in model.state_dict().items()}
    walk = Walk(model, rows)
    packed: dict[str, Tensor] = {}
    for place, layer in enumerate(walk.layers):
        hessians = walk.hessians(place)
        for shared, names in SAME_INPUT.items():
            known = importance(hessians[shared])
            for name in names:
                whole = f"model.layers.{place}.{name}"
                matrix = pack(quantize(_matrix(layer, name).weight.detach(), known, layouts[whole]))
                packed |= matrix.tensors(whole)
                del plain[f"{whole}.weight"]
                with torch.no_grad():
                    _matrix(layer, name).weight.copy_(matrix.dequantize())
        walk.go_on(place)
        tell(place + 1, len(walk.layers) + 1)
    head = quantize(model.lm_head.weight.detach(), importance(walk.last_hessian()), layouts["lm_head"])
    plain.pop("lm_head.weight", None)
    tell(len(walk.layers) + 1, len(walk.layers) + 1)
    return plain | packed | pack(head).tensors("lm_head")


def _matrix(layer: nn.Module, name: str) -> nn.Linear:
    found = layer.get_submodule(name)
    assert isinstance(found, nn.Linear)
    return found


def _write(tensors: dict[str, Tensor], directory: Path, job: Job, bits: float) -> Made:
    file = directory / "output.safetensors"
    _files.save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, str(file))
    config = json.loads((directory / "config.json").read_bytes())
    config["quantization_config"] = {
        "quant_method": "exl2",
        "version": FORMAT_VERSION,
        "made_by": f"oa {oa.__version__}",
        "bits": bits,
        "head_bits": job.head_bits,
        "calibration": {
            "rows": job.rows,
            "length": job.length,
            "dataset": job.calibration.name if job.calibration else "(written by the model)",
        },
    }
    (directory / "config.json").write_text(json.dumps(config, indent=2) + "\n", "utf-8")
    file.chmod((directory / "config.json").stat().st_mode)  # the library lets nobody else read what it writes
    return _look_at(_files.load_file(str(file)), directory, job, bits)


def _look_at(stored: Mapping[str, Tensor], directory: Path, job: Job, bits: float) -> Made:
    """What was written, read again."""
    names = [name.removesuffix(MARK) for name in stored if name.endswith(MARK)]
    found = {name: read(stored, name) for name in names}
    sizes = {name: one.rows * one.columns for name, one in found.items() if name != "lm_head"}
    bits_of = {name: one.total_bits / (one.rows * one.columns) for name, one in found.items()}
    head_bits = bits_of.pop("lm_head")
    return Made(
        directory=job.targets[bits],
        asked_bits=bits,
        bits=sum(bits_of[name] * size for name, size in sizes.items()) / sum(sizes.values()),
        head_bits=head_bits,
        size_bytes=(directory / "output.safetensors").stat().st_size,
        bits_of=bits_of,
    )
