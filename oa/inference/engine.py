"""The contract between a model and everything that asks it.

An engine owns one loaded model. It is driven from the event loop and works elsewhere: none of its methods blocks
the loop. `tests/inference/test_engine_contract.py` holds every engine to what is written here.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from oa.domain.sampling import Sampling


class Role(StrEnum):
    """Who speaks in a turn, in the words that chat templates use."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"


@dataclass(frozen=True, slots=True)
class ToolCall:
    """What a model wants a tool to do. `arguments` is JSON text as the model wrote it; it may be no JSON at all."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class ToolDefinition:
    """A tool that a model may call. `parameters` is a JSON schema."""

    name: str
    description: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of a conversation."""

    role: Role
    content: str
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a prompt. Only in a `special` one are the names of special tokens read as these tokens."""

    text: str
    special: bool


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of an engine.

    An engine that tokenizes (`Capabilities.tokenizes`) reads `prompt`; one that passes conversations on reads `turns`.
    A last turn of the assistant is continued, not answered.
    """

    id: str
    turns: tuple[Turn, ...]
    prompt: tuple[Segment, ...]
    sampling: Sampling
    max_tokens: int
    stop: tuple[str, ...] = ()
    """Texts that end the answer and are no part of it."""
    alternatives: int | None = None
    """None: no log-probabilities. 0 and more: that of each token, and of so many likeliest ones in its place."""
    json_schema: Mapping[str, Any] | None = None
    """The answer is JSON that this schema allows; an empty schema allows every JSON value."""
    grammar: str | None = None
    """The answer is a text of this grammar (GBNF)."""
    tools: tuple[ToolDefinition, ...] = ()


@dataclass(frozen=True, slots=True)
class Likelihood:
    """A token that might have come, and the natural logarithm of its probability."""

    text: str
    token_id: int
    log_probability: float


@dataclass(frozen=True, slots=True)
class Token:
    """The next piece of an answer. `text` is whole characters, or empty while a character is incomplete."""

    text: str
    token_id: int | None = None
    log_probability: float | None = None
    alternatives: tuple[Likelihood, ...] = ()


class Reason(StrEnum):
    """Why an answer ended."""

    END = "end"
    """The model said that it was done."""
    STOP = "stop"
    """One of the request's stop strings came."""
    LENGTH = "length"
    """`max_tokens` were written, or the context is full."""


@dataclass(frozen=True, slots=True)
class End:
    """The last thing that `generate` yields."""

    reason: Reason
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int = 0
    """How many of the prompt's tokens were not computed anew."""
    tool_calls: tuple[ToolCall, ...] = ()
    """From engines that find them by themselves; else they are looked for in the text."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What an engine can do with the model that it holds."""

    context_length: int
    """Tokens of prompt and answer together."""
    parallel: int
    """How many requests it works on at the same time."""
    tokenizes: bool = True
    log_probabilities: bool = False
    json_schema: bool = False
    grammar: bool = False
    embeddings: bool = False
    chat_template: str | None = None
    """The model's own template, in Jinja."""
    special_tokens: Mapping[str, str] = field(default_factory=dict[str, str])
    """By the name that templates use: `bos_token`, `eos_token`."""
    special_names: frozenset[str] = frozenset()
    """Every text that the tokenizer reads as one special token: what must not work when a person types it."""


class Engine(Protocol):
    """One model, loaded or not. Every method may be called at any time from the event loop.

    Errors are leaves of `oa.errors`: `ModelFailed` when the model cannot be loaded or died (`UpstreamFailed` when that
    is another server's doing), `PromptTooLong` (with the numbers) before anything is generated, `NotSupported` for
    what `capabilities` denies.
    """

    @property
    def capabilities(self) -> Capabilities:
        """Known once the model is loaded."""
        ...

    @property
    def is_loaded(self) -> bool: ...

    async def load(self) -> None:
        """Load the model; nothing happens when it is loaded. After `unload`, or after it died, it is loaded anew."""
        ...

    async def unload(self) -> None:
        """End every request with `ModelFailed` and give the memory back."""
        ...

    def generate(self, request: Request) -> AsyncGenerator[Token | End, None]:
        """The answer, piece by piece, and one `End`. Closing the generator cancels and frees the place at once."""
        ...

    async def count_tokens(self, prompt: Sequence[Segment]) -> int:
        """How many tokens the prompt takes, those that the model puts in front included."""
        ...

    async def embed(self, texts: Sequence[str]) -> tuple[tuple[float, ...], ...]:
        """One vector of length 1 for each text."""
        ...
