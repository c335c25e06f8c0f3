"""What the rest of OA asks of models. Engines, queues, workers and prompts are behind it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from oa.domain.sampling import Sampling
from oa.inference.engine import End, Token, ToolDefinition, Turn


@dataclass(frozen=True, slots=True)
class Question:
    """A conversation that wants an answer. A last turn of the assistant is continued, not answered."""

    id: str
    """Names the request in logs, in `cancel` and on the way to workers."""
    person: str
    """Whose turn it is: the queue is fair between people."""
    model: str
    """A name of `Model.name`."""
    turns: tuple[Turn, ...]
    sampling: Sampling
    max_tokens: int | None = None
    """None: as many as the context has room for."""
    stop: tuple[str, ...] = ()
    alternatives: int | None = None
    json_schema: Mapping[str, Any] | None = None
    grammar: str | None = None
    tools: tuple[ToolDefinition, ...] = ()
    is_completion: bool = False
    """The only turn is a bare text to go on from: no template."""


@dataclass(frozen=True, slots=True)
class Queued:
    """The request waits. `position` 0 is next."""

    position: int
    size: int


@dataclass(frozen=True, slots=True)
class Started:
    """A model has taken the request. `dropped_turns` of the oldest ones did not fit."""

    prompt_tokens: int
    dropped_turns: int
    worker: str | None = None


@dataclass(frozen=True, slots=True)
class Model:
    """A model that can be asked."""

    name: str
    description: str
    context_length: int
    created_s: int
    """Unix time at which it was installed."""
    is_default: bool
    engine: str
    embeddings: bool = False
    tools: bool = False
    """Its template has a form of its own for tool calls."""


class Answering(Protocol):
    """Answers questions, in their turn.

    Raises, from the first `anext` on: `UnknownModel`, `QueueFull`, `TooMany` (with the seconds to wait),
    `PromptTooLong`, `NotSupported`, `BadTemplate` (the model's template refuses the conversation), `TimedOut` (waiting
    or running too long), `ModelFailed` and `UpstreamFailed` (it died; what came so far is all there is).
    """

    async def models(self) -> tuple[Model, ...]:
        """What can be asked now, the default first."""
        ...

    def answer(self, question: Question) -> AsyncGenerator[Queued | Started | Token | End, None]:
        """Any number of `Queued`, one `Started`, the tokens, one `End`. Closing it cancels, waiting or running."""
        ...

    async def count_tokens(self, question: Question) -> int:
        """What its prompt takes in the model."""
        ...

    async def embed(self, model: str, texts: Sequence[str]) -> tuple[tuple[float, ...], ...]:
        """One vector of length 1 for each text."""
        ...
