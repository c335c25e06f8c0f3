"""One answer that is being written, and those who watch it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from oa.domain.chats import Event, EventKind, State
from oa.hub.generating import Begun, Ending
from oa.inference.answering import Queued, Started
from oa.inference.engine import End, Token
from oa.inference.tools.definitions import ToolRecord, ToolStep
from oa.inference.tools.loop import Piece
from oa.protocol.chat_events import PendingEvent
from oa.server.stream import HEARTBEAT, frame

Pieces = AsyncGenerator[Piece, None]


@dataclass(slots=True)
class Verdict:
    """How an answer is to end."""

    state: State
    error: str | None = None


@dataclass(slots=True, eq=False)
class Generation:
    """An answer under way. All of it happens on the event loop."""

    message_id: UUID
    person_id: UUID
    parent_id: UUID | None
    model: str
    pieces: Pieces
    number: int
    """Of the last event so far."""
    first: asyncio.Task[Piece] | None = None
    task: asyncio.Task[None] | None = None
    verdict: Verdict | None = None
    """Set by whoever ends it before the model does."""
    is_settling: bool = False
    settled: asyncio.Event = field(default_factory=asyncio.Event)
    started: Started | None = None
    end: End | None = None
    used_plugin: Mapping[str, Any] | None = None
    _text: list[str] = field(default_factory=list[str])
    _unsaved_text: list[str] = field(default_factory=list[str])
    _unsaved: list[Event] = field(default_factory=list[Event])
    _begun: Begun | None = None
    _queued: Queued | None = None
    _frames: list[bytes] = field(default_factory=list[bytes])
    """What is kept by now and sent to everybody, in order."""
    first_number: int = 0
    """Of the first event of this run; an answer that is continued has earlier ones."""
    _is_over: bool = False
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.first_number = self.number + 1

    @property
    def is_waiting(self) -> bool:
        return self.started is None

    # --- what the model says ---

    def take(self, piece: Piece) -> bool:
        """Note a piece; whether there is something to be kept now."""
        match piece:
            case Token():
                text = piece.text.replace("\0", "")  # which not every database could keep
                if not text:
                    return False
                self._text.append(text)
                self._unsaved_text.append(text)
            case Queued():
                self._queued = piece
                self._wake()
                return False
            case Started():
                self.started = piece
                self._begun = Begun(self.message_id, piece.prompt_tokens, piece.dropped_turns, piece.worker)
            case ToolStep():
                self._close_text()
                self._add(EventKind.PLUGIN, facts=_step_facts(piece))
            case ToolRecord():
                self.used_plugin = plugin_used(piece)
                return False
            case End():
                self.end = piece
                return False
        return True

    def unsaved(self) -> tuple[Begun | None, list[Event]]:
        """What is to be kept next; it is then this caller's to keep and to publish."""
        self._close_text()
        begun, events = self._begun, self._unsaved
        self._begun, self._unsaved = None, []
        return begun, events

    def restore(self, begun: Begun | None, events: list[Event]) -> None:
        """They could not be kept: they are unsaved once more."""
        self._begun = begun or self._begun
        self._unsaved = [*events, *self._unsaved]

    def ending(self, verdict: Verdict) -> Ending:
        """How it has ended, with what is not kept yet."""
        begun, events = self.unsaved()
        self.number += 1
        end = self.end
        return Ending(
            message_id=self.message_id,
            state=verdict.state,
            text="".join(self._text),
            last_event=self.number,
            events=events,
            begun=begun,
            error=verdict.error,
            finish_reason=None if end is None else end.reason.value,
            completion_tokens=None if end is None else end.completion_tokens,
            used_plugin=self.used_plugin,
        )

    def _close_text(self) -> None:
        """Make one event of the text that came since the last one."""
        if self._unsaved_text:
            self._add(EventKind.TOKEN, "".join(self._unsaved_text))
            self._unsaved_text.clear()

    def _add(self, kind: EventKind, text: str = "", facts: Mapping[str, Any] | None = None) -> None:
        self.number += 1
        self._unsaved.append(Event(self.number, kind, text, facts))

    # --- who watches ---

    def publish(self, frames: list[bytes], *, is_over: bool = False) -> None:
        """Send to everybody what has been kept."""
        self._frames += frames
        self._is_over = is_over
        self._wake()

    async def watch(self, after: int, heartbeat_s: float) -> AsyncGenerator[bytes, None]:
        """Everything from one event on, as it comes, and a sign of life in silence.

        Args:
            after: the number of the last event that is known; not before the last one of an earlier run.
        """
        place = min(max(0, after + 1 - self.first_number), len(self._frames))
        told: Queued | None = None
        while True:
            changed = self._changed
            if place < len(self._frames):
                news = b"".join(self._frames[place:])
                place = len(self._frames)
                yield news
                continue
            if self._is_over:
                return
            if self._queued is not told and self.is_waiting and self._queued is not None:
                told = self._queued
                yield frame(None, PendingEvent(queue_position=told.position, queue_size=told.size))
                continue
            try:
                async with asyncio.timeout(heartbeat_s):
                    await changed.wait()
            except TimeoutError:
                yield HEARTBEAT

    def _wake(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()


def _step_facts(step: ToolStep) -> dict[str, Any]:
    return {
        "current_plugin_thought": step.thought,
        "current_plugin_action_taken": step.tool,
        "current_plugin_action_input": step.arguments,
        "current_plugin_action_response": step.result or "",
    }


def plugin_used(record: ToolRecord) -> dict[str, Any]:
    """What is kept of the tools of an answer, in the shape of `oa.protocol.plugins.PluginUsed`."""
    tool = record.last_tool
    output = next((step.result or "" for step in reversed(record.steps) if not step.is_failure), "")
    details = {
        "inner_monologue": [step.thought for step in record.steps if step.thought],
        "final_tool_output": output,
        "final_prompt": record.final_prompt,
        "final_generation_assisted": record.is_assisted,
        "achieved_depth": record.rounds,
        "error_message": record.error,
        "status": "failure" if record.error else "success",
    }
    return {
        "name": tool and (tool.plugin_name or tool.name),
        "url": tool and tool.plugin_url,
        "trusted": tool is not None and not tool.plugin_url.startswith(("http:", "https:")),
        "execution_details": details,
    }
