"""An answer that is taken back leaves nothing behind but a line in the journal."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from community import SMALL, Community
from recount import differences
from taken_back import contents, instead, labels, order, text, undo

from oa.domain.emoji import Emoji
from oa.domain.lifecycle import TreeState
from oa.domain.moderation import Outcome
from oa.domain.views import Assignment
from oa.errors import (
    AnswerBuiltUpon,
    AnswerInUse,
    Invalid,
    LabelsForWrongMessage,
    TaskAlreadyUpdated,
    TaskExpired,
    TaskInvalidResponseType,
    TaskNotAnswered,
    TaskNotAssigned,
    TaskNotFound,
    UserNotSpecified,
)
from oa.hub import reports, second_thoughts
from oa.hub.moderators import Moderator


@contextlib.contextmanager
def stays(community: Community, reason: str) -> Iterator[None]:
    """What happens inside is refused for this reason, and changes nothing."""
    with community.refused(AnswerBuiltUpon) as refused:
        yield
    assert reason in str(refused.value)


@pytest.fixture
def small(community: Community) -> Community:
    community.set(**SMALL)
    return community


# --- exactly -------------------------------------------------------------------------------------------------------


def prompt_task(community: Community) -> Assignment:
    return community.take("ada", "initial_prompt")


def reply_task(community: Community) -> Assignment:
    community.growing("zoe")
    return community.take("ada", "assistant_reply")


def review_task(community: Community) -> Assignment:
    community.prompt("zoe")
    return community.take("ada", "label_initial_prompt")


def ranking_task(community: Community) -> Assignment:
    community.ranking("zoe")
    return community.take("ada", "rank_assistant_replies")


def write(community: Community, task: Assignment) -> None:
    community.write("ada", task)


def review(community: Community, task: Assignment) -> None:
    community.review("ada", task, spam=1.0, quality=0.5)


def rank(community: Community, task: Assignment) -> None:
    community.rank("ada", task)


def skip(community: Community, task: Assignment) -> None:
    community.skip("ada", task, "tired")


def report(community: Community, task: Assignment) -> None:
    community.review("ada", task, is_report=True)


Step = Callable[[Community, Assignment], None]

ANSWERS = [
    (prompt_task, write),
    (reply_task, write),
    (review_task, review),
    (review_task, report),
    (ranking_task, rank),
    (prompt_task, skip),
    (reply_task, skip),
    (review_task, skip),
    (ranking_task, skip),
]


@pytest.mark.parametrize(("take", "answer"), ANSWERS)
async def test_an_answer_that_is_taken_back_has_never_been(
    small: Community, take: Callable[[Community], Assignment], answer: Step
) -> None:
    task = take(small)
    before = contents(small)
    answer(small, task)
    assert contents(small) != before
    shown = undo(small, "ada", task)
    assert contents(small) == before
    assert shown == task
    assert differences(small.database) == []


@pytest.mark.parametrize(("take", "answer"), ANSWERS)
async def test_the_task_may_be_answered_again(
    small: Community, take: Callable[[Community], Assignment], answer: Step
) -> None:
    task = take(small)
    answer(small, task)
    once = contents(small)
    undo(small, "ada", task)
    answer(small, task)
    assert {name: len(rows) for name, rows in contents(small).items()} == {
        name: len(rows) for name, rows in once.items()
    }
    assert differences(small.database) == []


async def test_the_journal_keeps_that_there_was_an_answer_and_not_its_text(small: Community) -> None:
    task = prompt_task(small)
    message_id = small.write("ada", task, "a secret")
    undo(small, "ada", task)
    (event,) = small.events("answer_taken_back")
    assert (event["user_id"], event["message_id"]) == (small.user_id("ada"), message_id)
    assert event["event_payload"] == {"task": str(task.id), "task_type": "initial_prompt", "before": {"length": 8}}
    assert "a secret" not in repr(small.everything())


async def test_a_place_that_has_run_out_is_not_taken_again(small: Community, clock: Any) -> None:
    task = review_task(small)
    small.review("ada", task)
    clock.advance(timedelta(minutes=6))
    undo(small, "ada", task)
    assert small.task(task.id).place_until is None
    assert differences(small.database) == []


async def test_a_task_that_was_given_back_gets_its_place_only_where_there_is_room(small: Community) -> None:
    small.set(num_reviews_initial_prompt=1)
    task = review_task(small)
    small.skip("ada", task)
    small.take("ben", "label_initial_prompt")
    undo(small, "ada", task)
    assert small.task(task.id).place_until is None
    assert differences(small.database) == []


async def test_a_report_leaves_the_reports_of_others_where_they_are(small: Community, clock: Any) -> None:
    task = review_task(small)
    message_id = task.conversation[-1].message.id
    small.react("ben", message_id, Emoji.RED_FLAG)
    clock.advance(timedelta(seconds=1))
    before = contents(small)
    report(small, task)
    undo(small, "ada", task)
    assert contents(small) == before


async def test_a_report_after_the_moderators_decision_leaves_it_as_it_was(small: Community, clock: Any) -> None:
    task = review_task(small)
    message_id = task.conversation[-1].message.id
    keeper = Moderator(small.moderator)
    small.react("ben", message_id, Emoji.RED_FLAG)
    small.database.run(lambda tx: reports.process(tx, keeper, message_id, Outcome.DISMISSED, "a joke"))
    small.react("ben", message_id, Emoji.RED_FLAG)
    clock.advance(timedelta(seconds=1))
    before = contents(small)
    report(small, task)
    undo(small, "ada", task)
    assert contents(small) == before


async def test_a_report_that_others_have_followed_stays_in_the_queue(small: Community, clock: Any) -> None:
    task = review_task(small)
    report(small, task)
    clock.advance(timedelta(seconds=1))
    small.react("ben", task.conversation[-1].message.id, Emoji.RED_FLAG)
    queue = small.rows("flagged_message")
    undo(small, "ada", task)
    assert small.rows("flagged_message") == queue
    assert differences(small.database) == []


async def test_what_is_not_answered_or_taken_back_already_cannot_be_taken_back(small: Community) -> None:
    task = prompt_task(small)
    with small.refused(TaskNotAnswered):
        undo(small, "ada", task)
    small.write("ada", task)
    undo(small, "ada", task)
    with small.refused(TaskNotAnswered):
        undo(small, "ada", task)
    with small.refused(TaskNotAnswered):
        instead(small, "ada", task, text(task))


async def test_only_ones_own_answer_can_be_taken_back(small: Community) -> None:
    task = prompt_task(small)
    small.write("ada", task)
    small.prompt("ben")
    with small.refused(TaskNotAssigned):
        undo(small, "ben", task)
    with small.refused(TaskNotAssigned):
        instead(small, "ben", task, text(task))
    with small.refused(TaskNotFound):
        undo(small, "ada", dataclasses.replace(task, id=uuid4()))
    with small.refused(UserNotSpecified):
        small.database.run(lambda tx: second_thoughts.undo(tx, small.caller, None, task.id))


# --- built upon ------------------------------------------------------------------------------------------------------


async def test_a_text_stays_that_others_have_reviewed(small: Community) -> None:
    task = prompt_task(small)
    small.write("ada", task)
    small.review("ben", small.take("ben", "label_initial_prompt"))
    with stays(small, "reviewed"):
        undo(small, "ada", task)
    with small.refused(AnswerBuiltUpon):
        instead(small, "ada", task, text(task))


async def test_a_text_stays_as_long_as_somebody_is_reviewing_it(small: Community, clock: Any) -> None:
    task = prompt_task(small)
    small.write("ada", task)
    late = small.take("ben", "label_initial_prompt")
    with small.refused(AnswerInUse):
        undo(small, "ada", task)
    clock.advance(timedelta(minutes=6))
    undo(small, "ada", task)
    assert differences(small.database) == []
    with pytest.raises(TaskNotFound):
        small.review("ben", late)


async def test_a_text_stays_that_others_have_reacted_to(small: Community) -> None:
    task = prompt_task(small)
    message_id = small.write("ada", task)
    small.react("ben", message_id, Emoji.THUMBS_UP)
    with stays(small, "reacted"):
        undo(small, "ada", task)


async def test_ones_own_reactions_and_remarks_go_with_a_text(small: Community) -> None:
    task = prompt_task(small)
    before = contents(small)
    message_id = small.write("ada", task)
    small.react("ada", message_id, Emoji.CLAP)
    small.remark("ada", message_id, humor=1.0)
    undo(small, "ada", task)
    assert contents(small) == before


async def test_a_text_stays_that_a_moderator_has_deleted_or_halted(small: Community) -> None:
    deleted, halted = prompt_task(small), small.take("ada", "initial_prompt")
    small.delete(small.write("ada", deleted))
    small.halt(small.write("ada", halted))
    for task in (deleted, halted):
        with small.refused(AnswerBuiltUpon):
            undo(small, "ada", task)


async def test_a_reply_stays_that_has_replies(small: Community) -> None:
    small.set(max_tree_depth=3, goal_tree_size=9)
    task = reply_task(small)
    small.write("ada", task)
    small.review_everything()
    small.write("ben", small.take("ben", "prompter_reply"))
    with stays(small, "answered"):
        undo(small, "ada", task)


async def test_a_review_stays_once_there_are_enough(small: Community) -> None:
    task = review_task(small)
    small.review("ada", task)
    small.review_everything("rita", "rob")
    with stays(small, "complete"):
        undo(small, "ada", task)


async def test_a_report_stays_that_a_moderator_has_looked_at(small: Community) -> None:
    task = review_task(small)
    report(small, task)
    message_id = task.conversation[-1].message.id
    small.database.run(lambda tx: reports.process(tx, Moderator(small.moderator), message_id, Outcome.DISMISSED))
    with stays(small, "moderator"):
        undo(small, "ada", task)


async def test_a_ballot_stays_once_the_ranking_is_complete(small: Community) -> None:
    task = ranking_task(small)
    small.rank("ada", task)
    undone = order(task)
    small.rank_everything("rita", "rob")
    assert small.state(task.conversation[-1].message.id) is TreeState.READY_FOR_EXPORT
    with stays(small, "ranking"):
        undo(small, "ada", task)
    with small.refused(AnswerBuiltUpon):
        instead(small, "ada", task, undone)


async def test_a_skip_stays_that_has_halted_the_conversation(small: Community) -> None:
    small.set(auto_mod_max_skip_reply=1)
    task = reply_task(small)
    small.skip("ada", task)
    with stays(small, "halted"):
        undo(small, "ada", task)


# --- people ----------------------------------------------------------------------------------------------------------


def streak(community: Community, name: str) -> tuple[int | None, datetime | None]:
    (row,) = community.rows("user", username=name)
    return row["streak_days"], row["last_activity_date"]


async def test_the_streak_is_what_the_other_answers_make_it(small: Community, clock: Any) -> None:
    taken = []
    for _ in range(3):
        task = small.take("ada", "initial_prompt")
        small.write("ada", task)
        taken.append((task, clock.now))
        clock.advance(timedelta(days=1))
    clock.advance(timedelta(days=-1))
    assert streak(small, "ada") == (3, taken[2][1])
    undo(small, "ada", taken[1][0])
    assert streak(small, "ada") == (1, taken[2][1])
    undo(small, "ada", taken[2][0])
    assert streak(small, "ada") == (0, taken[0][1])
    undo(small, "ada", taken[0][0])
    assert streak(small, "ada") == (None, None)


async def test_another_answer_of_the_same_day_keeps_the_streak(small: Community, clock: Any) -> None:
    task = prompt_task(small)
    small.write("ada", task)
    clock.advance(timedelta(hours=1))
    small.prompt("ada")
    undo(small, "ada", task)
    assert streak(small, "ada") == (1, clock.now)


# --- replacing -------------------------------------------------------------------------------------------------------


async def test_a_text_is_replaced(small: Community) -> None:
    task = prompt_task(small)
    small.write("ada", task, "first words")
    instead(small, "ada", task, text(task, "better words"))
    (message,) = small.rows("message")
    assert message["text"] == "better words"
    assert small.task(task.id).done
    assert differences(small.database) == []


async def test_what_was_given_back_is_answered_without_an_acknowledgement(small: Community) -> None:
    task = small.ask("ada", "initial_prompt")
    small.skip("ada", task)
    instead(small, "ada", task, text(task))
    kept = small.task(task.id)
    assert (kept.done, kept.skipped) == (True, False)


async def test_an_answer_is_replaced_after_the_task_has_expired_but_not_given_anew(
    small: Community, clock: Any
) -> None:
    task = prompt_task(small)
    small.write("ada", task)
    clock.advance(timedelta(days=3))
    instead(small, "ada", task, text(task))
    undo(small, "ada", task)
    with pytest.raises(TaskExpired):
        small.write("ada", task)


async def test_the_same_replacement_is_confirmed_again(small: Community) -> None:
    task = ranking_task(small)
    small.rank("ada", task)
    first = instead(small, "ada", task, order(task, key="k"))
    after = contents(small)
    assert instead(small, "ada", task, order(task, key="k")) == first
    assert contents(small) == after


async def test_a_replacement_answers_this_very_task(small: Community) -> None:
    task = review_task(small)
    small.review("ada", task)
    with small.refused(TaskInvalidResponseType):
        instead(small, "ada", task, text(task))
    with small.refused(LabelsForWrongMessage):
        instead(small, "ada", task, labels(task, task_id=uuid4()))
    prompt = prompt_task(small)
    small.write("ada", prompt)
    with small.refused(TaskAlreadyUpdated):
        instead(small, "ada", prompt, dataclasses.replace(text(prompt), frontend_message_id="another"))


async def test_a_replacement_that_is_refused_leaves_the_first_answer(small: Community) -> None:
    task = review_task(small)
    small.review("ada", task)
    with small.refused(Invalid):
        instead(small, "ada", task, labels(task, labels={"spam": 7.0}))


async def test_an_answer_to_a_collective_task_is_taken_back_and_leaves_it_open(small: Community) -> None:
    small.prompt("zoe")
    task = small.take("ada", "label_initial_prompt", collective=True)
    small.review("ada", task)
    before = contents(small)
    small.review("ben", task)
    undo(small, "ben", task)
    rest = [name for name, rows in contents(small).items() if rows != before[name]]
    assert rest == ["user"]  # ben has come
    undo(small, "ada", task)
    assert not small.rows("text_labels")
