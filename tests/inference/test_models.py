from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oa.errors import BadFile, Conflict, UnknownModel
from oa.inference.models import EngineKind, Entry, Registry, read_registry, write_registry


def entry(name: str, **facts: object) -> Entry:
    return Entry(name=name, engine=EngineKind.LLAMACPP, path=f"/models/{name}.gguf", **facts)  # type: ignore[arg-type]


def test_a_directory_without_a_file_has_no_models(tmp_path: Path) -> None:
    assert read_registry(tmp_path) == Registry()


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), st.text(max_size=5))
def test_what_is_written_is_read_again(tmp_path_factory: pytest.TempPathFactory, description: str, name: str) -> None:
    directory = tmp_path_factory.mktemp("data")
    name = name.encode("utf-8", "ignore").decode() or "x"
    kept = Registry((entry(name, description=description, parallel=4, embeddings=True), entry("b c.d")), "b c.d")
    write_registry(directory, kept)
    assert {entry.name: entry for entry in read_registry(directory).entries} == {one.name: one for one in kept.entries}


def test_the_first_model_is_the_default_until_another_is(tmp_path: Path) -> None:
    registry = Registry().added(entry("a")).added(entry("b"))
    assert registry.default_entry() == entry("a")
    assert registry.with_default("b").default_entry() == entry("b")
    assert registry.with_default("b").removed("b").default_entry() == entry("a")
    assert registry.removed("a").removed("b").default_entry() is None


def test_a_name_is_given_once() -> None:
    with pytest.raises(Conflict, match="already"):
        Registry((entry("a"),)).added(entry("a"))


def test_an_unknown_model_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(UnknownModel, match="there is: a, b"):
        Registry((entry("a"), entry("b"))).find("c")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("default = ", "cannot be read"),
        ("[models.a]\nengine = 'magic'", "model 'a'"),
        ("[models.a]\nengine = 'llamacpp'\nthread = 3", "thread"),
        ("[models]\na = 3", "model 'a'"),
        ("[modles.a]", "nothing else"),
        ("default = 'z'\n[models.a]\nengine = 'llamacpp'", "none of its models"),
    ],
)
def test_a_file_that_is_wrong_is_refused_with_the_place(tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "models.toml").write_text(text)
    with pytest.raises(BadFile, match=sentence):
        read_registry(tmp_path)
