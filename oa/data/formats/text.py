"""Text without roles: `text`, Open-Assistant's `TEXT, SOURCE, METADATA`, and files of text."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from oa.data.format import Fields, Format, Unfit, each_row, has_text
from oa.data.rows import AboutRow, about_fields, about_of, extra_of
from oa.domain.samples import About, Kind, PlainText


class Row(AboutRow, frozen=True, kw_only=True, omit_defaults=True):
    text: str


class Anything(AboutRow, frozen=True, kw_only=True):
    text: str | None = None
    TEXT: str | None = None
    SOURCE: str | None = None
    METADATA: object = None


def _fits(fields: Fields) -> bool:
    return has_text(fields, "text") or has_text(fields, "TEXT")


def _read(row: Anything) -> Iterator[PlainText]:
    named = About(source=row.SOURCE, extra=extra_of(row.METADATA))
    about = about_of(row) if row.TEXT is None else named
    text = row.TEXT or row.text
    if not text or not text.strip():
        raise Unfit("it has no text")
    yield PlainText(text, about)


def _write(sample: PlainText) -> Iterator[msgspec.Struct]:
    yield Row(text=sample.text, **about_fields(sample.about))


FORMAT = Format(
    name="text",
    summary="{text}; {TEXT, SOURCE, METADATA}; a file of text",
    fits=_fits,
    read=each_row(Anything, _read),
    gives=Kind.TEXT,
    write=_write,
    row=Row,
    order=90,
)
