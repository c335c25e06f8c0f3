"""Dolphin: Alpaca's fields, but the instruction is the system prompt and the input the question."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from oa.data.format import Fields, Format, each_row, has_text
from oa.data.rows import plain_turns, single_exchange
from oa.domain.samples import Conversation, Kind, Speaker


class Row(msgspec.Struct, frozen=True, kw_only=True):
    instruction: str
    input: str
    output: str


def _fits(fields: Fields) -> bool:
    """Told from Alpaca by its words: who is addressed as an assistant is given a role, not a task."""
    return (
        has_text(fields, "instruction", "input", "output")
        and bool(fields["input"])
        and fields["instruction"].startswith(("You are an AI assistant", "You are a helpful assistant"))
    )


def _read(row: Row) -> Iterator[Conversation]:
    said = [(Speaker.SYSTEM, row.instruction), (Speaker.USER, row.input), (Speaker.ASSISTANT, row.output)]
    yield Conversation(plain_turns(said))


def _write(sample: Conversation) -> Iterator[msgspec.Struct]:
    system, asked, answer = single_exchange(sample.turns)
    yield Row(instruction=system or "", input=asked, output=answer)


FORMAT = Format(
    name="dolphin",
    summary="{instruction: system, input, output}",
    fits=_fits,
    read=each_row(Row, _read),
    gives=Kind.CONVERSATION,
    write=_write,
    row=Row,
    order=30,
)
