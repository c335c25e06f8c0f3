"""The choices of one request as they come: what each has said that nobody was told yet, and how it ended."""

from __future__ import annotations

import asyncio
from contextlib import aclosing, suppress
from dataclasses import dataclass, field

from oa.inference.answering import Answering, Question, Queued, Started
from oa.inference.engine import End, Reason, Token, ToolCall
from oa.inference.tools.formats import AnswerReader
from oa.protocol.openai import PromptDetails, Usage
from oa.server.openai.questions import Asked

FINISH_REASONS = {Reason.END: "stop", Reason.STOP: "stop", Reason.LENGTH: "length"}


@dataclass(slots=True)
class Choice:
    """One answer under way."""

    index: int
    reader: AnswerReader | None
    with_logprobs: bool
    has_begun: bool = False
    """The model has written something: from here on nothing is refused, it can only break off."""
    texts: list[str] = field(default_factory=list[str])
    """Text that nobody was told yet."""
    tokens: list[Token] = field(default_factory=list[Token])
    """The tokens of these texts, where their probabilities are wanted."""
    calls: tuple[ToolCall, ...] = ()
    end: End | None = None
    is_told: bool = False
    """Its end as well."""

    @property
    def finish_reason(self) -> str:
        if self.calls:
            return "tool_calls"
        return "stop" if self.end is None else FINISH_REASONS[self.end.reason]

    def take(self, token: Token) -> None:
        self.has_begun = True
        if self.with_logprobs:
            self.tokens.append(token)
        text = token.text if self.reader is None else self.reader.feed(token.text)
        if text:
            self.texts.append(text)

    def finish(self, end: End) -> None:
        rest, calls = ("", ()) if self.reader is None else self.reader.end()
        if rest:
            self.texts.append(rest)
        self.calls = end.tool_calls or calls
        self.has_begun = True
        self.end = end


class Choices:
    """All answers to one request, made at the same time. Close it: that cancels what is under way."""

    def __init__(self, answering: Answering, asked: Asked) -> None:
        self._answering = answering
        self._questions = asked.questions
        self._changed = asyncio.Event()
        self._failure: BaseException | None = None
        self.all = [
            Choice(index, asked.make_reader and asked.make_reader(), asked.with_logprobs)
            for index in range(len(asked.questions))
        ]
        self.dropped_turns = 0
        self._tasks = [
            asyncio.create_task(self._listen(choice, question))
            for choice, question in zip(self.all, asked.questions, strict=True)
        ]

    async def begin(self, within_s: float) -> None:
        """Return when every answer has begun, or the time is over and some still wait.

        Raises:
            OaError: one was refused, or failed, before any had begun. Later failures are met by the next `change`.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while self._failure is None and not all(choice.has_begun for choice in self.all):
                    await self._changed.wait()
                    self._changed.clear()
        if self._failure is not None and not any(choice.has_begun for choice in self.all):
            raise self._failure
        self._changed.set()

    async def finish(self) -> None:
        """Return when every answer has ended.

        Raises:
            OaError: one failed.
        """
        while any(choice.end is None for choice in self.all):
            await self.change()

    async def change(self) -> None:
        """Return when something has come since the last call.

        Raises:
            OaError: an answer failed.
        """
        await self._changed.wait()
        self._changed.clear()
        if self._failure is not None:
            raise self._failure

    def wake(self) -> None:
        """Have `change` return although nothing came."""
        self._changed.set()

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def usage(self) -> Usage:
        """The tokens of all answers that have ended; a prompt counts once, however many answers it got."""
        ended = [(choice.end, self._questions[choice.index]) for choice in self.all if choice.end is not None]
        prompt = sum({question.turns: end.prompt_tokens for end, question in ended}.values())
        written = sum(end.completion_tokens for end, _ in ended)
        cached = {question.turns: end.cached_tokens for end, question in reversed(ended)}
        return Usage(
            prompt_tokens=prompt,
            completion_tokens=written,
            total_tokens=prompt + written,
            prompt_tokens_details=PromptDetails(cached_tokens=sum(cached.values())),
        )

    async def _listen(self, choice: Choice, question: Question) -> None:
        changed = self._changed.set
        try:
            async with aclosing(self._answering.answer(question)) as pieces:
                async for piece in pieces:
                    if type(piece) is Token:
                        choice.take(piece)
                    elif type(piece) is End:
                        choice.finish(piece)
                    elif type(piece) is Started:
                        self.dropped_turns = max(self.dropped_turns, piece.dropped_turns)
                    elif type(piece) is Queued:
                        continue
                    changed()
        except Exception as error:  # whoever waits for a change meets it there
            self._failure = self._failure or error
            changed()
