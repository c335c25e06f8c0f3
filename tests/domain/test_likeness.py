# ruff: noqa: RUF001 - other scripts have letters that look like Latin ones

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oa.domain.likeness import BANDS, FEWEST_SHINGLES, likeness, shingles, sketch, words

texts = st.text(max_size=60)

SENTENCES = {
    "English": "Give yourself more time than you think you need, and write down what has to be done before you begin.",
    "Russian": "Сначала запишите, что у вас уже есть и чего не хватает, а потом делайте один шаг за другим не спеша.",
    "Chinese": "先写下你已经有的东西和还缺少的东西,然后一步一步地做,每一步都检查一遍再继续下去。",
    "Japanese": "まず、すでに持っているものと足りないものを書き出してから、一歩ずつ進めて確認してください。",
    "Thai": "ก่อนอื่นให้เขียนสิ่งที่คุณมีอยู่แล้วและสิ่งที่ยังขาดอยู่แล้วทำทีละขั้นตอน",
    "Arabic": "اكتب أولا ما لديك وما ينقصك ثم قم بخطوة بعد أخرى وتحقق من كل خطوة قبل أن تتابع العمل",
    "Hindi": "पहले लिख लें कि आपके पास क्या है और क्या नहीं है फिर एक के बाद एक कदम उठाएं और हर कदम जांचें",
}


@given(texts, texts)
def test_likeness_is_mutual_and_a_share(a: str, b: str) -> None:
    one, other = shingles(a), shingles(b)
    assert likeness(one, other) == likeness(other, one)
    assert 0 <= likeness(one, other) <= 1


@given(texts)
def test_a_text_is_like_itself_unless_it_has_no_words(text: str) -> None:
    assert likeness(shingles(text), shingles(text)) == float(bool(words(text)))


@pytest.mark.parametrize("text", SENTENCES.values(), ids=SENTENCES)
def test_a_little_change_leaves_a_text_alike_in_every_script(text: str) -> None:
    changed = text.replace(words(text)[4], "☃x", 1) + " Ok!"
    assert 0.5 < likeness(shingles(text), shingles(changed)) < 1


@pytest.mark.parametrize("text", SENTENCES.values(), ids=SENTENCES)
def test_different_texts_are_not_alike(text: str) -> None:
    others = [other for other in SENTENCES.values() if other != text]
    assert all(likeness(shingles(text), shingles(other)) == 0 for other in others)


def test_capitals_punctuation_and_ways_of_writing_a_letter_make_no_difference() -> None:
    assert shingles("Ｔhe CAFÉ, is open…") == shingles("the cafe\u0301 is open")


@pytest.mark.parametrize("text", ["", "   ", "…!?", "\ud800"])
def test_what_holds_no_word_is_like_nothing(text: str) -> None:
    assert likeness(shingles(text), shingles(text)) == 0


# --- sketches ------------------------------------------------------------------------------------------------------


def test_a_short_text_has_no_sketch() -> None:
    assert sketch(shingles("Thank you very much for your help")) is None
    assert sketch(shingles("Thank you very much for your help with this")) is not None


@given(st.sets(st.integers(0, 2**32 - 1), min_size=FEWEST_SHINGLES, max_size=200), st.randoms())
def test_a_sketch_does_not_depend_on_order(found: set[int], rng: random.Random) -> None:
    turned = list(found)
    rng.shuffle(turned)
    made = sketch(turned)
    assert made == sketch(found)
    assert made is not None
    assert len(made) == BANDS
    assert all(0 <= mark < 2**32 for mark in made)


@pytest.mark.parametrize(("size", "likeness_", "least", "most"), [
    (100, 0.9, 0.98, 1.0),
    (100, 0.8, 0.93, 1.0),
    (30, 0.8, 0.90, 1.0),
    (100, 0.1, 0.0, 0.15),
    (100, 0.0, 0.0, 0.01),
])  # fmt: skip
def test_texts_that_are_alike_share_a_mark_and_others_do_not(
    size: int, likeness_: float, least: float, most: float
) -> None:
    rng = random.Random(f"{size} {likeness_}")
    shared = round(2 * size * likeness_ / (1 + likeness_))
    met = 0
    for _ in range(1000):
        one = rng.sample(range(2**32), 2 * size - shared)
        a, b = sketch(one[:size]), sketch(one[size - shared :])
        assert a is not None
        assert b is not None
        met += any(mark == other for mark, other in zip(a, b, strict=True))
    assert least <= met / 1000 <= most
