from __future__ import annotations

import gzip
import io
import json
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sample_trees import shared_file

from oa.data.formats import format_named
from oa.data.sinks import sink
from oa.data.sources import LONGEST_TEXT, opened
from oa.domain.records import Fault
from oa.domain.samples import PlainText, Sample
from oa.errors import BadFile, NotSupported

ROWS = [{"instruction": f"q{number}", "output": "a"} for number in range(5)]


def read(path: Path, form: str | None = None) -> list[Sample | Fault]:
    with opened(path, form) as source:
        return list(source.samples())


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.json", json.dumps(ROWS)),
        ("a.json", json.dumps(ROWS, indent=2)),
        ("a.jsonl", "\n\n".join(map(json.dumps, ROWS))),
        ("a.json", "\n".join(json.dumps(row, indent=2) for row in ROWS)),
        ("a", "\ufeff" + json.dumps(ROWS)),
    ],
)
def test_lines_arrays_and_spread_objects_hold_the_same(name: str, content: str, tmp_path: Path) -> None:
    plain, packed = tmp_path / name, tmp_path / f"{name}.gz"
    plain.write_text(content, "utf-8")
    packed.write_bytes(gzip.compress(content.encode()))
    assert len(read(plain)) == 5
    assert read(plain) == read(packed)


scalars = st.integers() | st.text(max_size=5)
json_objects = st.dictionaries(st.text(max_size=3), st.recursive(scalars, st.lists, max_leaves=4), max_size=3)


@given(st.lists(scalars | json_objects, max_size=20), st.integers(0, 3))
def test_an_array_comes_apart_wherever_the_file_is_cut(
    tmp_path_factory: pytest.TempPathFactory, values: list[object], indent: int
) -> None:
    path = tmp_path_factory.mktemp("array") / "rows.json"
    path.write_text(json.dumps(["start", *values], indent=indent or None), "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("oa.data.sources.PIECE_BYTES", 3)
        with opened(path, "text") as source:
            assert [json.loads(line or b"") for _, line in source.lines()] == ["start", *values]


def test_an_array_that_breaks_off_gives_what_stands_before_and_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "rows.json"
    path.write_text(json.dumps(ROWS)[:-20], "utf-8")
    *whole, last = read(path)
    assert len(whole) == 4
    assert isinstance(last, Fault)
    assert last.line == 5


def test_a_file_of_text_comes_in_pieces_that_end_with_paragraphs(tmp_path: Path) -> None:
    paragraph = "word " * 2000 + "\n\n"
    path = tmp_path / "book.txt"
    path.write_text(paragraph * 30, "utf-8")
    found = read(path)
    assert all(isinstance(one, PlainText) and len(one.text) < 1.5 * LONGEST_TEXT for one in found)
    assert len(found) > 3
    assert sum(one.text.count("word") for one in found if isinstance(one, PlainText)) == 60_000


def test_a_text_without_line_breaks_is_cut_too(tmp_path: Path) -> None:
    path = tmp_path / "book.txt"
    path.write_text("x" * 5 * LONGEST_TEXT, "utf-8")
    assert sum(len(one.text) for one in read(path) if isinstance(one, PlainText)) == 5 * LONGEST_TEXT


def test_stdin_is_read_like_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "\n".join(map(json.dumps, ROWS)).encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(text))))
    assert len(read(Path("-"))) == 5


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("empty.jsonl", b"", "empty.jsonl is in no format that OA knows"),
        ("broken.jsonl", b"{]", "broken.jsonl is in no format"),
        ("cut.jsonl.gz", gzip.compress(b'{"text": "a"}\n' * 1000, mtime=0)[:-20], "damaged"),
        ("latin.json", b'["\xe4"]', "not text in UTF-8"),
        ("cut.parquet", b"PAR1 and nothing", "cannot be read as Parquet"),
    ],
    ids=["empty", "broken", "cut", "latin", "no Parquet"],
)
def test_a_file_that_cannot_be_read_is_named(name: str, content: bytes, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(BadFile, match=sentence):
        read(path)


def test_a_directory_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="name the files in it"):
        read(tmp_path)


def test_without_pyarrow_a_sentence_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(NotSupported, match="pip install pyarrow"), sink(tmp_path / "out.parquet", format_named("text")):
        pass
    (tmp_path / "in.parquet").write_bytes(b"PAR1")
    with pytest.raises(NotSupported, match="pip install pyarrow"):
        read(tmp_path / "in.parquet")


def write_and_fail(path: Path) -> None:
    with sink(path, format_named("text")) as put:
        put(PlainText("a"))
        raise ZeroDivisionError


def test_a_failure_leaves_the_file_that_stood_there(tmp_path: Path) -> None:
    for name in ("out.jsonl", "out.parquet"):
        path = tmp_path / name
        path.write_text("before")
        with pytest.raises(ZeroDivisionError):
            write_and_fail(path)
        assert path.read_text() == "before"
    assert len(list(tmp_path.iterdir())) == 2


def test_real_trees_are_recognised_in_both_forms() -> None:
    with opened(shared_file("oasst_en_100_trees.jsonl")) as source:
        assert source.format.name == "oasst"
    with opened(shared_file("oasst_en_100_messages.jsonl")) as source:
        assert source.format.name == "oasst"
        assert sum(not isinstance(one, Fault) for one in source.samples()) == 100
