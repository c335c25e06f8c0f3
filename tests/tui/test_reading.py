from __future__ import annotations

import pytest
from rich.cells import cell_len

from oa.tui.reading import is_in, remarks
from oa.tui.screens.dialogs import differences
from oa.tui.signs import ASCII, UNICODE, cut, gauge, pad, plain, use_signs

ENGLISH = "What is the best way to learn how a tree grows in the garden?"
GERMAN = "Wie ist es mit dem Baum, und was soll ich nicht für den Garten kaufen?"
SPANISH = "¿Cómo es la mejor manera de aprender lo que pasa en el jardín con las plantas?"
RUSSIAN = "Как лучше всего узнать, почему дерево растёт в саду?"
JAPANESE = "庭で木がどうやって育つのか教えてください。"


@pytest.mark.parametrize(
    ("text", "lang", "says"),
    [
        (ENGLISH, "en", True),
        (GERMAN, "de", True),
        (SPANISH, "es", True),
        (RUSSIAN, "ru", True),
        (JAPANESE, "ja", True),
        (ENGLISH, "de", False),
        (GERMAN, "en", False),
        (SPANISH, "en", False),
        (RUSSIAN, "en", False),
        (ENGLISH, "ru", False),
        ("Yes.", "de", None),
        ("1 2 3 4 5 6 7", "de", None),
        (ENGLISH, "eo", None),
    ],
)
def test_the_language_of_a_text_is_guessed_or_left_open(text: str, lang: str, says: bool | None) -> None:
    assert is_in(text, lang) is says


def test_what_is_said_about_a_text() -> None:
    found = remarks(ENGLISH, lang="de", limit=20, earlier=[ENGLISH.upper()])
    assert (found.words, found.is_too_long, found.right_language, found.is_copy) == (14, True, False, True)
    assert remarks("", lang="en", limit=20).is_copy is False
    assert remarks("Write to jo.doe@corp-mail.net please", lang="en", limit=99).personal


def test_a_huge_text_is_only_read_in_part() -> None:
    found = remarks("word " * 400_000, lang="en", limit=2000)
    assert found.is_too_long
    assert found.words <= 2000


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[2Jb", "a[2Jb"),
        ("a\x07\x00b\x9bc", "abc"),
        ("a\tb", "a   b"),
        ("one\r\ntwo\rthree", "one\ntwo\nthree"),
        ("safe\u202egnp.exe", "safegnp.exe"),
        ("שלום 日本 🙂", "שלום 日本 🙂"),
    ],
)
def test_what_a_terminal_would_obey_is_taken_out(text: str, shown: str) -> None:
    assert plain(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "hello world",
        "日本語のテキスト",
        "🙂🙂🙂🙂🙂",
        "שלום עולם טוב",
        "e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301",
    ],
)
@pytest.mark.parametrize("cells", [0, 1, 2, 5, 6, 40])
def test_texts_are_cut_and_filled_by_cells(text: str, cells: int) -> None:
    assert cell_len(cut(text, cells)) <= cells
    assert cell_len(pad(text, cells)) == cells


def test_what_is_cut_says_so_in_the_terminals_own_signs() -> None:
    assert cut("hello world", 6) == "hello…"
    use_signs(ASCII)
    try:
        assert cut("hello world", 6) == "hello~"
        assert gauge(0.5, 4) == "##.."
    finally:
        use_signs(UNICODE)


def test_differences_need_no_colours() -> None:
    assert differences("a red cat sat", "a blue cat sat down") == "a [-red-]{+blue+} cat sat{+ down+}"
    assert differences("same", "same") == "same"
