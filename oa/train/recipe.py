"""Recipes: everything that decides what a training becomes, in one typed TOML file.

Values come from defaults, the stage, the dial `size`, the file and what was typed (`--set training.epochs=2`); the
later wins, and every value knows where it came from. What is no value of a recipe is refused with the nearest that is.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import msgspec

from oa.errors import InvalidSetting
from oa.layered import Schema, value_of
from oa.train.sizes import SIZES, STAGES, Size, Stage

AtLeastOne = Annotated[int, msgspec.Meta(ge=1, title="a whole number of at least 1")]
NotNegative = Annotated[int, msgspec.Meta(ge=0, title="a whole number of at least 0")]
Positive = Annotated[float, msgspec.Meta(gt=0, title="a number above 0")]
NotNegativeNumber = Annotated[float, msgspec.Meta(ge=0, title="a number of at least 0")]
Share = Annotated[float, msgspec.Meta(ge=0, le=1, title="a share from 0 to 1")]
Fraction = Annotated[float, msgspec.Meta(gt=0, le=1, title="a share above 0, at most 1")]


class Dtype(StrEnum):
    AUTO = "auto"
    """bfloat16 where the machine computes in it, else float32."""
    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"
    FLOAT16 = "float16"


class Quantization(StrEnum):
    NONE = "none"
    NF4 = "nf4"
    """Four bits, as QLoRA has them; only adapters are trained."""
    INT8 = "int8"


class Schedule(StrEnum):
    CONSTANT = "constant"
    LINEAR = "linear"
    COSINE = "cosine"


class DataSource(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One file of data, in any format that `oa data formats` lists."""

    path: str
    format: str | None = None
    """Unset: told from the file."""
    name: str | None = None
    """What figures of it are called. Unset: the file's name."""
    fraction: Fraction | None = None
    """The share of it that is drawn anew for every epoch."""
    size: AtLeastOne | None = None
    """How many samples of it are drawn anew for every epoch; not with `fraction`."""
    langs: tuple[str, ...] | None = None
    """Of trees: only those whose prompts are in these languages."""
    top_k: AtLeastOne | None = None
    """Of trees: only replies among so many best."""
    synthetic: bool = False
    """Of trees: threads in which a machine wrote, too."""

    @property
    def title(self) -> str:
        return self.name or Path(self.path).name.split(".")[0]


class Model(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    base: str | None = None
    """A directory with a model, or a name on Hugging Face. Unset: a new one of the sizes below."""
    adapter: str | None = None
    """A directory with adapters for the base, to go on from."""
    template: str = "chatml"
    """How conversations are written down: chatml, oasst-v2.5, oasst-v2-new, metharme, pygmalion, plain, or own."""
    dtype: Dtype = Dtype.AUTO
    """The numbers of the computation."""
    quantization: Quantization = Quantization.NONE
    """How the base is held in memory."""
    attention: str = "sdpa"
    """The implementation of attention: sdpa, eager, flash_attention_2."""
    freeze_layers: NotNegative = 0
    """Layers from the bottom, with the embedding, that are left as they are."""
    vocabulary: AtLeastOne = 1536
    """Of a new model: tokens, learned from the data."""
    hidden: AtLeastOne = 128
    """Of a new model: width."""
    layers: AtLeastOne = 4
    """Of a new model: depth."""
    heads: AtLeastOne = 4
    """Of a new model: attention heads; a divisor of the width."""


class Lora(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    enabled: bool = True
    """Train adapters, and leave the base as it is."""
    rank: AtLeastOne = 16
    """The adapters' width."""
    alpha: Positive = 32.0
    """The adapters' weight is alpha / rank."""
    dropout: Share = 0.05
    """Within the adapters."""
    targets: str = "all-linear"
    """Modules with adapters: all-linear, or names with commas between."""
    new_tokens: bool = True
    """Train the embedding's rows of tokens that the template added, too."""
    dora: bool = False
    """Learn direction and size apart. Source: https://arxiv.org/abs/2402.09353"""
    rslora: bool = False
    """Weigh by alpha / sqrt(rank). Source: https://arxiv.org/abs/2312.03732"""


class Training(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    epochs: Positive = 3.0
    """How often the data is gone through."""
    max_steps: NotNegative = 0
    """Steps after which training ends, whatever the epochs say; 0 for none."""
    batch_size: AtLeastOne = 2
    """Samples that a device computes at once."""
    accumulation: AtLeastOne = 8
    """Batches to a step."""
    max_length: AtLeastOne = 1024
    """Tokens of a sample at most."""
    packing: bool = False
    """Put several samples into a row; none sees the others."""
    group_by_length: bool = True
    """Put samples of about the same length into a batch; not with packing."""
    learning_rate: Positive = 2e-4
    """At its highest."""
    schedule: Schedule = Schedule.COSINE
    """How the learning rate falls after the warm-up."""
    warmup: NotNegativeNumber = 0.03
    """Steps in which it rises; below 1 the share of all steps."""
    weight_decay: NotNegativeNumber = 0.0
    """AdamW's."""
    beta1: Share = 0.9
    """AdamW's."""
    beta2: Share = 0.95
    """AdamW's."""
    epsilon: Positive = 1e-8
    """AdamW's."""
    optimizer: str = "adamw_torch"
    """transformers' name of it: adamw_torch, adamw_bnb_8bit, paged_adamw_8bit."""
    max_grad_norm: NotNegativeNumber = 1.0
    """Longer gradients are shortened to this; 0 leaves them."""
    gradient_checkpointing: bool = False
    """Compute activations twice in place of keeping them: less memory, a third more time."""
    random_offset: Share = 0.0
    """How likely a sample that is too long is cut somewhere, not at its end."""
    system_message: str | None = None
    """Put before conversations that have none."""
    tag_dropout: Share | None = None
    """Say by a system tag what an answer is like, each property left out with this probability. Unset: no tags."""
    log_every: AtLeastOne = 10
    """Steps between two lines of metrics."""
    save_every: AtLeastOne = 200
    """Steps between two checkpoints."""
    checkpoints_kept: AtLeastOne = 2
    """The oldest go first."""


class Evaluation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    share: Share = 0.05
    """Of each source, by trees, that is kept from training."""
    most: AtLeastOne = 500
    """Samples of each source at most."""
    every: AtLeastOne = 200
    """Steps between two evaluations."""
    patience: NotNegative = 0
    """Evaluations without a better loss after which training ends; 0 goes on."""


class Sampling(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    prompts: tuple[str, ...] = ()
    """What the model is asked again and again while it learns."""
    every: AtLeastOne = 200
    """Steps between two rounds of questions."""
    max_new_tokens: AtLeastOne = 128
    """Tokens of an answer at most."""
    temperature: NotNegativeNumber = 0.0
    """0 takes the likeliest token."""


class Inspection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    most_lost: Share = 0.1
    """The share of samples that may count for nothing, or have no place in the template; beyond, nothing is trained."""
    most_truncated: Share = 0.5
    """The share of samples that may be cut."""


class Recipe(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    stage: Stage
    """What is trained."""
    size: Size = Size.SMALL
    """The dial that sets what is not said: tiny, small, medium, full."""
    output: Path = Path("run")
    """The run's directory."""
    seed: NotNegative = 1
    """Of everything that is left to chance."""
    data: tuple[DataSource, ...] = ()
    """What is learned from."""
    model: Model = Model()
    """What is trained."""
    lora: Lora = Lora()
    """Adapters."""
    training: Training = Training()
    """How."""
    evaluation: Evaluation = Evaluation()
    """What is measured on the way."""
    sampling: Sampling = Sampling()
    """What is asked on the way."""
    inspection: Inspection = Inspection()
    """What is refused before the first step."""


SCHEMA = Schema(Recipe, "a value of recipes", "recipe", "docs/training.md lists them, and --dry-run prints them")


@dataclass(frozen=True, slots=True)
class LoadedRecipe:
    """A recipe, and for every dotted key where its value came from, in words: "default", "size tiny", "--set", ..."""

    recipe: Recipe
    origins: Mapping[str, str]


def load(
    stage: Stage, file: Path | None = None, typed: Sequence[str] = (), flags: Mapping[str, object] | None = None
) -> LoadedRecipe:
    """Put a recipe together.

    Args:
        stage: what is to be trained; a file of another stage is refused.
        file: a recipe, or a run's directory for the recipe in it.
        typed: as after `--set`: `training.epochs=2`.
        flags: values by dotted key from further flags; None for one that was not typed.

    Raises:
        InvalidSetting: an unknown name, a value that it cannot take, values that contradict each other, or a file that
            cannot be read.
    """
    chosen: dict[str, tuple[Any, str]] = {}
    if file is not None:
        file = file / RECIPE_NAME if file.is_dir() else file
        origin = f"file {file}"
        for key, value in SCHEMA.leaves(SCHEMA.parsed(file), origin).items():
            chosen[key] = (SCHEMA.convert(key, value, origin), origin)
    for key, value in map(_typed, typed):
        chosen[key] = (SCHEMA.convert(key, value, "--set", is_text=True), "--set")
    for key, value in (flags or {}).items():
        if value is not None:
            chosen[key] = (SCHEMA.convert(key, value, "flag", is_text=True), "flag")
    said, origin = chosen.get("stage", (stage, "command"))
    if said is not stage:
        raise InvalidSetting(f"this is a recipe for {said} ({origin}), not for {stage}: use `oa train {said}`")
    chosen["stage"] = (stage, origin)
    size: Size = chosen["size"][0] if "size" in chosen else Size.SMALL
    dialled = {
        key: (SCHEMA.convert(key, value, f"stage {stage}"), f"stage {stage}") for key, value in STAGES[stage].items()
    }
    dialled |= {key: (SCHEMA.convert(key, value, f"size {size}"), f"size {size}") for key, value in SIZES[size].items()}
    values = dialled | chosen
    recipe = SCHEMA.build({key: value for key, (value, _) in values.items()})
    _check(recipe)
    return LoadedRecipe(recipe, {key: values[key][1] if key in values else "default" for key in SCHEMA.kinds})


def stage_of(file: Path) -> Stage:
    """What a recipe, or the recipe in a run's directory, is for; SFT where it does not say.

    Raises:
        InvalidSetting: it cannot be read, or is for something that does not exist.
    """
    file = file / RECIPE_NAME if file.is_dir() else file
    stage: Stage = SCHEMA.convert("stage", SCHEMA.parsed(file).get("stage", Stage.SFT), f"file {file}")
    return stage


def _typed(text: str) -> tuple[str, object]:
    key, is_assignment, value = text.partition("=")
    if not is_assignment:
        raise InvalidSetting(f"--set takes name=value, such as training.epochs=2, not {text!r}")
    try:
        return key.strip(), tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return key.strip(), value.strip()


def _check(recipe: Recipe) -> None:
    """
    Raises:
        InvalidSetting: two values contradict each other.
    """
    for source in recipe.data:
        if source.fraction is not None and source.size is not None:
            raise InvalidSetting(f"{source.path} has both fraction and size: say one of them")
    if len({source.title for source in recipe.data}) < len(recipe.data):
        raise InvalidSetting(
            'two sources have the same name: give them names of their own (name = "..." under [[data]])'
        )
    if recipe.model.quantization is not Quantization.NONE and not recipe.lora.enabled:
        raise InvalidSetting(
            "a quantized base cannot be trained itself: set lora.enabled=true or model.quantization=none"
        )
    if recipe.model.base is None and recipe.lora.enabled:
        raise InvalidSetting("adapters need a model to stand on: set model.base, or lora.enabled=false for a new model")
    if recipe.model.base is None and recipe.model.hidden % recipe.model.heads:
        raise InvalidSetting(f"model.heads ({recipe.model.heads}) must divide model.hidden ({recipe.model.hidden})")


# --- in files --------------------------------------------------------------------------------------------------------

RECIPE_NAME = "recipe.toml"


def flatten(recipe: Recipe) -> dict[str, object]:
    """Every value by its dotted key, in plain types."""
    return {key: msgspec.to_builtins(value_of(recipe, key), enc_hook=_plain) for key in SCHEMA.kinds}


def written(recipe: Recipe) -> str:
    """The whole recipe as TOML, from which `load` makes the same again. What is unset is left out."""
    top: list[str] = []
    tables: dict[str, list[str]] = {}
    for key, value in flatten(recipe).items():
        section, _, name = key.rpartition(".")
        if value is None or key == "data":
            continue
        (tables.setdefault(section, []) if section else top).append(f"{name} = {_toml(value)}")
    for section, lines in tables.items():
        top += ["", f"[{section}]", *lines]
    for source in recipe.data:
        fields = msgspec.to_builtins(source)
        top += ["", "[[data]]", *(f"{name} = {_toml(value)}" for name, value in fields.items() if value is not None)]
    return "\n".join(top) + "\n"


def _plain(value: object) -> str:
    return str(value)


def _toml(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            return repr(value)
        case list() | tuple():
            return "[" + ", ".join(map(_toml, value)) + "]"  # pyright: ignore[reportUnknownArgumentType] - of plain types
        case _:
            return msgspec.json.encode(str(value)).decode().replace("\x7f", "\\u007f")
