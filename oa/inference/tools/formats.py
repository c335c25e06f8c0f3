"""Finding tool calls in what a model writes.

Each family of models has its own way to write a call, which its chat template teaches it. A reader is fed the text as
it comes, lets through what can be no call, and says at the end which calls there were.

Sources: the chat templates of Hermes 2 Pro and Qwen 2.5 (`<tool_call>`), Qwen 3 Coder (`<function=…>` in it), Llama 3.1
(bare JSON, `<|python_tag|>`, `<function=…>`), and Mistral (`[TOOL_CALLS]`, before and after its version 11).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Protocol, cast
from uuid import uuid4

from oa.inference.engine import ToolCall

MARKERS = ("<tool_call>", "<|python_tag|>", "[TOOL_CALLS]", "<function=")
"""From here on nothing is text for the reader of the answer."""

HERMES = re.compile(r"<tool_call>(.*?)(?:</tool_call>|\Z)", re.DOTALL)
FUNCTION = re.compile(r"<function=([\w.-]+)>(.*?)(?:</function>|\Z)", re.DOTALL)
PARAMETER = re.compile(r"<parameter=([\w.-]+)>\n?(.*?)\n?</parameter>", re.DOTALL)
MISTRAL = re.compile(r"\s*([\w.-]+)(?:\[CALL_ID\]\w*)?\[ARGS\]")

DECODER = json.JSONDecoder()

Found = tuple[str, str]
"""A tool's name, and its arguments in JSON."""


def new_call_id() -> str:
    return f"call_{uuid4().hex[:24]}"


class AnswerReader(Protocol):
    """Tells the text of an answer from the calls in it."""

    def feed(self, text: str) -> str:
        """Take the next piece; returns what is certain to be text of the answer, which may be nothing yet."""
        ...

    def end(self) -> tuple[str, tuple[ToolCall, ...]]:
        """The text that was held back and is no call, and the calls."""
        ...


class CallReader:
    """Reads the answer of a model whose template has a form of its own for calls."""

    def __init__(self, names: Collection[str], new_id: Callable[[], str] = new_call_id) -> None:
        """
        Args:
            names: the tools that were offered. Bare JSON is a call only if it names one of them.
        """
        self._names = names
        self._new_id = new_id
        self._held = ""
        self._is_begun = False
        self._is_call = False

    def feed(self, text: str) -> str:
        self._held += text
        if self._is_call or not (self._is_begun or self._begin()):
            return ""
        return self._release()

    def _begin(self) -> bool:
        """Whether it is known by now how the answer begins; one that begins as bare JSON is held back to its end."""
        start = self._held.lstrip()[:2]
        if start in ("", "["):
            return False
        self._is_begun = True
        self._is_call = start[0] == "{" or start == "[{"
        return not self._is_call

    def _release(self) -> str:
        """Everything before the first marker, or before what may become one."""
        at = min((found for marker in MARKERS if (found := self._held.find(marker)) >= 0), default=-1)
        if at >= 0:
            self._is_call = True
        else:
            at = len(self._held) - half_marker(self._held, MARKERS)
        text, self._held = self._held[:at], self._held[at:]
        return text

    def end(self) -> tuple[str, tuple[ToolCall, ...]]:
        held, self._held = self._held, ""
        if not held.strip():
            return "", ()
        found = tuple(calls_in(held, self._names))
        if not found:
            return held, ()
        return "", tuple(ToolCall(self._new_id(), name, arguments) for name, arguments in found)


class ForcedReader:
    """Reads the answer of a model that was made to call a tool: one object with a name and arguments."""

    def __init__(self, new_id: Callable[[], str] = new_call_id) -> None:
        self._new_id = new_id
        self._held = ""

    def feed(self, text: str) -> str:
        self._held += text
        return ""

    def end(self) -> tuple[str, tuple[ToolCall, ...]]:
        found = _of_value(_json(self._held))
        if not found:
            return self._held, ()  # cut off by the limit of tokens
        return "", tuple(ToolCall(self._new_id(), name, arguments) for name, arguments in found)


def forcing_schema(parameters: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """A schema that allows nothing but a call of one of these tools, as `ForcedReader` reads it.

    Args:
        parameters: the schema of each tool's arguments, by its name.
    """
    calls: list[dict[str, Any]] = [
        {
            "type": "object",
            "properties": {"name": {"const": name}, "arguments": dict(schema) or {"type": "object"}},
            "required": ["name", "arguments"],
            "additionalProperties": False,
        }
        for name, schema in parameters.items()
    ]
    return calls[0] if len(calls) == 1 else {"anyOf": calls}


def calls_in(text: str, names: Collection[str]) -> Iterator[Found]:
    """The calls that stand in a text, in whichever form."""
    if "<tool_call>" in text:
        for body in HERMES.findall(text):
            yield from _of_function(body) if "<function=" in body else _of_value(_json(body))
    elif "[TOOL_CALLS]" in text:
        for body in text.split("[TOOL_CALLS]")[1:]:
            yield from _of_mistral(body)
    elif "<|python_tag|>" in text:
        for value in _values(text.partition("<|python_tag|>")[2].removesuffix("<|eom_id|>")):
            yield from _of_value(value)
    elif "<function=" in text:
        yield from _of_function(text)
    else:
        bare = [call for value in _values(text) for call in _of_value(value)]
        yield from bare if all(name in names for name, _ in bare) else ()


def _of_function(text: str) -> Iterator[Found]:
    for name, body in FUNCTION.findall(text):
        parameters = PARAMETER.findall(body)
        if parameters:
            yield name, json.dumps({key: _plain(value) for key, value in parameters}, ensure_ascii=False)
        else:
            yield name, body.strip() or "{}"


def _of_mistral(body: str) -> Iterator[Found]:
    """A list of calls (until version 11), or a name and its arguments."""
    named = MISTRAL.match(body)
    if named is None:
        yield from _of_value(_json(body))
        return
    arguments = body[named.end() :].strip()
    try:
        _, end = DECODER.raw_decode(arguments)
    except ValueError:
        end = len(arguments)
    yield named[1], arguments[:end]


def _of_value(value: object) -> list[Found]:
    """The calls that a JSON value describes: one, or a list of them."""
    if isinstance(value, list):
        return [call for item in cast(list[object], value) for call in _of_value(item)]
    if not isinstance(value, dict):
        return []
    known = cast(dict[str, object], value)
    if isinstance(known.get("function"), dict):
        return _of_value(known["function"])
    name = known.get("name")
    arguments = known.get("arguments", known.get("parameters"))
    if not isinstance(name, str) or not isinstance(arguments, dict | str):
        return []
    return [(name, arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False))]


def _json(text: str) -> object:
    """The first JSON value of a text; None where it has none."""
    try:
        return DECODER.raw_decode(text.strip())[0]
    except (ValueError, RecursionError):
        return None


def _values(text: str) -> Iterator[object]:
    """JSON values one after another, with `;` or nothing between them."""
    rest = text.strip()
    while rest:
        try:
            value, end = DECODER.raw_decode(rest)
        except (ValueError, RecursionError):
            return
        yield value
        rest = rest[end:].lstrip("; \n\t")


def _plain(value: str) -> object:
    """What stands between tags is JSON where it can be, and else text."""
    try:
        return json.loads(value)
    except ValueError:
        return value


def half_marker(text: str, markers: Collection[str]) -> int:
    """How many of the last characters may be the beginning of a marker."""
    longest = max(map(len, markers)) - 1
    for length in range(min(longest, len(text)), 0, -1):
        if any(marker.startswith(text[-length:]) for marker in markers):
            return length
    return 0
