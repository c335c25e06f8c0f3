"""OIG: a conversation in one text, with `<human>:` and `<bot>:` before what each says. Only read.

Source: https://huggingface.co/datasets/laion/OIG
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from oa.data.format import Fields, Format, each_row, has_text, spoken
from oa.data.rows import AboutRow, about_of, plain_turns, speaker_of
from oa.domain.samples import Conversation, Kind

MARKERS = re.compile(r"(?:\A|\n)\s*<(human|bot)>:")


class Row(AboutRow, frozen=True, kw_only=True):
    text: str


def _fits(fields: Fields) -> bool:
    return has_text(fields, "text") and MARKERS.match(fields["text"]) is not None and "\n<bot>:" in fields["text"]


def _read(row: Row) -> Iterator[Conversation]:
    said = [(speaker_of(speaker), text) for speaker, text in spoken(row.text, MARKERS)]
    yield Conversation(plain_turns(said), about=about_of(row))


FORMAT = Format(
    name="oig",
    summary="{text: <human>: ... <bot>: ...} (read only)",
    fits=_fits,
    read=each_row(Row, _read),
    gives=Kind.CONVERSATION,
    order=30,
)
