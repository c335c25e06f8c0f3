"""Tools for models whose template knows none: the model thinks aloud, names a tool, and is shown what came of it.

Source: Yao et al. 2022, "ReAct: Synergizing Reasoning and Acting in Language Models", https://arxiv.org/abs/2210.03629;
the words are Open-Assistant's.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

from oa.inference.engine import Role, ToolCall, ToolDefinition, Turn
from oa.inference.tools.formats import half_marker, new_call_id

THOUGHT, ACTION, INPUT = "Thought:", "Action:", "Action Input:"
OBSERVATION, ANSWER = "Observation:", "Final Answer:"

STOP = (OBSERVATION,)
"""Where the model would go on to make up what the tool said."""

ANSWER_STOP = (OBSERVATION, f"\n{THOUGHT}", f"\n{ACTION}")
"""Where an answer slips back into the form."""

LONGEST_DESCRIPTION = 512
LONGEST_PARAMETER = 128
LIKE_ENOUGH = 0.75
"""How alike a name must be to that of a tool (`difflib` ratio) to stand for it."""

STEP = re.compile(
    rf"(?P<thought>.*?){ACTION}[ \t]*(?P<tool>[^\n]*)\n+\s*{INPUT}\s*(?P<input>.*?)\s*(?:{OBSERVATION}|\Z)", re.DOTALL
)

FORM = f"""You may use these tools:
{{tools}}

To use one, write exactly this and stop:
{THOUGHT} why you need it
{ACTION} the name of the tool
{INPUT} its arguments as one JSON object
You are then told the result as:
{OBSERVATION} what the tool said

When you need no tool, or know enough, write:
{THOUGHT} I know the answer
{ANSWER} what you answer, in the language of the question"""


FORCED = """Use one of these tools:
{tools}
Write nothing but one JSON object: {{"name": the tool, "arguments": {{...}}}}"""


@dataclass(frozen=True, slots=True)
class Step:
    """What the model wants: a tool with its arguments, as it wrote them."""

    thought: str
    tool: str
    arguments: str


def with_tools(turns: Sequence[Turn], tools: Sequence[ToolDefinition], *, is_forced: bool = False) -> tuple[Turn, ...]:
    """The conversation for a model that is told about tools in words, with the calls so far in the same form.

    Args:
        is_forced: it has to use one, and can write nothing but that.
    """
    told = (FORCED if is_forced else FORM).format(tools="\n".join(map(_described, tools)))
    plain = list(in_words(turns))
    if plain and plain[0].role is Role.SYSTEM:
        plain[0] = replace(plain[0], content=f"{plain[0].content}\n\n{told}")
    else:
        plain.insert(0, Turn(Role.SYSTEM, told))
    return tuple(plain)


def in_words(turns: Sequence[Turn]) -> tuple[Turn, ...]:
    """The conversation with its calls and their results as text."""
    return tuple(map(_as_text, turns))


def parse(text: str) -> Step | None:
    """The first use of a tool in what a model wrote; None where it answers."""
    found = STEP.search(text)
    if found is None or ANSWER in found["thought"]:
        return None
    thought = found["thought"].strip().removeprefix(THOUGHT).strip()
    return Step(thought, found["tool"].strip().strip("`\"'[]"), repaired(found["input"]))


def nearest(name: str, names: Collection[str]) -> str | None:
    """The tool that a name stands for, which models often do not write exactly."""
    wanted = name.casefold()
    by_case = {known.casefold(): known for known in names}
    if wanted in by_case:
        return by_case[wanted]
    inside = [known for known in names if known.casefold() in wanted]
    if len(inside) == 1:
        return inside[0]
    alike = difflib.get_close_matches(wanted, by_case, n=1, cutoff=LIKE_ENOUGH)
    return by_case[alike[0]] if alike else None


def repaired(text: str) -> str:
    """JSON where it nearly was: without a fence, with Python's constants and bare names put right, and closed."""
    tidy = text.strip().removeprefix("```json").removeprefix("```").removesuffix("```").strip()
    for attempt in (tidy, _requoted(tidy), _closed(tidy), _closed(_requoted(tidy))):
        try:
            value, _ = json.JSONDecoder().raw_decode(attempt)
        except (ValueError, RecursionError):
            continue
        return json.dumps(value, ensure_ascii=False)
    return tidy


def _requoted(text: str) -> str:
    constants = {"True": "true", "False": "false", "None": "null"}
    text = re.sub(r"\b(True|False|None)\b", lambda found: constants[found[0]], text)
    text = re.sub(r"'([^'\"]*)'", r'"\1"', text)
    return re.sub(r"([{,]\s*)([A-Za-z_]\w*)\s*:", r'\1"\2":', text)


def _closed(text: str) -> str:
    """With the brackets that are open at the end closed, in their order."""
    waiting: list[str] = []
    is_text = False
    for before, letter in zip(" " + text, text, strict=False):
        if letter == '"' and before != "\\":
            is_text = not is_text
        elif not is_text and letter in "{[":
            waiting.append("}" if letter == "{" else "]")
        elif not is_text and letter in "}]" and waiting:
            waiting.pop()
    return text + ('"' if is_text else "") + "".join(reversed(waiting))


class ReactReader:
    """Reads an answer in this form: what follows the final mark is text, a step is a call, and plain text is itself."""

    def __init__(self, names: Collection[str], new_id: Callable[[], str] = new_call_id) -> None:
        self._names = names
        self._new_id = new_id
        self._held = ""
        self._is_answer = False
        self._is_shown = False

    def feed(self, text: str) -> str:
        if self._is_shown:
            return text
        if self._is_answer:
            self._is_shown = bool(text.strip())
            return text.lstrip()
        self._held += text
        before, mark, after = self._held.partition(ANSWER)
        start = before.lstrip()
        if mark:
            self._held = ""
            self._is_answer = True
            self._is_shown = bool(after.strip())
            return after.lstrip()
        if not start or any(word.startswith(start[: len(word)]) for word in (THOUGHT, ACTION, ANSWER)):
            return ""
        at = self._held.find(ACTION)
        at = at if at >= 0 else len(self._held) - half_marker(self._held, (ACTION, ANSWER))
        shown, self._held = self._held[:at], self._held[at:]
        return shown

    def end(self) -> tuple[str, tuple[ToolCall, ...]]:
        step = parse(self._held)
        name = None if step is None else nearest(step.tool, self._names)
        if step is None or name is None:
            return self._held.strip().removeprefix(THOUGHT).lstrip() if self._held.strip() else "", ()
        return "", (ToolCall(self._new_id(), name, step.arguments),)


def _described(tool: ToolDefinition) -> str:
    properties = tool.parameters.get("properties")
    lines = [f"- {tool.name}: {tool.description[:LONGEST_DESCRIPTION]}"]
    if isinstance(properties, dict):
        for name, schema in properties.items():  # pyright: ignore[reportUnknownVariableType]  # a schema from outside
            lines.append(f"    {name}: {json.dumps(schema, ensure_ascii=False)[:LONGEST_PARAMETER]}")
    return "\n".join(lines)


def _as_text(turn: Turn) -> Turn:
    if turn.role is Role.TOOL:
        return Turn(Role.USER, f"{OBSERVATION} {turn.content}")
    if not turn.tool_calls:
        return turn
    steps = "\n".join(f"{ACTION} {call.name}\n{INPUT} {call.arguments}" for call in turn.tool_calls)
    return Turn(turn.role, f"{turn.content}\n{steps}".strip())
