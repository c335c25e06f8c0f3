"""GPT4All's conversations: `User` and `Bot`. Only read."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from oa.data.format import Fields, Format, each_row
from oa.data.rows import AboutRow, about_of, plain_turns
from oa.domain.samples import Conversation, Kind, Speaker


class Exchange(msgspec.Struct, frozen=True):
    User: str | None = None
    Bot: str | None = None


class Row(AboutRow, frozen=True, kw_only=True):
    conversation: list[Exchange]


def _fits(fields: Fields) -> bool:
    match fields.get("conversation"):
        case [{"User": _, "Bot": _}, *_]:
            return True
        case _:
            return False


def _read(row: Row) -> Iterator[Conversation]:
    said: list[tuple[Speaker, str | None]] = []
    for exchange in row.conversation:
        said += [(Speaker.USER, exchange.User), (Speaker.ASSISTANT, exchange.Bot)]
    yield Conversation(plain_turns(said), about=about_of(row))


FORMAT = Format(
    name="gpt4all",
    summary="{conversation: [{User, Bot}]} (read only)",
    fits=_fits,
    read=each_row(Row, _read),
    gives=Kind.CONVERSATION,
    order=20,
)
