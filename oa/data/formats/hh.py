"""Anthropic's helpful and harmless dialogues: two whole texts that differ in the last reply.

Source: https://huggingface.co/datasets/Anthropic/hh-rlhf
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import msgspec

from oa.data.format import Fields, Format, Unfit, each_row, has_text, spoken
from oa.data.rows import speaker_of, split_reply
from oa.domain.samples import Kind, Preference, Speaker, Turn

MARKERS = re.compile(r"(?:\A|\n\n)(Human|Assistant):")
NAMES = {Speaker.USER: "Human", Speaker.ASSISTANT: "Assistant"}


class Row(msgspec.Struct, frozen=True, kw_only=True):
    chosen: str
    rejected: str


def _fits(fields: Fields) -> bool:
    return has_text(fields, "chosen", "rejected") and "\n\nAssistant:" in fields["chosen"]


def _read(row: Row) -> Iterator[Preference]:
    left, chosen = split_reply(_dialogue(row.chosen))
    right, rejected = split_reply(_dialogue(row.rejected))
    if left != right:
        raise Unfit("the two dialogues differ before their last replies")
    yield Preference(left, chosen, rejected)


def _dialogue(text: str) -> tuple[Turn, ...]:
    return tuple(Turn(speaker_of(speaker), said) for speaker, said in spoken(text, MARKERS))


def _write(sample: Preference) -> Iterator[msgspec.Struct]:
    before = _text(sample.prompt)
    yield Row(chosen=before + _text([sample.chosen]), rejected=before + _text([sample.rejected]))


def _text(turns: Sequence[Turn]) -> str:
    if any(turn.speaker not in NAMES for turn in turns):
        raise Unfit("the format has a human and an assistant and nobody else")
    if any(MARKERS.search(f"\n\n{turn.text}") for turn in turns):
        raise Unfit("a text in it looks as if somebody else spoke next")
    return "".join(f"\n\n{NAMES[turn.speaker]}: {turn.text}" for turn in turns)


FORMAT = Format(
    name="hh",
    summary="{chosen, rejected}, whole dialogues with Human: and Assistant:",
    fits=_fits,
    read=each_row(Row, _read),
    gives=Kind.PREFERENCE,
    write=_write,
    row=Row,
    order=10,
)
