"""Alpaca's instructions with a better and a worse answer: in a list, or as `chosen` and `rejected`."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from oa.data.format import Fields, Format, Unfit, each_row
from oa.data.formats.alpaca import question
from oa.data.rows import AboutRow, about_fields, about_of, plain_turns, single_exchange
from oa.domain.samples import Kind, Preference, Speaker, Turn


class Row(AboutRow, frozen=True, kw_only=True, omit_defaults=True):
    instruction: str
    input: str | None = None
    output: list[str] | None = None
    chosen: str | None = None
    rejected: str | None = None
    system: str | None = None


def _fits(fields: Fields) -> bool:
    pair = all(isinstance(fields.get(name), str) for name in ("chosen", "rejected"))
    return "instruction" in fields and (pair or isinstance(fields.get("output"), list))


def _read(row: Row) -> Iterator[Preference]:
    answers = [row.chosen, row.rejected] if row.output is None else row.output
    match answers:
        case [str(better), str(worse)] if better and worse:
            asked = question(row.instruction, row.input)
            prompt = plain_turns([(Speaker.SYSTEM, row.system), (Speaker.USER, asked)])
            yield Preference(prompt, Turn(Speaker.ASSISTANT, better), Turn(Speaker.ASSISTANT, worse), about_of(row))
        case _:
            raise Unfit("it does not have two answers")


def _write(sample: Preference) -> Iterator[msgspec.Struct]:
    system, asked, better = single_exchange((*sample.prompt, sample.chosen))
    yield Row(
        instruction=asked,
        input="",
        chosen=better,
        rejected=sample.rejected.text,
        system=system,
        **about_fields(sample.about),
    )


FORMAT = Format(
    name="alpaca-ranked",
    summary="{instruction, input, output: [better, worse]}; {instruction, chosen, rejected}",
    fits=_fits,
    read=each_row(Row, _read),
    gives=Kind.PREFERENCE,
    write=_write,
    row=Row,
    order=15,
)
