"""Parquet files: rows in and out, a bounded part of them in memory. What has no fixed columns is JSON in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from types import ModuleType, UnionType
from typing import Any, Union, cast, get_args, get_origin

import msgspec

from oa.data.lines import STANDARD_STREAM, writing
from oa.errors import BadFile, NotSupported

ROWS_AT_A_TIME = 1000

_encoder = msgspec.json.Encoder()


def _pyarrow(name: str) -> ModuleType:
    try:
        import pyarrow  # pyright: ignore[reportMissingTypeStubs] - has none
        import pyarrow.parquet  # pyright: ignore[reportMissingTypeStubs]
    except ImportError:
        raise NotSupported(
            "Parquet files need the package pyarrow, which is not installed: pip install pyarrow, or use JSONL"
        ) from None
    return pyarrow.parquet if name == "parquet" else pyarrow


def parquet_rows(path: Path) -> Iterator[tuple[int, bytes | None]]:
    """The rows of a file as JSON, counted from 1.

    Raises:
        BadFile: it is damaged.
        NotSupported: pyarrow is not installed.
    """
    if path == STANDARD_STREAM:
        raise BadFile("Parquet cannot be read from stdin: its index stands at the end; name the file")
    pyarrow, parquet = cast(Any, _pyarrow("pyarrow")), cast(Any, _pyarrow("parquet"))
    number = 0
    try:
        with parquet.ParquetFile(path, memory_map=True) as file:
            for batch in file.iter_batches(ROWS_AT_A_TIME, use_threads=False):
                for row in batch.to_pylist():
                    number += 1
                    yield number, _encoder.encode(row)
    except (pyarrow.ArrowException, OSError) as error:
        raise BadFile(f"{path.name} cannot be read as Parquet after row {number}: {error}") from error


class ParquetWriter:
    """Takes rows of one type and writes them by the thousand."""

    def __init__(self, path: Path, row: type[msgspec.Struct]) -> None:
        """
        Raises:
            NotSupported: pyarrow is not installed.
        """
        self._pyarrow, self._parquet = cast(Any, _pyarrow("pyarrow")), cast(Any, _pyarrow("parquet"))
        self._schema = self._pyarrow.schema(
            [(field.encode_name, self._type(field.type)) for field in msgspec.structs.fields(row)]
        )
        self._opening = writing(path)
        self._file = self._opening.__enter__()
        self._writer = self._parquet.ParquetWriter(self._file, self._schema, compression="zstd")
        self._rows: list[dict[str, Any]] = []

    def write(self, row: msgspec.Struct) -> None:
        self._rows.append(_columns(row))
        if len(self._rows) >= ROWS_AT_A_TIME:
            self._flush()

    def _flush(self) -> None:
        self._writer.write_table(self._pyarrow.Table.from_pylist(self._rows, schema=self._schema))
        self._rows = []

    def close(self, *error: Any) -> None:
        """Finish the file; after an error nothing of it stays."""
        if error == (None, None, None) and self._rows:
            self._flush()
        self._writer.close()  # after an error too, or it would try when nobody looks
        self._opening.__exit__(*error)

    def _type(self, kind: Any) -> Any:
        kind = plain_type(kind)
        if kind is list or get_origin(kind) is list:
            return self._pyarrow.list_(self._type(get_args(kind)[0]))
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            return self._pyarrow.struct(
                [(field.encode_name, self._type(field.type)) for field in msgspec.structs.fields(kind)]
            )
        made: dict[Any, Any] = {bool: self._pyarrow.bool_, int: self._pyarrow.int64, float: self._pyarrow.float64}
        return made.get(kind, self._pyarrow.string)()


def plain_type(kind: Any) -> Any:
    """What a column holds: the first of several types that is no None; text for what has no fixed form."""
    if get_origin(kind) in (Union, UnionType):
        kind = next(one for one in get_args(kind) if one is not type(None))
    is_free = get_origin(kind) is list and get_origin(get_args(kind)[0]) is dict
    return str if is_free or get_origin(kind) is dict or kind is Any else kind


@cache
def _fields(row: type[msgspec.Struct]) -> tuple[tuple[str, str, Any], ...]:
    """Of each field its name in Python and in files, and what its column holds."""
    return tuple((one.name, one.encode_name, plain_type(one.type)) for one in msgspec.structs.fields(row))


def _columns(row: msgspec.Struct) -> dict[str, Any]:
    return {column: _cell(getattr(row, name), kind) for name, column, kind in _fields(type(row))}


def _cell(value: Any, kind: Any) -> Any:
    if kind is str:
        return value if value is None or isinstance(value, str) else _encoder.encode(value).decode()
    if isinstance(value, msgspec.Struct):
        return _columns(value)
    if isinstance(value, list):
        inner = _inner(kind)
        return [_cell(one, inner) for one in cast(Sequence[Any], value)]
    return value


@cache
def _inner(kind: Any) -> Any:
    """What a column of lists has in them."""
    return plain_type(get_args(kind)[0])
