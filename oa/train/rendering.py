"""From a conversation to its text, and which part of it is learned: by a format of ours or the model's own template."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from oa.domain.samples import Speaker, Turn
from oa.domain.templates import SYSTEM, ChatFormat
from oa.errors import BadTemplate

FIRST_STAND_IN = 0xF0000
"""The first of the letters that mean nothing to anybody; each stands for the name of a special token in what people
typed, so that it stays mere text."""


NO_BEGINNING = (
    'the model\'s template does not show where an answer begins: choose a format, such as template = "chatml"'
)


@dataclass(frozen=True, slots=True)
class Rendered:
    """A text, and the parts of it that are learned."""

    text: str
    learned: tuple[tuple[int, int], ...]
    """Begin and end in characters, in order, without overlaps."""


class Renderer(Protocol):
    """Writes conversations down."""

    def render(self, turns: Sequence[Turn], tools: Sequence[Mapping[str, Any]] = (), tag: str = "") -> Rendered:
        """
        Args:
            tag: stands before the last answer, and is not learned.

        Raises:
            BadTemplate: the template has no place for something in it.
        """
        ...

    def question(self, turns: Sequence[Turn], tools: Sequence[Mapping[str, Any]] = (), tag: str = "") -> str:
        """The text up to where the model goes on.

        Raises:
            BadTemplate: as `render`.
        """
        ...


class StandIns:
    """Takes the names of special tokens out of what people typed, and knows them again."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = sorted((name for name in names if name.strip()), key=len, reverse=True)
        letters = f"[{chr(FIRST_STAND_IN)}-{chr(0xFFFFD)}]"
        self._risky = re.compile("|".join([*map(re.escape, self._names), letters]))
        self.letters = re.compile(f"({letters})")

    def put(self, turn: Turn) -> Turn:
        return replace(turn, text=self._risky.sub(self._letter, turn.text)) if self._risky.search(turn.text) else turn

    def _letter(self, found: re.Match[str]) -> str:
        name = found[0]
        return chr(FIRST_STAND_IN + self._names.index(name)) if name in self._names else ""

    def name(self, letter: str) -> str:
        return self._names[ord(letter) - FIRST_STAND_IN]


class FormatRenderer:
    """Writes conversations in one of our formats.

    Source:
        Open-Assistant's `DialogueDataCollator`: an answer is learned from behind its opening to its end, and the
        opening of the turn that follows one. It also learned leading system messages, by mistake; here they are not.
    """

    def __init__(self, form: ChatFormat, end: str) -> None:
        """
        Args:
            end: the tokenizer's end token.
        """
        self._form = form
        self._end = end

    def render(self, turns: Sequence[Turn], tools: Sequence[Mapping[str, Any]] = (), tag: str = "") -> Rendered:
        text = ""
        learned: list[tuple[int, int]] = []
        before: Turn | None = None
        for at, turn in enumerate(turns):
            is_last = at == len(turns) - 1
            opening = self._opening(turn)
            if self._form.hands_over and before is not None and before.speaker is Speaker.ASSISTANT:
                learned.append((len(text), len(text) + len(opening)))
            if is_last and turn.speaker is Speaker.ASSISTANT:
                opening = tag + opening
            text += opening
            start = len(text)
            text += (self._form.lead if opening else "") + turn.text + self._form.closing(turn.speaker, self._end)
            final = self._form.final.replace("{end}", self._end) if is_last else ""
            if turn.speaker is Speaker.ASSISTANT:
                learned.append((start, len(text) + len(final)))
            text += final or self._form.gap
            before = turn
        return Rendered(text, tuple(_joined(learned)))

    def question(self, turns: Sequence[Turn], tools: Sequence[Mapping[str, Any]] = (), tag: str = "") -> str:
        text = ""
        for turn in turns:
            opening = self._opening(turn)
            lead = self._form.lead if opening else ""
            text += opening + lead + turn.text + self._form.closing(turn.speaker, self._end) + self._form.gap
        return text + tag + self._form.opening(Speaker.ASSISTANT)

    def _opening(self, turn: Turn) -> str:
        if turn.tool_calls:
            raise BadTemplate(
                f"the format {self._form.name} has no place for calls of tools: use the model's own template"
            )
        try:
            return self._form.opening(turn.speaker, turn.name)
        except KeyError:
            raise BadTemplate(f"the format {self._form.name} has no place for the role {turn.speaker}") from None


def _joined(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The spans, those as one that touch; none that is empty."""
    joined: list[tuple[int, int]] = []
    for start, end in spans:
        if joined and joined[-1][1] == start:
            joined[-1] = (joined[-1][0], end)
        elif end > start:
            joined.append((start, end))
    return joined


ApplyTemplate = Callable[[list[dict[str, Any]], list[dict[str, Any]] | None, bool], str]
"""Messages, tools and whether to end with what asks for an answer, to a text."""


class OwnRenderer:
    """Writes conversations by the template that a model brings.

    What is learned shows in how the text grows: an answer is what stands behind the text that asks for it. A template
    that writes earlier answers differently once they are earlier gives its last answer alone.
    """

    def __init__(self, apply: ApplyTemplate) -> None:
        self._apply = apply

    def render(self, turns: Sequence[Turn], tools: Sequence[Mapping[str, Any]] = (), tag: str = "") -> Rendered:
        _refuse(tag)
        whole = self._text(turns, tools, asks=False)
        learned: list[tuple[int, int]] = []
        for at, turn in enumerate(turns):
            if turn.speaker is not Speaker.ASSISTANT:
                continue
            so_far = whole if at == len(turns) - 1 else self._text(turns[: at + 1], tools, asks=False)
            asked = self._text(turns[:at], tools, asks=True)
            end = len(so_far.rstrip("\n"))
            if whole.startswith(asked) and whole[:end] == so_far[:end]:
                learned.append((len(asked), end))
        if not learned and any(turn.speaker is Speaker.ASSISTANT for turn in turns):
            raise BadTemplate(NO_BEGINNING)
        return Rendered(whole, tuple(_joined(learned)))

    def question(self, turns: Sequence[Turn], tools: Sequence[Mapping[str, Any]] = (), tag: str = "") -> str:
        _refuse(tag)
        return self._text(turns, tools, asks=True)

    def _text(self, turns: Sequence[Turn], tools: Sequence[Mapping[str, Any]], *, asks: bool) -> str:
        messages = [_message(turn) for turn in turns]
        try:
            return self._apply(messages, [dict(tool) for tool in tools] or None, asks)
        except Exception as error:  # templates are programs of strangers, and fail in every way
            raise BadTemplate(f"the model's template refuses a conversation: {error}") from error


def _refuse(tag: str) -> None:
    if tag:
        raise BadTemplate(f"system tags ({SYSTEM}) need the format oasst-v2.5, not the model's own template")


def _message(turn: Turn) -> dict[str, Any]:
    message: dict[str, Any] = {"role": str(turn.speaker), "content": turn.text}
    if turn.name is not None:
        message["name"] = turn.name
    if turn.tool_calls:
        message["tool_calls"] = [dict(call) for call in turn.tool_calls]
    return message
