"""Prompts that wait for an answer, as TRL's reinforcement learning has them."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from oa.data.format import Fields, Format, each_row
from oa.data.rows import AboutRow, TurnRow, about_fields, about_of, rows_from, turns_from
from oa.domain.samples import Kind, Prompt, Speaker, Turn


class Row(AboutRow, frozen=True, kw_only=True, omit_defaults=True):
    prompt: list[TurnRow] | str


def _fits(fields: Fields) -> bool:
    others = {"completion", "response", "generation", "chosen", "rejected", "replies", "label", "message_tree_id"}
    return isinstance(fields.get("prompt"), str | list) and not others & set(fields)


def _read(row: Row) -> Iterator[Prompt]:
    turns = (Turn(Speaker.USER, row.prompt),) if isinstance(row.prompt, str) else turns_from(row.prompt)
    yield Prompt(turns, about_of(row))


def _write(sample: Prompt) -> Iterator[msgspec.Struct]:
    yield Row(prompt=rows_from(sample.turns), **about_fields(sample.about))


FORMAT = Format(
    name="prompts",
    summary="{prompt}, text or messages",
    fits=_fits,
    read=each_row(Row, _read),
    gives=Kind.PROMPT,
    write=_write,
    row=Row,
    order=40,
)
