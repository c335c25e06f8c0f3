"""Conversations as ShareGPT and Vicuna have them: `from` and `value`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from oa.data.format import Fields, Format, Unfit, each_row
from oa.data.rows import AboutRow, about_fields, about_of, free, speaker_of
from oa.domain.samples import Conversation, Kind, Speaker, Turn

NAMES = {
    Speaker.SYSTEM: "system",
    Speaker.USER: "human",
    Speaker.ASSISTANT: "gpt",
    Speaker.TOOL: "observation",
}


class Said(msgspec.Struct, frozen=True):
    speaker: str = msgspec.field(name="from")
    value: str | None = None


class Row(AboutRow, frozen=True, kw_only=True, omit_defaults=True):
    conversations: list[Said]
    system: str | None = None
    tools: list[dict[str, Any]] | str | None = None


def _fits(fields: Fields) -> bool:
    match fields.get("conversations"):
        case [{"from": _}, *_]:
            return True
        case _:
            return False


def _read(row: Row) -> Iterator[Conversation]:
    said = [Turn(speaker_of(one.speaker), one.value or "") for one in row.conversations]
    turns = merged([Turn(Speaker.SYSTEM, row.system or ""), *said])
    first = next((turn for turn in turns if turn.speaker is not Speaker.SYSTEM), None)
    if first is None or first.speaker is not Speaker.USER:
        raise Unfit("it does not begin with the human")
    tools = free(row.tools, list[dict[str, Any]])
    yield Conversation(tuple(turns), tuple(tools or ()), about_of(row))


def merged(turns: Sequence[Turn]) -> list[Turn]:
    """The turns without empty ones, and with those of one speaker in a row as one."""
    kept: list[Turn] = []
    for turn in turns:
        if not turn.text.strip():
            continue
        if kept and kept[-1].speaker is turn.speaker:
            kept[-1] = Turn(turn.speaker, f"{kept[-1].text}\n{turn.text}")
        else:
            kept.append(turn)
    return kept


def _write(sample: Conversation) -> Iterator[msgspec.Struct]:
    if any(turn.tool_calls for turn in sample.turns):
        raise Unfit("the format has no room for calls of tools")
    system = sample.turns[0].text if sample.turns[0].speaker is Speaker.SYSTEM else None
    turns = sample.turns if system is None else sample.turns[1:]
    said = [Said(NAMES[turn.speaker], turn.text) for turn in turns]
    tools = msgspec.json.encode(sample.tools).decode() if sample.tools else None
    yield Row(conversations=said, system=system, tools=tools, **about_fields(sample.about))


FORMAT = Format(
    name="sharegpt",
    summary="{conversations: [{from: human or gpt, value}], system}",
    fits=_fits,
    read=each_row(Row, _read),
    gives=Kind.CONVERSATION,
    write=_write,
    row=Row,
    order=20,
)
