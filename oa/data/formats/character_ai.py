"""Chats with a character, as people took them out of CharacterAI: the character, and every chat with it. Only read."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from oa.data.format import Fields, Format, Unfit, each_row
from oa.domain.samples import About, Conversation, Kind, Speaker, Turn

DOTS = re.compile(r"\.{4,}")


class Character(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    description: str | None = None
    external_id: str | None = None


class Info(msgspec.Struct, frozen=True):
    character: Character


class Source(msgspec.Struct, frozen=True):
    is_human: bool = False


class Message(msgspec.Struct, frozen=True):
    text: str
    src: Source


class History(msgspec.Struct, frozen=True):
    msgs: list[Message] = []


class Histories(msgspec.Struct, frozen=True):
    histories: list[History]


class Row(msgspec.Struct, frozen=True):
    info: Info
    histories: Histories


def _fits(fields: Fields) -> bool:
    return set(fields) >= {"info", "histories"} and isinstance(fields["histories"], dict)


def _read(row: Row) -> Iterator[Conversation]:
    """Each chat that somebody has answered in; the description of the character is the system message."""
    character = row.info.character
    persona = f"{character.name}'s Persona: {character.description}" if character.description else None
    found = False
    for history in row.histories.histories:
        said = [_turn(message, character.name) for message in history.msgs if message.text.strip()]
        if {turn.speaker for turn in said} == {Speaker.USER, Speaker.ASSISTANT}:
            found = True
            system = [Turn(Speaker.SYSTEM, persona)] if persona else []
            yield Conversation((*system, *said), about=About(id=character.external_id, source="characterai"))
    if not found:
        raise Unfit("nobody said anything in its chats")


def _turn(message: Message, name: str) -> Turn:
    text = DOTS.sub("...", message.text)
    return Turn(Speaker.USER, text) if message.src.is_human else Turn(Speaker.ASSISTANT, text, name)


FORMAT = Format(
    name="character-ai",
    summary="{info: {character}, histories: {histories: [{msgs}]}} (read only)",
    fits=_fits,
    read=each_row(Row, _read),
    gives=Kind.CONVERSATION,
    order=10,
)
