"""Conversations as TRL and the OpenAI API have them.

Source: https://huggingface.co/docs/trl/dataset_formats, https://platform.openai.com/docs/guides/fine-tuning
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from oa.data.format import Fields, Format, each_row
from oa.data.rows import AboutRow, TurnRow, about_fields, about_of, free, rows_from, turns_from
from oa.domain.samples import Conversation, Kind


class Row(AboutRow, frozen=True, kw_only=True, omit_defaults=True):
    messages: list[TurnRow]
    tools: list[dict[str, Any]] | str | None = None


def _fits(fields: Fields) -> bool:
    match fields.get("messages"):
        case [{"role": _}, *_]:
            return True
        case _:
            return False


def _read(row: Row) -> Iterator[Conversation]:
    yield Conversation(turns_from(row.messages), tuple(free(row.tools, list[dict[str, Any]]) or ()), about_of(row))


def _write(sample: Conversation) -> Iterator[msgspec.Struct]:
    tools = [dict(tool) for tool in sample.tools] or None
    yield Row(messages=rows_from(sample.turns), tools=tools, **about_fields(sample.about))


FORMAT = Format(
    name="messages",
    summary="{messages: [{role, content}]}",
    fits=_fits,
    read=each_row(Row, _read),
    gives=Kind.CONVERSATION,
    write=_write,
    row=Row,
    order=20,
)
