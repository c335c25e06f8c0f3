"""`oa moderate signs` and `oa moderate agreement`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from oa.cli import main
from oa.domain.people import AccountRole
from oa.domain.signs import Key, Sign, SignKind
from oa.hub import accounts, trust
from oa.hub.accounts import NewAccount
from oa.store.database import Transaction
from oa.store.opening import open_database


class Cli:
    """Runs `oa` on one data directory."""

    def __init__(self, data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self._data_dir = data_dir
        self._capsys = capsys

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """Exit code, and what came on stdout and stderr."""
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main.entry([*arguments, "--data-dir", str(self._data_dir)])
        said = self._capsys.readouterr()
        assert isinstance(left.value.code, int)
        return left.value.code, said.out, said.err

    def json(self, *arguments: str) -> Any:
        code, out, err = self.run(*arguments, "--json")
        assert (code, err) == (0, "")
        return json.loads(out)


@pytest.fixture
def oa(data_dir: Path, capsys: pytest.CaptureFixture[str]) -> Cli:
    return Cli(data_dir, capsys)


@pytest.fixture
def suspected(data_dir: Path) -> UUID:
    """Ada, of whom there is a sign."""
    database = open_database(data_dir)

    def suspect(tx: Transaction) -> UUID:
        ada = accounts.create_account(tx, NewAccount("ada", AccountRole.VOLUNTEER)).user.id
        evidence = {"patterns": ["quality = 0.5 in 40 reviews"], "answers": 40}
        trust.keep_signs(tx, [Sign(Key(SignKind.SAME_ANSWER, ada), evidence, tx.now)])
        return ada

    ada = database.run(suspect)
    database.shut()
    return ada


def test_signs_are_listed_by_name_with_a_sentence(oa: Cli, suspected: UUID) -> None:
    code, out, err = oa.run("moderate", "signs")
    assert (code, err) == (0, "")
    header, row = out.splitlines()
    assert header.split("\t") == ["name", "other", "kind", "since", "sentence", "id"]
    assert row.startswith("ada\t\tsame_answer\t")
    assert "quality = 0.5 in 40 reviews" in row


def test_signs_as_json_have_every_field(oa: Cli, suspected: UUID) -> None:
    (sign,) = oa.json("moderate", "signs")
    assert (sign["user_id"], sign["name"], sign["status"]) == (str(suspected), "ada", "open")
    assert sign["evidence"]["answers"] == 40
    assert oa.json("moderate", "signs", "--status", "dismissed") == []
    assert oa.json("moderate", "signs", "--kind", "copied_text") == []


def test_one_may_look_at_once(oa: Cli, suspected: UUID) -> None:
    assert len(oa.json("moderate", "signs", "--look")) == 1


def test_agreement_is_shown_by_name_or_id(oa: Cli, suspected: UUID) -> None:
    for name in ("ada", "ADA", str(suspected)):
        found = oa.json("moderate", "agreement", name)
        assert (found["user_id"], found["impression"], found["details"]) == (str(suspected), "too_few", [])
    code, out, _ = oa.run("moderate", "agreement", "ada")
    assert code == 0
    assert "too_few" in out


@pytest.mark.parametrize("name", ["nobody", "00000000-0000-4000-8000-00000000dead", "' OR 1=1", "艾达"])
def test_an_unknown_person_is_a_sentence(oa: Cli, name: str) -> None:
    code, out, err = oa.run("moderate", "agreement", name)
    assert (code, out) == (1, "")
    assert err.startswith("oa: ")
    assert err.count("\n") == 1


def test_an_unknown_kind_is_a_mistake_in_usage(oa: Cli) -> None:
    code, _, err = oa.run("moderate", "signs", "--kind", "guilty")
    assert code == 2
    assert "copied_text" in err
