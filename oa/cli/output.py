"""Data goes to stdout: a table on a terminal, tab-separated text in a pipe, or JSON. Everything else goes to stderr."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath
from typing import cast

import msgspec
import typer

Record = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Passage:
    """A part of a text."""

    heading: str
    text: Sequence[tuple[str, bool]]
    """Its pieces in order, and whether each is marked."""


def print_records(records: Sequence[Record], columns: Sequence[str], *, as_json: bool) -> None:
    """Print a list: an array of objects with every field, or a table of the named columns."""
    if as_json:
        _print_json([dict(record) for record in records])
    else:
        _print_table(columns, [[_cell(record.get(column)) for column in columns] for record in records])


def print_record(record: Record, *, as_json: bool) -> None:
    """Print one thing: an object, or a line for each field."""
    if as_json:
        _print_json(dict(record))
    else:
        _print_table([], [[_cell(name), _cell(value)] for name, value in record.items()])


def print_line(record: Record) -> None:
    """Print one thing as JSON on one line, for programs that read many."""
    typer.echo(msgspec.json.encode(dict(record), enc_hook=_encode).decode())


def print_passages(passages: Iterable[Passage]) -> None:
    """Print parts of texts on a terminal, each under a line that says where it is from, the marked words set off."""
    from rich.console import Console
    from rich.text import Text

    console = Console()
    for passage in passages:
        console.print(Text(_printable(passage.heading), style="dim"))
        console.print(
            Text.assemble(*((_printable(text), "bold yellow" if mark else "") for text, mark in passage.text))
        )


def print_note(text: str) -> None:
    """Tell the person at the keyboard something that is no data, on stderr."""
    typer.echo(_printable(text), err=True)


def _print_json(value: object) -> None:
    typer.echo(msgspec.json.format(msgspec.json.encode(value, enc_hook=_encode), indent=2).decode())


def _encode(value: object) -> str:
    if isinstance(value, PurePath):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _print_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    if not sys.stdout.isatty():
        for row in ([columns] if columns else []) + list(rows):
            typer.echo("\t".join(row))
        return
    from rich import box  # a tenth of a second, for terminals only
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*columns, box=box.SIMPLE_HEAD, show_header=bool(columns))
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    Console().print(table)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.isoformat(" ", "seconds")
    if isinstance(value, list | tuple):
        return ", ".join(_cell(item) for item in cast(Sequence[object], value))
    return _printable(str(value))


def _printable(text: str) -> str:
    """Text that people typed may hold tabs, line breaks and escape sequences; here it stays on one line and inert."""
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)
