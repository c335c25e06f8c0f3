from __future__ import annotations

from pathlib import Path

import pytest

from oa.errors import BadModel, InvalidSetting
from oa.train.recipe import Model
from oa.train.vocabulary import tokenizer_of

TEXTS = ["the cat sat on the mat", "the dog sat on the log"] * 20


def test_a_new_tokenizer_is_learned_from_the_texts_and_is_always_the_same() -> None:
    first, added = tokenizer_of(Model(vocabulary=300, template="oasst-v2.5"), iter(TEXTS))
    second, _ = tokenizer_of(Model(vocabulary=300, template="oasst-v2.5"), iter(TEXTS))
    assert added == []
    assert first.get_vocab() == second.get_vocab()
    assert 256 < len(first) <= 300
    assert first.convert_tokens_to_ids(["<|prompter|>", "<|assistant|>"]) == [2, 3]
    assert len(first("the cat").input_ids) < len("the cat")
    assert first.decode(first("naïve 🐈 new words").input_ids) == "naïve 🐈 new words"


def test_a_base_brings_its_own_tokenizer(tmp_path: Path) -> None:
    made, _ = tokenizer_of(Model(vocabulary=300), iter(TEXTS))
    made.save_pretrained(str(tmp_path))
    loaded, added = tokenizer_of(Model(base=str(tmp_path), template="metharme"), iter(()))
    assert added == ["<|system|>", "<|user|>", "<|model|>"]
    assert len(loaded) == len(made) + 3


@pytest.mark.parametrize(
    ("model", "sentence"),
    [
        (Model(vocabulary=100), "model.vocabulary must be at least"),
        (Model(template="own"), "a new model brings no template"),
        (Model(template="chatlm"), "there is no template chatlm"),
    ],
)
def test_what_cannot_be_learned_is_refused(model: Model, sentence: str) -> None:
    with pytest.raises(InvalidSetting, match=sentence):
        tokenizer_of(model, iter(TEXTS))


def test_a_directory_without_a_tokenizer_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadModel, match="has no tokenizer that can be used"):
        tokenizer_of(Model(base=str(tmp_path)), iter(()))
