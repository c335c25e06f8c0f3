"""SODA: dialogues of two people, with a narrative of what happens.

Source: https://huggingface.co/datasets/allenai/soda
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from oa.data.format import Fields, Format, Unfit, each_row
from oa.domain.samples import Conversation, Kind, Speaker, Turn


class Row(msgspec.Struct, frozen=True, kw_only=True):
    narrative: str = ""
    dialogue: list[str]
    speakers: list[str]


def _fits(fields: Fields) -> bool:
    return isinstance(fields.get("dialogue"), list) and isinstance(fields.get("speakers"), list)


def _read(row: Row) -> Iterator[Conversation]:
    """The first speaker is the user; the second is who the system message says one is."""
    if len(row.dialogue) != len(row.speakers) or len(row.dialogue) < 2:
        raise Unfit("its dialogue and its speakers are not equally many, or fewer than two")
    first, second = row.speakers[:2]
    if first == second or any(name != row.speakers[at % 2] for at, name in enumerate(row.speakers)):
        raise Unfit("it is not two people who speak in turn")
    turns = [
        Turn(Speaker.ASSISTANT if at % 2 else Speaker.USER, said, name)
        for at, (said, name) in enumerate(zip(row.dialogue, row.speakers, strict=True))
    ]
    yield Conversation((Turn(Speaker.SYSTEM, f"{row.narrative} You are {second}.".strip()), *turns))


def _write(sample: Conversation) -> Iterator[msgspec.Struct]:
    system, *turns = sample.turns
    if system.speaker is not Speaker.SYSTEM or any(turn.name is None for turn in turns):
        raise Unfit("the format needs a narrative and a name for everybody who speaks")
    names = [turn.name or "" for turn in turns]
    narrative = system.text.removesuffix(f" You are {names[1]}.") if len(names) > 1 else system.text
    yield Row(narrative=narrative, dialogue=[turn.text for turn in turns], speakers=names)


FORMAT = Format(
    name="soda",
    summary="{narrative, dialogue: [..], speakers: [..]}",
    fits=_fits,
    read=each_row(Row, _read),
    gives=Kind.CONVERSATION,
    write=_write,
    row=Row,
    order=20,
)
