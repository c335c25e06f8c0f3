"""Rows that several formats share: turns in the form of the OpenAI API, and where a sample is from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any, TypeVar, cast

import msgspec

from oa.data.format import Unfit
from oa.domain.samples import About, Speaker, Turn

SPEAKERS = {
    "system": Speaker.SYSTEM,
    "developer": Speaker.SYSTEM,
    "user": Speaker.USER,
    "human": Speaker.USER,
    "prompter": Speaker.USER,
    "assistant": Speaker.ASSISTANT,
    "gpt": Speaker.ASSISTANT,
    "bot": Speaker.ASSISTANT,
    "chatgpt": Speaker.ASSISTANT,
    "model": Speaker.ASSISTANT,
    "tool": Speaker.TOOL,
    "function": Speaker.TOOL,
    "ipython": Speaker.TOOL,
    "observation": Speaker.TOOL,
    "function_call": Speaker.ASSISTANT,
}
"""Who speaks, by every name that files give them."""


class ContentPart(msgspec.Struct, frozen=True, omit_defaults=True):
    type: str = ""
    text: str | None = None


class TurnRow(msgspec.Struct, frozen=True, omit_defaults=True):
    role: str
    content: str | list[ContentPart] | None = None
    name: str | None = None
    tool_calls: list[dict[str, Any]] | str | None = None
    labels: dict[str, float] | str | None = None


class AboutRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    id: str | int | None = None
    tree_id: str | None = None
    lang: str | None = None
    source: str | None = None
    metadata: Any = None


def about_of(row: AboutRow) -> About:
    return About(
        id=None if row.id is None else str(row.id),
        tree=row.tree_id,
        lang=row.lang,
        source=row.source,
        extra=extra_of(row.metadata),
    )


def about_fields(about: About) -> dict[str, Any]:
    """The fields of an `AboutRow`."""
    extra = dict(about.extra) or None
    return {"id": about.id, "tree_id": about.tree, "lang": about.lang, "source": about.source, "metadata": extra}


def extra_of(metadata: object) -> dict[str, Any]:
    """What a field of free form says: an object, the same as JSON in a text, or any other value under one name."""
    if isinstance(metadata, str):
        with suppress(msgspec.DecodeError):
            metadata = msgspec.json.decode(metadata)
    if metadata in (None, "", {}):
        return {}
    return cast(dict[str, Any], metadata) if isinstance(metadata, dict) else {"metadata": metadata}


FreeType = TypeVar("FreeType")


def free(value: FreeType | str | None, kind: type[FreeType]) -> FreeType | None:
    """A value of free form: as it is in JSON, or as JSON in a text, which is how files with columns hold it.

    Raises:
        Unfit: the text is no JSON, or says something else.
    """
    if not isinstance(value, str):
        return value
    try:
        return msgspec.json.decode(value, type=kind) if value else None
    except msgspec.DecodeError as error:
        raise Unfit(f"a field that should hold JSON does not ({error})") from None


def speaker_of(role: str) -> Speaker:
    try:
        return SPEAKERS[role.casefold()]
    except KeyError:
        raise Unfit(f"{role!r} is no role: there are {', '.join(Speaker)}") from None


def turns_from(rows: Iterable[TurnRow]) -> tuple[Turn, ...]:
    """Turns in order, at least one.

    Raises:
        Unfit: there is none, a role is unknown, or something is said in pictures or sound.
    """
    turns = tuple(map(_turn, rows))
    if not turns:
        raise Unfit("it has no turns")
    return turns


def _turn(row: TurnRow) -> Turn:
    return Turn(
        speaker_of(row.role),
        _text(row.content),
        row.name,
        tuple(free(row.tool_calls, list[dict[str, Any]]) or ()),
        free(row.labels, dict[str, float]) or {},
    )


def _text(content: str | list[ContentPart] | None) -> str:
    if content is None or isinstance(content, str):
        return content or ""
    texts = [part.text for part in content if part.text is not None]
    if len(texts) < len(content):
        raise Unfit("a turn has parts that are not text")
    return "".join(texts)


def rows_from(turns: Sequence[Turn]) -> list[TurnRow]:
    return [
        TurnRow(
            turn.speaker,
            turn.text,
            turn.name,
            [dict(call) for call in turn.tool_calls] or None,
            labels=dict(turn.labels) or None,
        )
        for turn in turns
    ]


def split_reply(turns: Sequence[Turn]) -> tuple[tuple[Turn, ...], Turn]:
    """The turns before the last, and the last, which must be the assistant's.

    Raises:
        Unfit: it is not.
    """
    if not turns or turns[-1].speaker is not Speaker.ASSISTANT:
        raise Unfit("it does not end with a reply of the assistant")
    return tuple(turns[:-1]), turns[-1]


def plain_turns(pairs: Iterable[tuple[Speaker, str | None]]) -> tuple[Turn, ...]:
    """Turns of those that say something.

    Raises:
        Unfit: nobody does.
    """
    turns = tuple(Turn(speaker, text) for speaker, text in pairs if text and text.strip())
    if not turns:
        raise Unfit("it has no text")
    return turns


def single_exchange(turns: Sequence[Turn]) -> tuple[str | None, str, str]:
    """System message, question and answer, for formats that hold no more.

    Raises:
        Unfit: there is more than one exchange, or something else.
    """
    system = turns[0].text if turns and turns[0].speaker is Speaker.SYSTEM else None
    rest = turns if system is None else turns[1:]
    if [turn.speaker for turn in rest] != [Speaker.USER, Speaker.ASSISTANT]:
        raise Unfit("the format holds one question and one answer")
    return system, rest[0].text, rest[1].text
