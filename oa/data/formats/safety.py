"""Dialogues about what is safe, as ProsocialDialog was given to Open-Assistant: a row for each exchange."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from oa.data.format import Fields, Format, Lines, Unfit, decoded, has
from oa.data.rows import plain_turns
from oa.domain.records import Fault
from oa.domain.samples import About, Conversation, Kind, Speaker


class Row(msgspec.Struct, frozen=True, kw_only=True):
    USER: str
    RESPONSE: str
    ROTs: list[str] | str | None = None
    """Rules of thumb that the response goes by."""
    SAFETY_LABEL: str | None = None
    EPISODE_DONE: bool | None = None
    SOURCE: str | None = None


class Written(msgspec.Struct, frozen=True, kw_only=True):
    USER: str
    RESPONSE: str
    ROTs: list[str]
    SAFETY_LABEL: str | None
    EPISODE_DONE: bool
    SOURCE: str | None


_decoder = msgspec.json.Decoder(Row)


def _fits(fields: Fields) -> bool:
    return has(fields, "USER", "RESPONSE")


def _read(lines: Lines) -> Iterator[Conversation | Fault]:
    """Rows up to one that says the episode is done are one conversation."""
    episode: list[Row] = []
    for number, line in lines.lines():
        try:
            episode.append(decoded(_decoder, line))
            if episode[-1].EPISODE_DONE is not False:
                whole, episode = episode, []
                yield _conversation(whole)
        except Unfit as error:
            yield Fault(number, str(error))
    if episode:
        yield _conversation(episode)


def _conversation(rows: Sequence[Row]) -> Conversation:
    said: list[tuple[Speaker, str | None]] = []
    for row in rows:
        said += [(Speaker.USER, row.USER), (Speaker.ASSISTANT, row.RESPONSE)]
    rules = [[row.ROTs] if isinstance(row.ROTs, str) else row.ROTs or [] for row in rows]
    labels = [row.SAFETY_LABEL for row in rows]
    extra = {"rules_of_thumb": rules, "safety_labels": labels}
    return Conversation(plain_turns(said), about=About(source=rows[0].SOURCE, extra=extra))


def _write(sample: Conversation) -> Iterator[msgspec.Struct]:
    turns = sample.turns
    count = len(turns) // 2
    if [turn.speaker for turn in turns] != [Speaker.USER, Speaker.ASSISTANT] * count:
        raise Unfit("the format holds questions and answers in turn")
    extra = sample.about.extra
    rules = msgspec.convert(extra.get("rules_of_thumb") or [[]] * count, list[list[str]])
    labels = msgspec.convert(extra.get("safety_labels") or [None] * count, list[str | None])
    for at in range(count):
        yield Written(
            USER=turns[2 * at].text,
            RESPONSE=turns[2 * at + 1].text,
            ROTs=rules[at],
            SAFETY_LABEL=labels[at],
            EPISODE_DONE=at == count - 1,
            SOURCE=sample.about.source,
        )


FORMAT = Format(
    name="safety",
    summary="{USER, RESPONSE, ROTs, SAFETY_LABEL, EPISODE_DONE, SOURCE}",
    fits=_fits,
    read=_read,
    gives=Kind.CONVERSATION,
    write=_write,
    row=Written,
    order=20,
)
