"""`oa standing`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from community import Community

from oa.cli import main
from oa.domain.emoji import Emoji
from oa.store import tables
from oa.store.database import Database

Run = Callable[..., tuple[int, Any]]


@pytest.fixture
def community(data_dir: Path) -> Community:
    database = Database(f"sqlite:///{data_dir / 'oa.db'}")
    community = Community(database)
    prompt = community.prompt("ada")
    for name in ("ben", "cleo", "dan"):
        community.review(name, community.take(name, "label_initial_prompt"))
    community.react("ben", prompt, Emoji.RED_FLAG)
    return community


@pytest.fixture
def run(community: Community, data_dir: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `oa standing … --json`; the exit code and what was printed."""

    def run(*arguments: str) -> tuple[int, Any]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main.entry(["standing", *arguments, "--json", "--data-dir", str(data_dir)])
        assert isinstance(left.value.code, int)
        return left.value.code, json.loads(capsys.readouterr().out)

    return run


@pytest.mark.parametrize("frame", [[], ["day"], ["week"], ["month"], ["total"]], ids=str)
def test_the_leaderboard_is_shown(run: Run, frame: list[str]) -> None:
    code, found = run("show", *frame)
    assert code == 0
    assert [(one["rank"], one["score"], one["level"]) for one in found] == [(1, 2, 1), (2, 2, 1), (3, 2, 1), (4, 0, 1)]
    assert (found[-1]["name"], found[-1]["user"], found[-1]["prompts"]) == ("Ada", "local:ada", 1)


def test_the_trollboard_is_shown(run: Run) -> None:
    code, (ada,) = run("show", "--trolls")
    assert (code, ada["name"], ada["score"], ada["red_flags"], ada["enabled"]) == (0, "Ada", 3, 1, True)


def test_a_list_is_cut(run: Run) -> None:
    assert len(run("show", "--limit", "2")[1]) == 2


def test_a_check_finds_nothing_wrong(run: Run) -> None:
    assert run("recount", "--check") == (0, {"differences": 0, "mended": False})
    assert run("recount") == (0, {"differences": 0, "mended": False})


def test_a_check_says_what_is_wrong_and_a_recount_mends_it(run: Run, community: Community) -> None:
    prompts = tables.standing.c.prompts
    community.database.run(
        lambda tx: tx.connection.execute(tables.standing.update().where(prompts > 0).values(prompts=7))
    )
    code, found = run("recount", "--check")
    assert (code, found["mended"]) == (1, False)
    assert found["differences"] > 0
    assert run("recount")[1]["mended"] is True
    assert run("recount", "--check")[0] == 0


def test_a_frame_that_does_not_exist_is_one_sentence(data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main.entry(["standing", "show", "year", "--data-dir", str(data_dir)])
    assert left.value.code == 2
    assert "'day', 'week', 'month', 'total'" in capsys.readouterr().err
