"""Thinking aloud, as models really write it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oa.inference.engine import Role, ToolCall, ToolDefinition, Turn
from oa.inference.tools.react import ReactReader, nearest, parse, repaired, with_tools

ADD = ToolDefinition("add", "Adds numbers.", {"type": "object", "properties": {"a": {"type": "number"}}})

STEP = 'Thought: I should add.\nAction: add\nAction Input: {"a": 1}\n'


def test_a_step_is_found() -> None:
    step = parse(STEP)
    assert step is not None
    assert (step.thought, step.tool, step.arguments) == ("I should add.", "add", '{"a": 1}')


@pytest.mark.parametrize("text", ["Thought: I know.\nFinal Answer: Action: add\nAction Input: {}", "Hello", ""])
def test_an_answer_is_no_step(text: str) -> None:
    assert parse(text) is None


@pytest.mark.parametrize(
    ("written", "meant"),
    [("add", "add"), ("ADD", "add"), ("use add", "add"), ("searchhub", "search_hub"), ("fly", None)],
)
def test_a_name_that_is_nearly_right_will_do(written: str, meant: str | None) -> None:
    assert nearest(written, ("add", "search_hub")) == meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ('{"a": 1}', {"a": 1}),
        ('```json\n{"a": 1}\n```', {"a": 1}),
        ("{a: 1}", {"a": 1}),
        ("{'a': 'x'}", {"a": "x"}),
        ('{"a": True, "b": None}', {"a": True, "b": None}),
        ('{"a": [1, {"b": "x', {"a": [1, {"b": "x"}]}),
        ('{"a": 1} and that is all', {"a": 1}),
    ],
)
def test_json_that_is_nearly_right_is_repaired(written: str, meant: object) -> None:
    assert json.loads(repaired(written)) == meant


@given(st.text())
def test_repairing_takes_whatever_there_is(text: str) -> None:
    assert isinstance(repaired(text), str)


def test_the_tools_are_described_where_the_system_speaks() -> None:
    turns = with_tools((Turn(Role.SYSTEM, "Be kind."), Turn(Role.USER, "1 + 1?")), [ADD])
    assert turns[0].content.startswith("Be kind.\n\nYou may use these tools:\n- add: Adds numbers.")
    assert 'a: {"type": "number"}' in turns[0].content
    assert turns[1:] == (Turn(Role.USER, "1 + 1?"),)


def test_calls_and_results_of_before_are_told_in_the_same_words() -> None:
    called = Turn(Role.ASSISTANT, "", tool_calls=(ToolCall("c", "add", '{"a": 1}'),))
    system, *turns = with_tools((called, Turn(Role.TOOL, "2", tool_call_id="c")), [ADD])
    assert system.role is Role.SYSTEM
    assert turns == [
        Turn(Role.ASSISTANT, 'Action: add\nAction Input: {"a": 1}'),
        Turn(Role.USER, "Observation: 2"),
    ]


def read(text: str, size: int) -> tuple[str, list[str]]:
    reader = ReactReader(["add"], lambda: "id")
    shown = "".join(reader.feed(text[at : at + size]) for at in range(0, len(text), size))
    rest, calls = reader.end()
    return (shown + rest).strip(), [f"{call.name} {call.arguments}" for call in calls]


@pytest.mark.parametrize("size", [1, 4, 1000])
@pytest.mark.parametrize(
    ("written", "shown", "calls"),
    [
        (STEP, "", ['add {"a": 1}']),
        ("Thought: easy.\nFinal Answer: It is 2.", "It is 2.", []),
        ("It is 2, thought I.", "It is 2, thought I.", []),
        ("Thoughtful people agree.", "Thoughtful people agree.", []),
        ("Thought: hm", "hm", []),
        ('Sure.\nAction: add\nAction Input: {"a": 1}', "Sure.", ['add {"a": 1}']),
    ],
)
def test_the_reader_tells_answers_from_steps(size: int, written: str, shown: str, calls: list[str]) -> None:
    assert read(written, size) == (shown, calls)
