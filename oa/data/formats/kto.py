"""One reply and whether it is wanted, as TRL's KTO has them.

Source: https://huggingface.co/docs/trl/dataset_formats
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from oa.data.format import Fields, Format, each_row
from oa.data.rows import AboutRow, TurnRow, about_fields, about_of, rows_from, split_reply, turns_from
from oa.domain.samples import Kind, Speaker, Turn, Verdict


class Row(AboutRow, frozen=True, kw_only=True, omit_defaults=True):
    prompt: list[TurnRow] | str
    completion: list[TurnRow] | str
    label: bool | Literal[0, 1]


def _fits(fields: Fields) -> bool:
    return "prompt" in fields and "completion" in fields and isinstance(fields.get("label"), bool | int)


def _read(row: Row) -> Iterator[Verdict]:
    prompt = (Turn(Speaker.USER, row.prompt),) if isinstance(row.prompt, str) else turns_from(row.prompt)
    said = row.completion
    more, reply = split_reply((Turn(Speaker.ASSISTANT, said),) if isinstance(said, str) else turns_from(said))
    yield Verdict((*prompt, *more), reply, bool(row.label), about_of(row))


def _write(sample: Verdict) -> Iterator[msgspec.Struct]:
    yield Row(
        prompt=rows_from(sample.prompt),
        completion=rows_from([sample.reply]),
        label=sample.is_good,
        **about_fields(sample.about),
    )


FORMAT = Format(
    name="kto",
    summary="{prompt, completion, label: true or false}",
    fits=_fits,
    read=each_row(Row, _read),
    gives=Kind.VERDICT,
    write=_write,
    row=Row,
    order=10,
)
