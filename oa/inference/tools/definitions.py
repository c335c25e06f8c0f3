"""What a tool is, and what is kept of its use."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from oa.inference.engine import ToolDefinition


@dataclass(frozen=True, slots=True)
class Tool:
    """Something that a model may ask for in the course of an answer."""

    definition: ToolDefinition
    run: Callable[[Mapping[str, Any]], Awaitable[str]]
    """Takes the arguments that the model wrote, which nobody has checked, and returns text for the model.

    Raises `OaError` with a sentence that the model is shown; it may try again.
    """
    plugin_url: str = ""
    """Where the plugin is that it belongs to: an address of the web, or a path for the hub's own."""
    plugin_name: str = ""

    @property
    def name(self) -> str:
        return self.definition.name


@dataclass(frozen=True, slots=True)
class ToolLimits:
    """How far a model may go with tools in one answer."""

    rounds: int = 4
    """How often it may ask for tools before it has to answer."""
    calls_per_round: int = 8
    run_s: float = 20.0
    """How long a tool may take."""
    result_characters: int = 2048
    """How much of a result the model is shown."""


@dataclass(frozen=True, slots=True)
class ToolStep:
    """One use of a tool, told twice: as it begins, and as it is done."""

    thought: str
    """What the model wrote before it asked."""
    tool: str
    arguments: str
    """JSON text as the model wrote it."""
    result: str | None = None
    """None as it begins."""
    is_failure: bool = False


@dataclass(frozen=True, slots=True)
class ToolRecord:
    """What tools did for an answer. It is there even when the model asked for none."""

    steps: tuple[ToolStep, ...]
    """Every use that was done, in order."""
    last_tool: Tool | None
    """The one that was used last, if it exists."""
    final_prompt: str
    """What the answer was made from beside the conversation: the uses of tools as the model saw them."""
    rounds: int
    """How often it asked."""
    error: str | None = None
    """Why the answer was made without what was asked for."""

    @property
    def is_assisted(self) -> bool:
        """Whether a tool's result went into the answer."""
        return any(not step.is_failure for step in self.steps)
