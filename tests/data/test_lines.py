from __future__ import annotations

import gzip
import io
import os
import sys
from pathlib import Path

import pytest

from oa.data import lines
from oa.data.lines import STANDARD_STREAM, reading, writing
from oa.errors import BadFile


def lines_of(path: Path) -> list[tuple[int, bytes | None]]:
    with reading(path) as file:
        return list(file.lines())


def test_lines_are_counted_with_the_empty_ones_that_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "file.jsonl"
    path.write_bytes(b"one\r\n\n  \nfour")
    assert lines_of(path) == [(1, b"one"), (4, b"four")]


@pytest.mark.parametrize("name", ["file.jsonl.gz", "file.jsonl"])
def test_compressed_files_are_known_by_their_content(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(gzip.compress(b"one\ntwo\n"))
    assert lines_of(path) == [(1, b"one"), (2, b"two")]


def test_a_file_with_nothing_in_it_has_no_lines(tmp_path: Path) -> None:
    path = tmp_path / "file.jsonl"
    path.touch()
    assert lines_of(path) == []


def test_a_line_that_is_too_long_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "LONGEST_LINE_BYTES", 8)
    path = tmp_path / "file.jsonl"
    path.write_bytes(b"1234567\n" + b"x" * 50 + b"\nshort\n" + b"y" * 8)
    assert lines_of(path) == [(1, b"1234567"), (2, None), (3, b"short"), (4, None)]


@pytest.mark.parametrize("damage", ["cut", "changed"])
def test_of_a_damaged_file_the_lines_before_the_damage_come(tmp_path: Path, damage: str) -> None:
    whole = gzip.compress(os.urandom(50_000).hex().encode() + b"\n" + b"end\n")
    path = tmp_path / "file.jsonl.gz"
    path.write_bytes(whole[:-20] if damage == "cut" else whole[:60] + b"\xff" * 40 + whole[100:])
    with reading(path) as file, pytest.raises(BadFile, match="is damaged after line") as caught:
        list(file.lines())
    assert caught.value.context["line"] in (0, 1)


def test_how_far_a_file_is_read_is_told_in_bytes(tmp_path: Path) -> None:
    path = tmp_path / "file.jsonl"
    path.write_bytes(b"one\ntwo\n")
    with reading(path) as file:
        assert (file.name, file.size_bytes) == ("file.jsonl", 8)
        assert list(file.lines())
        assert file.position_bytes == 8


def test_standard_input_is_read_like_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(gzip.compress(b"one\n")))))
    with reading(STANDARD_STREAM) as file:
        assert (file.size_bytes, list(file.lines())) == (None, [(1, b"one")])
        assert file.position_bytes == 0


# --- writing ---------------------------------------------------------------------------------------------------------


def test_a_file_is_there_only_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    path.write_bytes(b"old")
    with writing(path) as file:
        file.write(b"new")
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_an_interruption_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    path.write_bytes(b"old")
    output = writing(path)
    output.__enter__().write(b"half")
    assert not output.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_name_that_ends_in_gz_compresses_the_same_way_every_time(tmp_path: Path) -> None:
    for name in ("a.jsonl.gz", "b.jsonl.gz"):
        with writing(tmp_path / name) as file:
            file.write(b"one\n")
    first, second = ((tmp_path / name).read_bytes() for name in ("a.jsonl.gz", "b.jsonl.gz"))
    assert first == second
    assert gzip.decompress(first) == b"one\n"


def test_a_dash_writes_to_standard_output(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(out := io.BytesIO()))
    with writing(STANDARD_STREAM) as file:
        file.write(b"one\n")
    assert out.getvalue() == b"one\n"
