"""What models do, counted for Prometheus as it passes by: whoever asks them, and wherever they run."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

from oa.inference.answering import Answering, Model, Question, Queued, Started
from oa.inference.engine import End, Token
from oa.server.metrics import Histogram, Metrics, head

FIRST_TOKEN_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
TOKENS_PER_SECOND = (1.0, 2.5, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1000.0, 2500.0, 10000.0)


@dataclass(slots=True)
class ModelFigures:
    """What was measured of one model."""

    waiting: int = 0
    running: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    ends: dict[str, int] = field(default_factory=dict[str, int])
    first_token: Histogram = field(default_factory=lambda: Histogram(FIRST_TOKEN_S))
    rate: Histogram = field(default_factory=lambda: Histogram(TOKENS_PER_SECOND))


class AnswerMetrics:
    """The figures of every model that has been asked since the start."""

    def __init__(self) -> None:
        self._models: dict[str, ModelFigures] = {}

    def of(self, model: str) -> ModelFigures:
        """The figures of a model. Ask only about models that exist: what strangers type must not become labels."""
        return self._models.setdefault(model, ModelFigures())

    def lines(self) -> Iterator[str]:
        """Everything, as Prometheus reads it."""
        yield from self._gauge("oa_queue_depth", "Questions that wait for the model.", lambda one: one.waiting)
        yield from self._gauge("oa_active_streams", "Answers that are being written.", lambda one: one.running)
        yield from head("oa_answers_total", "counter", "Answers by model and how they ended.")
        for model, found in self._models.items():
            for end, count in found.ends.items():
                yield f'oa_answers_total{{model="{_label(model)}",end="{end}"}} {count}'
        yield from head("oa_tokens_total", "counter", "Tokens read and written, by model.")
        for model, found in self._models.items():
            yield f'oa_tokens_total{{model="{_label(model)}",kind="prompt"}} {found.prompt_tokens}'
            yield f'oa_tokens_total{{model="{_label(model)}",kind="completion"}} {found.completion_tokens}'
        yield from head("oa_time_to_first_token_seconds", "histogram", "Seconds from the question to its first token.")
        for model, found in self._models.items():
            yield from found.first_token.lines("oa_time_to_first_token_seconds", f'model="{_label(model)}"')
        yield from head("oa_tokens_per_second", "histogram", "Speed of each answer, after its first token.")
        for model, found in self._models.items():
            yield from found.rate.lines("oa_tokens_per_second", f'model="{_label(model)}"')

    def _gauge(self, name: str, help: str, value: Callable[[ModelFigures], int]) -> Iterator[str]:
        yield from head(name, "gauge", help)
        for model, found in self._models.items():
            yield f'{name}{{model="{_label(model)}"}} {value(found)}'


class MeasuredAnswering:
    """Models whose work is counted; else what they are, as `oa.inference.answering.Answering` says."""

    def __init__(self, answering: Answering, metrics: Metrics, clock: Callable[[], float] = time.perf_counter) -> None:
        self._answering = answering
        self._clock = clock
        self._figures = AnswerMetrics()
        metrics.add(self._figures.lines)

    async def models(self) -> tuple[Model, ...]:
        return await self._answering.models()

    async def count_tokens(self, question: Question) -> int:
        return await self._answering.count_tokens(question)

    async def embed(self, model: str, texts: Sequence[str]) -> tuple[tuple[float, ...], ...]:
        return await self._answering.embed(model, texts)

    async def answer(self, question: Question) -> AsyncGenerator[Queued | Started | Token | End, None]:
        watch = _Watch(self._figures, question.model, self._clock)
        try:
            async with aclosing(self._answering.answer(question)) as pieces:
                async for piece in pieces:
                    if type(piece) is not Token or not watch.has_token:
                        watch.see(piece)
                    yield piece
        except Exception:
            watch.end = "failed"
            raise
        finally:
            watch.close()


class _Watch:
    """One answer. After its first token nothing is looked at until its end."""

    __slots__ = ("_clock", "_figures", "_first_at", "_is_running", "_is_waiting", "_metrics", "_model", "_since", "end")

    def __init__(self, metrics: AnswerMetrics, model: str, clock: Callable[[], float]) -> None:
        self._metrics = metrics
        self._model = model
        self._clock = clock
        self._since = clock()
        self._figures: ModelFigures | None = None
        self._first_at: float | None = None
        self._is_waiting = False
        self._is_running = False
        self.end = "cancelled"

    @property
    def has_token(self) -> bool:
        return self._first_at is not None

    def see(self, piece: Queued | Started | Token | End) -> None:
        figures = self._figures
        if figures is None:
            figures = self._figures = self._metrics.of(self._model)
        if isinstance(piece, Queued):
            if not self._is_waiting:
                self._is_waiting = True
                figures.waiting += 1
        elif isinstance(piece, Started):
            self._leave_queue(figures)
            if not self._is_running:
                self._is_running = True
                figures.running += 1
        elif isinstance(piece, Token):
            self._first_at = self._clock()
            figures.first_token.add(self._first_at - self._since)
        else:
            self._finish(figures, piece)

    def close(self) -> None:
        figures = self._figures
        if figures is None:
            return  # refused before anything happened
        self._leave_queue(figures)
        figures.running -= self._is_running
        figures.ends[self.end] = figures.ends.get(self.end, 0) + 1

    def _leave_queue(self, figures: ModelFigures) -> None:
        figures.waiting -= self._is_waiting
        self._is_waiting = False

    def _finish(self, figures: ModelFigures, end: End) -> None:
        self.end = str(end.reason)
        figures.prompt_tokens += end.prompt_tokens
        figures.completion_tokens += end.completion_tokens
        took_s = 0.0 if self._first_at is None else self._clock() - self._first_at
        if took_s > 0 and end.completion_tokens > 1:
            figures.rate.add((end.completion_tokens - 1) / took_s)


def _label(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
