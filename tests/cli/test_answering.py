from __future__ import annotations

from pathlib import Path

import pytest
from tiny_models import TinyModel, make_tiny_model

from oa.cli import answering
from oa.cli.answering import chosen_entries, open_answering
from oa.config import Config, Inference
from oa.domain.sampling import Sampling
from oa.errors import BadModel, UnknownModel
from oa.inference.answering import Question
from oa.inference.engine import Role, Token, Turn
from oa.inference.inspection import entry_of, inspect
from oa.inference.models import Entry, Registry, write_registry


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> TinyModel:
    return make_tiny_model(tmp_path_factory.mktemp("models"))


@pytest.fixture
def data_dir(tmp_path: Path, tiny: TinyModel) -> Path:
    """A data directory with the models a and b, of which b is the default."""
    entries = tuple(entry_of(inspect(tiny.gguf), name, 0) for name in "ab")
    write_registry(tmp_path, Registry(entries, "b"))
    return tmp_path


def names(entries: list[Entry]) -> list[str]:
    return [entry.name for entry in entries]


def test_the_default_comes_first(data_dir: Path) -> None:
    assert names(chosen_entries(data_dir, None)) == ["b", "a"]


def test_another_model_may_be_named(data_dir: Path) -> None:
    assert names(chosen_entries(data_dir, "a")) == ["a", "b"]


def test_a_path_may_be_named_and_the_others_stay(data_dir: Path, tiny: TinyModel) -> None:
    assert names(chosen_entries(data_dir, str(tiny.gguf))) == ["tiny", "a", "b"]


def test_what_is_neither_is_refused(data_dir: Path) -> None:
    with pytest.raises(UnknownModel, match="there is: a, b"):
        chosen_entries(data_dir, "nope")
    with pytest.raises(BadModel, match="is no model"):
        chosen_entries(data_dir, str(Path(__file__).parent))


def test_an_empty_directory_has_the_model_that_comes_with_oa(
    tmp_path: Path, tiny: TinyModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    built_in = entry_of(inspect(tiny.gguf), answering.BUILT_IN, 0)
    monkeypatch.setattr(answering, "built_in_entry", lambda: built_in)
    assert chosen_entries(tmp_path, None) == [built_in]
    monkeypatch.setattr(answering, "built_in_entry", lambda: None)
    assert chosen_entries(tmp_path, None) == []


def test_the_model_that_comes_with_oa_can_be_named_beside_others(
    data_dir: Path, tiny: TinyModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    built_in = entry_of(inspect(tiny.gguf), answering.BUILT_IN, 0)
    monkeypatch.setattr(answering, "built_in_entry", lambda: built_in)
    assert names(chosen_entries(data_dir, answering.BUILT_IN)) == [answering.BUILT_IN, "a", "b"]


async def test_the_settings_reach_the_models(data_dir: Path) -> None:
    opened = open_answering(Config(data_dir=data_dir, inference=Inference(model="a", queue_size=3)))
    assert [(model.name, model.is_default) for model in await opened.models()] == [("a", True), ("b", False)]
    assert {load.places for load in opened.loads()} == {1}
    await opened.close()


async def test_a_fresh_hub_answers_with_what_it_brings_along(tmp_path: Path) -> None:
    opened = open_answering(Config(data_dir=tmp_path))
    (model,) = await opened.models()
    assert (model.name, model.is_default, model.context_length) == (answering.BUILT_IN, True, 1024)
    turns = (Turn(Role.USER, "What is the capital of France?"),)
    asked = Question("1", "ann", model.name, turns, Sampling(temperature=0), max_tokens=40)
    pieces = [piece async for piece in opened.answer(asked)]
    assert "Paris" in "".join(piece.text for piece in pieces if isinstance(piece, Token))
    await opened.close()
