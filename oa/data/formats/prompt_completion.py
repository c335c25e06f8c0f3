"""One prompt and what follows it: `completion` (TRL, OpenAI), `response`, or `generation` (Pygmalion)."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from oa.data.format import Fields, Format, Unfit, each_row
from oa.data.rows import AboutRow, TurnRow, about_fields, about_of, rows_from, split_reply, turns_from
from oa.domain.samples import Conversation, Kind, Speaker, Turn

NAMES = ("completion", "response", "generation")


class Row(AboutRow, frozen=True, kw_only=True, omit_defaults=True):
    prompt: list[TurnRow] | str
    completion: list[TurnRow] | str | None = None
    response: str | None = None
    generation: str | None = None


class Written(AboutRow, frozen=True, kw_only=True, omit_defaults=True):
    prompt: list[TurnRow]
    completion: list[TurnRow]


def _fits(fields: Fields) -> bool:
    return isinstance(fields.get("prompt"), str | list) and any(
        isinstance(fields.get(name), str | list) for name in NAMES
    )


def _read(row: Row) -> Iterator[Conversation]:
    completion = row.completion or row.response or row.generation
    if not completion:
        raise Unfit("nothing follows its prompt")
    before = (Turn(Speaker.USER, row.prompt),) if isinstance(row.prompt, str) else turns_from(row.prompt)
    after = (Turn(Speaker.ASSISTANT, completion),) if isinstance(completion, str) else turns_from(completion)
    yield Conversation((*before, *after), about=about_of(row))


def _write(sample: Conversation) -> Iterator[msgspec.Struct]:
    before, reply = split_reply(sample.turns)
    if not before:
        raise Unfit("it has no prompt")
    yield Written(prompt=rows_from(before), completion=rows_from([reply]), **about_fields(sample.about))


FORMAT = Format(
    name="prompt-completion",
    summary="{prompt, completion}; {prompt, response}; {prompt, generation}",
    fits=_fits,
    read=each_row(Row, _read),
    gives=Kind.CONVERSATION,
    write=_write,
    row=Written,
    order=30,
)
