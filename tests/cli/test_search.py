from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from oa.cli import main
from oa.store import dialect
from oa.store.database import Database

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Garden

    Oa = Callable[..., int]


@pytest.fixture
def oa(data_dir: Path) -> Oa:
    """Runs `oa search` on one data directory; the exit code."""

    def run(*arguments: str) -> int:
        with pytest.raises(SystemExit) as left:
            main.entry(["search", *arguments, "--data-dir", str(data_dir)])
        assert isinstance(left.value.code, int)
        return left.value.code

    return run


@pytest.fixture
def sky(garden: Garden, database: Database) -> UUID:
    """A message about the sky, beside another."""
    assert dialect.is_sqlite_url(database.url)
    ada = garden.add_user("ada")
    garden.add_message(text="Green grass", user_id=ada)
    return garden.add_message(text="Der \x1b[31m Himmel\x1b[0m\nist blau", lang="de", user_id=ada, review_result=True)


def test_programs_get_a_page_with_marks(oa: Oa, sky: UUID, capsys: pytest.CaptureFixture[str]) -> None:
    assert oa("HIMMEL", "--json") == 0
    page = json.loads(capsys.readouterr().out)
    (hit,) = page["items"]
    assert hit["message"]["id"] == str(sky)
    assert [hit["snippet"]["text"][start:end] for start, end in hit["snippet"]["marks"]] == ["Himmel"]
    assert (page["ranked"], page["complete"]) == (1, True)


def test_a_pipe_gets_lines(oa: Oa, sky: UUID, capsys: pytest.CaptureFixture[str]) -> None:
    assert oa("himmel") == 0
    heading, line = capsys.readouterr().out.splitlines()
    assert heading.split("\t") == ["id", "lang", "role", "created_date", "text"]
    assert line.split("\t")[0] == str(sky)
    assert "\x1b" not in line


def test_a_terminal_gets_the_found_words_set_off_and_nothing_of_what_would_command_it(
    oa: Oa, sky: UUID, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert oa("himmel") == 0
    printed = capsys.readouterr().out
    assert str(sky) in printed
    assert "\x1b[1;33mHimmel\x1b[0m" in printed
    assert "\\x1b[31m" in printed


@pytest.mark.parametrize(
    ("arguments", "is_found"),
    [
        (("--lang", "de"), True),
        (("--lang", "en"), False),
        (("--role", "prompter"), True),
        (("--state", "accepted"), True),
        (("--state", "deleted"), False),
        (("--tree-state", "growing"), False),
        (("--author", "local:ada"), True),
        (("--author", "local:ben"), False),
        (("--since", "2024-01-02"), False),
        (("--until", "2024-01-02"), True),
        (("--label", "quality>=0.5"), False),
    ],
)
def test_a_search_is_narrowed(
    oa: Oa, sky: UUID, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], is_found: bool
) -> None:
    assert oa("himmel", *arguments, "--json") == 0
    assert bool(json.loads(capsys.readouterr().out)["items"]) == is_found


def test_who_is_shown_a_part_is_told_so(oa: Oa, garden: Garden, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(3):
        garden.add_message(text="sky")
    assert oa("sky", "--limit", "2") == 0
    assert "2 of 3" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--author", "ada"), "METHOD:NAME"),
        (("--label", "beauty"), "there is no label 'beauty'"),
        (("--state", "lost"), "lost"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_a_sentence(
    oa: Oa, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], sentence: str
) -> None:
    assert oa("sky", *arguments) != 0
    assert sentence in capsys.readouterr().err


@pytest.mark.parametrize("words", ["' OR 1=1 --", '"', "sky AND (", "words:sky*", "\udcff"])
def test_any_words_may_be_asked_for(oa: Oa, garden: Garden, words: str) -> None:
    garden.add_message(text="sky")
    assert oa(words) == 0
