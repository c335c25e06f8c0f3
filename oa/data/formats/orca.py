"""Orca's system prompts with questions and answers: as columns, or as a conversation under an instruction."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from oa.data.format import Fields, Format, each_row, has_text
from oa.data.rows import AboutRow, about_fields, about_of, plain_turns, single_exchange
from oa.domain.samples import Conversation, Kind, Speaker


class Exchange(msgspec.Struct, frozen=True):
    input: str
    output: str


class Row(AboutRow, frozen=True, kw_only=True, omit_defaults=True):
    system_prompt: str = ""
    question: str
    response: str


class Anything(AboutRow, frozen=True, kw_only=True):
    system_prompt: str | None = None
    question: str | None = None
    response: str | None = None
    instruction: str | None = None
    conversation: list[Exchange] | None = None


def _fits(fields: Fields) -> bool:
    match fields.get("conversation"):
        case [{"input": _, "output": _}, *_]:
            return True
        case _:
            return has_text(fields, "question", "response")


def _read(row: Anything) -> Iterator[Conversation]:
    said: list[tuple[Speaker, str | None]] = [(Speaker.SYSTEM, row.system_prompt or row.instruction)]
    for exchange in row.conversation or (Exchange(row.question or "", row.response or ""),):
        said += [(Speaker.USER, exchange.input), (Speaker.ASSISTANT, exchange.output)]
    yield Conversation(plain_turns(said), about=about_of(row))


def _write(sample: Conversation) -> Iterator[msgspec.Struct]:
    system, asked, answer = single_exchange(sample.turns)
    yield Row(system_prompt=system or "", question=asked, response=answer, **about_fields(sample.about))


FORMAT = Format(
    name="orca",
    summary="{system_prompt, question, response}; {instruction: system, conversation: [{input, output}]}",
    fits=_fits,
    read=each_row(Anything, _read),
    gives=Kind.CONVERSATION,
    write=_write,
    row=Row,
    order=30,
)
