from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sample_trees import message, name_of, tree, tree_records

from oa.domain.lifecycle import TreeState
from oa.domain.records import (
    MessageRecord,
    TreeRecord,
    canonical_id,
    fault_of,
    has_grown,
    implied_state,
    in_ranked_order,
    is_synthetic,
    is_taken_on_trust,
    known_date,
    message_uuid,
    threads_in_order,
    undated,
    user_uuid,
)
from oa.domain.tree import Role

DIGEST = "0f" * 32
NAME = "bd8fde8b-1d8e-4e9a-9966-e96d000f8363"


@pytest.mark.parametrize(
    ("given_id", "canonical"),
    [
        (NAME, NAME),
        (NAME.upper(), NAME),
        (DIGEST.upper(), DIGEST),
        (NAME.replace("-", ""), None),
        (f"{{{NAME}}}", None),
        (DIGEST + "0", None),
        ("", None),
        (NAME + "\n", None),
    ],
)
def test_an_id_is_a_uuid_or_a_digest(given_id: str, canonical: str | None) -> None:
    assert canonical_id(given_id) == canonical


def test_a_uuid_stays_and_a_digest_becomes_one_that_is_always_the_same() -> None:
    assert message_uuid(NAME) == user_uuid(NAME) == UUID(NAME)
    assert message_uuid(DIGEST) == message_uuid(DIGEST)
    assert message_uuid(DIGEST) != user_uuid(DIGEST)


def test_undated_messages_keep_their_order_and_are_known_as_such() -> None:
    dates = [undated(place) for place in (0, 1, 80_000_000_000)]
    assert dates == sorted(set(dates))
    assert [known_date(date) for date in dates] == [None, None, None]
    date = datetime(1971, 1, 1, tzinfo=UTC) + timedelta(days=1)
    assert known_date(date) == date


# --- order -----------------------------------------------------------------------------------------------------------


@given(record=tree_records(), order=st.randoms(use_true_random=False))
def test_every_message_comes_once_and_after_its_parent(record: TreeRecord, order: Any) -> None:
    shuffled = list(record.messages)
    order.shuffle(shuffled)
    depths: dict[str | None, int] = {None: -1}
    for found, depth in threads_in_order(shuffled):
        assert depth == depths[found.parent_id] + 1
        depths[found.id] = depth
    assert len(depths) == len(shuffled) + 1


def test_replies_come_by_rank_and_unranked_ones_last_as_they_were() -> None:
    replies = [message(1, 0), message(2, 0, rank=1), message(3, 0), message(4, 0, rank=0), message(5, 2)]
    ordered = in_ranked_order(tree(*replies).messages)
    assert [one.id for one in ordered] == [name_of(number) for number in (0, 4, 2, 5, 1, 3)]


# --- what must hold --------------------------------------------------------------------------------------------------


@given(tree_records())
def test_a_tree_that_fits_together_has_no_fault(record: TreeRecord) -> None:
    assert fault_of(record) is None


def test_a_part_of_a_tree_has_no_fault_by_that_alone() -> None:
    assert fault_of(TreeRecord(id=name_of(0), messages=(message(1, 0), message(2, 0)))) is None


@pytest.mark.parametrize(
    ("replies", "line", "reason"),
    [
        ([message(1, 0), message(1, 0, line=3)], 3, "stands in its tree twice"),
        ([message(1, line=4)], 4, "both claim to be the prompt"),
        ([message(1, 0, role=Role.PROMPTER, line=2)], 2, "has the role of the message that it answers"),
        ([message(1, 2), message(2, 1, role=Role.ASSISTANT)], 0, "answer each other in a circle"),
        ([message(1, 1)], 0, "answer each other in a circle"),
    ],
)
def test_what_does_not_fit_together_is_named(replies: list[MessageRecord], line: int, reason: str) -> None:
    fault = fault_of(tree(*replies))
    assert fault is not None
    assert fault.line == line
    assert reason in fault.reason


# --- what follows ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("record", "state"),
    [
        (tree(), TreeState.PROMPT_LOTTERY_WAITING),
        (tree(review_result=True), TreeState.PROMPT_LOTTERY_WAITING),
        (tree(review_count=1), TreeState.INITIAL_PROMPT_REVIEW),
        (tree(review_result=False), TreeState.ABORTED_LOW_GRADE),
        (tree(deleted=True), TreeState.HALTED_BY_MODERATOR),
        (tree(message(1, 0)), TreeState.BACKLOG_RANKING),
        (tree(message(1, 0, rank=0), message(2, 0)), TreeState.READY_FOR_EXPORT),
    ],
    ids=["prompt", "accepted", "in review", "rejected", "deleted", "with replies", "ranked"],
)
def test_the_state_follows_from_what_is_there(record: TreeRecord, state: TreeState) -> None:
    assert implied_state(record) is state


@pytest.mark.parametrize(
    ("record", "trusted"),
    [
        (tree(message(1, 0)), True),
        (tree(message(1, 0, review_count=1)), False),
        (tree(message(1, 0, review_result=False)), False),
        (TreeRecord(id=name_of(0), state=TreeState.GROWING, messages=(message(0),)), False),
    ],
)
def test_only_what_says_nothing_of_reviews_is_taken_on_trust(record: TreeRecord, trusted: bool) -> None:
    assert is_taken_on_trust(record) is trusted


@pytest.mark.parametrize(
    ("state", "replies", "grown"),
    [
        (TreeState.PROMPT_LOTTERY_WAITING, 0, False),
        (TreeState.INITIAL_PROMPT_REVIEW, 3, False),
        (TreeState.GROWING, 0, True),
        (TreeState.READY_FOR_EXPORT, 3, True),
        (TreeState.ABORTED_LOW_GRADE, 0, False),
        (TreeState.HALTED_BY_MODERATOR, 0, False),
        (TreeState.HALTED_BY_MODERATOR, 1, True),
    ],
)
def test_who_has_grown_must_have_won_the_draw(state: TreeState, replies: int, grown: bool) -> None:
    assert has_grown(state, replies=replies) is grown


@pytest.mark.parametrize(
    ("fields", "by_model", "synthetic"),
    [
        ({}, False, False),
        ({}, True, True),
        ({"role": Role.PROMPTER}, True, False),
        ({"model_name": "chip20b"}, False, True),
        ({"synthetic": False, "model_name": "chip20b"}, True, False),
        ({"synthetic": True}, False, True),
    ],
)
def test_a_machine_wrote_what_says_so_or_names_a_model(fields: dict[str, Any], by_model: bool, synthetic: bool) -> None:
    assert is_synthetic(message(1, 0, **fields), by_model=by_model) is synthetic
