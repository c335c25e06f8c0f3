from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import oa
from oa.domain.badges import BADGES
from oa.domain.labels import CATALOGUE
from oa.errors import BadFile
from oa.tui.actions import ACTIONS
from oa.tui.language import LOCALE_DIR, NAMES, SOURCE, begin, choose, load, ntr, plural_form, read_po, tr

PACKAGE = Path(oa.__file__).parent
MODULES = [*sorted((PACKAGE / "tui").rglob("*.py")), PACKAGE / "cli" / "task.py"]
TRANSLATED = [lang for lang in NAMES if lang != SOURCE]
SHOWS = frozenset({"Static", "notify", "say", "head", "Option", "Ask", "Read", "Label", "Button"})
"""Calls whose texts people read."""


def calls(path: Path) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call):
            yield node


def name_of(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")


def marked() -> tuple[set[str], set[str]]:
    """Every text of the interface, and every one that counts something."""
    texts, counted = set[str](), set[str]()
    for path in MODULES:
        for call in calls(path):
            if name_of(call) in ("tr", "mark", "ntr") and call.args and isinstance(call.args[0], ast.Constant):
                (counted if name_of(call) == "ntr" else texts).add(str(call.args[0].value))
    for label in CATALOGUE.values():
        texts |= {text for text in (label.display_text, label.help_text, *label.ends) if text}
    return texts | {badge.text for badge in BADGES}, counted


@pytest.mark.parametrize("lang", TRANSLATED)
def test_every_text_is_translated(lang: str) -> None:
    catalogue, (texts, counted) = load(lang), marked()
    assert sorted(texts - set(catalogue.sentences)) == []
    assert sorted(counted - set(catalogue.counted)) == []


@pytest.mark.parametrize("lang", TRANSLATED)
def test_no_translation_is_left_over(lang: str) -> None:
    catalogue, (texts, counted) = load(lang), marked()
    assert sorted(set(catalogue.sentences) - texts) == []
    assert sorted(set(catalogue.counted) - counted) == []


@pytest.mark.parametrize("lang", TRANSLATED)
def test_translations_have_the_same_places_and_enough_forms(lang: str) -> None:
    catalogue = load(lang)
    for original, said in catalogue.sentences.items():
        assert sorted(re.findall(r"{\w+}", said)) == sorted(re.findall(r"{\w+}", original)), original
    for original, forms in catalogue.counted.items():
        assert len(forms) == (3 if lang == "ru" else 2), original
        assert all("{count}" in form for form in forms), original


def test_no_text_is_shown_that_cannot_be_translated() -> None:
    bare = [
        f"{path.name}:{call.lineno} {argument.value!r}"
        for path in MODULES
        for call in calls(path)
        if name_of(call) in SHOWS
        for argument in call.args
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str) and " " in argument.value.strip()
    ]
    assert bare == []


@pytest.mark.parametrize("lang", TRANSLATED)
def test_the_words_beside_keys_stay_short(lang: str) -> None:
    begin(lang)
    too_long = [tr(action.text) for action in ACTIONS if action.in_footer and len(tr(action.text)) > 26]
    begin(SOURCE)
    assert too_long == []


@pytest.mark.parametrize(
    ("count", "form"), [(1, 0), (2, 1), (4, 1), (5, 2), (11, 2), (12, 2), (21, 0), (22, 1), (101, 0), (111, 2), (0, 2)]
)
def test_russian_counts_in_three_forms(count: int, form: int) -> None:
    assert plural_form("ru", count) == form


def test_a_counted_text_takes_its_form() -> None:
    begin("ru")
    said = [ntr("{count} word", "{count} words", count) for count in (1, 2, 5)]
    begin(SOURCE)
    assert len(set(said)) == 3
    assert [ntr("{count} word", "{count} words", count) for count in (1, 2)] == ["1 word", "2 words"]


def test_the_reader_takes_what_gettext_writes() -> None:
    catalogue = read_po(
        '# comment\nmsgid ""\nmsgstr "Language: de\\n"\n\n#: a.py:1\nmsgid "one "\n"two\\n"\n'
        'msgstr ""\n"eins \\"zwei\\"\\n"\n\n'
        'msgid "{count} a"\nmsgid_plural "{count} as"\nmsgstr[0] "x"\nmsgstr[1] "y"\n\nmsgid "empty"\nmsgstr ""\n'
    )
    assert catalogue.sentences == {"one two\n": 'eins "zwei"\n'}
    assert catalogue.counted == {"{count} a": ("x", "y")}


def test_a_line_that_is_none_is_named() -> None:
    with pytest.raises(BadFile, match="line 2"):
        read_po('msgid "a"\nmsgtsr "b"\n')


@pytest.mark.parametrize(
    ("asked", "env", "lang"),
    [
        (None, {}, "en"),
        ("de", {"LANG": "ru_RU.UTF-8"}, "de"),
        (None, {"LANG": "ru_RU.UTF-8"}, "ru"),
        (None, {"LC_ALL": "es_ES@euro", "LANG": "de"}, "es"),
        (None, {"LANG": "fi_FI"}, "en"),
        ("xx", {}, "en"),
    ],
)
def test_the_language_is_what_was_asked_or_the_environments(asked: str | None, env: dict[str, str], lang: str) -> None:
    assert choose(asked, env) == lang


def test_every_language_has_its_catalogue() -> None:
    assert {path.stem for path in LOCALE_DIR.glob("*.po")} == set(TRANSLATED)
