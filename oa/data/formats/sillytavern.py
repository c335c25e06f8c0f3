"""A chat of SillyTavern: one message a row, all of them one conversation. Only read.

Source: https://docs.sillytavern.app
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from oa.data.format import Fields, Format, Lines, Unfit, decoded, has
from oa.domain.records import Fault
from oa.domain.samples import About, Conversation, Kind, Speaker, Turn


class Metadata(msgspec.Struct, frozen=True):
    note_prompt: str | None = None


class Row(msgspec.Struct, frozen=True, kw_only=True):
    mes: str | None = None
    is_user: bool = False
    is_system: bool = False
    name: str | None = None
    chat_metadata: Metadata | None = None


_decoder = msgspec.json.Decoder(Row)


def _fits(fields: Fields) -> bool:
    return has(fields, "mes", "is_user") or isinstance(fields.get("chat_metadata"), dict)


def _read(lines: Lines) -> Iterator[Conversation | Fault]:
    """The first row may say something of the chat; messages of the program itself are left out."""
    turns: list[Turn] = []
    for number, line in lines.lines():
        try:
            row = decoded(_decoder, line)
        except Unfit as error:
            yield Fault(number, str(error))
            continue
        if row.chat_metadata is not None and row.chat_metadata.note_prompt:
            turns.append(Turn(Speaker.SYSTEM, row.chat_metadata.note_prompt))
        if row.mes is not None and row.mes.strip() and not row.is_system:
            turns.append(Turn(Speaker.USER if row.is_user else Speaker.ASSISTANT, row.mes, row.name))
    if any(turn.speaker is not Speaker.SYSTEM for turn in turns):
        yield Conversation(tuple(turns), about=About(source=lines.name))


FORMAT = Format(
    name="sillytavern",
    summary="a chat: rows of {name, is_user, mes} (read only)",
    fits=_fits,
    read=_read,
    gives=Kind.CONVERSATION,
    order=20,
)
