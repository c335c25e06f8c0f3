"""Tasks as they are sent: everything that clients know, and nothing that would tell whose work they judge."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from oa.domain.labels import ReviewMode
from oa.domain.tasks import TaskKind
from oa.domain.tree import Message, Role
from oa.domain.views import Assignment, MessageView
from oa.protocol.labels import TextLabels
from oa.protocol.tasks import (
    Interaction,
    MessageRanking,
    MessageRating,
    TaskRequest,
    TaskRequestType,
    TextReplyToMessage,
    task_of,
)

TREE = uuid4()


def view(role: Role = Role.PROMPTER, *, synthetic: bool = False, text: str = "text") -> MessageView:
    message = Message(
        id=uuid4(),
        parent_id=None,
        tree_id=TREE,
        user_id=uuid4(),
        api_client_id=uuid4(),
        frontend_message_id="m",
        role=role,
        text=text,
        lang="en",
        depth=0,
        created_date=datetime(2026, 11, 20, tzinfo=UTC),
        synthetic=synthetic,
        emojis={"+1": 2},
    )
    return MessageView(message, user_emojis=("+1",))


def sent(assignment: Assignment) -> dict[str, Any]:
    return json.loads(msgspec.json.encode(task_of(assignment)))


@pytest.mark.parametrize("kind", TaskKind)
def test_every_kind_is_sent_under_its_own_name(kind: TaskKind) -> None:
    thread = (view(text="prompt"), view(Role.ASSISTANT, text="reply"))
    replies = (view(text="a"), view(text="b"))
    assignment = Assignment(id=uuid4(), kind=kind, conversation=thread, replies=replies, tree_id=TREE)
    task = sent(assignment)
    assert (task["type"], task["id"]) == (kind.value, str(assignment.id))


def test_a_message_is_shown_with_its_reactions() -> None:
    task = sent(Assignment(id=uuid4(), kind=TaskKind.ASSISTANT_REPLY, conversation=(view(),)))
    (message,) = task["conversation"]["messages"]
    assert (message["emojis"], message["user_emojis"], message["is_assistant"]) == ({"+1": 2}, ["+1"], False)


@pytest.mark.parametrize("kind", [TaskKind.ASSISTANT_REPLY, TaskKind.PROMPTER_REPLY])
def test_whoever_answers_sees_who_wrote(kind: TaskKind) -> None:
    asked = view()
    task = sent(Assignment(id=uuid4(), kind=kind, conversation=(asked,)))
    assert task["conversation"]["messages"][0]["user_id"] == str(asked.message.user_id)


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        (TaskKind.LABEL_INITIAL_PROMPT, "prompt"),
        (TaskKind.LABEL_PROMPTER_REPLY, "reply"),
        (TaskKind.LABEL_ASSISTANT_REPLY, "reply"),
    ],
)
@pytest.mark.parametrize(("mode", "disposition"), [(ReviewMode.FULL, "quality"), (ReviewMode.SIMPLE, "spam")])
def test_a_review_is_blind_and_complete(kind: TaskKind, field: str, mode: ReviewMode, disposition: str) -> None:
    thread = (view(), view(text="to review"))
    labels = ("spam", "quality")
    task = sent(
        Assignment(
            id=uuid4(), kind=kind, conversation=thread, mode=mode, valid_labels=labels, mandatory_labels=("spam",)
        )
    )
    assert {message["user_id"] for message in task["conversation"]["messages"]} == {None}
    assert task["message_id"] == str(thread[-1].message.id)
    assert task[field] == "to review"
    assert (task["mode"], task["disposition"]) == (mode.value, disposition)
    assert task["valid_labels"] == ["spam", "quality"]
    assert [label["widget"] for label in task["labels"]] == ["yes_no", "likert"]


@pytest.mark.parametrize("kind", [TaskKind.RANK_ASSISTANT_REPLIES, TaskKind.RANK_PROMPTER_REPLIES])
@pytest.mark.parametrize(("reveals", "shown"), [(False, {None}), (True, {True})])
def test_a_ranking_says_that_machines_wrote_only_where_it_may(kind: TaskKind, reveals: bool, shown: set[Any]) -> None:
    parent = view()
    replies = tuple(view(Role.ASSISTANT, synthetic=True, text=text) for text in "ab")
    task = sent(
        Assignment(
            id=uuid4(), kind=kind, conversation=(parent,), replies=replies, tree_id=TREE, reveal_synthetic=reveals
        )
    )
    assert task["replies"] == ["a", "b"]
    assert task["reveal_synthetic"] is reveals
    assert {message["synthetic"] for message in task["reply_messages"]} == shown
    assert {message["user_id"] for message in task["reply_messages"]} == {None}
    assert {message["user_id"] for message in task["conversation"]["messages"]} == {None}
    assert (task["ranking_parent_id"], task["message_tree_id"]) == (str(parent.message.id), str(TREE))


def test_a_request_without_anything_asks_for_anything() -> None:
    request = msgspec.json.decode(b"{}", type=TaskRequest)
    assert (request.type, request.user, request.collective, request.lang) == (TaskRequestType.RANDOM, None, False, None)


def test_the_kinds_of_work_are_what_can_be_asked_for_by_name() -> None:
    kinds = {asked.kind for asked in TaskRequestType} - {None}
    assert kinds == set(TaskKind)
    nameless = {asked.value for asked in TaskRequestType if asked.kind is None}
    assert nameless == {"random", "summarize_story", "rate_summary", "rank_initial_prompts"}


USER = {"id": "ada", "display_name": "Ada", "auth_method": "local"}


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"type": "text_reply_to_message", "user_message_id": "n", "text": "t"}, TextReplyToMessage),
        ({"type": "message_ranking", "ranking": [1, 0]}, MessageRanking),
        ({"type": "message_rating", "rating": 5}, MessageRating),
        ({"type": "text_labels", "text": "", "labels": {}, "message_id": str(UUID(int=1))}, TextLabels),
    ],
)
def test_an_answer_is_known_by_its_type(body: dict[str, Any], kind: type[Any]) -> None:
    answer = {"message_id": "m", "user": USER, **body}
    assert isinstance(msgspec.convert(answer, Interaction), kind)


def test_labels_outside_an_interaction_need_no_type() -> None:
    body = {"user": USER, "text": "", "labels": {"spam": 1}, "message_id": str(UUID(int=1))}
    assert msgspec.convert(body, TextLabels).labels == {"spam": 1.0}
