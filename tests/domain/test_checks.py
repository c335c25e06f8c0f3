# ruff: noqa: RUF001 - other scripts have letters that look like Latin ones

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oa.domain.checks import NEAR_DUPLICATE, Check, Finding, listed_words, plain, refusal

FOUND = {
    "capitals": ("Buy VIAGRA now!", "viagra"),
    "at the ends": ("spam", "spam"),
    "sharp s": ("Die STRASSE", "straße"),
    "a phrase over a line's end": ("this is free\n  money.", "Free money"),
    "Cyrillic": ("Это ПЛОХОЕ слово", "плохое"),
    "Greek with another final sigma": ("ΛΟΓΟΣ", "λόγος".replace("ό", "ο")),
    "Devanagari": ("यह शब्द बुरा है", "बुरा"),
    "Arabic": ("هذه كلمة سيئة هنا", "سيئة"),
    "Hebrew": ("זו מילה רעה כאן", "רעה"),
    "Chinese has no spaces": ("我要買彩票嗎", "彩票"),
    "Japanese": ("これは禁止された言葉です", "禁止"),
    "Thai": ("นี่คือคำหยาบที่ไม่ดี", "คำหยาบ"),
    "Korean": ("이것은 나쁜 말", "나쁜"),
    "full-width letters": ("ＳＰＡＭ", "spam"),
    "accents in two ways": ("cafe\u0301", "café"),
    "hidden characters": ("sp\u200bam", "spam"),
    "beside a dash": ("anti-spam", "spam"),
    "digits": ("meet 4 u", "4 u"),
    "signs alone": ("for $$$ only", "$$$"),
}

NOT_FOUND = {
    "inside a word": ("Scunthorpe and classic", "cunt"),
    "at the beginning of one": ("assess", "ass"),
    "at the end of one": ("the bass", "ass"),
    "inside a Cyrillic word": ("подплохоеслово", "плохое"),
    "before a vowel sign": ("बुराई", "बुरा"),
    "before a mark": ("spam\u0332", "spam"),
    "with another accent": ("schon da", "schön"),
    "beside a digit": ("spam4", "spam"),
    "phrase in parts": ("free the money", "free money"),
}


@pytest.mark.parametrize(("text", "word"), FOUND.values(), ids=FOUND)
def test_a_listed_word_is_found_in_every_script(text: str, word: str) -> None:
    assert list(listed_words(text, [word])) == [Finding(Check.WORDS, f"the word “{word}”")]


@pytest.mark.parametrize(("text", "word"), NOT_FOUND.values(), ids=NOT_FOUND)
def test_only_whole_words_are_found(text: str, word: str) -> None:
    assert list(listed_words(text, [word])) == []


def test_a_word_that_stands_inside_another_first_is_found_where_it_stands_alone() -> None:
    assert list(listed_words("assess the ass", ["ass"]))


@given(st.text(max_size=30), st.from_regex(r"[a-zа-я]{1,8}", fullmatch=True))
def test_a_word_between_spaces_is_always_found(around: str, word: str) -> None:
    assert list(listed_words(f"{around} {word.upper()} {around}", [word]))


@given(st.text(max_size=40))
def test_plain_text_stays_as_it_is(text: str) -> None:
    assert plain(plain(text)) == plain(text)


def test_digits_of_every_script_are_digits() -> None:
    assert plain("٣۴५௬๗") == "34567"


def test_a_refusal_names_everything_and_says_what_to_do() -> None:
    findings = [
        Finding(Check.LINKS, "a link to spam.com"),
        Finding(Check.PERSONAL_DATA, "an e-mail address"),
        Finding(Check.PERSONAL_DATA, "a telephone number"),
    ]
    assert refusal(findings) == (
        "this text cannot be taken, because it has a link to spam.com, an e-mail address and a telephone number; "
        "leave the link out and leave personal data out, and send it again"
    )
    assert refusal([NEAR_DUPLICATE]).endswith("is here already; say it in your own words, and send it again")
