from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sample_trees import json_lines, shared_file

from oa.cli import main

Run = Callable[..., int]


@pytest.fixture
def run() -> Run:
    """Runs `oa data …`; gives the exit code."""

    def run(*arguments: str | Path) -> int:
        with pytest.raises(SystemExit) as left:
            main.entry(["data", *map(str, arguments)])
        assert isinstance(left.value.code, int)
        return left.value.code

    return run


@pytest.fixture
def alpaca(tmp_path: Path) -> Path:
    rows = [{"instruction": f"question {at}", "input": "", "output": f"answer {at}"} for at in range(40)]
    return in_file(tmp_path / "alpaca.json", rows)


def in_file(path: Path, rows: list[Any]) -> Path:
    path.write_text(json.dumps(rows), "utf-8")
    return path


def printed(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def test_trees_give_demonstrations_rankings_and_prompts(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trees = shared_file("oasst_en_100_trees.jsonl")
    counts = {}
    for purpose in ("sft", "reward", "rl"):
        assert run("extract", purpose, trees, "-o", tmp_path / f"{purpose}.jsonl", "--json") == 0
        found = printed(capsys)
        assert found["threads"] == len(json_lines(tmp_path / f"{purpose}.jsonl"))
        counts[purpose] = found["threads"]
    assert run("extract", "sft", trees, "-o", tmp_path / "best.jsonl", "--top-k", "1", "--lang", "en", "--json") == 0
    assert 0 < printed(capsys)["threads"] < counts["sft"]
    assert run("extract", "sft", trees, "-o", tmp_path / "none.jsonl", "--lang", "de", "--json") == 0
    assert printed(capsys)["skipped"] == {"another language": 100}
    rows = json_lines(tmp_path / "reward.jsonl")
    assert all(len(row["replies"]) == len(row["ranks"]) > 1 for row in rows)


def test_a_conversion_writes_a_card_beside_the_file(run: Run, alpaca: Path, tmp_path: Path) -> None:
    assert run("convert", alpaca, "--to", "messages", "-o", tmp_path / "out.jsonl.gz") == 0
    card = (tmp_path / "out.card.md").read_text("utf-8")
    assert "| written | 40 |" in card
    assert "Format `messages`" in card
    assert "alpaca.json |" in card
    assert run("convert", alpaca, "--no-card", "-o", tmp_path / "plain.parquet") == 0
    assert not (tmp_path / "plain.card.md").exists()
    assert run("convert", tmp_path / "plain.parquet", "-o", tmp_path / "back.jsonl", "--to", "alpaca") == 0
    assert json_lines(tmp_path / "back.jsonl") == json.loads(alpaca.read_text("utf-8"))


def test_rows_that_cannot_be_read_are_named_and_the_rest_is_written(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = in_file(tmp_path / "rows.json", [{"instruction": "q", "output": "a"}, {"instruction": "q", "output": 3}])
    assert run("convert", rows, "-o", tmp_path / "out.jsonl", "--json") == 1
    output = capsys.readouterr()
    assert json.loads(output.out)["bad"] == [
        {"file": "rows.json", "line": 2, "reason": "output: Expected `str`, got `int`"}
    ]
    assert "rows.json, line 2: output" in output.err
    assert len(json_lines(tmp_path / "out.jsonl")) == 1


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["convert", "nothing.jsonl"], 1, "there is no file nothing.jsonl"),
        (["convert", "ALPACA", "--to", "kto", "-o", "OUT"], 2, "a conversation cannot become a verdict"),
        (["convert", "ALPACA", "--to", "kot", "-o", "OUT"], 2, "did you mean kto"),
        (["convert", "ALPACA", "--from", "mesages", "-o", "OUT"], 2, "did you mean messages"),
        (["convert", "ALPACA", "-o", "out.csv"], 2, "must end in .jsonl, .jsonl.gz or .parquet"),
        (["convert", "ALPACA", "-o", "nowhere/out.jsonl"], 1, "there is no directory nowhere"),
        (["convert", "ALPACA", "--json"], 2, "name a file with --output"),
        (["extract", "sft", "ALPACA", "-o", "OUT"], 2, "only trees have threads"),
        (["extract", "dpo", "ALPACA", "-o", "OUT"], 2, "there are sft, reward, rl"),
        (["filter", "ALPACA", "--include-spam", "-o", "OUT"], 2, "the files hold no trees"),
        (["filter", "ALPACA", "--pii", "hide", "-o", "OUT"], 2, "--pii cannot be 'hide'"),
        (["filter", "ALPACA", "--label", "good", "-o", "OUT"], 2, "like quality>=0.5"),
        (["dedupe", "ALPACA", "--by", "title", "-o", "OUT"], 2, "there are all, question, answer"),
        (["mix", "ALPACA:half", "-o", "OUT"], 2, "a share such as :0.25"),
        (["mix", "ALPACA:1000", "-o", "OUT"], 2, "has 40 samples"),
        (["split", "-", "-o", "OUT", "--val-output", "OUT"], 2, "name files"),
    ],
)
def test_a_mistake_is_answered_with_a_sentence_and_no_file(
    arguments: list[str], code: int, sentence: str, run: Run, alpaca: Path, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    out = tmp_path / "out.jsonl"
    named = [one.replace("ALPACA", str(alpaca)).replace("OUT", str(out)) for one in arguments]
    assert run(*named) == code
    assert sentence in capsys.readouterr().err
    assert not out.exists()


def test_a_split_has_nothing_on_both_sides(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trees = shared_file("oasst_en_100_trees.jsonl")
    run("extract", "sft", trees, "-o", tmp_path / "sft.jsonl")
    train, val = tmp_path / "train.jsonl", tmp_path / "val.jsonl"
    assert run("split", tmp_path / "sft.jsonl", "-o", train, "--val-output", val, "--val-percent", "20") == 0
    sides = [{row["tree_id"] for row in json_lines(path)} for path in (train, val)]
    assert sides[0] & sides[1] == set()
    assert len(sides[1]) == 19
    assert len(json_lines(train)) + len(json_lines(val)) == len(json_lines(tmp_path / "sft.jsonl"))


def test_a_mixture_honours_shares_and_numbers(
    run: Run, alpaca: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    second = in_file(tmp_path / "second.json", [{"prompt": f"p{at}", "completion": "c"} for at in range(10)])
    out = tmp_path / "out.jsonl"
    assert run("mix", f"{alpaca}:0.25", f"{second}:3", "--epochs", "2", "-o", out, "--to", "messages", "--json") == 0
    assert printed(capsys)["of_each"] == {"alpaca.json": 10, "second.json": 3}
    asked = [row["messages"][0]["content"] for row in json_lines(out)]
    assert len(asked) == 26
    assert sum(one.startswith("p") for one in asked) == 6


def test_duplicates_go_with_and_without_small_differences(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "The quick brown fox jumps over the lazy dog while the cat sleeps on the warm roof of the old house"
    texts = [text, text.upper(), text.replace("old", "red"), "Something else entirely, with other words in it all over"]
    rows = in_file(tmp_path / "rows.json", [{"text": one} for one in texts])
    assert run("dedupe", rows, "-o", tmp_path / "exact.jsonl", "--json") == 0
    assert (found := printed(capsys))["exact_duplicates"] == 1
    assert found["near_duplicates"] == 0
    assert run("dedupe", rows, "-o", tmp_path / "near.jsonl", "--near", "0.6", "--json") == 0
    assert printed(capsys)["near_duplicates"] == 1
    assert [row["text"] for row in json_lines(tmp_path / "near.jsonl")] == [texts[0], texts[3]]


def test_a_filter_says_what_went_and_why(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = in_file(
        tmp_path / "rows.json",
        [
            {"instruction": "q", "output": "As an AI language model, no."},
            {"instruction": "q", "output": "write to a@firma.org"},
            {"instruction": "q", "output": "x"},
        ],
    )
    arguments = ["--no-refusals", "--pii", "redact", "--max-chars", "30"]
    assert run("filter", rows, *arguments, "-o", tmp_path / "out.jsonl", "--json") == 0
    found = printed(capsys)
    assert (found["dropped"], found["changed"]) == ({"refusal": 1}, {"an e-mail address": 1})
    answers = [row["messages"][1]["content"] for row in json_lines(tmp_path / "out.jsonl")]
    assert answers == ["write to [E-MAIL]", "x"]


def test_edits_are_applied_to_trees(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trees = shared_file("oasst_en_100_trees.jsonl")
    first = json_lines(trees)[0]["prompt"]
    edits = tmp_path / "edits.jsonl"
    edits.write_text(json.dumps({"message_id": first["message_id"], "text": "Edited."}), "utf-8")
    arguments = ["--state", "all", "--allow-synth", "--edits", edits]
    assert run("filter", trees, *arguments, "-o", tmp_path / "out.jsonl", "--json") == 0
    assert printed(capsys)["changed"] == {"edited": 1}
    assert json_lines(tmp_path / "out.jsonl")[0]["prompt"]["text"] == "Edited."
    edits.write_text('{"message_id": "x"}', "utf-8")
    assert run("filter", trees, "--edits", edits, "-o", tmp_path / "out.jsonl") == 1


def test_statistics_count_phrases_lengths_and_languages(
    run: Run, alpaca: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    phrases = tmp_path / "phrases.txt"
    phrases.write_text("Question 1\n\nnowhere\n", "utf-8")
    assert run("stats", alpaca, "--phrases", phrases, "--json") == 0
    found = printed(capsys)
    assert found["kinds"] == {"conversation": 40}
    assert found["messages"] == 80
    assert found["appearances"] == {"question 1": 11, "nowhere": 0}
    assert found["characters"]["least"] == len("answer 0")
    assert run("stats", alpaca) == 0
    assert "conversation samples\t40" in capsys.readouterr().out


def test_statistics_give_the_means_of_labels(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = [{"role": "assistant", "content": "a", "labels": {"quality": value}} for value in (0.5, 1.0)]
    rows = in_file(tmp_path / "rows.json", [{"messages": [one]} for one in said])
    assert run("stats", rows, "--json") == 0
    assert printed(capsys)["labels"] == {"quality": {"mean": 0.75, "count": 2}}


def test_a_preview_shows_who_says_what(run: Run, alpaca: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("preview", alpaca, "-n", "2") == 0
    output = capsys.readouterr().out
    assert "1. conversation" in output
    assert "user:      question 1" in output
    assert run("preview", alpaca, "-n", "3", "--random", "--json") == 0
    assert len(printed(capsys)) == 3


def test_every_format_is_listed(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("formats", "--json") == 0
    listed = {one["format"] for one in printed(capsys)}
    assert {
        "messages",
        "sharegpt",
        "alpaca",
        "preference",
        "kto",
        "oasst",
        "oasst-rows",
        "text",
        "hh",
        "soda",
    } <= listed
