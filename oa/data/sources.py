"""Whatever holds rows, opened as lines of JSON: JSONL, a JSON array, Parquet, plain text; compressed by gzip or not."""

from __future__ import annotations

import codecs
import json
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

import msgspec

from oa.data.format import Fields, Format
from oa.data.formats import format_named, recognised
from oa.data.lines import BYTE_ORDER_MARK, LONGEST_LINE_BYTES, STANDARD_STREAM, LineFile, reading
from oa.domain.records import Fault
from oa.domain.samples import Sample
from oa.errors import BadFile

ROWS_LOOKED_AT = 20
"""Of which at least one must tell the format."""

LONGEST_TEXT = 65_536
"""Characters after which a file of text is cut at the end of a paragraph."""

PIECE_BYTES = 1 << 20

PARQUET_MAGIC = b"PAR1"

TEXT_SUFFIXES = frozenset({".txt", ".md"})
LINE_SUFFIXES = frozenset({".jsonl", ".ndjson", ".json"})

_encoder = msgspec.json.Encoder()


@dataclass(slots=True)
class Source:
    """A file that is being read, its format known."""

    name: str
    format: Format
    size_bytes: int | None
    """None where it cannot be known beforehand."""
    _file: LineFile
    _rows: Iterator[tuple[int, bytes | None]]

    @property
    def position_bytes(self) -> int:
        """How much of the file has been taken in."""
        return self._file.position_bytes

    def lines(self) -> Iterator[tuple[int, bytes | None]]:
        return self._rows

    def samples(self) -> Iterator[Sample | Fault]:
        """What the file holds, and what could not be taken."""
        return self.format.read(self)


@contextmanager
def opened(path: Path, form: str | None = None) -> Generator[Source]:
    """Open a file of samples, or stdin.

    Args:
        form: the name of its format; None to tell it from the first rows.

    Raises:
        BadFile: the format cannot be told, or the file cannot be read.
        InvalidSetting: there is no format of this name.
    """
    if path != STANDARD_STREAM and path.is_dir():
        raise BadFile(f"{path} is a directory: name the files in it")
    with reading(path) as file:
        rows = _rows(path, file)
        first = list(islice(rows, ROWS_LOOKED_AT))
        if form is not None:
            found = format_named(form)
        else:
            found = recognised(filter(None, (_fields(line) for _, line in first)), file.name)
        yield Source(file.name, found, file.size_bytes, file, chain(first, rows))


def _fields(line: bytes | None) -> Fields | None:
    try:
        fields: object = msgspec.json.decode(line or b"null")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return fields if isinstance(fields, dict) else None  # pyright: ignore[reportUnknownVariableType] - names are checked


def _rows(path: Path, file: LineFile) -> Iterator[tuple[int, bytes | None]]:
    start = file.start()
    if start.startswith(PARQUET_MAGIC):
        from oa.data.parquet import parquet_rows

        return parquet_rows(path)
    suffix = Path(path.name.removesuffix(".gz")).suffix
    text = start.removeprefix(BYTE_ORDER_MARK).lstrip()
    if text.startswith(b"[") or (suffix == ".json" and text[:2] in (b"{\n", b"{\r", b"{ ")):
        return _values(file)  # an array, or objects that are spread over lines
    if suffix in TEXT_SUFFIXES or (suffix not in LINE_SUFFIXES and not text.startswith(b"{")):
        return _paragraphs(file)
    return file.lines()


def _values(file: LineFile) -> Iterator[tuple[int, bytes | None]]:
    """The objects of a JSON array, or objects one after the other, counted from 1."""
    scanner = json.JSONDecoder()
    pieces = _pieces(file)
    text = ""
    number = 0
    for piece in chain(pieces, [None]):
        text += piece or ""
        at = 0
        while True:
            while at < len(text) and (text[at].isspace() or text[at] in "[],"):
                at += 1
            try:
                _, end = scanner.raw_decode(text, at)
            except (json.JSONDecodeError, RecursionError):
                break
            if end == len(text) and piece is not None:
                break  # a number may go on
            number += 1
            yield number, text[at:end].encode()
            at = end
        text = text[at:]
        if len(text) > LONGEST_LINE_BYTES:
            break
    if text.strip():
        yield number + 1, text[:LONGEST_TEXT].encode()  # whoever decodes it says what is wrong


def _pieces(file: LineFile) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    try:
        while piece := file.read(PIECE_BYTES):
            yield decoder.decode(piece)
        yield decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise BadFile(f"{file.name} is not text in UTF-8") from error


def _paragraphs(file: LineFile) -> Iterator[tuple[int, bytes | None]]:
    """A file of text in pieces of bounded length, numbered by the lines at which they begin."""
    paragraph: list[str] = []
    length = first = number = 0
    for number, line in enumerate(_text_lines(file), 1):
        is_end = length >= LONGEST_TEXT and not line.strip()
        if is_end or length >= 2 * LONGEST_TEXT:
            yield first, _encoder.encode({"text": "".join(paragraph).strip()})
            paragraph, length = [], 0
        if not paragraph:
            first = number
        paragraph.append(line)
        length += len(line)
    if "".join(paragraph).strip():
        yield first, _encoder.encode({"text": "".join(paragraph).strip()})


def _text_lines(file: LineFile) -> Iterator[str]:
    rest = ""
    for piece in _pieces(file):
        *whole, rest = (rest + piece).split("\n")
        yield from (f"{line}\n" for line in whole)
        if len(rest) > LONGEST_TEXT:
            yield rest
            rest = ""
    if rest:
        yield rest
