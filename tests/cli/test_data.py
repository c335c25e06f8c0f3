from __future__ import annotations

import gzip
import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sample_trees import json_lines, message, name_of, shared_file, tree, without_nulls, write_messages, write_trees

from oa.cli import data, main
from oa.cli.progress import showing
from oa.domain.lifecycle import TreeState
from oa.domain.records import TreeRecord
from oa.domain.review import LabelMean
from oa.domain.tree import Role
from oa.hub.exchange import Importer, ImportOptions

Run = Callable[..., int]

SYNTHETIC = "--include-synthetic"


@pytest.fixture
def run(data_dir: Path) -> Run:
    """Runs `oa data …` on a data directory of the test's own; gives the exit code."""

    def run(*arguments: str | Path) -> int:
        with pytest.raises(SystemExit) as left:
            main.entry(["data", *map(str, arguments), "--data-dir", str(data_dir)])
        assert isinstance(left.value.code, int)
        return left.value.code

    return run


def accepted(first: int = 0, **fields: Any) -> TreeRecord:
    fields = {"review_result": True, "review_count": 3, "lang": "en", "synthetic": False, **fields}
    prompt = message(first, role=Role.PROMPTER, **fields)
    reply = message(first + 1, first, role=Role.ASSISTANT, rank=0, **fields)
    return TreeRecord(id=prompt.id, state=TreeState.READY_FOR_EXPORT, messages=(prompt, reply))


def summary(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


# --- real files ------------------------------------------------------------------------------------------------------


def test_real_trees_come_out_of_the_hub_as_they_went_in(run: Run, tmp_path: Path) -> None:
    file = shared_file("oasst_en_100_trees.jsonl")
    assert run("import", file) == 0
    assert run("export", SYNTHETIC, "-o", tmp_path / "out.jsonl") == 0
    assert json_lines(tmp_path / "out.jsonl") == [without_nulls(line) for line in json_lines(file)]


def test_real_prompts_with_replies_come_out_as_trees(run: Run, tmp_path: Path) -> None:
    file = shared_file("oasst_en_100_messages.jsonl")
    assert run("import", file) == 0
    assert run("export", SYNTHETIC, "-o", tmp_path / "out.jsonl") == 0
    exported = json_lines(tmp_path / "out.jsonl")
    assert [line["prompt"] for line in exported] == [without_nulls(line) for line in json_lines(file)]
    assert {line["tree_state"] for line in exported} == {"ready_for_export"}


def test_an_export_of_an_export_is_the_same_file(run: Run, tmp_path: Path, data_dir: Path) -> None:
    run("import", shared_file("oasst_en_100_trees.jsonl"))
    first, second = tmp_path / "first.jsonl", tmp_path / "second.jsonl"
    assert run("export", SYNTHETIC, "--format", "messages", "-o", first) == 0
    (data_dir / "oa.db").unlink()
    assert run("import", first) == 0
    assert run("export", SYNTHETIC, "--format", "messages", "-o", second) == 0
    assert first.read_bytes() == second.read_bytes()


def test_an_anonymised_export_is_imported_and_exported_unchanged(run: Run, tmp_path: Path, data_dir: Path) -> None:
    run("import", shared_file("oasst_en_100_trees.jsonl"))
    first, second = tmp_path / "first.jsonl.gz", tmp_path / "second.jsonl.gz"
    assert run("export", SYNTHETIC, "--anonymizer-seed", "0", "-o", first) == 0
    (data_dir / "oa.db").unlink()
    assert run("import", first) == 0
    assert run("export", SYNTHETIC, "-o", second) == 0
    one, other = (map(json.loads, gzip.decompress(path.read_bytes()).splitlines()) for path in (first, second))
    by_id = {line["message_tree_id"]: line for line in one}
    assert by_id == {line["message_tree_id"]: line for line in other}
    assert all(name == line["prompt"]["message_id"] and len(name) == 64 for name, line in by_id.items())


# --- import ----------------------------------------------------------------------------------------------------------


def test_a_summary_says_what_was_imported(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write_trees(tmp_path / "trees.jsonl", [accepted(), accepted(10)])
    assert run("import", file) == 0
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "imported 2 trees with 4 messages\n")
    assert run("import", file, "--json") == 0
    assert summary(capsys) == {"trees": 0, "messages": 0, "skipped": 4, "activated": 0, "bad": []}


def test_bad_lines_are_named_and_the_others_imported(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write_trees(tmp_path / "trees.jsonl", [accepted(), accepted(10)])
    good, other = file.read_bytes().splitlines()
    file.write_bytes(good + b"\n{\n" + other + b"\n")
    assert run("import", file, "--json") == 1
    said = capsys.readouterr()
    assert said.err.splitlines()[0].startswith("trees.jsonl, line 2: it is not valid JSON")
    assert said.err.splitlines()[-1] == "oa: 1 faults kept something out; correct those lines and import them again"
    counted = json.loads(said.out)
    assert (counted["trees"], counted["messages"]) == (2, 4)
    assert [(bad["file"], bad["line"]) for bad in counted["bad"]] == [("trees.jsonl", 2)]


def test_a_message_without_its_parent_is_named_and_its_line(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write_messages(tmp_path / "messages.jsonl", [accepted(), accepted(10)])
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[1:]))
    assert run("import", file, "--json") == 1
    counted = summary(capsys)
    assert counted["trees"] == 1
    assert counted["bad"] == [
        {
            "file": "messages.jsonl",
            "line": 1,
            "reason": f"message {name_of(1)} answers {name_of(0)}, which is neither in the file nor here",
        }
    ]


def test_faults_beyond_a_thousand_are_only_counted(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data, "MOST_FAULTS_KEPT", 2)
    (tmp_path / "bad.jsonl").write_text("{\n" * 5)
    assert run("import", tmp_path / "bad.jsonl", "--json") == 1
    said = capsys.readouterr()
    assert len(json.loads(said.out)["bad"]) == 2
    assert "oa: 5 faults" in said.err


def test_a_damaged_archive_gives_what_comes_before_the_damage(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write_trees(tmp_path / "trees.jsonl", [accepted(10 * number) for number in range(500)])
    archive = tmp_path / "trees.jsonl.gz"
    archive.write_bytes(gzip.compress(file.read_bytes())[:-100])
    assert run("import", archive, "--json") == 1
    said = capsys.readouterr()
    assert json.loads(said.out)["trees"] > 0
    assert "trees.jsonl.gz is damaged after line" in said.err


def test_several_files_and_options_go_together(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = write_trees(tmp_path / "one.jsonl", [accepted(), accepted(10)])
    two = write_trees(tmp_path / "two.jsonl", [accepted(20), accepted(30)])
    assert run("import", one, two, "--max-count", "3", "--state", "halted_by_moderator", "--json") == 0
    assert summary(capsys)["trees"] == 3
    assert run("export", "--state", "all", "--export-origin") == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["origin"] for line in lines] == ["one.jsonl", "one.jsonl", "two.jsonl"]
    assert {line["tree_state"] for line in lines} == {"halted_by_moderator"}


def test_a_dry_run_changes_nothing(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("import", write_trees(tmp_path / "trees.jsonl", [accepted()]), "--dry-run") == 0
    assert capsys.readouterr().err == "would import 1 trees with 2 messages\n"
    assert run("export", "--state", "all") == 0
    assert capsys.readouterr().out == ""


def test_standard_input_can_be_imported(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    content = gzip.compress(write_trees(tmp_path / "trees.jsonl", [accepted()]).read_bytes())
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(content))))
    assert run("import", "-", "--json") == 0
    assert summary(capsys)["messages"] == 2


def test_an_import_goes_slowly_while_others_write_and_ever_faster_while_they_do_not() -> None:
    run = data._ImportRun(Importer(ImportOptions()))
    sizes: list[int] = []
    for others_write in (False, False, False, False, False, False, True, False):
        run.importer.others_write = others_write
        run._keep_out_of_the_way(held_s=0.0)
        sizes.append(run._batch)
    assert sizes == [100, 200, 400, 800, 1600, 2000, 50, 50]


# --- export ----------------------------------------------------------------------------------------------------------


def test_everything_a_tree_has_can_be_exported(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    facts = {
        "user_id": name_of(99),
        "labels": {"spam": LabelMean(1 / 3, 3)},
        "events": {"emoji": [{"type": "emoji", "user_id": name_of(98), "emoji": "+1"}]},
        "detoxify": {"toxicity": 0.001},
        "emojis": {"+1": 1},
    }
    file = write_trees(tmp_path / "trees.jsonl", [accepted(**facts)])
    assert run("import", file) == 0
    assert run("export", "--export-labels", "--export-events") == 0
    assert json.loads(capsys.readouterr().out) == json_lines(file)[0]


@pytest.mark.parametrize(
    ("options", "ids"),
    [
        ((), [0, 1]),
        (("--prompts-only",), [0]),
        (("--include-spam",), [0, 1, 2]),
        (("--include-deleted",), [0, 1, 3]),
        (("--spam-only",), [2]),
        (("--deleted-only",), [3]),
        (("--format", "messages", "--include-spam", "--include-deleted"), [0, 1, 2, 3]),
        (("--state", "growing"), []),
        (("--state", "any", "--lang", "de"), []),
        (("--user", name_of(99)), [1]),
        (("--synthetic-only",), []),
        (("--limit", "1"), [0, 1]),
    ],
)
def test_options_choose_what_is_exported(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], ids: list[int]
) -> None:
    replies = [
        message(1, 0, review_result=True, review_count=3, rank=0, user_id=name_of(99)),
        message(2, 0, review_result=False, review_count=3),
        message(3, 0, review_result=True, review_count=3, deleted=True),
    ]
    record = tree(*replies, review_result=True, review_count=3)
    ready = TreeRecord(id=record.id, state=TreeState.READY_FOR_EXPORT, messages=record.messages)
    assert run("import", write_trees(tmp_path / "trees.jsonl", [ready])) == 0
    capsys.readouterr()
    assert run("export", *options) == 0
    found: list[str] = []
    for line in map(json.loads, capsys.readouterr().out.splitlines()):
        top = line.get("prompt", line)
        found += [top["message_id"], *(reply["message_id"] for reply in top.get("replies", ()))]
    assert found == [name_of(number) for number in ids]


def test_the_summary_of_an_export_into_a_file_may_be_json(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("import", write_trees(tmp_path / "trees.jsonl", [accepted(), accepted(10, review_result=False)]))
    capsys.readouterr()
    assert run("export", "-o", tmp_path / "out.jsonl", "--json") == 0
    said = capsys.readouterr()
    assert json.loads(said.out) == {"trees": 1, "messages": 2, "skipped": 1, "bad": []}
    assert said.err == "exported 1 trees with 2 messages; 1 trees had nothing to take\n"


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("export", "--state", "growin"), 2, "--state cannot be 'growin': did you mean growing?"),
        (("export", "--format", "tree"), 2, "--format cannot be 'tree': did you mean trees?"),
        (("export", "--format", "xml"), 2, "--format cannot be 'xml': there are trees, messages"),
        (("export", "--user", "ada"), 2, "--user takes the id of a user, not 'ada'"),
        (("export", "--user", name_of(1), "--state", "all"), 2, "--state and --user do not go together"),
        (("export", "--user", name_of(1)), 1, "there is no user with this id"),
        (("export", "--anonymizer-seed", ""), 2, "the seed of the anonymiser is empty"),
        (("export", "--json"), 2, "the summary would stand among the data"),
        (("export", "--spam-only", "--format", "trees"), 2, "single messages make no trees"),
        (("export", "-o", "none/out.jsonl"), 1, "No such file or directory"),
        (("import", "none.jsonl"), 2, "there is no file none.jsonl"),
        (("import", "--state", "x", __file__), 2, "--state cannot be 'x'"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    code: int,
    sentence: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(*arguments) == code
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"oa: {sentence}")
    assert said.err.count("\n") == 1


def test_whoever_stops_reading_hears_no_complaint(run: Run, tmp_path: Path, data_dir: Path) -> None:
    run("import", write_trees(tmp_path / "trees.jsonl", [accepted(2 * number) for number in range(2000)]))
    command = [sys.executable, "-m", "oa", "data", "export", "--data-dir", str(data_dir)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as export:
        assert export.stdout is not None
        assert export.stderr is not None
        assert json.loads(export.stdout.readline())
        export.stdout.close()
        complaint = export.stderr.read()
    assert complaint == b""
    assert export.returncode == 1


# --- progress --------------------------------------------------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_sees_how_many_and_how_fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    with showing("[b].jsonl", "messages", 100) as tell:
        tell(12345, 50)
    assert "[b].jsonl" in terminal.getvalue()
    assert "12,345 messages" in terminal.getvalue()
    assert "/s" in terminal.getvalue()


def test_nobody_else_does(capsys: pytest.CaptureFixture[str]) -> None:
    with showing("file", "messages", 100) as tell:
        tell(1, 1)
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "")
