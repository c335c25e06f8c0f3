"""Answers with tools, by models with a form of their own and by those that think aloud."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from scripted_answering import MODEL, ScriptedAnswering

from oa.domain.sampling import Sampling
from oa.errors import ModelFailed, PromptTooLong, ToolFailed
from oa.inference.answering import Question, Queued, Started
from oa.inference.engine import End, Role, Token, ToolCall, ToolDefinition, Turn
from oa.inference.tools.definitions import Tool, ToolLimits, ToolRecord, ToolStep
from oa.inference.tools.loop import REASONING, answer_with_tools

QUESTION = Question(
    "q", "ada", "echo", (Turn(Role.USER, "What is 1 + 2?"),), Sampling(temperature=0.9), stop=("ENOUGH",)
)

CALL = '<tool_call>{"name": "add", "arguments": {"a": 1, "b": 2}}</tool_call>'
STEP = ' I should add.\nAction: add\nAction Input: {"a": 1, "b": 2}\n'


async def add(arguments: Mapping[str, Any]) -> str:
    try:
        return str(arguments["a"] + arguments["b"])
    except KeyError as error:
        raise ToolFailed(f"{error} is missing") from error


ADD = Tool(ToolDefinition("add", "Adds numbers.", {}), add, "/plugins/sums", "Sums")


def able() -> ScriptedAnswering:
    return ScriptedAnswering(replace(MODEL, tools=True))


async def listen(answering: ScriptedAnswering, *tools: Tool, limits: ToolLimits | None = None) -> list[Any]:
    pieces = answer_with_tools(answering, QUESTION, tools or (ADD,), limits or ToolLimits())
    return [piece async for piece in pieces]


def text_of(pieces: list[Any]) -> str:
    return "".join(piece.text for piece in pieces if isinstance(piece, Token))


def record_of(pieces: list[Any]) -> ToolRecord:
    (record,) = [piece for piece in pieces if isinstance(piece, ToolRecord)]
    assert isinstance(pieces[-1], End)
    assert pieces[-2] is record
    return record


async def test_a_call_is_carried_out_and_its_result_goes_into_the_answer() -> None:
    answering = able()
    answering.will(Queued(2, 3), "Let me see. ", CALL[:20], CALL[20:])
    answering.will(Queued(0, 1), "It is", " 3.")
    pieces = await listen(answering)
    assert [piece for piece in pieces if isinstance(piece, Queued | Started)] == [Queued(2, 3), Started(5, 0)]
    assert text_of(pieces) == "Let me see. It is 3."
    begun, done = (piece for piece in pieces if isinstance(piece, ToolStep))
    assert (begun.thought, begun.tool, begun.arguments, begun.result) == (
        "Let me see. ",
        "add",
        '{"a": 1, "b": 2}',
        None,
    )
    assert done.result == "3"
    record = record_of(pieces)
    assert (record.steps, record.last_tool, record.rounds, record.error) == ((done,), ADD, 1, None)
    assert record.is_assisted
    first, second = answering.asked
    assert first.tools == (ADD.definition,)
    assert [turn.role for turn in second.turns] == [Role.USER, Role.ASSISTANT, Role.TOOL]
    assert second.turns[2] == Turn(Role.TOOL, "3", tool_call_id=second.turns[1].tool_calls[0].id)
    assert first.id != second.id
    assert pieces[-1].completion_tokens == 5


async def test_calls_that_the_engine_found_by_itself_count_too() -> None:
    answering = able()
    answering.will(tool_calls=(ToolCall("x", "add", '{"a": 1, "b": 2}'),))
    answering.will("3")
    assert record_of(await listen(answering)).steps[0].result == "3"


async def test_an_answer_without_a_call_is_simply_the_answer() -> None:
    answering = able()
    answering.will("Three", ".")
    pieces = await listen(answering)
    assert text_of(pieces) == "Three."
    record = record_of(pieces)
    assert (record.steps, record.is_assisted, record.error) == ((), False, None)


async def test_without_tools_nothing_is_added_to_the_question() -> None:
    answering = able()
    pieces = [piece async for piece in answer_with_tools(answering, QUESTION, ())]
    assert answering.asked == [QUESTION]
    assert text_of(pieces) == "What is 1 + 2?"


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ('{"name": "fly", "arguments": {}}', "ERROR: there is no tool 'fly'; there is add"),
        ('{"name": "add", "arguments": "{1}"}', "ERROR: the arguments are not JSON"),
        ('{"name": "add", "arguments": "[1]"}', "ERROR: the arguments are not an object"),
        ('{"name": "add", "arguments": {"a": 1}}', "ERROR: 'b' is missing"),
    ],
)
async def test_a_tool_that_fails_is_told_to_the_model(written: str, said: str) -> None:
    answering = able()
    answering.will(f"<tool_call>{written}</tool_call>")
    answering.will("I cannot say.")
    pieces = await listen(answering)
    record = record_of(pieces)
    assert (record.steps[0].result or "").startswith(said)
    assert record.steps[0].is_failure
    assert not record.is_assisted
    assert answering.asked[1].turns[-1].content.startswith(said)
    assert text_of(pieces) == "I cannot say."


async def test_a_tool_that_hangs_is_given_up() -> None:
    async def hang(_: Mapping[str, Any]) -> str:
        await asyncio.Event().wait()
        return ""

    answering = able()
    answering.will(CALL)
    record = record_of(await listen(answering, replace(ADD, run=hang), limits=ToolLimits(run_s=0.01)))
    assert record.steps[0].result == "ERROR: add took longer than 0.01 seconds"


async def test_a_result_is_cut_to_what_the_model_may_be_shown() -> None:
    async def ramble(_: Mapping[str, Any]) -> str:
        return "x" * 10_000

    answering = able()
    answering.will(CALL)
    record = record_of(await listen(answering, replace(ADD, run=ramble)))
    assert record.steps[0].result == "x" * 2048


async def test_a_model_that_never_stops_asking_has_to_answer_at_last() -> None:
    answering = able()
    for _ in range(2):
        answering.will(CALL)
    answering.will("3, I suppose.")
    pieces = await listen(answering, limits=ToolLimits(rounds=2))
    assert text_of(pieces) == "3, I suppose."
    assert record_of(pieces).error == "Max depth reached: 2"
    assert answering.asked[2].tools == ()


async def test_closing_it_cancels_what_is_under_way() -> None:
    answering = able()
    answering.will("a", "b", asyncio.Event())
    pieces = answer_with_tools(answering, QUESTION, (ADD,))
    async for piece in pieces:
        if piece == Token("b", 2):
            break
    await pieces.aclose()
    assert answering.cancelled == ["q"]


async def test_a_model_that_dies_is_reported() -> None:
    answering = able()
    answering.will(CALL)
    answering.will("Well", ModelFailed("it died"))
    with pytest.raises(ModelFailed):
        await listen(answering)


async def test_a_model_that_thinks_aloud_uses_tools_and_then_answers_with_the_persons_settings() -> None:
    answering = ScriptedAnswering()
    answering.will(STEP[:9], STEP[9:])
    answering.will(" I know.\nFinal Answer: 3")
    answering.will("It is 3.")
    pieces = await listen(answering)
    assert text_of(pieces) == "It is 3."
    first, second, third = answering.asked
    assert first.sampling == second.sampling == REASONING
    assert first.stop == ("Observation:",)
    assert "- add: Adds numbers." in first.turns[0].content
    assert first.turns[-1] == Turn(Role.ASSISTANT, "Thought:")
    assert second.turns[-1].content.endswith("Observation: 3\nThought:")
    assert third.sampling == QUESTION.sampling
    assert third.turns[-1].content.endswith("I now know the answer.\nFinal Answer: ")
    assert third.stop[0] == "ENOUGH"
    record = record_of(pieces)
    assert (record.final_prompt, record.steps[0].result) == (third.turns[-1].content, "3")
    assert len({question.id for question in answering.asked}) == 3


async def test_a_model_that_wants_no_tool_answers_as_if_there_were_none() -> None:
    answering = ScriptedAnswering()
    answering.will(" I know.\nFinal Answer: 3")
    answering.will("Three.")
    pieces = await listen(answering)
    assert text_of(pieces) == "Three."
    assert replace(answering.asked[1], id="q") == QUESTION


async def test_tools_whose_description_does_not_fit_are_left_out_and_the_record_says_so() -> None:
    answering = ScriptedAnswering()
    answering.will(PromptTooLong("600 tokens do not fit into 512"))
    answering.will("Three.")
    pieces = await listen(answering)
    assert text_of(pieces) == "Three."
    assert record_of(pieces).error == "600 tokens do not fit into 512"


async def test_after_failures_alone_a_model_that_thinks_aloud_answers_without_them() -> None:
    answering = ScriptedAnswering()
    for _ in range(2):
        answering.will(" Fly.\nAction: fly\nAction Input: {}")
    answering.will("Three.")
    pieces = await listen(answering, limits=ToolLimits(rounds=2))
    assert text_of(pieces) == "Three."
    assert record_of(pieces).error == "Max depth reached: 2"
    assert answering.asked[2].turns == QUESTION.turns
