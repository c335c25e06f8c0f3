"""An answer for which the model may use tools.

How to call it::

    async with aclosing(answer_with_tools(answering, question, tools)) as pieces:
        async for piece in pieces:
            match piece:
                case Queued() | Started(): ...     # as from `Answering.answer`; one Started for all rounds
                case ToolStep(result=None): ...    # a tool begins (event plugin_intermediate)
                case ToolStep(): ...               # it is done, with its result
                case Token(): ...                  # text of the answer
                case ToolRecord(): ...             # just before the end: what becomes `used_plugin`
                case End(): ...                    # the last; completion tokens of all rounds together

Closing it cancels, whatever is under way. It raises what `Answering.answer` raises; a tool that fails is no failure of
the answer: the model is told, and may try again or answer without.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any, cast

from oa.domain.sampling import Sampling
from oa.errors import Invalid, OaError, PromptTooLong, ToolFailed
from oa.inference.answering import Answering, Question, Queued, Started
from oa.inference.engine import End, Reason, Role, Token, ToolCall, Turn
from oa.inference.tools import react
from oa.inference.tools.definitions import Tool, ToolLimits, ToolRecord, ToolStep
from oa.inference.tools.formats import CallReader

Piece = Queued | Started | ToolStep | Token | ToolRecord | End

REASONING = Sampling(temperature=0.2, top_k=50, seed=43, repetition_penalty=1 / 0.92)
"""How a model that thinks aloud chooses a tool; it answers with the person's own settings."""

REASONING_TOKENS = 512

NO_LIMITS_NAMED = ToolLimits()

NOTHING = End(Reason.END, 0, 0)


async def answer_with_tools(
    answering: Answering, question: Question, tools: Sequence[Tool], limits: ToolLimits = NO_LIMITS_NAMED
) -> AsyncGenerator[Piece, None]:
    """The pieces of an answer, as the module says.

    Args:
        question: its own `tools` are replaced.
        tools: what the model may use; without any it answers as always.
    """
    models = {model.name: model for model in await answering.models()}
    model = models.get(question.model)
    has_own_form = model is None or model.tools
    use = _Use(answering, replace(question, tools=()), {tool.name: tool for tool in tools}, limits)
    assisted = use.in_own_form() if has_own_form else use.aloud()
    pieces = assisted if tools else use.final(question.turns)
    async with aclosing(pieces):
        async for piece in pieces:
            if not isinstance(piece, Queued | Started) or use.is_first(piece):
                yield piece


@dataclass(slots=True)
class _Use:
    """One answer under way."""

    answering: Answering
    question: Question
    tools: Mapping[str, Tool]
    limits: ToolLimits
    steps: list[ToolStep] = field(default_factory=list[ToolStep])
    last_tool: Tool | None = None
    asked: int = 0
    rounds: int = 0
    tokens: int = 0
    """Written in the rounds that are over."""
    error: str | None = None
    has_started: bool = False

    def is_first(self, piece: Queued | Started) -> bool:
        """Whether it tells something new: later rounds wait and start again, which is nobody's concern."""
        if self.has_started:
            return False
        self.has_started = isinstance(piece, Started)
        return True

    # --- models with a form of their own -----------------------------------------------------------------------------

    async def in_own_form(self) -> AsyncGenerator[Piece, None]:
        turns = self.question.turns
        offered = tuple(tool.definition for tool in self.tools.values())
        while self.rounds < self.limits.rounds:
            heard = _Heard()
            asked = replace(self.question, id=self._next_id(), turns=turns, tools=offered)
            async with aclosing(self._listen(asked, heard)) as pieces:
                async for piece in pieces:
                    yield piece
            if not heard.calls:
                yield self._record("")
                yield self._whole(heard.end)
                return
            self._count(heard.end)
            calls = heard.calls[: self.limits.calls_per_round]
            results: list[Turn] = []
            for call in calls:
                yield ToolStep(heard.said, call.name, call.arguments)
                step = await self._run(heard.said, call.name, call.arguments)
                yield step
                results.append(Turn(Role.TOOL, step.result or "", tool_call_id=call.id))
            turns = (*turns, Turn(Role.ASSISTANT, heard.said, tool_calls=calls), *results)
        self.error = self._too_deep()
        async with aclosing(self.final(turns)) as pieces:
            async for piece in pieces:
                yield piece

    async def _listen(self, asked: Question, heard: _Heard) -> AsyncGenerator[Piece, None]:
        """A round: its text is passed on as it comes, and what else it brings is noted."""
        reader = CallReader(self.tools)
        async with aclosing(self.answering.answer(asked)) as pieces:
            async for piece in pieces:
                if isinstance(piece, End):
                    heard.end = piece
                elif not isinstance(piece, Token):
                    yield piece
                elif text := reader.feed(piece.text):
                    heard.said += text
                    yield replace(piece, text=text)
        rest, found = reader.end()
        heard.calls = heard.end.tool_calls or found
        if rest:
            heard.said += rest
            yield Token(rest)

    # --- models that think aloud -------------------------------------------------------------------------------------

    async def aloud(self) -> AsyncGenerator[Piece, None]:
        told = react.with_tools(self.question.turns, [tool.definition for tool in self.tools.values()])
        script = react.THOUGHT
        while (wanted := _Heard()) and self.rounds < self.limits.rounds:
            async with aclosing(self._think((*told, Turn(Role.ASSISTANT, script)), wanted)) as pieces:
                async for piece in pieces:
                    yield piece
            step = react.parse(react.THOUGHT + wanted.said)
            if step is None:
                break
            self._count(wanted.end)
            name = react.nearest(step.tool, self.tools) or step.tool
            yield ToolStep(step.thought, name, step.arguments)
            done = await self._run(step.thought, name, step.arguments)
            yield done
            script += (
                f" {step.thought}\n{react.ACTION} {name}\n{react.INPUT} {step.arguments}\n"
                f"{react.OBSERVATION} {done.result}\n{react.THOUGHT}"
            )
        else:
            self.error = self._too_deep()
        cue = f"{script} I now know the answer.\n{react.ANSWER} " if self._is_assisted else ""
        turns = (*told, Turn(Role.ASSISTANT, cue)) if cue else self.question.turns
        async with aclosing(self.final(turns, cue)) as pieces:
            async for piece in pieces:
                yield piece

    async def _think(self, turns: tuple[Turn, ...], wanted: _Heard) -> AsyncGenerator[Piece, None]:
        """A round in which the model says what it wants; nobody sees the text."""
        asked = replace(
            self.question,
            id=self._next_id(),
            turns=turns,
            sampling=REASONING,
            max_tokens=REASONING_TOKENS,
            stop=react.STOP,
            alternatives=None,
        )
        try:
            async with aclosing(self.answering.answer(asked)) as pieces:
                async for piece in pieces:
                    if isinstance(piece, Token):
                        wanted.said += piece.text
                    elif isinstance(piece, End):
                        wanted.end = piece
                    else:
                        yield piece
        except PromptTooLong as error:  # the conversation alone may still fit
            self.error = str(error)
            wanted.said = ""

    # --- both --------------------------------------------------------------------------------------------------------

    async def final(self, turns: tuple[Turn, ...], cue: str = "") -> AsyncGenerator[Piece, None]:
        """The answer itself, with the person's settings and without tools."""
        stop = (*self.question.stop, *react.ANSWER_STOP) if cue else self.question.stop
        asked = replace(self.question, id=self._next_id(), turns=turns, stop=stop)
        async with aclosing(self.answering.answer(asked)) as pieces:
            async for piece in pieces:
                if isinstance(piece, End):
                    yield self._record(cue)
                    piece = self._whole(piece)
                yield piece

    async def _run(self, thought: str, name: str, arguments: str) -> ToolStep:
        """Use a tool; whatever goes wrong is said to the model."""
        tool = self.tools.get(name)
        try:
            if tool is None:
                raise Invalid(f"there is no tool {name!r}; there is {', '.join(self.tools)}")
            async with asyncio.timeout(self.limits.run_s):
                result = await tool.run(_arguments(arguments))
            if not result.strip():
                raise ToolFailed(f"{name} answered nothing")
            done = ToolStep(thought, name, arguments, result[: self.limits.result_characters])
            self.last_tool = tool
        except TimeoutError:
            sentence = f"ERROR: {name} took longer than {self.limits.run_s:g} seconds"
            done = ToolStep(thought, name, arguments, sentence, is_failure=True)
        except OaError as error:
            done = ToolStep(thought, name, arguments, f"ERROR: {error}", is_failure=True)
        self.steps.append(done)
        return done

    @property
    def _is_assisted(self) -> bool:
        return any(not step.is_failure for step in self.steps)

    def _count(self, end: End) -> None:
        """A round is over in which tools were asked for."""
        self.rounds += 1
        self.tokens += end.completion_tokens

    def _next_id(self) -> str:
        self.asked += 1
        return self.question.id if self.asked == 1 else f"{self.question.id}.{self.asked}"

    def _too_deep(self) -> str:
        return f"Max depth reached: {self.limits.rounds}"

    def _record(self, cue: str) -> ToolRecord:
        return ToolRecord(tuple(self.steps), self.last_tool, cue or _shown(self.steps), self.rounds, self.error)

    def _whole(self, end: End) -> End:
        return replace(end, completion_tokens=self.tokens + end.completion_tokens, tool_calls=())


@dataclass(slots=True)
class _Heard:
    """What came of a round."""

    said: str = ""
    calls: tuple[ToolCall, ...] = ()
    end: End = NOTHING


def _shown(steps: Sequence[ToolStep]) -> str:
    """The uses of tools as text."""
    return "\n".join(
        f"{react.THOUGHT} {step.thought}\n{react.ACTION} {step.tool}\n{react.INPUT} {step.arguments}\n"
        f"{react.OBSERVATION} {step.result}"
        for step in steps
    )


def _arguments(text: str) -> Mapping[str, Any]:
    """What the model wrote as arguments.

    Raises:
        Invalid: it is not a JSON object.
    """
    try:
        value = json.loads(text or "{}")
    except ValueError:
        raise Invalid("the arguments are not JSON; write one object, as the tool's parameters say") from None
    if not isinstance(value, dict):
        raise Invalid("the arguments are not an object; write {…} with the names of the tool's parameters")
    return cast(dict[str, Any], value)
