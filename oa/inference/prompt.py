"""From a conversation to the text that a model goes on from, by the model's own chat template.

Templates come with models, from strangers: they run in a sandbox. What people typed reaches the model letter by letter,
also where it looks like a special token.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import jinja2
import jinja2.ext
import jinja2.meta
import jinja2.nodes
import jinja2.parser
import jinja2.sandbox

from oa.domain.templates import FORMATS
from oa.errors import BadTemplate
from oa.inference.engine import Role, Segment, ToolCall, ToolDefinition, Turn

BUILT_IN = tuple(FORMATS)
"""Templates that come with OA: for models of Open-Assistant, which bring none, and for those that know no roles."""

FIRST_STAND_IN, LAST_STAND_IN = "\U000f0000", "\U000ffffd"
"""Letters that mean nothing to anybody. While a template runs, each stands for a text that must stay inert."""

CUT = "\U0010fffd"
"""While a template runs, the place behind the answer that is to be continued."""


class ChatTemplate:
    """A chat template, read.

    Args:
        source: Jinja, as Hugging Face models bring it.
        special_tokens: what the template calls `bos_token`, `eos_token` and so on.
        special_names: every text that the tokenizer reads as one special token.

    Raises:
        BadTemplate: it is not Jinja; the message names the line.
    """

    def __init__(self, source: str, special_tokens: Mapping[str, str], special_names: frozenset[str]) -> None:
        self._special_tokens = special_tokens
        names = sorted((name for name in special_names if name.strip()), key=len, reverse=True)
        # Apart from each other: `re` skips to where a name may begin only while all of them are plain texts.
        self._risky = [re.compile(f"[{FIRST_STAND_IN}-{LAST_STAND_IN}{CUT}]")]
        if names:
            self._risky.append(re.compile("|".join(map(re.escape, names))))
        environment = _environment()
        try:
            self._template = environment.from_string(source)
            variables = jinja2.meta.find_undeclared_variables(environment.parse(source))
        except jinja2.TemplateSyntaxError as error:
            raise BadTemplate(f"the chat template cannot be read: line {error.lineno}: {error.message}") from error
        self.knows_tools = "tools" in variables
        """It has a form of its own for tools and their calls."""

    def render(
        self, turns: Sequence[Turn], tools: Sequence[ToolDefinition] = (), *, now: datetime
    ) -> tuple[Segment, ...]:
        """The prompt. A last turn of the assistant is left open, for the model to go on with.

        Raises:
            BadTemplate: the template refuses the conversation, with its own words, or fails.
        """
        try:
            return self._render(turns, tools, now)
        except BadTemplate:
            if not turns or turns[0].role is not Role.SYSTEM:
                raise
            merged = _system_said_by_user(turns)  # some models have no system role, and their templates refuse one
            if merged is None:
                raise
            return self._render(merged, tools, now)

    def _render(self, turns: Sequence[Turn], tools: Sequence[ToolDefinition], now: datetime) -> tuple[Segment, ...]:
        stand_ins = _StandIns(self._risky)
        is_open = bool(turns) and turns[-1].role is Role.ASSISTANT and not turns[-1].tool_calls
        messages = [_message(turn) for turn in turns]
        data = stand_ins.put({"messages": messages, "tools": [_definition(tool) for tool in tools] or None})
        if is_open:
            data["messages"][-1]["content"] += CUT
        text = self._run(data, add_generation_prompt=not is_open, now=now)
        if is_open:
            text, found, _ = text.partition(CUT)
            if not found:
                raise BadTemplate("the chat template leaves out the answer that should be continued")
        return stand_ins.split(text)

    def _run(self, data: Mapping[str, Any], *, add_generation_prompt: bool, now: datetime) -> str:
        try:
            return self._template.render(
                **self._special_tokens,
                **data,
                add_generation_prompt=add_generation_prompt,
                strftime_now=now.strftime,
                raise_exception=_refuse,
            )
        except BadTemplate:
            raise
        except jinja2.TemplateError as error:
            raise BadTemplate(f"the chat template fails: {error.message or type(error).__name__}") from error
        except Exception as error:  # a template computes, and computing can go wrong in every way
            raise BadTemplate(f"the chat template fails: {type(error).__name__}: {error}") from error


def built_in(name: str) -> str:
    """The source of one of `BUILT_IN`."""
    return FORMATS[name].jinja


def template_for(special_names: frozenset[str]) -> str:
    """The name of the built-in template that fits a model which brings none, by the special tokens that it knows."""
    if {"<|prompter|>", "<|assistant|>"} <= special_names:
        return "oasst-v2.5"
    return "chatml" if "<|im_start|>" in special_names else "plain"


class _StandIns:
    """Texts that must stay inert, and the letters that stand for them."""

    def __init__(self, risky: Sequence[re.Pattern[str]]) -> None:
        self._risky = risky
        self._letters: dict[str, str] = {}

    def put(self, value: Any) -> Any:
        """The same value with a letter in place of every risky text, however deep."""
        if isinstance(value, str):
            for risky in self._risky:
                value = risky.sub(self._letter, value)
            return value
        if isinstance(value, dict):
            return {self.put(key): self.put(item) for key, item in value.items()}  # pyright: ignore[reportUnknownVariableType]
        if isinstance(value, list):
            return [self.put(item) for item in value]  # pyright: ignore[reportUnknownVariableType]
        return value

    def split(self, text: str) -> tuple[Segment, ...]:
        """The text with what the letters stand for, each in a segment that is not special."""
        originals = {letter: original for original, letter in self._letters.items()}
        segments: list[Segment] = []
        for part in re.split(f"([{FIRST_STAND_IN}-{LAST_STAND_IN}])", text):
            if part:
                segments.append(Segment(originals.get(part, part), special=part not in originals))
        return tuple(segments)

    def _letter(self, found: re.Match[str]) -> str:
        return self._letters.setdefault(found.group(), chr(ord(FIRST_STAND_IN) + len(self._letters)))


def _message(turn: Turn) -> dict[str, Any]:
    message: dict[str, Any] = {"role": str(turn.role), "content": turn.content}
    if turn.tool_calls:
        message["tool_calls"] = [_call(call) for call in turn.tool_calls]
    if turn.tool_call_id is not None:
        message["tool_call_id"] = turn.tool_call_id
    return message


def _call(call: ToolCall) -> dict[str, Any]:
    function = {"name": call.name, "arguments": _arguments(call.arguments)}
    return {"id": call.id, "type": "function", "function": function}


def _arguments(text: str) -> Any:
    """Templates write arguments as JSON themselves; what is no JSON they get as it is."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _definition(tool: ToolDefinition) -> dict[str, Any]:
    function = {"name": tool.name, "description": tool.description, "parameters": _plain(tool.parameters)}
    return {"type": "function", "function": function}


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(value, default=dict))


def _system_said_by_user(turns: Sequence[Turn]) -> list[Turn] | None:
    if len(turns) < 2 or turns[1].role is not Role.USER:
        return None
    first = replace(turns[1], content=f"{turns[0].content}\n\n{turns[1].content}")
    return [first, *turns[2:]]


def _refuse(message: str) -> None:
    raise BadTemplate(f"the chat template refuses this conversation: {message}")


def _environment() -> jinja2.sandbox.ImmutableSandboxedEnvironment:
    """Jinja as `transformers` gives it to chat templates."""
    environment = jinja2.sandbox.ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[_Generation, jinja2.ext.loopcontrols]
    )
    filters: dict[str, Callable[..., Any]] = environment.filters
    filters["tojson"] = _to_json
    return environment


def _to_json(
    value: Any,
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


class _Generation(jinja2.ext.Extension):
    """`{% generation %}…{% endgeneration %}` marks what is trained on; for a prompt it means nothing."""

    tags = {"generation"}  # noqa: RUF012  as Jinja declares it

    def parse(self, parser: jinja2.parser.Parser) -> list[jinja2.nodes.Node]:
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)
