"""A model that says what a test has told it to say."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, replace

from oa.errors import UnknownModel
from oa.inference.answering import Model, Question, Queued, Started
from oa.inference.engine import End, Reason, Token, ToolCall

MODEL = Model(
    name="echo",
    description="says what it is told",
    context_length=512,
    created_s=1_700_000_000,
    is_default=True,
    engine="scripted",
    embeddings=True,
)

Piece = str | Token | Queued | Exception | asyncio.Event
"""What happens next: text comes, the request waits, the model fails, or it is silent until the test says so."""


@dataclass(frozen=True, slots=True)
class Script:
    pieces: tuple[Piece, ...]
    reason: Reason = Reason.END
    tool_calls: tuple[ToolCall, ...] = ()
    dropped_turns: int = 0


class ScriptedAnswering:
    """Gives the answers of `will` one after another, and then repeats the last turn in words."""

    def __init__(self, *models: Model) -> None:
        self._first_models = models or (MODEL,)
        self._news = asyncio.Event()
        self.forget()

    def forget(self) -> None:
        """Be as new."""
        self.all_models = self._first_models
        self.asked: list[Question] = []
        self.cancelled: list[str] = []
        """The ids of the questions whose answer was not listened to until its end."""
        self._scripts: deque[Script] = deque()

    def will(
        self,
        *pieces: Piece,
        reason: Reason = Reason.END,
        tool_calls: tuple[ToolCall, ...] = (),
        dropped_turns: int = 0,
    ) -> None:
        """Add one more answer to those that are to come."""
        self._scripts.append(Script(pieces, reason, tool_calls, dropped_turns))

    async def models(self) -> tuple[Model, ...]:
        return self.all_models

    def can_use_tools(self) -> None:
        """From now on the models' templates have a form of their own for calls."""
        self.all_models = tuple(replace(model, tools=True) for model in self.all_models)

    async def until(self, has_happened: Callable[[], bool]) -> None:
        """Return when something is true that changes as questions are asked, or cancelled."""
        async with asyncio.timeout(10):
            while not has_happened():
                self._news.clear()
                await self._news.wait()

    async def answer(self, question: Question) -> AsyncGenerator[Queued | Started | Token | End, None]:
        self.asked.append(question)
        self._news.set()
        self._find(question.model)
        script = self._scripts.popleft() if self._scripts else _echo(question)
        is_over = False
        try:
            async for piece in self._play(question, script):
                is_over = isinstance(piece, End)
                yield piece
        except Exception:
            is_over = True
            raise
        finally:
            if not is_over:
                self.cancelled.append(question.id)
                self._news.set()

    async def _play(self, question: Question, script: Script) -> AsyncGenerator[Queued | Started | Token | End, None]:
        """The pieces in their order; `Started` comes before the first text, or before the end."""
        prompt_tokens, count = await self.count_tokens(question), 0
        started = Started(prompt_tokens, script.dropped_turns)
        for piece in script.pieces:
            if isinstance(piece, Exception):
                raise piece
            if isinstance(piece, asyncio.Event):
                await piece.wait()
            elif isinstance(piece, Queued):
                yield piece
            else:
                if count == 0:
                    yield started
                count += 1
                await asyncio.sleep(0)
                yield Token(piece, count) if isinstance(piece, str) else piece
        if count == 0:
            yield started
        yield End(script.reason, prompt_tokens, count, tool_calls=script.tool_calls)

    async def count_tokens(self, question: Question) -> int:
        """One for each word."""
        return sum(len(turn.content.split()) for turn in question.turns)

    async def embed(self, model: str, texts: Sequence[str]) -> tuple[tuple[float, ...], ...]:
        self._find(model)
        return tuple((1.0, 0.0) for _ in texts)

    def _find(self, name: str) -> None:
        if name not in {model.name for model in self.all_models}:
            raise UnknownModel(f"there is no model {name!r}; there is {self.all_models[0].name}")


def _echo(question: Question) -> Script:
    words = question.turns[-1].content.split(" ")
    return Script(tuple(f" {word}" if index else word for index, word in enumerate(words)))
