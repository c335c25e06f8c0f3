from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oa.domain.tree import (
    Message,
    Node,
    Role,
    below,
    check_thread,
    children_of,
    longest_thread,
    most_replied,
    root_of,
)
from oa.errors import BrokenConversation

START = datetime(2024, 1, 1, tzinfo=UTC)


def plant(parents: Sequence[int | None], ages: Sequence[int] | None = None) -> list[Message]:
    """A message for each entry, which answers the message of that number; oldest first unless `ages` say otherwise."""
    return [
        Message(
            id=UUID(int=number + 1),
            parent_id=None if parent is None else UUID(int=parent + 1),
            tree_id=UUID(int=1),
            user_id=None,
            api_client_id=UUID(int=1),
            frontend_message_id=str(number),
            role=Role.PROMPTER,
            text="",
            lang="en",
            depth=0,
            created_date=START + timedelta(seconds=number if ages is None else ages[number]),
        )
        for number, parent in enumerate(parents)
    ]


def numbers(messages: Sequence[Message]) -> list[int]:
    return [int(message.frontend_message_id) for message in messages]


@st.composite
def trees(draw: st.DrawFn) -> list[Message]:
    size = draw(st.integers(1, 30))
    parents = [None, *(draw(st.integers(0, number - 1)) for number in range(1, size))]
    return plant(parents, draw(st.lists(st.integers(0, 5), min_size=size, max_size=size)))


def path_to(messages: Sequence[Message], leaf: Message) -> list[Message]:
    by_id = {message.id: message for message in messages}
    path = [leaf]
    while path[0].parent_id is not None:
        path.insert(0, by_id[path[0].parent_id])
    return path


def node(**facts: object) -> Node:
    plain = Node(id=UUID(int=1), parent_id=None, user_id=None, role=Role.PROMPTER, lang="en")
    return replace(plain, **facts)


def test_the_two_roles_take_turns() -> None:
    assert Role.PROMPTER.other is Role.ASSISTANT
    assert Role.ASSISTANT.other is Role.PROMPTER


@pytest.mark.parametrize(
    ("facts", "accepted", "live"),
    [
        pytest.param({"review_result": True, "review_count": 3}, True, True, id="accepted"),
        pytest.param({"review_result": True, "deleted": True}, False, False, id="accepted but deleted"),
        pytest.param({"review_count": 2}, False, True, id="undecided with reviews to come"),
        pytest.param({"review_result": False, "review_count": 2}, False, True, id="rejected with reviews to come"),
        pytest.param({"review_result": False, "review_count": 3}, False, False, id="rejected for good"),
        pytest.param({"review_count": 3}, False, True, id="undecided after all reviews"),
        pytest.param({"deleted": True}, False, False, id="deleted before any review"),
    ],
)
def test_a_reply_takes_up_a_place_while_it_may_still_be_accepted(
    facts: dict[str, object], accepted: bool, live: bool
) -> None:
    assert node(**facts).is_accepted() is accepted
    assert node(**facts).is_live(required_reviews=3) is live


def test_a_prompt_is_never_unproven_and_a_reply_is_until_it_is_accepted() -> None:
    prompt, reply = plant([None, 0])
    assert not replace(prompt, review_result=False).is_unproven()
    assert reply.is_unproven()
    assert replace(reply, review_result=False).is_unproven()
    assert not replace(reply, review_result=True).is_unproven()


def test_children_are_found_under_their_parent_and_the_root_under_none() -> None:
    root, first, second, grandchild = plant([None, 0, 0, 1])
    assert children_of([root, first, second, grandchild]) == {
        None: [root],
        root.id: [first, second],
        first.id: [grandchild],
    }


def test_the_root_is_the_node_without_a_parent() -> None:
    root = node()
    assert root_of([node(id=UUID(int=2), parent_id=root.id), root]) is root


def test_a_tree_without_a_root_is_broken() -> None:
    with pytest.raises(BrokenConversation):
        root_of([node(parent_id=UUID(int=9))])


@given(trees(), st.data())
def test_every_path_from_a_root_is_a_thread(messages: list[Message], data: st.DataObject) -> None:
    path = path_to(messages, data.draw(st.sampled_from(messages)))
    assert check_thread(path) == path


@given(trees(), st.data())
def test_a_thread_with_a_message_missing_is_broken(messages: list[Message], data: st.DataObject) -> None:
    path = path_to(messages, data.draw(st.sampled_from(messages)))
    missing = data.draw(st.integers(0, max(0, len(path) - 2)))
    with pytest.raises(BrokenConversation):
        check_thread(path[:missing] + path[missing + 1 :])


@given(trees(), st.data())
def test_below_a_message_is_exactly_what_leads_up_to_it(messages: list[Message], data: st.DataObject) -> None:
    start = data.draw(st.sampled_from(messages))
    expected = {message.id for message in messages if start in path_to(messages, message)[:-1]}
    found = [message.id for message in below(messages, start.id)]
    assert set(found) == expected
    assert len(found) == len(expected)


def test_below_a_message_parents_come_before_their_replies() -> None:
    messages = plant([None, 0, 1, 0, 3])
    assert numbers(list(below(messages, messages[0].id))) == [1, 3, 2, 4]


@given(trees())
def test_no_thread_is_longer_than_the_longest(messages: list[Message]) -> None:
    found = longest_thread(messages)
    check_thread(found)
    assert len(found) == max(len(path_to(messages, message)) for message in messages)


def test_of_threads_equally_long_the_one_that_ended_first_wins() -> None:
    assert numbers(longest_thread(plant([None, 0, 0], ages=[0, 9, 5]))) == [0, 2]


def test_a_message_cut_off_from_the_root_does_not_lengthen_a_thread() -> None:
    messages = plant([None, 0, 1, 2, 0])
    del messages[1]
    assert numbers(longest_thread(messages)) == [0, 4]


def test_without_a_root_there_is_no_thread() -> None:
    assert longest_thread(plant([None, 0])[1:]) == []


@given(trees())
def test_nothing_has_more_replies_than_the_most_replied(messages: list[Message]) -> None:
    counts = {message.id: sum(other.parent_id == message.id for other in messages) for message in messages}
    found = most_replied(messages)
    if found is None:
        assert max(counts.values()) == 0
        return
    parent, replies = found
    assert len(replies) == max(counts.values()) == counts[parent.id]
    assert all(reply.parent_id == parent.id for reply in replies)


def test_of_messages_with_as_many_replies_the_oldest_wins() -> None:
    found = most_replied(plant([None, 0, 0, 1, 2, 1, 2], ages=[0, 7, 3, 8, 8, 8, 8]))
    assert found is not None
    assert found[0].frontend_message_id == "0"
    messages = plant([None, 0, 1, 1, 2, 2], ages=[0, 7, 8, 9, 9, 9])
    found = most_replied(messages)
    assert found is not None
    assert found[0].frontend_message_id == "1"


def test_replies_to_a_message_that_is_not_there_count_for_nobody() -> None:
    assert most_replied(plant([None, 0, 1])[2:]) is None
