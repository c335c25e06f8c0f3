"""Files of lines, compressed or not: read one at a time, written whole or not at all."""

from __future__ import annotations

import gzip
import io
import os
import secrets
import sys
import zlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from oa.errors import BadFile

STANDARD_STREAM = Path("-")
"""Stands for stdin or stdout."""

LONGEST_LINE_BYTES = 64 * 1024 * 1024

PEEKED_BYTES = 256

GZIP_MAGIC = b"\x1f\x8b"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(slots=True)
class LineFile:
    """A file that is being read, and how far."""

    name: str
    size_bytes: int | None
    """None where it cannot be known beforehand."""
    _raw: BinaryIO
    _text: io.BufferedReader

    @property
    def position_bytes(self) -> int:
        """How much of the file itself, compressed as it may be, has been taken in."""
        return self._raw.tell() if self.size_bytes is not None else 0

    def start(self) -> bytes:
        """The first bytes of its text, which stay to be read; fewer than there are room for where a pipe is slow."""
        return self._text.peek(PEEKED_BYTES)

    def read(self, size: int) -> bytes:
        """The next bytes of its text, `size` at most; none at the end.

        Raises:
            BadFile: the compressed data is damaged.
        """
        try:
            return self._text.read(size)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise BadFile(f"{self.name} is damaged: the compressed data cannot be read") from error

    def lines(self) -> Iterator[tuple[int, bytes | None]]:
        """The lines that are not empty, counted from 1; None for one that is too long to be read.

        Raises:
            BadFile: the compressed data is damaged; the lines before that have come.
        """
        number = 0
        try:
            while line := self._text.readline(LONGEST_LINE_BYTES):
                number += 1
                is_whole = len(line) < LONGEST_LINE_BYTES or line.endswith(b"\n")
                if not is_whole:
                    self._skip_rest_of_line()
                if number == 1:
                    line = line.removeprefix(BYTE_ORDER_MARK)
                if stripped := line.strip():
                    yield number, stripped if is_whole else None
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise BadFile(
                f"{self.name} is damaged after line {number}: the compressed data cannot be read", line=number
            ) from error

    def _skip_rest_of_line(self) -> None:
        while (rest := self._text.readline(LONGEST_LINE_BYTES)) and not rest.endswith(b"\n"):
            pass


@contextmanager
def reading(path: Path) -> Generator[LineFile]:
    """Open a file of lines, or stdin. Whether it is compressed is seen from its first bytes."""
    if path == STANDARD_STREAM:
        yield _line_file("standard input", None, cast(io.BufferedReader, sys.stdin.buffer))
        return
    with path.open("rb") as file:
        yield _line_file(path.name, path.stat().st_size, file)


def _line_file(name: str, size_bytes: int | None, raw: io.BufferedReader) -> LineFile:
    if raw.peek(2).startswith(GZIP_MAGIC):
        return LineFile(name, size_bytes, raw, io.BufferedReader(cast(io.RawIOBase, gzip.GzipFile(fileobj=raw))))
    return LineFile(name, size_bytes, raw, raw)


@contextmanager
def writing(path: Path) -> Generator[BinaryIO]:
    """Write a file, or stdout. The file appears under its name when all of it is there; one that stood there stays
    until then. A name that ends in .gz makes it compressed, with nothing in it that depends on when or where."""
    if path == STANDARD_STREAM:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
    try:
        with partial.open("xb") as file:
            if path.name.endswith(".gz"):
                with gzip.GzipFile("", "wb", 6, file, mtime=0) as compressed:
                    yield cast(BinaryIO, compressed)
            else:
                yield file
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
