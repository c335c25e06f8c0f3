"""The rules of chats, without a database."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from oa.domain import chats
from oa.domain.chats import NEXT, ChatMessage, ChatTree, State
from oa.domain.tree import Role
from oa.errors import CannotAnswer, ChatMessageNotFound, Invalid

NOW = datetime(2026, 11, 20, tzinfo=UTC)


def message(number: int, parent: int | None = None, **facts: Any) -> ChatMessage:
    role = facts.pop("role", Role.ASSISTANT)
    plain = {"state": State.COMPLETE if role is Role.ASSISTANT else State.MANUAL, "content": "x"}
    return ChatMessage(
        id=UUID(int=number),
        chat_id=UUID(int=0),
        parent_id=None if parent is None else UUID(int=parent),
        role=role,
        created_date=NOW,
        **{**plain, **facts},
    )


def prompt(number: int, parent: int | None = None) -> ChatMessage:
    return message(number, parent, role=Role.PROMPTER)


TREE = ChatTree([prompt(1), message(2, 1), prompt(3, 2), message(4, 3), prompt(5), message(6, 1)])


def test_every_state_that_is_finished_can_only_be_continued() -> None:
    assert {state for state in State if state.is_finished} == set(State) - {State.PENDING, State.IN_PROGRESS}
    assert all(NEXT[state] <= {State.PENDING} for state in State if state.is_finished)
    assert all(
        state.is_finished for following in NEXT.values() for state in following - {State.PENDING, State.IN_PROGRESS}
    )


def test_a_thread_leads_from_the_beginning_to_a_message() -> None:
    assert [one.id.int for one in TREE.thread(UUID(int=4))] == [1, 2, 3, 4]
    with pytest.raises(ChatMessageNotFound):
        TREE.thread(UUID(int=9))


@pytest.mark.parametrize(("active", "tail"), [(2, 4), (6, 6), (None, 5), (99, 5), (1, 6)])
def test_the_tail_is_the_newest_leaf_below_what_was_looked_at_last(active: int | None, tail: int) -> None:
    found = TREE.tail(None if active is None else UUID(int=active))
    assert found == UUID(int=tail)


def test_an_empty_chat_has_no_tail() -> None:
    assert ChatTree([]).tail(None) is None


@pytest.mark.parametrize(
    ("parent", "may"),
    [
        pytest.param(None, True, id="the beginning"),
        pytest.param(message(2), True, id="an answer"),
        pytest.param(message(2, state=State.CANCELLED), True, id="a stopped answer with some text"),
        pytest.param(message(2, state=State.ABORTED, content=None), False, id="a failed answer without text"),
        pytest.param(message(2, state=State.IN_PROGRESS, content=None), False, id="an answer under way"),
        pytest.param(prompt(1), False, id="a prompt"),
    ],
)
def test_where_a_prompt_may_be_written(parent: ChatMessage | None, may: bool) -> None:
    if may:
        chats.check_prompt_below(parent)
    else:
        with pytest.raises(CannotAnswer):
            chats.check_prompt_below(parent)


@pytest.mark.parametrize("state", [State.CANCELLED, State.ABORTED, State.TIMEOUT])
def test_what_ended_too_early_is_continued(state: State) -> None:
    chats.check_continue(message(2, state=state), has_children=False)
    with pytest.raises(CannotAnswer):
        chats.check_continue(message(2, state=state), has_children=True)


def test_a_complete_answer_is_continued_only_where_it_was_cut_off() -> None:
    chats.check_continue(message(2, finish_reason="length"), has_children=False)
    for reason in ("end", "stop", None):
        with pytest.raises(CannotAnswer):
            chats.check_continue(message(2, finish_reason=reason), has_children=False)


def test_answers_to_one_prompt_alone_are_compared() -> None:
    chats.check_inferior(message(2, 1), [message(6, 1)])
    for other in (message(2, 1), message(4, 3), prompt(7, 1)):
        with pytest.raises(Invalid):
            chats.check_inferior(message(2, 1), [other])
