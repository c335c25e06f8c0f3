from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oa.errors import InvalidSetting
from oa.train.recipe import SCHEMA, DataSource, LoadedRecipe, Recipe, flatten, load, written
from oa.train.sizes import SIZES, STAGES, Size, Stage

NEW = ["lora.enabled=false"]


def sft(*typed: str, **flags: Any) -> LoadedRecipe:
    return load(Stage.SFT, None, [*NEW, *typed], flags)


def in_file(path: Path, text: str) -> Path:
    path.write_text(text, "utf-8")
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "recipe.toml"


def test_the_later_source_wins_and_every_value_knows_its_own(file: Path) -> None:
    in_file(file, 'size = "tiny"\nseed = 7\n[training]\nbatch_size = 4\nlearning_rate = 1e-3\n')
    loaded = load(Stage.SFT, file, ["training.learning_rate=5e-4"], {"output": "out", "seed": None})
    training = loaded.recipe.training
    assert (training.batch_size, training.learning_rate, training.max_length, training.beta1) == (4, 5e-4, 256, 0.9)
    assert (loaded.recipe.seed, loaded.recipe.output) == (7, Path("out"))
    wanted = {
        "stage": "command",
        "training.batch_size": f"file {file}",
        "training.learning_rate": "--set",
        "training.max_length": "size tiny",
        "training.beta1": "default",
        "output": "flag",
    }
    assert {key: loaded.origins[key] for key in wanted} == wanted
    assert set(loaded.origins) == set(SCHEMA.kinds) == set(flatten(loaded.recipe))


@pytest.mark.parametrize("size", Size)
@pytest.mark.parametrize("stage", Stage)
def test_every_turn_of_the_dial_makes_a_recipe(size: Size, stage: Stage) -> None:
    loaded = load(stage, None, [f"size={size}", "model.base=some/model"])
    values = flatten(loaded.recipe)
    assert all(values[key] == value for key, value in SIZES[size].items())
    assert all(values[key] == value for key, value in (STAGES[stage] | SIZES[size]).items())


def test_a_tiny_recipe_needs_no_model() -> None:
    assert load(Stage.SFT, None, ["size=tiny"]).recipe.model.base is None


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        (
            "training.learning_rat=1",
            "training.learning_rat is not a value of recipes .*did you mean training.learning_rate",
        ),
        ("qqqq=1", "qqqq is not a value of recipes .*docs/training.md"),
        ("training.batch_size=0", "training.batch_size must be a whole number of at least 1, not 0"),
        ("training.batch_size=many", "training.batch_size must be a whole number of at least 1, not 'many'"),
        ("size=huge", "size must be one of tiny, small, medium, full, not 'huge'"),
        ("training.packing", "takes name=value"),
        ("evaluation.share=2", "a share from 0 to 1"),
        ("model.heads=3", "must divide"),
        ("model.quantization=nf4", "a quantized base cannot be trained itself"),
        ("lora.enabled=true", "adapters need a model to stand on"),
        ('data=[{path="a", fraction=0.5, size=3}]', "both fraction and size"),
        ('data=[{path="x/a.jsonl"}, {path="y/a.parquet"}]', "the same name"),
        ('data=[{path="a", fraktion=1}]', "data.fraktion is not a value of recipes .*did you mean fraction"),
        ('data=[{path="a", fraction=7.0}]', r"data\[0\].fraction"),
        ("stage=ppo", "recipe for ppo .*not for sft: use `oa train ppo`"),
    ],
)
def test_what_cannot_be_is_refused_with_a_way_out(typed: str, sentence: str) -> None:
    with pytest.raises(InvalidSetting, match=sentence):
        sft(typed)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[training]\nepoch = 1\n", "training.epoch is not a value of recipes .*did you mean training.epochs"),
        ("training = 1\n", r"write \[training\]"),
        ("seed = ", "not valid TOML"),
        ('seed = "1"\n', "seed must be a whole number"),
    ],
)
def test_a_file_is_held_to_the_same(file: Path, text: str, sentence: str) -> None:
    with pytest.raises(InvalidSetting, match=sentence):
        load(Stage.SFT, in_file(file, text))


def test_a_file_that_is_not_there_is_named(file: Path) -> None:
    with pytest.raises(InvalidSetting, match="cannot be read"):
        load(Stage.SFT, file)


def test_typed_values_are_toml_or_text() -> None:
    loaded = sft('sampling.prompts=["Hi!", "Who are you?"]', "output=runs/a b", "training.tag_dropout=0.5")
    assert loaded.recipe.sampling.prompts == ("Hi!", "Who are you?")
    assert loaded.recipe.output == Path("runs/a b")
    assert loaded.recipe.training.tag_dropout == 0.5


texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
sources = st.builds(
    DataSource,
    path=texts,
    name=st.uuids().map(str),
    fraction=st.none() | st.floats(0.01, 1),
    langs=st.none() | st.tuples(texts),
    synthetic=st.booleans(),
)


@given(prompts=st.lists(texts, max_size=3), data=st.lists(sources, max_size=3), rate=st.floats(1e-9, 1e3), base=texts)
def test_what_is_written_loads_as_the_same_recipe(
    tmp_path_factory: pytest.TempPathFactory, prompts: list[str], data: list[DataSource], rate: float, base: str
) -> None:
    import msgspec

    recipe = load(Stage.DPO, None, ["model.base=x"]).recipe
    recipe = msgspec.structs.replace(
        recipe,
        data=tuple(data),
        model=msgspec.structs.replace(recipe.model, base=base),
        sampling=msgspec.structs.replace(recipe.sampling, prompts=tuple(prompts)),
        training=msgspec.structs.replace(recipe.training, learning_rate=rate, system_message=base),
    )
    path = tmp_path_factory.mktemp("recipe") / "recipe.toml"
    assert load(Stage.DPO, in_file(path, written(recipe))).recipe == recipe
    assert load(Stage.DPO, path.parent).recipe == recipe


def test_every_value_is_documented_with_its_default() -> None:
    page = (Path(__file__).parents[2] / "docs" / "training.md").read_text("utf-8")
    defaults = flatten(Recipe(stage=Stage.SFT))
    for key in SCHEMA.kinds:
        assert f"| `{key}` | {written_default(key, defaults[key])} |" in page


def written_default(key: str, value: object) -> str:
    if key == "stage":
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return "unset" if value is None else "none" if value in ((), []) else str(value)
