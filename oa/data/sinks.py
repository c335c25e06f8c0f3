"""Files of samples that are being written: JSONL, compressed by a name in .gz, or Parquet by a name in .parquet."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from oa.data.format import Format
from oa.data.formats.oasst import Line
from oa.data.lines import STANDARD_STREAM, writing
from oa.domain.samples import Sample
from oa.errors import BadFile, InvalidSetting

Write = Callable[[Sample], int]
"""Takes a sample of the kind that the format gives, and says how many rows it has become. May raise `Unfit`."""

_encoder = msgspec.json.Encoder()


@contextmanager
def sink(path: Path, form: Format) -> Generator[Write]:
    """Write samples in a format. The file appears when all of it is there.

    Raises:
        InvalidSetting: the format is only read, or has no columns for Parquet; or the file's name promises something
            that is not written.
        BadFile: there is no such directory.
        NotSupported: pyarrow is not installed.
    """
    if form.write is None:
        raise InvalidSetting(f"{form.name} is only read: choose another format with --to")
    if path != STANDARD_STREAM and not path.parent.is_dir():
        raise BadFile(f"there is no directory {path.parent}: make it first, or name another file")
    if path.suffix == ".parquet":
        with _columns(path, form) as write:
            yield write
        return
    if path.name.removesuffix(".gz") == path.name and path.suffix not in ("", ".jsonl", ".ndjson"):
        raise InvalidSetting(
            f"{path.name} must end in .jsonl, .jsonl.gz or .parquet, so that everybody knows what it is"
        )
    rows_of = form.write
    with writing(path) as file:

        def write_lines(sample: Sample) -> int:
            rows = list(rows_of(sample))
            for row in rows:
                file.write(row.raw if isinstance(row, Line) else _encoder.encode(row) + b"\n")
            return len(rows)

        yield write_lines


@contextmanager
def _columns(path: Path, form: Format) -> Generator[Write]:
    from oa.data.parquet import ParquetWriter

    rows_of = form.write
    if form.row is None or rows_of is None:
        raise InvalidSetting(f"{form.name} has no columns, so it cannot be Parquet: use .jsonl, or --to oasst-rows")
    writer = ParquetWriter(path, form.row)

    def write_rows(sample: Sample) -> int:
        rows = list(rows_of(sample))
        for row in rows:
            writer.write(row)
        return len(rows)

    try:
        yield write_rows
    except BaseException:
        writer.close(*sys.exc_info())
        raise
    writer.close(None, None, None)
