from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from oa.demo import texts
from oa.demo.texts import Written
from oa.demo.vocabulary import VOCABULARIES
from oa.errors import Invalid

LANGUAGES = sorted(VOCABULARIES)

Writer = Callable[[str, float, random.Random], Written]

WRITERS: dict[str, Writer] = {
    "prompt": texts.write_prompt,
    "answer": lambda lang, quality, rng: texts.write_answer(lang, None, quality, rng),
    "follow-up": lambda lang, quality, rng: texts.write_follow_up(lang, None, quality, rng),
}


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_a_seed_gives_the_same_text_again(lang: str, write: Writer) -> None:
    assert write(lang, 0.7, random.Random(3)) == write(lang, 0.7, random.Random(3))


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_texts_are_whole_and_short_enough_for_any_campaign(lang: str, write: Writer) -> None:
    for seed in range(200):
        text = write(lang, seed / 200, random.Random(seed)).text
        assert "{" not in text
        assert 0 < len(text) < 2000
        assert text == text.strip()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_better_answer_says_more(lang: str) -> None:
    def mean_length(quality: float) -> float:
        return sum(len(texts.write_answer(lang, None, quality, random.Random(seed)).text) for seed in range(50)) / 50

    assert mean_length(0.1) < mean_length(0.5) < mean_length(0.95)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_an_answer_is_about_what_was_asked(lang: str) -> None:
    prompt = texts.write_prompt(lang, 0.8, random.Random(1))
    answer = texts.write_answer(lang, prompt.topic, 0.8, random.Random(2))
    assert answer.topic == prompt.topic
    assert prompt.topic.lower() in answer.text.lower()


def test_an_answer_to_an_unknown_topic_finds_one_of_its_own() -> None:
    assert texts.write_answer("de", "something else", 0.8, random.Random(1)).topic in VOCABULARIES["de"].topics


@pytest.mark.parametrize("lang", LANGUAGES)
def test_spam_is_known_by_sight_and_honest_text_is_not_taken_for_it(lang: str) -> None:
    for seed in range(100):
        assert texts.appraise(texts.write_spam(lang, random.Random(seed)).text, "en").is_spam
        for write in WRITERS.values():
            assert not texts.appraise(write(lang, 0.5, random.Random(seed)).text, "en").is_spam


def test_there_is_enough_to_say_for_a_tree_of_every_size() -> None:
    rng = random.Random(0)
    said = {texts.write_answer("en", "sort a long list of names", rng.random(), rng).text for _ in range(500)}
    assert len(said) > 400


def test_an_unknown_language_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(Invalid, match="en, de, es, ru"):
        texts.write_prompt("tlh", 0.5, random.Random(0))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_copy_differs_in_one_word_at_most(lang: str) -> None:
    original = texts.write_answer(lang, None, 0.8, random.Random(1))
    for seed in range(50):
        copy = texts.copied(original, random.Random(seed)).text.split(" ")
        words = original.text.split(" ")
        assert len(copy) == len(words)
        assert sum(one != other for one, other in zip(copy, words, strict=True)) <= 1
