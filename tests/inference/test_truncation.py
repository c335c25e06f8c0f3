from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oa.errors import PromptTooLong
from oa.inference.engine import Role, Segment, Turn
from oa.inference.truncation import Fitted, fit

SYSTEM = Turn(Role.SYSTEM, "s" * 10)


def render(turns: Sequence[Turn]) -> tuple[Segment, ...]:
    return tuple(Segment(turn.content, special=False) for turn in turns)


async def count(prompt: Sequence[Segment]) -> int:
    return sum(len(segment.text) for segment in prompt)


def talk(lengths: Sequence[int]) -> list[Turn]:
    roles = (Role.USER, Role.ASSISTANT)
    return [Turn(roles[index % 2], "x" * length) for index, length in enumerate(lengths)]


async def fitted(turns: Sequence[Turn], context: int, wanted: int | None = None) -> Fitted:
    return await fit(turns, (context, wanted), render, count)


async def test_what_fits_is_left_as_it_is() -> None:
    found = await fitted([SYSTEM, *talk([10, 10, 10])], 100)
    assert (found.dropped_turns, found.prompt_tokens, len(found.turns)) == (0, 40, 4)


async def test_the_oldest_turns_go_and_the_system_message_stays() -> None:
    turns = [SYSTEM, *talk([20, 20, 20, 20, 20])]
    found = await fitted(turns, 100)
    assert found.dropped_turns == 2
    assert found.turns == (SYSTEM, *turns[3:])
    assert found.prompt_tokens == 70


async def test_a_short_answer_needs_less_room() -> None:
    turns = talk([30, 30, 30])
    assert (await fitted(turns, 100, 10)).dropped_turns == 0
    assert (await fitted(turns, 100, 50)).dropped_turns == 2


async def test_the_last_turn_may_take_the_room_of_the_answer() -> None:
    found = await fitted(talk([30, 30, 95]), 100)
    assert (found.prompt_tokens, found.dropped_turns) == (95, 2)


async def test_a_last_turn_that_is_too_long_is_refused_with_both_numbers() -> None:
    with pytest.raises(PromptTooLong, match=r"110 tokens.* 100 at most") as caught:
        await fitted([SYSTEM, *talk([5, 5, 100])], 100)
    assert caught.value.context == {"prompt_tokens": 110, "context_length": 100}


async def test_results_of_tools_do_not_stand_at_the_beginning() -> None:
    tool = Turn(Role.TOOL, "x" * 20, tool_call_id="1")
    turns = [Turn(Role.USER, "x" * 20), Turn(Role.ASSISTANT, "x" * 20), tool, Turn(Role.ASSISTANT, "x"), USER]
    found = await fitted(turns, 60)
    assert found.turns == (USER,)


USER = Turn(Role.USER, "x" * 20)


@given(st.lists(st.integers(1, 40), min_size=1, max_size=15).filter(lambda lengths: len(lengths) % 2 == 1))
async def test_as_few_turns_as_possible_are_dropped(lengths: list[int]) -> None:
    turns = [SYSTEM, *talk(lengths)]
    found = await fitted(turns, 100)
    limit = 75
    fits = [start for start in range(0, len(lengths), 2) if 10 + sum(lengths[start:]) <= limit]
    assert found.dropped_turns == (fits[0] if fits else len(lengths) - 1)
    assert found.turns == (SYSTEM, *turns[1 + found.dropped_turns :])
