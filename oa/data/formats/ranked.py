"""Several replies to the same turns, best first; also the files with which Open-Assistant augmented its rankings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import cycle

import msgspec

from oa.data.format import Fields, Format, Unfit, each_row
from oa.data.rows import AboutRow, TurnRow, about_fields, about_of, rows_from, turns_from
from oa.domain.samples import Kind, RankedGroup, Speaker, Turn


class Row(AboutRow, frozen=True, kw_only=True, omit_defaults=True):
    prompt: list[TurnRow] | str
    replies: list[TurnRow]
    ranks: list[int] | None = None


class Anything(AboutRow, frozen=True, kw_only=True):
    prompt: list[TurnRow] | str | None = None
    replies: list[TurnRow | str] | None = None
    ranks: list[int] | None = None
    prefixes: list[str] | None = None
    responses: list[str] | None = None


def _fits(fields: Fields) -> bool:
    named = isinstance(fields.get("replies"), list) and isinstance(fields.get("prompt"), str | list)
    return named or (isinstance(fields.get("prefixes"), list) and isinstance(fields.get("responses"), list))


def _read(row: Anything) -> Iterator[RankedGroup]:
    if row.prefixes is not None:
        speakers = cycle((Speaker.USER, Speaker.ASSISTANT))
        prompt = tuple(Turn(speaker, text) for speaker, text in zip(speakers, row.prefixes, strict=False))
    else:
        given = row.prompt or []
        prompt = (Turn(Speaker.USER, given),) if isinstance(given, str) else turns_from(given)
    replies = _replies(row.replies or row.responses or [])
    ranks = tuple(row.ranks or range(len(replies)))
    if len(ranks) != len(replies) or sorted(ranks) != list(ranks):
        raise Unfit("ranks must be one for each reply, and must not fall")
    yield RankedGroup(prompt, replies, ranks, about_of(row))


def _replies(rows: Sequence[TurnRow | str]) -> tuple[Turn, ...]:
    texts = [TurnRow("assistant", row) if isinstance(row, str) else row for row in rows]
    replies = turns_from(texts)
    if any(reply.speaker is not Speaker.ASSISTANT for reply in replies):
        raise Unfit("a reply that is ranked must be the assistant's")
    return replies


def _write(sample: RankedGroup) -> Iterator[msgspec.Struct]:
    yield Row(
        prompt=rows_from(sample.prompt),
        replies=rows_from(sample.replies),
        ranks=list(sample.ranks),
        **about_fields(sample.about),
    )


FORMAT = Format(
    name="ranked",
    summary="{prompt, replies: best first, ranks}; {prefixes, responses}",
    fits=_fits,
    read=each_row(Anything, _read),
    gives=Kind.RANKED,
    write=_write,
    row=Row,
    order=20,
)
