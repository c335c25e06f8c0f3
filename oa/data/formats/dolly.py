"""Databricks' Dolly: an instruction, a passage to go by, and the answer.

Source: https://huggingface.co/datasets/databricks/databricks-dolly-15k
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from oa.data.format import Fields, Format, each_row, has_text
from oa.data.formats.alpaca import question
from oa.data.rows import plain_turns, single_exchange
from oa.domain.samples import About, Conversation, Kind, Speaker


class Row(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    instruction: str
    context: str = ""
    response: str
    category: str | None = None


def _fits(fields: Fields) -> bool:
    return has_text(fields, "instruction", "response")


def _read(row: Row) -> Iterator[Conversation]:
    asked = question(row.instruction, row.context)
    extra = {} if row.category is None else {"category": row.category}
    turns = plain_turns([(Speaker.USER, asked), (Speaker.ASSISTANT, row.response)])
    yield Conversation(turns, about=About(extra=extra))


def _write(sample: Conversation) -> Iterator[msgspec.Struct]:
    _, asked, answer = single_exchange(sample.turns)
    category = sample.about.extra.get("category")
    yield Row(instruction=asked, response=answer, category=None if category is None else str(category))


FORMAT = Format(
    name="dolly",
    summary="{instruction, context, response, category}",
    fits=_fits,
    read=each_row(Row, _read),
    gives=Kind.CONVERSATION,
    write=_write,
    row=Row,
    order=40,
)
