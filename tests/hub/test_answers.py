"""Handing in texts, labels and rankings."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from community import REVIEWERS, SMALL, Community, who
from recount import differences
from sqlalchemy import insert

from oa.domain.lifecycle import TreeState
from oa.domain.people import IMPORT_CLIENT_ID
from oa.domain.tasks import RANKINGS, REPLIES, REVIEWS, TaskKind
from oa.domain.tree import Role
from oa.domain.views import Assignment
from oa.errors import (
    AlreadyLabeled,
    AuthAndUsernameRequired,
    CorruptRanking,
    DuplicateReply,
    Invalid,
    InvalidFrontendMessageId,
    InvalidLabel,
    InvalidRanking,
    LabelsForWrongMessage,
    MandatoryLabelMissing,
    MessageDuplicated,
    MessageNotFound,
    MessageTextEmpty,
    MessageTooLong,
    NoSelfLabeling,
    OaError,
    OwnMessage,
    SlotTaken,
    TaskAlreadyDone,
    TaskExpired,
    TaskInvalidResponseType,
    TaskNotAcknowledged,
    TaskNotAssigned,
    TaskNotFound,
    TaskSkipped,
    TreeAborted,
    UserDisabled,
    UserNotSpecified,
)
from oa.hub import answers, collect
from oa.hub.answers import LabelAnswer, RankingAnswer, TextAnswer
from oa.hub.assignments import TaskRequest
from oa.store import tables

VALIDITY = timedelta(minutes=2880)

Send = Callable[..., Any]


# --- what all answers share ------------------------------------------------------------------------------------------


def text_task(community: Community) -> Assignment:
    community.growing()
    return community.ask("ida", *REPLIES)


def review_task(community: Community) -> Assignment:
    community.prompt("ada")
    return community.ask("ida", *REVIEWS)


def ranking_task(community: Community) -> Assignment:
    community.set(**SMALL)
    community.ranking()
    return community.ask("ida", *RANKINGS)


ANSWERS = [
    pytest.param(text_task, Community.write, id="a text"),
    pytest.param(review_task, Community.review, id="labels"),
    pytest.param(ranking_task, Community.rank, id="a ranking"),
]


@pytest.mark.parametrize(("make", "send"), ANSWERS)
@pytest.mark.parametrize(
    ("wrong", "by", "error"),
    [
        pytest.param(("expired", "unacknowledged"), "other", TaskExpired, id="expired comes first"),
        pytest.param(("expired", "done", "skipped"), "ida", TaskExpired, id="expired before done"),
        pytest.param(("unacknowledged", "done"), "other", TaskNotAcknowledged, id="then not acknowledged"),
        pytest.param(("done", "skipped"), "other", TaskAlreadyDone, id="then answered before"),
        pytest.param(("skipped",), "other", TaskNotAssigned, id="then somebody else's"),
        pytest.param(("skipped",), "ida", TaskSkipped, id="then given back"),
        pytest.param(("of another kind",), "ida", TaskInvalidResponseType, id="then another kind"),
    ],
)
def test_what_is_wrong_with_a_task_is_said_in_one_order(
    community: Community, clock: Any, make: Any, send: Send, wrong: tuple[str, ...], by: str, error: type[OaError]
) -> None:
    task = make(community)
    community.ack(task.id)
    community.ask("other", "initial_prompt")
    if "expired" in wrong:
        clock.advance(VALIDITY)
    if "unacknowledged" in wrong:
        community.put("task", task.id, ack=None)
    if "of another kind" in wrong:
        kind = TaskKind.LABEL_ASSISTANT_REPLY if make is text_task else TaskKind.ASSISTANT_REPLY
        community.put("task", task.id, kind=kind.value)
    community.put("task", task.id, done="done" in wrong, skipped="skipped" in wrong)
    with community.refused(error):
        send(community, by, task)


@pytest.mark.parametrize(("make", "send"), ANSWERS)
def test_an_unknown_task_takes_no_answer(community: Community, make: Any, send: Send) -> None:
    task = make(community)
    community.ack(task.id)
    community.put("task", task.id, frontend_message_id="another", api_client_id=community.moderator.client.id)
    with community.refused(TaskNotFound):
        send(community, "ida", task)


@pytest.mark.parametrize(("make", "send"), ANSWERS)
def test_a_disabled_user_hands_nothing_in(community: Community, make: Any, send: Send) -> None:
    task = make(community)
    community.ack(task.id)
    community.disable("ida")
    with community.refused(UserDisabled):
        send(community, "ida", task)


@pytest.mark.parametrize(("make", "send"), ANSWERS)
def test_a_second_answer_is_refused(community: Community, make: Any, send: Send) -> None:
    task = make(community)
    community.ack(task.id)
    send(community, "ida", task)
    with community.refused(TaskAlreadyDone):
        send(community, "ida", task)


@pytest.mark.parametrize(("make", "send"), ANSWERS)
def test_an_answer_that_was_given_back_before_is_refused(community: Community, make: Any, send: Send) -> None:
    task = make(community)
    community.ack(task.id)
    community.skip("ida", task)
    with community.refused(TaskSkipped):
        send(community, "ida", task)


@pytest.mark.parametrize(("make", "send"), ANSWERS)
def test_an_answer_ends_the_task_with_its_place_and_is_noted(
    community: Community, clock: Any, make: Any, send: Send
) -> None:
    task = make(community)
    community.ack(task.id)
    clock.advance(timedelta(days=1))
    send(community, "ida", task, key="k")
    kept = community.task(task.id)
    assert (kept.done, kept.place_until, kept.answer_key) == (True, None, "k")
    (user,) = community.rows("user", username="ida")
    assert user["last_activity_date"] == clock.now
    assert differences(community.database) == []


def receipts(community: Community, task: Assignment, keys: list[str | None]) -> list[UUID]:
    """Send the same answer under each of these keys."""
    found: list[UUID] = []
    for key in keys:
        if task.kind in REPLIES:
            text = TextAnswer(frontend_message_id=str(task.id), user_message_id="mine", text="Yes.", key=key)
            found.append(
                community.database.run(
                    lambda tx, text=text: answers.answer_text(tx, community.caller, who("ida"), text)
                )
            )
        elif task.kind in REVIEWS:
            found.append(community.review("ida", task, key=key))
        else:
            found.append(community.rank("ida", task, key=key))
    return found


@pytest.mark.parametrize("make", [text_task, review_task, ranking_task])
def test_the_same_answer_sent_again_with_its_key_is_confirmed_again(
    community: Community, clock: Any, make: Any
) -> None:
    task = make(community)
    community.ack(task.id)
    (first,) = receipts(community, task, ["k"])
    before = community.everything()
    clock.advance(VALIDITY)
    assert receipts(community, task, ["k"]) == [first]
    assert community.everything() == before


@pytest.mark.parametrize("make", [text_task, review_task, ranking_task])
@pytest.mark.parametrize("key", [None, "another"])
def test_an_answer_under_another_key_is_a_second_one(community: Community, make: Any, key: str | None) -> None:
    task = make(community)
    community.ack(task.id)
    receipts(community, task, ["k"])
    with community.refused(TaskAlreadyDone):
        receipts(community, task, [key])


def test_somebody_elses_key_confirms_nothing(community: Community) -> None:
    task = review_task(community)
    community.ack(task.id)
    community.review("ida", task, key="k")
    with community.refused(TaskAlreadyDone):
        community.review("rita", task, key="k")


def test_an_answer_needs_a_user(community: Community) -> None:
    task = text_task(community)
    community.ack(task.id)
    answer = TextAnswer(frontend_message_id=str(task.id), user_message_id="a", text="Yes.")
    with community.refused(UserNotSpecified):
        community.database.run(lambda tx: answers.answer_text(tx, community.caller, None, answer))
    with community.refused(AuthAndUsernameRequired):
        community.database.run(lambda tx: answers.answer_text(tx, community.caller, who(""), answer))


def test_people_with_a_token_answer_as_themselves(community: Community) -> None:
    ada = community.new_person("ada")
    request = TaskRequest(who=who("somebody else"), kinds=frozenset(TaskKind))
    task = community.database.run(lambda tx: collect.request_task(tx, ada, request))
    community.database.run(lambda tx: collect.acknowledge(tx, ada, task.id, "a"))
    answer = TextAnswer(frontend_message_id="a", user_message_id="b", text="How?")
    community.database.run(lambda tx: answers.answer_text(tx, ada, who("somebody else"), answer))
    assert ada.person is not None
    assert [row["user_id"] for row in community.rows("message")] == [ada.person.id]


# --- texts -----------------------------------------------------------------------------------------------------------


def test_a_prompt_plants_a_tree_with_the_sizes_of_the_campaign(community: Community, clock: Any) -> None:
    community.set(goal_tree_size="7", max_tree_depth="2", max_children_count="4")
    prompt = community.write("ada", community.take("ada"), "How?")
    message, tree = community.message(prompt), community.tree(prompt)
    assert (message.text, message.lang, message.role, message.depth) == ("How?", "en", Role.PROMPTER, 0)
    assert (message.tree_id, message.parent_id, message.created_date) == (prompt, None, clock.now)
    assert (tree.state, tree.goal_tree_size, tree.max_depth, tree.max_children_count) == (
        TreeState.INITIAL_PROMPT_REVIEW,
        7,
        2,
        4,
    )
    community.set(goal_tree_size="12")
    assert community.tree(prompt).goal_tree_size == 7


def test_goals_are_drawn_where_the_campaign_wants_them_drawn(community: Community) -> None:
    community.set(random_goal_tree_size="true", min_goal_tree_size="5", goal_tree_size="9")
    goals = {community.tree(community.prompt(f"author {number}")).goal_tree_size for number in range(12)}
    assert goals <= set(range(5, 10))
    assert len(goals) > 1


def test_a_reply_hangs_below_its_parent(community: Community) -> None:
    prompt = community.growing()
    reply = community.message(community.reply("ben"))
    assert (reply.parent_id, reply.tree_id, reply.depth, reply.role) == (prompt, prompt, 1, Role.ASSISTANT)
    assert community.message(prompt).children_count == 1
    assert community.available("rita")["label_assistant_reply"] == 1


def test_a_reply_has_the_language_of_its_parent_unless_it_says_another(community: Community) -> None:
    community.growing(lang="de")
    plain = community.write("ben", community.take("ben", *REPLIES, lang="de"))
    stated = community.write("cleo", community.take("cleo", *REPLIES, lang="de"), lang="fr")
    assert (community.message(plain).lang, community.message(stated).lang) == ("de", "fr")


def test_texts_are_journalled_without_their_words(community: Community) -> None:
    community.growing()
    community.write("ben", community.take("ben", *REPLIES), "Yes.")
    event = community.events("text_reply_to_message")[-1]
    assert event["user_id"] == community.user_id("ben")
    assert event["event_payload"] == {"length": 4, "role": "assistant", "task_type": "assistant_reply"}


def send_text(community: Community, task: Assignment, **changes: str) -> None:
    facts = {"frontend_message_id": str(task.id), "user_message_id": "mine", "text": "Yes."}
    answer = TextAnswer(**{**facts, **changes})
    community.database.run(lambda tx: answers.answer_text(tx, community.caller, who("ida"), answer))


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        pytest.param({"user_message_id": ""}, InvalidFrontendMessageId, id="no id for the text"),
        pytest.param({"frontend_message_id": ""}, InvalidFrontendMessageId, id="no id of the task"),
        pytest.param({"frontend_message_id": "unknown"}, TaskNotFound, id="an unknown id"),
        pytest.param({"text": ""}, MessageTextEmpty, id="nothing"),
        pytest.param({"text": " \n\t"}, MessageTextEmpty, id="nothing to see"),
        pytest.param({"text": "x" * 2001}, MessageTooLong, id="one character too many"),
        pytest.param({"user_message_id": "taken"}, InvalidFrontendMessageId, id="an id that names another text"),
    ],
)
def test_a_text_that_cannot_be_taken_is_refused(
    community: Community, changes: dict[str, str], error: type[OaError]
) -> None:
    task = text_task(community)
    community.ack(task.id)
    other = community.take("other", "initial_prompt")
    taken = TextAnswer(frontend_message_id=str(other.id), user_message_id="taken", text="How?")
    community.database.run(lambda tx: answers.answer_text(tx, community.caller, who("other"), taken))
    with community.refused(error):
        send_text(community, task, **changes)


def test_the_longest_text_is_taken(community: Community) -> None:
    task = text_task(community)
    community.ack(task.id)
    send_text(community, task, text="ß" * 2000)


def test_the_same_text_is_refused_for_a_while(community: Community, clock: Any) -> None:
    community.write("ada", community.take("ada", "initial_prompt"), "How?")
    task = community.take("ada", "initial_prompt")
    clock.advance(timedelta(minutes=120))
    with community.refused(MessageDuplicated):
        community.write("ada", task, "How?")
    community.write("ben", community.take("ben", "initial_prompt"), "How?")
    clock.advance(timedelta(microseconds=1))
    community.write("ada", task, "How?")


def test_the_same_text_is_taken_where_the_campaign_allows_it(community: Community) -> None:
    community.set(duplicate_message_filter_window_minutes="0")
    for _ in range(2):
        community.write("ada", community.take("ada", "initial_prompt"), "How?")


def test_a_deleted_text_may_be_sent_again(community: Community) -> None:
    community.delete(community.write("ada", community.take("ada", "initial_prompt"), "How?"))
    community.write("ada", community.take("ada", "initial_prompt"), "How?")


@pytest.mark.parametrize("state", sorted(TreeState))
def test_a_late_reply_is_kept_unless_the_tree_was_given_up(community: Community, state: TreeState) -> None:
    prompt = community.growing()
    task = community.take("ben", *REPLIES)
    community.put("message_tree", prompt, state=state.value)
    if state in (TreeState.GROWING, TreeState.RANKING, TreeState.READY_FOR_SCORING, TreeState.READY_FOR_EXPORT):
        reply = community.write("ben", task)
        assert community.message(reply).parent_id == prompt
        assert community.message(prompt).children_count == 1
    else:
        with community.refused(TreeAborted):
            community.write("ben", task)


def test_a_reply_to_a_deleted_message_is_kept_out_of_sight(community: Community) -> None:
    prompt = community.growing()
    parent = community.reply("ben")
    community.review_everything()
    task = community.take("cleo", "prompter_reply")
    community.delete(parent)
    reply = community.message(community.write("cleo", task))
    assert reply.deleted
    assert community.message(parent).children_count == 0
    assert community.state(prompt) == TreeState.GROWING
    assert differences(community.database) == []


def test_a_reply_that_comes_after_the_tree_has_grown_is_neither_reviewed_nor_ranked(community: Community) -> None:
    community.set(**SMALL)
    prompt = community.growing()
    task = community.lose_place(community.take("late", *REPLIES))
    for name in ("ben", "cleo"):
        community.reply(name)
    community.review_everything()
    reply = community.write("late", task)
    assert community.state(prompt) == TreeState.RANKING
    assert not community.is_offered("rudi", *REVIEWS)
    assert reply not in [view.message.id for view in community.ask("rita", *RANKINGS).replies]


def test_nobody_answers_the_same_message_twice_with_two_tasks(community: Community, clock: Any) -> None:
    community.growing()
    first = community.take("ben", *REPLIES)
    clock.advance(timedelta(seconds=300))
    second = community.take("ben", *REPLIES)
    community.write("ben", second)
    with community.refused(DuplicateReply):
        community.write("ben", first)


# --- labels ----------------------------------------------------------------------------------------------------------


def send_labels(
    community: Community, task: Assignment, name: str = "ida", *, to: UUID | None = None, **labels: float
) -> None:
    message_id = to or task.conversation[-1].message.id
    answer = LabelAnswer(message_id=message_id, task_id=task.id, text="", labels=labels)
    community.database.run(lambda tx: answers.answer_labels(tx, community.caller, who(name), answer))


@pytest.mark.parametrize(
    ("labels", "error"),
    [
        pytest.param({"spam": 0, "fails_task": 1}, InvalidLabel, id="a label that a prompt does not have"),
        pytest.param({"spam": 0, "sweetness": 1}, InvalidLabel, id="a label that does not exist"),
        pytest.param({"quality": 1}, MandatoryLabelMissing, id="without the mandatory one"),
        pytest.param({}, MandatoryLabelMissing, id="none at all"),
        pytest.param({"spam": 1.01}, Invalid, id="above 1"),
        pytest.param({"spam": -0.01}, Invalid, id="below 0"),
        pytest.param({"spam": float("nan")}, Invalid, id="no number"),
    ],
)
def test_labels_that_were_not_asked_for_are_refused(
    community: Community, labels: dict[str, float], error: type[OaError]
) -> None:
    task = review_task(community)
    community.ack(task.id)
    with community.refused(error):
        send_labels(community, task, **labels)


def test_labels_for_another_message_than_the_task_is_about_are_refused(community: Community) -> None:
    task = review_task(community)
    community.ack(task.id)
    with community.refused(LabelsForWrongMessage):
        send_labels(community, task, to=uuid4(), spam=0)


def test_a_review_is_kept_as_it_was_given(community: Community, clock: Any) -> None:
    task = review_task(community)
    community.ack(task.id)
    community.review("ida", task, spam=0.0, quality=0.75)
    (row,) = community.rows("text_labels")
    assert row["labels"] == {"spam": 0.0, "quality": 0.75}
    assert (row["task_id"], row["message_id"]) == (task.id, task.conversation[-1].message.id)
    assert (row["user_id"], row["created_date"]) == (community.user_id("ida"), clock.now)


def test_a_review_may_name_the_message_instead_of_the_task(community: Community) -> None:
    task = review_task(community)
    community.ack(task.id)
    prompt = task.conversation[-1].message.id
    answer = LabelAnswer(message_id=prompt, task_id=None, text="", labels={"spam": 0})
    community.database.run(lambda tx: answers.answer_labels(tx, community.caller, who("ida"), answer))
    assert community.task(task.id).done
    assert community.message(prompt).review_count == 1
    with community.refused(TaskNotFound):
        community.database.run(lambda tx: answers.answer_labels(tx, community.caller, who("other"), answer))


def test_of_two_tasks_on_one_message_the_one_that_can_be_answered_is(community: Community, clock: Any) -> None:
    task = review_task(community)
    community.ack(task.id)
    clock.advance(timedelta(seconds=300))
    community.ask("ida", *REVIEWS)
    answer = LabelAnswer(message_id=task.conversation[-1].message.id, task_id=None, text="", labels={"spam": 0})
    community.database.run(lambda tx: answers.answer_labels(tx, community.caller, who("ida"), answer))
    assert community.task(task.id).done


def test_nobody_reviews_their_own_message_even_with_a_task(community: Community) -> None:
    community.prompt("ada")
    task = community.take("rita", *REVIEWS, collective=True)
    with community.refused(NoSelfLabeling):
        community.review("ada", task)
    community.set(allow_self_labeling="true")
    community.review("ada", task)


def test_nobody_reviews_a_message_twice_with_two_tasks(community: Community, clock: Any) -> None:
    task = review_task(community)
    community.ack(task.id)
    clock.advance(timedelta(seconds=300))
    community.review("ida", community.take("ida", *REVIEWS))
    with community.refused(AlreadyLabeled):
        community.review("ida", task)


def test_late_labels_are_kept_whatever_has_become_of_the_tree(community: Community) -> None:
    task = review_task(community)
    community.ack(task.id)
    prompt = task.conversation[-1].message.id
    community.halt(prompt)
    community.review("ida", task)
    assert community.message(prompt).review_count == 1
    assert community.state(prompt) == TreeState.HALTED_BY_MODERATOR


def test_a_review_through_the_free_labels_is_a_review(community: Community) -> None:
    task = review_task(community)
    community.ack(task.id)
    prompt = task.conversation[-1].message.id
    answer = LabelAnswer(message_id=prompt, task_id=task.id, text="", labels={"spam": 0})
    community.database.run(lambda tx: answers.remark(tx, community.caller, who("ida"), answer))
    assert community.message(prompt).review_count == 1
    assert community.task(task.id).done
    with community.refused(TaskAlreadyDone):
        community.database.run(lambda tx: answers.remark(tx, community.caller, who("ida"), answer))


def test_reviews_of_a_collective_task_decide(community: Community) -> None:
    prompt = community.prompt("ada")
    task = community.take("rita", *REVIEWS, collective=True)
    for name in REVIEWERS:
        community.review(name, task)
    assert community.message(prompt).review_result is True
    assert community.state(prompt) == TreeState.GROWING
    with community.refused(AlreadyLabeled):
        community.review("rita", task)
    assert differences(community.database) == []


def test_a_collective_task_takes_one_answer_from_each_even_where_duplicates_are_allowed(community: Community) -> None:
    community.set(**SMALL | {"allow_duplicate_tasks": "true"})
    community.ranking()
    task = community.take("rita", *RANKINGS, collective=True)
    community.rank("rita", task)
    with community.refused(TaskAlreadyDone):
        community.rank("rita", task)
    community.rank("rob", task)
    assert differences(community.database) == []


# --- verdicts --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("votes", "verdict"),
    [
        pytest.param([{"spam": 0}, {"spam": 0}], None, id="two reviews decide nothing"),
        pytest.param([{"spam": 0}, {"spam": 0}, {"spam": 0}], True, id="nobody complains"),
        pytest.param([{"spam": 1}, {"spam": 0}, {"spam": 0}], True, id="one of three complains"),
        pytest.param([{"spam": 1}, {"spam": 1}, {"spam": 0}], False, id="two of three complain"),
        pytest.param([{"spam": 1}, {"lang_mismatch": 1}, {"spam": 0}], False, id="about different things"),
        pytest.param([{"spam": 0.4}, {"spam": 0.4}, {"spam": 0.4}], False, id="0.6 is not enough"),
        pytest.param([{"spam": 0.39}, {"spam": 0.4}, {"spam": 0.4}], True, id="a little more is"),
        pytest.param([{"quality": 0}, {"toxicity": 1}, {"violence": 1}], True, id="other labels decide nothing"),
    ],
)
@pytest.mark.parametrize("is_reply", [False, True])
def test_three_reviews_decide(
    community: Community, votes: list[dict[str, float]], verdict: bool | None, is_reply: bool
) -> None:
    message = (community.growing(), community.reply("ben"))[1] if is_reply else community.prompt("ada")
    for name, labels in zip(REVIEWERS, votes, strict=False):
        community.review(name, community.take(name, *REVIEWS), **labels)
    found = community.message(message)
    assert (found.review_result, found.review_count) == (verdict, len(votes))
    if not is_reply:
        after = {None: TreeState.INITIAL_PROMPT_REVIEW, True: TreeState.GROWING, False: TreeState.ABORTED_LOW_GRADE}
        assert community.state(message) == after[verdict]


def late_reviews(community: Community, *names: str) -> list[Assignment]:
    """Tasks on the message in review that have lost their places."""
    return [community.lose_place(community.take(name, *REVIEWS)) for name in names]


def test_a_rejection_turns_when_later_reviews_are_kinder(community: Community) -> None:
    community.growing()
    reply = community.reply("ben")
    names = ("kind 1", "kind 2", "kind 3")
    late = late_reviews(community, *names)
    for name, spam in zip(REVIEWERS, (1, 1, 0), strict=True):
        community.review(name, community.take(name, *REVIEWS), spam=spam)
    verdicts = [community.message(reply).review_result]
    for name, task in zip(names, late, strict=True):
        community.review(name, task)
        verdicts.append(community.message(reply).review_result)
    assert verdicts == [False, False, False, True]
    assert community.message(reply).review_count == 6
    assert differences(community.database) == []


def test_an_acceptance_is_final(community: Community) -> None:
    prompt = community.prompt("ada")
    names = ("stern 1", "stern 2", "stern 3")
    late = late_reviews(community, *names)
    community.review_everything()
    for name, task in zip(names, late, strict=True):
        community.review(name, task, spam=1)
    assert community.message(prompt).review_result is True
    assert community.state(prompt) == TreeState.GROWING


def test_a_tree_stays_aborted_even_if_its_prompt_is_accepted_later(community: Community) -> None:
    prompt = community.prompt("ada")
    names = ("kind 1", "kind 2", "kind 3")
    late = late_reviews(community, *names)
    for name, spam in zip(REVIEWERS, (1, 1, 0), strict=True):
        community.review(name, community.take(name, *REVIEWS), spam=spam)
    for name, task in zip(names, late, strict=True):
        community.review(name, task)
    assert community.message(prompt).review_result is True
    assert community.state(prompt) == TreeState.ABORTED_LOW_GRADE
    assert community.resume(prompt).state == TreeState.GROWING


def test_a_reply_that_is_accepted_while_others_are_ranked_keeps_its_author_from_ranking(community: Community) -> None:
    community.set(**SMALL | {"goal_tree_size": 4, "max_children_count": 3})
    prompt = community.growing()
    reply = community.reply("troll")
    names = ("kind 1", "kind 2", "kind 3")
    late = late_reviews(community, *names)
    for name, spam in zip(REVIEWERS, (1, 1, 0), strict=True):
        community.review(name, community.take(name, *REVIEWS), spam=spam)
    for name in ("ben", "cleo", "dora"):
        community.reply(name)
    community.review_everything()
    assert community.state(prompt) == TreeState.RANKING
    assert community.is_offered("troll", *RANKINGS)
    for name, task in zip(names, late, strict=True):
        community.review(name, task)
    assert community.message(reply).review_result is True
    assert not community.is_offered("troll", *RANKINGS)
    assert reply in [view.message.id for view in community.ask("rita", *RANKINGS).replies]
    assert differences(community.database) == []


def came_with(community: Community, message: UUID, reviews: int, **means: float) -> None:
    """Make a message in review look imported, with reviews of which only these means are known."""
    community.put("message", message, review_count=reviews, api_client_id=IMPORT_CLIENT_ID)
    rows = [{"message_id": message, "label": label, "value": value, "count": reviews} for label, value in means.items()]
    if rows:
        community.database.run(lambda tx: tx.connection.execute(insert(tables.imported_labels), rows))
    community.rebuild()


def test_imported_reviews_count_with_their_means(community: Community) -> None:
    prompt = community.prompt("ada")
    came_with(community, prompt, 2, spam=1.0)
    community.review("rita", community.take("rita", *REVIEWS))
    assert community.message(prompt).review_result is False


def test_imported_reviews_without_complaints_accept(community: Community) -> None:
    prompt = community.prompt("ada")
    came_with(community, prompt, 2, quality=0.5)
    community.review("rita", community.take("rita", *REVIEWS), spam=1)
    assert community.message(prompt).review_result is True


def test_imported_reviews_of_which_nothing_is_known_decide_nothing(community: Community) -> None:
    prompt = community.prompt("ada")
    came_with(community, prompt, 3)
    for name in REVIEWERS[:2]:
        community.review(name, community.take(name, *REVIEWS), spam=1)
        assert community.message(prompt).review_result is None
    community.review("rosa", community.take("rosa", *REVIEWS), spam=1)
    assert community.message(prompt).review_result is False


# --- remarks ---------------------------------------------------------------------------------------------------------


def test_a_remark_is_kept_and_decides_nothing(community: Community) -> None:
    prompt = community.prompt("ada")
    for number in range(5):
        community.remark(f"critic {number}", prompt, spam=1, political_content=1)
    found = community.message(prompt)
    assert (found.review_count, found.review_result) == (0, None)
    assert len(community.rows("text_labels", message_id=prompt, task_id=None)) == 5
    community.review_everything()
    assert community.message(prompt).review_result is True


def test_a_second_remark_replaces_the_labels_and_keeps_the_text(community: Community) -> None:
    prompt = community.prompt("ada")
    community.remark("critic", prompt, text="what it said", spam=1)
    community.remark("critic", prompt, text="something else", quality=0.5)
    (row,) = community.rows("text_labels")
    assert (row["text"], row["labels"]) == ("what it said", {"quality": 0.5})


def test_people_may_remark_on_what_they_wrote_and_on_what_they_reviewed(community: Community) -> None:
    prompt = community.prompt("ada")
    community.remark("ada", prompt, quality=1)
    community.review("rita", community.take("rita", *REVIEWS))
    community.remark("rita", prompt, quality=0)
    assert len(community.rows("text_labels", message_id=prompt)) == 3
    assert community.is_offered("rob", *REVIEWS)


def test_a_remark_does_not_keep_its_author_from_reviewing(community: Community) -> None:
    prompt = community.prompt("ada")
    community.remark("rita", prompt, spam=1)
    community.review("rita", community.take("rita", *REVIEWS))


def test_a_report_raises_a_red_flag(community: Community) -> None:
    prompt = community.prompt("ada")
    community.remark("critic", prompt, text="bad", is_report=True, hate_speech=1)
    assert community.message(prompt).emojis == {"red_flag": 1}
    assert [row["message_id"] for row in community.rows("flagged_message", processed=False)] == [prompt]
    community.review("rita", community.take("rita", *REVIEWS), is_report=True)
    assert community.message(prompt).emojis == {"red_flag": 2}


@pytest.mark.parametrize(
    ("labels", "error"),
    [
        pytest.param({"sweetness": 1}, InvalidLabel, id="a label that does not exist"),
        pytest.param({"spam": 2}, Invalid, id="a value out of range"),
    ],
)
def test_a_remark_that_cannot_be_is_refused(
    community: Community, labels: dict[str, float], error: type[OaError]
) -> None:
    prompt = community.prompt("ada")
    with community.refused(error):
        community.remark("critic", prompt, **labels)


def test_nobody_remarks_on_a_message_that_does_not_exist(community: Community) -> None:
    with community.refused(MessageNotFound):
        community.remark("critic", uuid4(), spam=1)


# --- rankings --------------------------------------------------------------------------------------------------------


def send_ranking(community: Community, task: Assignment, *ranking: int) -> None:
    answer = RankingAnswer(frontend_message_id=str(task.id), ranking=ranking)
    community.database.run(lambda tx: answers.answer_ranking(tx, community.caller, who("ida"), answer))


@pytest.mark.parametrize("ranking", [(), (0,), (0, 0), (1, 2), (0, 1, 2), (-1, 0)])
def test_a_ranking_names_every_reply_once(community: Community, ranking: tuple[int, ...]) -> None:
    task = ranking_task(community)
    community.ack(task.id)
    with community.refused(InvalidRanking):
        send_ranking(community, task, *ranking)


def test_a_ranking_is_kept_in_the_order_of_the_replies_themselves(community: Community, clock: Any) -> None:
    task = ranking_task(community)
    community.ack(task.id)
    shown = [view.message for view in task.replies]
    community.rank("ida", task, shown[1].id, shown[0].id)
    (ballot,) = community.rows("ballot")
    assert ballot["ranking"] == [str(shown[1].id), str(shown[0].id)]
    assert (ballot["first_user_id"], ballot["not_rankable"]) == (shown[1].user_id, False)
    assert (ballot["parent_id"], ballot["created_date"]) == (task.conversation[-1].message.id, clock.now)
    assert [community.message(reply.id).ranking_count for reply in shown] == [1, 1]
    (event,) = community.events("message_ranking")
    assert event["event_payload"] == {
        "ranking": [1, 0],
        "not_rankable": False,
        "task_type": "rank_assistant_replies",
    }


def test_nobody_is_first_among_replies_that_cannot_be_ranked(community: Community) -> None:
    task = ranking_task(community)
    community.ack(task.id)
    community.rank("ida", task, not_rankable=True)
    assert community.rows("ballot")[0]["first_user_id"] is None


def test_a_ranking_of_a_reply_that_has_moved_is_refused(community: Community) -> None:
    task = ranking_task(community)
    community.ack(task.id)
    other = community.prompt("other")
    community.put("message", task.replies[0].message.id, parent_id=other)
    with community.refused(CorruptRanking):
        community.rank("ida", task)


def test_a_ranking_of_a_reply_that_is_gone_is_refused(community: Community) -> None:
    task = ranking_task(community)
    community.ack(task.id)
    community.put("task", task.id, replies=[str(task.replies[0].message.id), str(uuid4())])
    with community.refused(CorruptRanking):
        community.rank("ida", task)


def test_a_ballot_that_comes_after_the_ranking_is_complete_is_refused(community: Community) -> None:
    task = ranking_task(community)
    community.ack(task.id)
    community.lose_place(task)
    community.rank_everything()
    with community.refused(SlotTaken):
        community.rank("ida", task)


def test_a_late_ballot_counts_as_long_as_the_ranking_is_open(community: Community) -> None:
    community.set(num_required_rankings="2")
    task = ranking_task(community)
    community.ack(task.id)
    community.lose_place(task)
    community.rank("rita", community.take("rita", *RANKINGS))
    community.rank("ida", task)
    assert community.state(task.conversation[-1].message.id) == TreeState.READY_FOR_EXPORT


def test_nobody_ranks_twice_with_two_tasks(community: Community, clock: Any) -> None:
    task = ranking_task(community)
    community.ack(task.id)
    clock.advance(timedelta(seconds=300))
    community.rank("ida", community.take("ida", *RANKINGS))
    with community.refused(TaskAlreadyDone):
        community.rank("ida", task)


def test_nobody_ranks_their_own_reply_through_a_task_that_is_open_to_everybody(community: Community) -> None:
    community.set(**SMALL)
    community.ranking()
    task = community.take("rita", *RANKINGS, collective=True)
    with community.refused(OwnMessage):
        community.rank("ben", task)
    community.set(allow_self_ranking="true")
    community.rank("ben", task)


def test_nobody_answers_themselves_through_a_task_that_is_open_to_everybody(community: Community) -> None:
    community.growing("ada")
    task = community.take("rita", *REPLIES, collective=True)
    with community.refused(OwnMessage):
        community.write("ada", task)
    community.write("ben", task)
    with community.refused(DuplicateReply):
        community.write("ben", task)
    community.set(allow_self_replies="true")
    community.write("ada", task)
