"""What models do, in /metrics."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import aclosing
from typing import Any

import pytest
from scripted_answering import ScriptedAnswering

from oa.domain.sampling import Sampling
from oa.errors import ModelFailed
from oa.inference.answering import Question, Queued
from oa.inference.engine import End, Reason, Role, Token, Turn
from oa.server.answer_metrics import MeasuredAnswering
from oa.server.metrics import Metrics

QUESTION = Question("q", "ada", "echo", (Turn(Role.USER, "two words"),), Sampling())


def values(metrics: Metrics) -> dict[str, float]:
    lines = [line for line in metrics.text().splitlines() if line.startswith("oa_")]
    return {name.removeprefix("oa_"): float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def ticks() -> Iterator[float]:
    yield from (10.0, 10.2, 12.2)


async def test_an_answer_is_counted_from_its_question_to_its_end() -> None:
    answering, metrics, clock = ScriptedAnswering(), Metrics(), ticks()
    answering.will("a", "b", "c", "d", "e", reason=Reason.LENGTH)
    measured = MeasuredAnswering(answering, metrics, lambda: next(clock))
    pieces = [piece async for piece in measured.answer(QUESTION)]
    assert len([piece for piece in pieces if isinstance(piece, Token)]) == 5
    assert isinstance(pieces[-1], End)
    found = values(metrics)
    assert found['answers_total{model="echo",end="length"}'] == 1
    assert found['tokens_total{model="echo",kind="prompt"}'] == 2
    assert found['tokens_total{model="echo",kind="completion"}'] == 5
    assert found['time_to_first_token_seconds_sum{model="echo"}'] == pytest.approx(0.2)
    assert found['tokens_per_second_sum{model="echo"}'] == pytest.approx(2.0)
    assert (found['queue_depth{model="echo"}'], found['active_streams{model="echo"}']) == (0, 0)


async def test_who_waits_and_who_is_answered_is_shown_while_it_lasts() -> None:
    answering, metrics = ScriptedAnswering(), Metrics()
    answering.will(Queued(0, 1), Queued(0, 2), "a", asyncio.Event())
    shown: list[tuple[float, float]] = []
    async with aclosing(MeasuredAnswering(answering, metrics).answer(QUESTION)) as pieces:
        async for piece in pieces:
            found = values(metrics)
            shown.append((found['queue_depth{model="echo"}'], found['active_streams{model="echo"}']))
            if isinstance(piece, Token):
                break
    assert shown == [(1, 0), (1, 0), (0, 1), (0, 1)]
    found = values(metrics)
    assert (found['queue_depth{model="echo"}'], found['active_streams{model="echo"}']) == (0, 0)
    assert found['answers_total{model="echo",end="cancelled"}'] == 1
    assert answering.cancelled == ["q"]


async def test_a_failure_is_counted_as_one_but_what_is_refused_at_once_is_not() -> None:
    answering, metrics = ScriptedAnswering(), Metrics()
    measured = MeasuredAnswering(answering, metrics)
    for script in (["a", ModelFailed("it died")], [ModelFailed("it is dead")]):
        answering.will(*script)
        with pytest.raises(ModelFailed):
            assert [piece async for piece in measured.answer(QUESTION)] == []
    assert values(metrics)['answers_total{model="echo",end="failed"}'] == 1


async def test_the_hub_shows_it_under_metrics(hub: Any) -> None:
    body = {"messages": [{"role": "user", "content": "Hello"}]}
    await hub.http.post("/v1/chat/completions", json=body, headers={"x-api-key": hub.key})
    text = (await hub.http.get("/metrics")).text
    assert 'oa_tokens_total{model="echo",kind="completion"} 1' in text
    assert "# TYPE oa_time_to_first_token_seconds histogram" in text
