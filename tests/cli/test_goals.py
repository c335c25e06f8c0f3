"""`oa campaign goals` and `oa announce`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from oa.cli import main

Run = Callable[..., Any]
NOBODY = str(UUID(int=1, version=4))


@pytest.fixture
def oa(data_dir: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Runs `oa`; the exit code and what was said."""

    def run(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main.entry([*arguments, "--data-dir", str(data_dir)])
        assert isinstance(left.value.code, int)
        return (left.value.code, *capsys.readouterr())

    return run


@pytest.fixture
def printed(oa: Callable[..., tuple[int, str, str]]) -> Run:
    """Runs `oa … --json`, which must succeed; what it printed."""

    def run(*arguments: str) -> Any:
        code, out, err = oa(*arguments, "--json")
        assert (code, err) == (0, "")
        return json.loads(out)

    return run


def test_goals_are_set_shown_and_given_up(printed: Run) -> None:
    goal = {"lang": "de", "kind": "ranking", "collected": 0, "wanted": 20, "progress": 0.0}
    assert printed("campaign", "goals", "set", "ranking", "de", "20") == goal
    assert printed("campaign", "goals", "show") == [goal]
    assert printed("campaign", "goals", "remove", "ranking", "de") == {"removed": "ranking", "lang": "de"}
    assert printed("campaign", "goals", "show") == []


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("set", "poem", "en", "3"), 2, "'initial_prompt'"),
        (("set", "ranking", "en", "0"), 2, "greater than or equal to 1"),
        (("set", "ranking", "so called", "3"), 1, "no tag of a language"),
        (("remove", "ranking", "en"), 1, "there is no goal for ranking in en"),
    ],
)
def test_what_is_no_goal_is_one_sentence(
    oa: Callable[..., tuple[int, str, str]], arguments: tuple[str, ...], code: int, sentence: str
) -> None:
    left, out, err = oa("campaign", "goals", *arguments)
    assert (left, out, err.count("\n")) == (code, "", 1)
    assert sentence in err


def test_something_is_announced_listed_and_ended(printed: Run) -> None:
    made = printed("announce", "add", "Tea at five", "--lang", "en", "--until", "2999-01-01")
    assert (made["text"], made["lang"], made["until"]) == ("Tea at five", "en", "2999-01-01T00:00:00Z")
    later = printed("announce", "add", "Later", "--from", "2998-01-01")
    assert printed("announce", "list") == [made]
    assert printed("announce", "list", "--all") == [later, made]
    assert printed("announce", "end", made["id"]) == {"ended": made["id"]}
    assert printed("announce", "list") == []


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("add", " "), 1, "needs a text"),
        (("add", "Tea", "--from", "2026-02-01", "--until", "2026-01-01"), 1, "cannot end before it begins"),
        (("end", NOBODY), 1, "there is no announcement with this id"),
        (("end", "tea"), 2, "a valid UUID"),
    ],
    ids=["blank", "backwards", "unknown", "no id"],
)
def test_what_cannot_be_announced_is_one_sentence(
    oa: Callable[..., tuple[int, str, str]], arguments: tuple[str, ...], code: int, sentence: str
) -> None:
    left, out, err = oa("announce", *arguments)
    assert (left, out, err.count("\n")) == (code, "", 1)
    assert sentence in err
