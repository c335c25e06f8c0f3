from __future__ import annotations

import io
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from oa.cli.output import print_note, print_record, print_records

WHEN = datetime(2026, 11, 20, 10, 30, 5, 123456, tzinfo=UTC)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_pipe_gets_tabs_between_and_a_line_for_each(capsys: pytest.CaptureFixture[str]) -> None:
    records = [{"name": "ada", "admin": True, "roles": ["a", "b"], "seen": WHEN}, {"name": "bob", "admin": False}]
    print_records(records, ["name", "admin", "roles", "seen"], as_json=False)
    lines = capsys.readouterr().out.splitlines()
    assert lines == ["name\tadmin\troles\tseen", "ada\tyes\ta, b\t2026-11-20 10:30:05+00:00", "bob\tno\t\t"]


def test_json_holds_every_field_with_its_type(capsys: pytest.CaptureFixture[str]) -> None:
    record = {"id": UUID(int=1), "seen": WHEN, "file": Path("a/b"), "name": "Zoë", "roles": [], "age": None}
    print_records([record], ["name"], as_json=True)
    assert json.loads(capsys.readouterr().out) == [
        {
            "id": "00000000-0000-0000-0000-000000000001",
            "seen": "2026-11-20T10:30:05.123456Z",
            "file": "a/b",
            "name": "Zoë",
            "roles": [],
            "age": None,
        }
    ]


def test_one_thing_is_an_object_and_none_is_an_empty_array(capsys: pytest.CaptureFixture[str]) -> None:
    print_record({"id": "1", "key": "k"}, as_json=True)
    assert json.loads(capsys.readouterr().out) == {"id": "1", "key": "k"}
    print_records([], ["id"], as_json=True)
    assert json.loads(capsys.readouterr().out) == []


def test_what_has_no_json_form_is_an_error() -> None:
    with pytest.raises(TypeError, match="object has no JSON form"):
        print_record({"x": object()}, as_json=True)


def test_a_name_cannot_break_the_line_or_command_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    print_record({"name": "a\tb\nc\x1b[2J\u202edé"}, as_json=False)
    assert capsys.readouterr().out == "name\ta\\tb\\nc\\x1b[2J\\u202edé\n"


def test_a_terminal_gets_a_table_in_which_markup_is_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", terminal := Terminal())
    print_records([{"name": "[bold]ada[/bold]", "points": 3}], ["name", "points"], as_json=False)
    shown = terminal.getvalue()
    assert "[bold]ada[/bold]" in shown
    assert "points" in shown
    assert "\t" not in shown


def test_notes_stay_out_of_the_data(capsys: pytest.CaptureFixture[str]) -> None:
    print_note("done")
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "done\n")
