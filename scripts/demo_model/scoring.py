"""How many of the test questions the built-in model answers word for word as it was taught."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import xllamacpp

from oa.demo.courses import Kind
from oa.demo.lesson_words import LANGUAGES
from oa.demo.lessons import WELL_KNOWN, Lesson, Teacher

LONGEST_ANSWER = 96
"""Tokens; the longest right answer has less than half."""

CONTEXT = 1024


@dataclass(frozen=True, slots=True)
class Score:
    """What came out of one kind of questions in one language."""

    row: str
    lang: str
    right: int
    asked: int


@dataclass(frozen=True, slots=True)
class Miss:
    """A wrong answer, to look at."""

    question: str
    wanted: str
    got: str


class Answering:
    """The model as llama.cpp runs it, always taking the likeliest token."""

    def __init__(self, server: Any) -> None:
        self._server = server

    def reply(self, messages: Sequence[dict[str, str]]) -> str:
        pieces: list[str] = []

        def take(text: str) -> bool:
            choices = json.loads(text).get("choices") or [{}]
            pieces.append((choices[0].get("delta") or {}).get("content") or "")
            return False

        wanted = {"messages": list(messages), "temperature": 0, "max_tokens": LONGEST_ANSWER, "stream": True}
        self._server.handle_chat_completions(json.dumps(wanted), take)
        return "".join(pieces)


@contextmanager
def answering(model: Path) -> Iterator[Answering]:
    """A GGUF file, loaded."""
    with tempfile.TemporaryDirectory() as directory:
        parameters = xllamacpp.CommonParams()
        parameters.model.path = str(model)
        parameters.hostnames = [f"{directory}/llama.sock"]  # a Unix socket, so that no port is opened
        parameters.n_ctx, parameters.n_parallel, parameters.warmup = CONTEXT, 1, False
        parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = 1
        parameters.verbosity = -1
        yield Answering(xllamacpp.Server(parameters))


def test_lessons(seed: int, count: int) -> dict[tuple[Kind, str], list[Lesson]]:
    """`count` lessons of every kind in every language, or as many as there are; nothing of them was taught."""
    teacher = Teacher(seed)
    return {(kind, lang): teacher.tests(kind, lang, count) for kind in Kind for lang in LANGUAGES}


def score(model: Answering, tests: dict[tuple[Kind, str], list[Lesson]]) -> tuple[list[Score], list[Miss]]:
    """Ask everything. Only the very words count."""
    tally: dict[tuple[str, str], list[bool]] = {}
    misses: list[Miss] = []
    for (_, lang), lessons in tests.items():
        for lesson in lessons:
            last = lesson.exchanges[-1]
            got = model.reply(lesson.messages()[:-1])
            tally.setdefault((row_of(lesson), lang), []).append(got == last.answer)
            if got != last.answer:
                misses.append(Miss(last.question, last.answer, got))
    return [Score(row, lang, sum(hits), len(hits)) for (row, lang), hits in tally.items()], misses


def row_of(lesson: Lesson) -> str:
    """The row of the table that a lesson's last question counts for."""
    asked = lesson.exchanges[-1]
    if asked.kind is Kind.NAME:
        return f"{asked.kind}, {'never taught' if lesson.exchanges[0].is_held_out else 'of those taught'}"
    if asked.kind is not Kind.SUM:
        return str(asked.kind)
    a, _, b = asked.answer.split()[:3]
    if max(int(a), int(b)) <= WELL_KNOWN:
        return f"{asked.kind}, numbers to {WELL_KNOWN}"
    return f"{asked.kind}, numbers never taught together"
