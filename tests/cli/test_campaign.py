from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from oa.cli import campaign, main

Oa = Callable[..., int]


@pytest.fixture
def oa(tmp_path: Path) -> Oa:
    """Runs `oa campaign` on one data directory; the exit code."""

    def run(*arguments: str) -> int:
        with pytest.raises(SystemExit) as left:
            main.entry(["campaign", *arguments, "--data-dir", str(tmp_path / "hub")])
        assert isinstance(left.value.code, int)
        return left.value.code

    return run


def values(oa: Oa, capsys: pytest.CaptureFixture[str], *names: str) -> list[object]:
    capsys.readouterr()
    assert oa("show", "--json", *names) == 0
    shown = json.loads(capsys.readouterr().out)
    return [shown[name]["value"] for name in names]


def test_every_setting_is_shown_with_its_default_and_what_it_does(oa: Oa, capsys: pytest.CaptureFixture[str]) -> None:
    assert oa("show") == 0
    head, *lines = capsys.readouterr().out.splitlines()
    assert head == "setting\tvalue\tdefault\thelp"
    assert [line.split("\t")[0] for line in lines] == list(campaign.FIELDS)
    assert all(len(line.split("\t")) == 4 for line in lines)
    assert lines[0] == "goal_tree_size\t12\t12\taccepted messages, the prompt included, that make a tree complete"


def test_settings_are_shown_by_any_of_their_names(oa: Oa, capsys: pytest.CaptureFixture[str]) -> None:
    assert oa("show", "TREE_MANAGER__MAX_TREE_DEPTH", "init_prompt_disabled_langs", "--json") == 0
    shown = json.loads(capsys.readouterr().out)
    assert list(shown) == ["max_tree_depth", "init_prompt_disabled_langs"]
    assert shown["init_prompt_disabled_langs"] == {
        "value": [],
        "default": [],
        "help": "languages in which no new prompts are asked for",
    }


def test_what_is_set_stays_set(oa: Oa, capsys: pytest.CaptureFixture[str]) -> None:
    assert oa("set", "goal_tree_size=20", "TREE_MANAGER__AUTO_MOD_ENABLED=no", "init_prompt_disabled_langs=de,fr") == 0
    said = capsys.readouterr()
    assert said.out == "goal_tree_size\t20\nauto_mod_enabled\tfalse\ninit_prompt_disabled_langs\tde, fr\n"
    assert said.err == ""
    assert values(oa, capsys, "goal_tree_size", "auto_mod_enabled", "init_prompt_disabled_langs") == [
        20,
        False,
        ["de", "fr"],
    ]


def test_what_is_set_is_printed_for_programs(oa: Oa, capsys: pytest.CaptureFixture[str]) -> None:
    assert oa("set", "GOAL_TREE_SIZE=20", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"goal_tree_size": 20}


def test_settings_are_reset(oa: Oa, capsys: pytest.CaptureFixture[str]) -> None:
    oa("set", "goal_tree_size=20", "max_tree_depth=5")
    capsys.readouterr()
    assert oa("reset", "GOAL_TREE_SIZE") == 0
    assert capsys.readouterr().out == "goal_tree_size\t12\n"
    assert values(oa, capsys, "goal_tree_size", "max_tree_depth") == [12, 5]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["set", "goal_tree_size"], "goal_tree_size is no assignment; write it as goal_tree_size=VALUE"),
        (["set", "goal_tree_size=3", "goal_tree_size=4"], "goal_tree_size is set twice"),
        (["set", "goal_tree_size=3", "GOAL_TREE_SIZE=4"], "goal_tree_size is set twice"),
        (["set", "goal_tre_size=3"], "there is no setting goal_tre_size; did you mean goal_tree_size?"),
        (["set", "max_tree_depth=4", "goal_tree_size="], "goal_tree_size takes a whole number, not ''"),
        (["set", "=3"], "there is no setting"),
        (["set"], "Missing argument 'KEY=VALUE...'"),
        (["show", "goal_tre_size"], "did you mean goal_tree_size?"),
        (["reset", "goal_tre_size"], "did you mean goal_tree_size?"),
        (["reset"], "Missing argument 'KEY...'"),
    ],
)
def test_a_wrong_setting_is_one_sentence_and_changes_nothing(
    oa: Oa, capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    assert oa(*arguments) == 2
    said = capsys.readouterr()
    assert sentence in said.err
    assert said.err.count("\n") == 1
    assert said.out == ""
    assert values(oa, capsys, "goal_tree_size", "max_tree_depth") == [12, 3]


def test_the_manual_has_the_table_of_the_settings() -> None:
    manual = Path(__file__).parents[2] / "docs" / "campaign.md"
    assert campaign.manual() in manual.read_text("utf-8"), "put what `oa campaign show --markdown` prints into it"


def test_the_table_needs_no_data(oa: Oa, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert oa("show", "--markdown") == 0
    assert capsys.readouterr().out == campaign.manual()
    assert not (tmp_path / "hub").exists()
