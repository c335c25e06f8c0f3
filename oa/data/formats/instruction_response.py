"""The columns in which data sets were given to Open-Assistant: `INSTRUCTION, RESPONSE, SOURCE, METADATA`."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from oa.data.format import Fields, Format, each_row, has_text
from oa.data.rows import extra_of, plain_turns, single_exchange
from oa.domain.samples import About, Conversation, Kind, Speaker


class Row(msgspec.Struct, frozen=True, kw_only=True):
    INSTRUCTION: str
    RESPONSE: str
    SOURCE: str | None = None
    METADATA: str | None = None
    """JSON."""


class Anything(msgspec.Struct, frozen=True, kw_only=True):
    INSTRUCTION: str
    RESPONSE: str | list[str]
    SOURCE: str | None = None
    METADATA: object = None


def _fits(fields: Fields) -> bool:
    return has_text(fields, "INSTRUCTION") and isinstance(fields.get("RESPONSE"), str | list)


def _read(row: Anything) -> Iterator[Conversation]:
    about = About(source=row.SOURCE, extra=extra_of(row.METADATA))
    for answer in [row.RESPONSE] if isinstance(row.RESPONSE, str) else row.RESPONSE:
        yield Conversation(plain_turns([(Speaker.USER, row.INSTRUCTION), (Speaker.ASSISTANT, answer)]), about=about)


def _write(sample: Conversation) -> Iterator[msgspec.Struct]:
    _, asked, answer = single_exchange(sample.turns)
    extra = dict(sample.about.extra)
    if sample.about.lang is not None:
        extra["lang"] = sample.about.lang
    metadata = msgspec.json.encode(extra).decode() if extra else None
    yield Row(INSTRUCTION=asked, RESPONSE=answer, SOURCE=sample.about.source, METADATA=metadata)


FORMAT = Format(
    name="instruction-response",
    summary="{INSTRUCTION, RESPONSE, SOURCE, METADATA}",
    fits=_fits,
    read=each_row(Anything, _read),
    gives=Kind.CONVERSATION,
    write=_write,
    row=Row,
    order=30,
)
