"""One instruction and its answer, as Alpaca has them, with what came before where a file says so."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from oa.data.format import Fields, Format, Unfit, each_row, has_text
from oa.data.rows import AboutRow, about_fields, about_of, plain_turns
from oa.domain.samples import Conversation, Kind, Speaker

NO_INPUT = frozenset({"", "no input", "noinput", "<noinput>", "n/a", "none"})


class Row(AboutRow, frozen=True, kw_only=True, omit_defaults=True):
    instruction: str
    input: str | None = None
    output: str
    system: str | None = None
    history: list[list[str]] | None = None


def _fits(fields: Fields) -> bool:
    return has_text(fields, "instruction", "output")


def question(instruction: str, more: str | None) -> str:
    """Instruction and input as one text; an input that says nothing, or nothing new, is left out."""
    plain = (more or "").strip()
    if plain.casefold().rstrip(".") in NO_INPUT or plain in instruction:
        return instruction
    return f"{instruction}\n{plain}"


def _read(row: Row) -> Iterator[Conversation]:
    said: list[tuple[Speaker, str | None]] = [(Speaker.SYSTEM, row.system)]
    for pair in row.history or ():
        if len(pair) != 2:
            raise Unfit("its history is not made of pairs")
        said += [(Speaker.USER, pair[0]), (Speaker.ASSISTANT, pair[1])]
    said += [(Speaker.USER, question(row.instruction, row.input)), (Speaker.ASSISTANT, row.output)]
    yield Conversation(plain_turns(said), about=about_of(row))


def _write(sample: Conversation) -> Iterator[msgspec.Struct]:
    system = sample.turns[0].text if sample.turns[0].speaker is Speaker.SYSTEM else None
    turns = sample.turns if system is None else sample.turns[1:]
    expected = [Speaker.USER, Speaker.ASSISTANT] * (len(turns) // 2)
    if not turns or [turn.speaker for turn in turns] != expected:
        raise Unfit("the format holds questions and answers in turn")
    texts = [turn.text for turn in turns]
    history = [texts[at : at + 2] for at in range(0, len(texts) - 2, 2)] or None
    yield Row(
        instruction=texts[-2],
        input="",
        output=texts[-1],
        system=system,
        history=history,
        **about_fields(sample.about),
    )


FORMAT = Format(
    name="alpaca",
    summary="{instruction, input, output}, with system and history",
    fits=_fits,
    read=each_row(Row, _read),
    gives=Kind.CONVERSATION,
    write=_write,
    row=Row,
    order=40,
)
