"""What a file format is: its name, how its rows are known, read and written."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import msgspec

from oa.domain.records import Fault
from oa.domain.samples import Kind, Sample

Fields = Mapping[str, Any]
"""A row as JSON has it."""


class Lines(Protocol):
    """Rows that are being read, each as one line of JSON."""

    @property
    def name(self) -> str: ...

    def lines(self) -> Iterator[tuple[int, bytes | None]]:
        """The rows, counted from 1; None for one that is too long to be read."""
        ...


class Unfit(Exception):
    """Why a row cannot be taken, or a sample not be written, as a sentence without a full stop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One format. A module of `oa.data.formats` defines one as `FORMAT`, and is all that a new format needs."""

    name: str
    summary: str
    """What its rows hold, for the list of formats."""
    fits: Callable[[Fields], bool]
    """Whether a row looks like one of this format."""
    read: Callable[[Lines], Iterator[Sample | Fault]]
    gives: Kind
    """What reading gives."""
    write: Callable[[Any], Iterator[msgspec.Struct]] | None = None
    """The rows of a sample of the kind `gives`. None for a format that is only read. May raise `Unfit`."""
    row: type[msgspec.Struct] | None = None
    """What `write` gives, for files with columns; None where a row has no fixed columns."""
    order: int = 50
    """Formats are tried in this order when a file does not say what it is: the particular before the general."""


RowType = TypeVar("RowType", bound=msgspec.Struct)


def each_row(
    row: type[RowType], convert: Callable[[RowType], Iterator[Sample]]
) -> Callable[[Lines], Iterator[Sample | Fault]]:
    """A reader of files in which every row is by itself."""
    decoder = msgspec.json.Decoder(row)

    def read(lines: Lines) -> Iterator[Sample | Fault]:
        for number, line in lines.lines():
            try:
                yield from convert(decoded(decoder, line))
            except Unfit as error:
                yield Fault(number, str(error))

    return read


def decoded(decoder: msgspec.json.Decoder[RowType], line: bytes | None) -> RowType:
    """The row in a line.

    Raises:
        Unfit: it is not one.
    """
    if line is None:
        raise Unfit("the line is too long")
    try:
        return decoder.decode(line)
    except msgspec.ValidationError as error:
        reason, _, place = str(error).partition(" - at `$.")
        raise Unfit(f"{place.removesuffix('`')}: {reason}" if place else reason) from None
    except msgspec.DecodeError as error:
        raise Unfit(f"it is not valid JSON ({error})") from None
    except UnicodeDecodeError:
        raise Unfit("it is not text in UTF-8") from None
    except RecursionError:
        raise Unfit("it is nested too deeply") from None


def has(fields: Fields, *names: str) -> bool:
    """Whether a row has all of these fields."""
    return all(name in fields for name in names)


def has_text(fields: Fields, *names: str) -> bool:
    """Whether a row has all of these fields, and text in each."""
    return all(isinstance(fields.get(name), str) for name in names)


# --- texts with speakers in them -------------------------------------------------------------------------------------


def spoken(text: str, markers: re.Pattern[str]) -> Sequence[tuple[str, str]]:
    """A text cut at its markers, as pairs of the marker's group and what follows it, without surrounding space.

    Raises:
        Unfit: something stands before the first marker, or there is none.
    """
    before, *parts = markers.split(text)
    if not parts or before.strip():
        raise Unfit("its text does not begin with a speaker")
    return [(parts[at], parts[at + 1].strip()) for at in range(0, len(parts), 2)]
