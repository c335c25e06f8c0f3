"""`oa moderate`, `oa journal` and `oa stats`."""

from __future__ import annotations

import json
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from community import Community
from rich.console import Console

from oa.cli.main import entry
from oa.cli.stats import picture, sparkline
from oa.domain.emoji import Emoji
from oa.domain.lifecycle import TreeState
from oa.domain.statistics import Activity, Overview, SystemStats
from oa.domain.tasks import TaskKind
from oa.store.opening import open_database


class Shell:
    """Runs commands on one hub, and says what they printed."""

    def __init__(self, data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.data_dir, self._capsys = data_dir, capsys

    def run(self, *arguments: str, code: int = 0) -> tuple[str, str]:
        with pytest.raises(SystemExit) as left:
            entry([*arguments, "--data-dir", str(self.data_dir)])
        out, err = self._capsys.readouterr()
        assert left.value.code == code, err
        return out, err

    def json(self, *arguments: str) -> Any:
        return json.loads(self.run(*arguments, "--json")[0])

    def work(self) -> tuple[UUID, UUID]:
        """A prompt that was reported, and its author."""
        database = open_database(self.data_dir)
        community = Community(database)
        prompt = community.prompt("ada")
        community.remark("ben", prompt, text="rude", pii=1.0)
        community.react("ben", prompt, Emoji.RED_FLAG)
        author = community.user_id("ada")
        community.prompt("cleo")
        database.shut()
        return prompt, author


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(tmp_path / "hub", capsys)


def test_a_message_is_deleted_after_a_look_and_brought_back(shell: Shell) -> None:
    prompt, _ = shell.work()
    tried, said = shell.run("moderate", "delete", str(prompt), "--dry-run")
    assert str(prompt) in tried
    assert "nothing has been changed" in said
    assert shell.json("stats")["system"]["deleted"] == 0
    shell.run("moderate", "delete", str(prompt), "--why", "rude")
    assert shell.json("stats")["system"]["deleted"] == 1
    (event,) = shell.json("journal", "--type", "message_deleted")
    assert (event["about"], event["why"], event["by"]) == (str(prompt), "rude", None)
    shell.run("moderate", "undo", str(event["id"]))
    assert shell.json("stats")["system"]["deleted"] == 0


def test_what_is_so_already_is_said_to_be_so(shell: Shell) -> None:
    prompt, author = shell.work()
    for command in (["halt", str(prompt)], ["stop", str(author)], ["ban", str(author)], ["edit", str(prompt), "new"]):
        assert "nothing to do" not in shell.run("moderate", *command)[1]
        assert "nothing to do" in shell.run("moderate", *command)[1]
    for command in (["resume", str(prompt)], ["enable", str(author)], ["restore", str(prompt), "--descendants"]):
        shell.run("moderate", *command)


def test_reports_are_listed_and_processed(shell: Shell) -> None:
    prompt, _ = shell.work()
    (report,) = shell.json("moderate", "reports")
    assert (report["message"], report["by"], report["words"], report["labels"]) == (
        str(prompt),
        ["ben"],
        ["rude"],
        ["pii"],
    )
    shell.json("moderate", "reports", str(prompt), "--outcome", "dismissed", "--preview")
    assert len(shell.json("moderate", "reports")) == 1
    done = shell.json("moderate", "reports", str(prompt), "--outcome", "dismissed", "--note", "harmless")
    assert (done["processed"], done["outcome"], done["note"]) == (True, "dismissed", "harmless")
    assert shell.json("moderate", "reports") == []
    assert len(shell.json("moderate", "reports", "--all")) == 1
    shell.run("moderate", "reports", "--outcome", "dismissed", code=2)


def test_a_purge_asks_first_and_does_what_its_preview_said(shell: Shell) -> None:
    _, author = shell.work()
    shell.run("moderate", "purge", str(author), code=1)  # nobody answers the question
    assert shell.json("stats")["system"]["all"] == 2
    tried = shell.json("moderate", "purge", str(author), "--preview")
    assert shell.json("moderate", "purge", str(author), "--yes") == tried
    assert shell.json("stats")["system"]["all"] == 1
    shell.run("moderate", "purge", str(author), "--prompts", code=2)


def test_only_messages_of_some_days_are_purged(shell: Shell) -> None:
    _, author = shell.work()
    early = ["--messages", "--prompts", "--until", "2020-01-01", "--yes"]
    assert shell.json("moderate", "purge", str(author), *early)["messages"] == 0
    late = ["--messages", "--prompts", "--since", "2020-01-01", "--yes"]
    assert shell.json("moderate", "purge", str(author), *late)["trees"] == 1


def test_users_are_merged(shell: Shell) -> None:
    _, author = shell.work()
    users = {user["name"]: user["id"] for user in shell.json("users", "list", "--all")}
    merged = shell.json("moderate", "merge", users["cleo"], str(author), "--yes")
    assert merged["users"] == [users["cleo"], str(author)]
    assert "ada" not in {user["name"] for user in shell.json("users", "list", "--all")}


def test_the_journal_shows_what_moderators_did(shell: Shell) -> None:
    prompt, _ = shell.work()
    shell.run("moderate", "halt", str(prompt))
    assert [event["event"] for event in shell.json("journal", "--acts")] == ["tree_halted", "report_processed"]
    assert len(shell.json("journal", "--limit", "2")) == 2
    assert {event["about"] for event in shell.json("journal", "--message", str(prompt))} == {str(prompt)}
    assert shell.run("journal")[0].startswith("id\tdate\tevent")


def test_figures_are_shown_for_people_and_programs(shell: Shell) -> None:
    shell.work()
    found = shell.json("stats", "--days", "2")
    assert (found["system"]["message_trees"], found["users"], found["open_reports"]) == (2, 3, 1)
    assert [day["messages"] for day in found["activity"]] == [0, 2]
    assert "messages\t2" in shell.run("stats")[0]
    shell.run("stats", "--watch", code=2)  # there is no terminal
    shell.run("stats", "--watch", "--json", code=2)


@pytest.mark.parametrize(
    ("counts", "line"),
    [([], ""), ([0, 0], "  "), ([1], "█"), ([0, 1, 8], " ▂█"), ([4, 4], "██"), ([1000, 1], "█▁")],
)
def test_a_sparkline_has_a_bar_for_each_count(counts: list[int], line: str) -> None:
    assert sparkline(counts) == line


def test_everything_there_may_be_fits_into_80x24() -> None:
    system = SystemStats(
        all=9_999_999,
        active=8_888_888,
        active_by_lang={f"l{number}": 1_000_000 - number for number in range(12)},
        deleted=1_111_111,
        message_trees=1_000_000,
    )
    found = Overview(
        system=system,
        trees_by_state={state.value: 1_000_000 for state in TreeState},
        open_work={kind.value: 1_000_000 for kind in TaskKind},
        users=1_000_000,
        active_users=100_000,
        open_reports=10_000,
        activity=(Activity(day=date(2026, 1, 1), messages=99_999, labels=99_999, rankings=99_999),) * 90,
    )
    console = Console(width=80, height=24, file=StringIO(), color_system=None)
    console.print(picture(found, console.width))
    assert isinstance(console.file, StringIO)
    lines = console.file.getvalue().splitlines()
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 80
    assert "8 others" in console.file.getvalue()
    assert "…" not in console.file.getvalue()
