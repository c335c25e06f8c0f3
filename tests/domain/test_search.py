# ruff: noqa: RUF001  # texts in many scripts are full of letters that look like others
from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oa.domain.search import MOST_TERMS, SearchQuery, composed, parse, searchable, snippet, words

ANY_TEXT = st.text(max_size=80)
SCRIPTS = "aZ0ßÄéİﬁ½ ЁйЯ שׁלּם سَلـام हिन्दी 学校 がカｶﾞ 한국 ไทย 🎉👩‍💻❤️🏽🇩🇪 '\"-_.\n\t\x00"
MIXED = st.text(st.sampled_from(SCRIPTS), max_size=60)
WORD = st.text("abcäöü0123", min_size=1, max_size=6)


# --- words -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("Don't PANIC, ok_then 42", ["don", "t", "panic", "ok", "then", "42"]),
        ("Über die Straße", ["uber", "die", "strasse"]),
        ("Ёлка, снег", ["елка", "снег"]),
        ("ﬁne Ｗｉｄｅ ½", ["fine", "wide", "1", "2"]),
        ("السَّلامُ", ["السلام"]),
        ("हिन्दी है।", ["हिन्दी", "है"]),
        ("我爱学校。", ["我", "爱", "学", "校"]),
        ("東京タワー", list("東京タワー")),
        ("학교에서", list("학교에서")),
        ("python学校", ["python", "学", "校"]),
        ("ok🎉 ❤️", ["ok", "🎉", "❤"]),
        ("co\u00adop zero\u200bwidth", ["coop", "zerowidth"]),
        ("\x00\ud800 a", ["a"]),
    ],
)
def test_a_text_is_read_as_words(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@given(MIXED | ANY_TEXT)
def test_words_are_read_alike_however_accents_are_written(text: str) -> None:
    assert words(unicodedata.normalize("NFD", text)) == words(unicodedata.normalize("NFC", text))


@given(MIXED | ANY_TEXT)
def test_reading_words_again_changes_nothing(text: str) -> None:
    assert words(" ".join(words(text))) == words(text)


@given(MIXED | ANY_TEXT)
def test_an_index_that_knows_ascii_alone_reads_the_same_words(text: str) -> None:
    line = searchable(text)
    ascii_words = "".join(char if char > "\x7f" or char.isalnum() else " " for char in line).split()
    assert [word.lower() if word.isascii() else word for word in ascii_words] == words(text)


# --- queries ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", SearchQuery()),
        ("sky blue", SearchQuery((("sky",), ("blue",)))),
        ("sky SKY", SearchQuery((("sky",),))),
        ('"Blue sky"', SearchQuery((("blue", "sky"),))),
        ('"blue sky', SearchQuery((("blue", "sky"),))),
        ("sky -blue", SearchQuery((("sky",),), (("blue",),))),
        ('-"blue sky"', SearchQuery((), (("blue", "sky"),))),
        ("well-known", SearchQuery((("well", "known"),))),
        ("学校 -先生", SearchQuery((("学", "校"),), (("先", "生"),))),
        ('sky - "" -"" "?!"', SearchQuery((("sky",),))),
        ("sky OR NOT near(a)", SearchQuery((("sky",), ("or",), ("not",), ("near", "a")))),
    ],
)
def test_a_query_is_read(text: str, expected: SearchQuery) -> None:
    assert parse(text) == expected


@given(ANY_TEXT | MIXED | st.text('ab"- ', max_size=30))
def test_any_text_is_a_query(text: str) -> None:
    query = parse(text)
    assert all(term and all(words(word) == [word] for word in term) for term in (*query.wanted, *query.excluded))
    assert query.is_empty == (not words(text))
    assert not (query.is_empty and query.finds(text))


@given(st.lists(WORD, min_size=1, max_size=MOST_TERMS, unique_by=lambda word: words(word)[0]))
def test_plain_words_are_looked_for_as_they_are(wanted: list[str]) -> None:
    assert parse(" ".join(wanted)) == SearchQuery(tuple(tuple(words(word)) for word in wanted))


@given(MIXED.filter(lambda text: bool(words(text)) and '"' not in text))
def test_a_text_is_found_by_itself_in_quotes_and_left_out_by_the_same_with_a_minus(text: str) -> None:
    assert parse(f'"{text}"').finds(text)
    assert parse(f'"{text}"').finds(f"before {text} after")
    assert not parse(f'-"{text}"').finds(text)


def test_only_so_many_terms_count() -> None:
    query = parse(" ".join(f"w{number}" for number in range(100)))
    assert query.wanted == tuple((f"w{number}",) for number in range(MOST_TERMS))


# --- snippets --------------------------------------------------------------------------------------------------------


@given(text=MIXED | ANY_TEXT, asked=MIXED, length=st.integers(1, 40))
def test_a_snippet_is_a_part_of_the_text_and_its_marks_are_what_was_looked_for(
    text: str, asked: str, length: int
) -> None:
    query = parse(asked)
    shown = snippet(text, query, length)
    whole = composed(text)
    assert shown.text in whole
    assert len(shown.text) <= max(length, 0) or shown.text == whole
    assert (shown.is_cut_before or shown.is_cut_after) == (shown.text != whole)
    ends = [0]
    for start, end in shown.marks:
        assert ends[-1] <= start < end <= len(shown.text)
        ends.append(end)
    if shown.text == whole:
        marked = {word for start, end in shown.marks for word in words(whole[start:end])}
        found = {word for term in query.wanted if SearchQuery((term,)).finds(text) for word in term}
        assert marked == found


@given(before=st.lists(WORD, max_size=80), after=st.lists(WORD, max_size=80))
def test_what_was_found_is_in_the_snippet(before: list[str], after: list[str]) -> None:
    text = " ".join([*before, "needle", *after])
    shown = snippet(text, parse("NEEDLE"), 60)
    assert [shown.text[start:end] for start, end in shown.marks] == ["needle"]


def test_the_part_with_most_of_what_was_found_is_shown() -> None:
    text = "one needle " + "hay " * 100 + "a needle and a needle" + " hay" * 100
    shown = snippet(text, parse("needle"), 60)
    assert shown.text.count("needle") == len(shown.marks) == 2
    assert (shown.is_cut_before, shown.is_cut_after) == (True, True)


def test_a_snippet_begins_and_ends_between_words() -> None:
    text = "wonderful " * 20 + "needle" + " wonderful" * 20
    shown = snippet(text, parse("needle"), 60)
    assert set(shown.text.split()) == {"wonderful", "needle"}


def test_what_was_only_refused_is_not_marked() -> None:
    assert snippet("blue sky", parse("-green")).marks == ()
    assert snippet("a blue sky", parse('"blue sky"')).marks == ((2, 10),)
