"""A tree's life: every transition, the work that is open in each state, and that growth always comes to an end."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Any
from uuid import UUID

import pytest

from oa.domain.campaign import Campaign
from oa.domain.lifecycle import (
    Facts,
    Tree,
    TreeState,
    awaiting_review,
    extendible,
    live_size,
    missing_rankings,
    next_state,
    open_work,
    rankable,
    resumed_state,
    size,
    woken_state,
)
from oa.domain.tasks import TaskKind
from oa.domain.tree import Node, Role
from oa.errors import BrokenConversation

DEFAULT = Campaign()

REVIEW, WAITING, GROWING, RANKING, SCORING = (
    TreeState.INITIAL_PROMPT_REVIEW,
    TreeState.PROMPT_LOTTERY_WAITING,
    TreeState.GROWING,
    TreeState.RANKING,
    TreeState.READY_FOR_SCORING,
)
HALTED, ABORTED = TreeState.HALTED_BY_MODERATOR, TreeState.ABORTED_LOW_GRADE


# --- sketches of trees -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sketch:
    """A message and the replies to it, before they have ids: `ok(ok(), bad())`."""

    verdict: Mapping[str, Any]
    replies: tuple[Sketch, ...]


def sketch(**verdict: Any) -> Callable[..., Sketch]:
    return lambda *replies: Sketch(verdict, replies)


ok = sketch(review_result=True, review_count=3)
new = sketch()
seen_twice = sketch(review_count=2)
bad = sketch(review_result=False, review_count=3)
still_open = sketch(review_count=5)
bad_so_far = sketch(review_result=False, review_count=2)
gone = sketch(deleted=True, review_result=True, review_count=3)
gone_unread = sketch(deleted=True)


def ident(number: int) -> UUID:
    return UUID(int=number)


def nodes_of(top: Sketch) -> list[Node]:
    """The messages in the order in which the sketch names them: the root has the id 1."""
    numbers = count(1)

    def walk(sketch: Sketch, parent: Node | None) -> Iterator[Node]:
        role = parent.role.other if parent else Role.PROMPTER
        place = {"parent_id": parent.id if parent else None, "depth": parent.depth + 1 if parent else 0}
        node = Node(id=ident(next(numbers)), user_id=None, role=role, lang="en", **place, **sketch.verdict)
        yield node
        for reply in sketch.replies:
            yield from walk(reply, node)

    return list(walk(top, None))


def tree(state: TreeState, *, goal: int = 12, depth: int = 3, width: int = 3, won: datetime | None = None) -> Tree:
    return Tree(
        id=ident(1),
        state=state,
        goal_tree_size=goal,
        max_depth=depth,
        max_children_count=width,
        lang="en",
        won_prompt_lottery_date=won,
    )


def facts(top: Sketch, ballots: Mapping[int, int] | None = None) -> Facts:
    return Facts(nodes_of(top), {ident(number): cast for number, cast in (ballots or {}).items()})


WORK = {
    TaskKind.ASSISTANT_REPLY: "answer",
    TaskKind.PROMPTER_REPLY: "follow up",
    TaskKind.LABEL_INITIAL_PROMPT: "review prompt",
    TaskKind.LABEL_ASSISTANT_REPLY: "review answer",
    TaskKind.LABEL_PROMPTER_REPLY: "review follow-up",
    TaskKind.RANK_ASSISTANT_REPLIES: "rank answers to",
    TaskKind.RANK_PROMPTER_REPLIES: "rank follow-ups to",
}


def asked(planted: Tree, top: Sketch, campaign: Campaign = DEFAULT) -> dict[str, int]:
    """The work that is open while nobody holds any: `{"answer 1": 3}`."""
    slots = open_work(planted, facts(top), campaign, {})
    assert all(slot.free == slot.wanted for slot in slots)
    return {f"{WORK[slot.kind]} {slot.message_id.int}": slot.wanted for slot in slots}


# --- transitions -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("planted", "now", "expected"),
    [
        pytest.param(tree(REVIEW), facts(new()), None, id="a new prompt waits for reviews"),
        pytest.param(tree(REVIEW), facts(seen_twice()), None, id="two reviews are too few"),
        pytest.param(tree(REVIEW), facts(ok()), WAITING, id="an accepted prompt waits for the draw"),
        pytest.param(tree(REVIEW), facts(bad()), ABORTED, id="a rejected prompt ends its tree"),
        pytest.param(tree(REVIEW), facts(bad_so_far()), None, id="not before it has all its reviews"),
        pytest.param(tree(REVIEW), facts(still_open()), None, id="five reviews and no verdict: one more"),
        pytest.param(tree(REVIEW), facts(gone()), HALTED, id="a prompt deleted in review halts its tree"),
        pytest.param(tree(WAITING), facts(ok()), None, id="a waiting prompt does not move by itself"),
        pytest.param(tree(WAITING), facts(gone()), HALTED, id="a prompt deleted while it waits halts its tree"),
        pytest.param(tree(GROWING), facts(ok(ok(), ok())), None, id="a tree below its goal grows"),
        pytest.param(tree(GROWING, goal=3), facts(ok(ok(), ok())), RANKING, id="the goal is reached"),
        pytest.param(tree(GROWING, goal=3), facts(ok(ok(), ok(), new())), None, id="the goal, but a review is missing"),
        pytest.param(tree(GROWING, goal=3), facts(ok(ok(), ok(), bad())), RANKING, id="a rejected reply awaits none"),
        pytest.param(tree(GROWING, goal=3), facts(ok(ok(), gone())), None, id="deleted replies do not count"),
        pytest.param(tree(GROWING, depth=0), facts(ok()), RANKING, id="no place is left though the goal is not met"),
        pytest.param(tree(GROWING), facts(gone(gone(), gone())), HALTED, id="everything was deleted"),
        pytest.param(tree(GROWING), facts(gone(ok(), ok())), HALTED, id="the prompt alone was deleted"),
        pytest.param(tree(GROWING), facts(new(ok())), None, id="an imported tree's prompt is reviewed first"),
        pytest.param(tree(GROWING), facts(bad(ok())), ABORTED, id="and may be rejected"),
        pytest.param(tree(RANKING), facts(ok(ok(), ok()), {1: 2}), None, id="two ballots are too few"),
        pytest.param(tree(RANKING), facts(ok(ok(), ok()), {1: 3}), SCORING, id="three ballots complete it"),
        pytest.param(
            tree(RANKING), facts(ok(ok(ok(ok(), ok())), ok()), {1: 3, 3: 2}), None, id="all parents need them"
        ),
        pytest.param(tree(RANKING), facts(ok(ok(), bad())), SCORING, id="one accepted reply is nothing to rank"),
        pytest.param(
            tree(RANKING), facts(gone(gone(), gone())), HALTED, id="the prompt was deleted while it was ranked"
        ),
    ],
)
def test_a_tree_moves_on_by_itself(planted: Tree, now: Facts, expected: TreeState | None) -> None:
    assert next_state(planted, now, DEFAULT) is expected


@pytest.mark.parametrize("state", sorted(set(TreeState) - {REVIEW, WAITING, GROWING, RANKING}))
@pytest.mark.parametrize("top", [ok(ok(), ok()), gone(), bad(), new()], ids=["ok", "gone", "bad", "new"])
def test_a_tree_at_rest_stays_and_asks_for_nothing(state: TreeState, top: Sketch) -> None:
    assert next_state(tree(state), facts(top), DEFAULT) is None
    assert open_work(tree(state), facts(top), DEFAULT, {}) == []


def test_a_tree_without_its_prompt_is_broken() -> None:
    with pytest.raises(BrokenConversation):
        next_state(tree(GROWING), Facts([], {}), DEFAULT)


@pytest.mark.parametrize(
    ("top", "expected"),
    [
        pytest.param(ok(ok(), ok()), RANKING, id="replies to rank"),
        pytest.param(ok(ok(ok(ok(), ok()))), RANKING, id="deep down"),
        pytest.param(ok(ok(), bad()), ABORTED, id="one reply"),
        pytest.param(ok(ok(), gone()), ABORTED, id="one left"),
        pytest.param(ok(), ABORTED, id="none"),
    ],
)
def test_a_tree_from_the_backlog_is_ranked_or_given_up(top: Sketch, expected: TreeState) -> None:
    assert woken_state(facts(top), DEFAULT) is expected


@pytest.mark.parametrize(("ballots", "expected"), [(3, SCORING), (2, None)])
def test_failed_scoring_is_tried_again_once_the_ballots_are_there(ballots: int, expected: TreeState | None) -> None:
    now = facts(ok(ok(), ok()), {1: ballots})
    resumed = tree(resumed_state(tree(TreeState.SCORING_FAILED), now.nodes))
    assert resumed.state is RANKING
    assert next_state(resumed, now, DEFAULT) is expected


@pytest.mark.parametrize("state", sorted(set(TreeState) - {WAITING, TreeState.SCORING_FAILED}))
@pytest.mark.parametrize(
    ("won", "top", "expected"),
    [
        pytest.param(datetime(2023, 4, 12, tzinfo=UTC), ok(), GROWING, id="it won the draw"),
        pytest.param(None, ok(), REVIEW, id="it never did"),
        pytest.param(None, new(), REVIEW, id="its prompt is undecided"),
        pytest.param(None, ok(ok()), GROWING, id="it was imported with replies"),
        pytest.param(None, new(ok()), REVIEW, id="it was imported with replies to an undecided prompt"),
    ],
)
def test_a_resumed_tree_starts_where_it_can_go_on(
    state: TreeState, won: datetime | None, top: Sketch, expected: TreeState
) -> None:
    assert resumed_state(tree(state, won=won), nodes_of(top)) is expected


def test_a_waiting_prompt_keeps_waiting_when_it_is_resumed() -> None:
    assert resumed_state(tree(WAITING), nodes_of(ok())) is WAITING


# --- open work -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("planted", "top", "expected"),
    [
        pytest.param(tree(REVIEW), new(), {"review prompt 1": 3}, id="a new prompt is reviewed"),
        pytest.param(tree(REVIEW), seen_twice(), {"review prompt 1": 1}, id="by as many as are missing"),
        pytest.param(tree(REVIEW), still_open(), {"review prompt 1": 1}, id="five reviews and no verdict: one more"),
        pytest.param(tree(REVIEW), ok(), {}, id="an accepted prompt is not reviewed"),
        pytest.param(tree(WAITING), ok(), {}, id="nor answered while it waits"),
        pytest.param(tree(GROWING), ok(), {"answer 1": 3}, id="a growing prompt wants three answers"),
        pytest.param(
            tree(GROWING),
            ok(ok(), seen_twice(), bad()),
            {"answer 1": 1, "follow up 2": 1, "review answer 3": 1},
            id="answers wait for reviews and follow-ups",
        ),
        pytest.param(tree(GROWING, width=1), ok(ok(new())), {"review follow-up 3": 3}, id="so do follow-ups"),
        pytest.param(tree(GROWING, goal=3), ok(ok(), new()), {"review answer 3": 3}, id="the goal is in sight"),
        pytest.param(tree(GROWING, goal=2), ok(), {"answer 1": 1}, id="no more answers than the goal still wants"),
        pytest.param(tree(GROWING, depth=1), ok(ok(), ok(), ok()), {}, id="nothing grows below the deepest level"),
        pytest.param(tree(GROWING), new(ok()), {"review prompt 1": 3}, id="an undecided prompt comes first"),
        pytest.param(tree(GROWING), ok(bad(ok()), gone_unread(new())), {"answer 1": 3}, id="nothing below lost ones"),
        pytest.param(tree(RANKING), ok(ok(), ok(), bad()), {"rank answers to 1": 3}, id="answers are ranked"),
        pytest.param(tree(RANKING), ok(ok(ok(), ok()), new()), {}, id="not one alone, and no follow-ups"),
    ],
)
def test_what_a_tree_asks_for(planted: Tree, top: Sketch, expected: dict[str, int]) -> None:
    assert asked(planted, top) == expected


ANSWER, FOLLOW_UP = TaskKind.ASSISTANT_REPLY, TaskKind.PROMPTER_REPLY
RANK, REVIEW_PROMPT = TaskKind.RANK_ASSISTANT_REPLIES, TaskKind.LABEL_INITIAL_PROMPT


@pytest.mark.parametrize(
    ("planted", "top", "held", "wanted", "free"),
    [
        pytest.param(tree(REVIEW), new(), {(REVIEW_PROMPT, ident(1)): 2}, [3], [1], id="reviews"),
        pytest.param(tree(REVIEW), new(), {(REVIEW_PROMPT, ident(1)): 4}, [3], [0], id="never fewer than none"),
        pytest.param(tree(RANKING), ok(ok(), ok()), {(RANK, ident(1)): 1}, [3], [2], id="rankings"),
        pytest.param(tree(GROWING), ok(), {(ANSWER, ident(1)): 1}, [3], [2], id="answers"),
        pytest.param(
            tree(GROWING, goal=4), ok(ok(), ok()), {(FOLLOW_UP, ident(2)): 1}, [1] * 3, [0] * 3, id="in the whole tree"
        ),
    ],
)
def test_places_that_others_hold_are_not_free(
    planted: Tree, top: Sketch, held: Mapping[tuple[TaskKind, UUID], int], wanted: list[int], free: list[int]
) -> None:
    slots = open_work(planted, facts(top), DEFAULT, held)
    assert [slot.wanted for slot in slots] == wanted
    assert [slot.free for slot in slots] == free


@pytest.mark.parametrize("lost", [bad, gone])
def test_a_message_whose_replies_were_all_lost_is_answered_anew(lost: Callable[..., Sketch]) -> None:
    top = ok(lost(), lost(), lost())
    assert extendible(tree(GROWING), nodes_of(top), DEFAULT) == {ident(1): 3}
    assert asked(tree(GROWING), top) == {"answer 1": 3}


def test_bad_replies_never_end_a_tree() -> None:
    top = ok(*[bad()] * 50, ok())
    assert next_state(tree(GROWING), facts(top), DEFAULT) is None
    assert asked(tree(GROWING), top) == {"answer 1": 2, "follow up 52": 1}


@pytest.mark.parametrize("ballots", range(5))
def test_a_ranking_that_is_asked_for_is_the_same_that_completes_the_tree(ballots: int) -> None:
    """Both count ballots: a reply accepted late neither reopens a complete ranking nor slips past an open one."""
    now = facts(ok(ok(), ok(), ok()), {1: ballots})
    is_asked_for = bool(open_work(tree(RANKING), now, DEFAULT, {}))
    assert is_asked_for is bool(missing_rankings(now, DEFAULT)) is (next_state(tree(RANKING), now, DEFAULT) is None)


def test_work_is_in_the_language_of_its_message() -> None:
    nodes = nodes_of(ok(new()))
    nodes[1] = dataclasses.replace(nodes[1], lang="fr")
    slots = open_work(tree(GROWING), Facts(nodes, {}), DEFAULT, {})
    assert {slot.kind: slot.lang for slot in slots} == {ANSWER: "en", TaskKind.LABEL_ASSISTANT_REPLY: "fr"}


# --- settings --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "state", "top", "expected"),
    [
        pytest.param({"num_reviews_initial_prompt": 5}, REVIEW, bad(), {"review prompt 1": 2}, id="prompts' reviews"),
        pytest.param(
            {"num_reviews_reply": 5},
            GROWING,
            ok(ok(), ok(), bad()),
            {"follow up 2": 1, "follow up 3": 1, "review answer 4": 2},
            id="replies' reviews",
        ),
        pytest.param({"num_prompter_replies": 0}, GROWING, ok(ok(), ok(), ok()), {}, id="no follow-ups"),
        pytest.param(
            {"num_prompter_replies": 2},
            GROWING,
            ok(ok(new()), ok(gone()), ok(ok(), ok())),
            {"review follow-up 3": 3, "follow up 2": 1, "follow up 4": 2, "answer 7": 3, "answer 8": 3},
            id="several follow-ups",
        ),
        pytest.param(
            {"num_prompter_replies": 9},
            GROWING,
            ok(ok(), ok(), ok()),
            {"follow up 2": 3, "follow up 3": 3, "follow up 4": 3},
            id="follow-ups within the tree's limit",
        ),
        pytest.param({"num_required_rankings": 1}, RANKING, ok(ok(), ok()), {"rank answers to 1": 1}, id="one ballot"),
        pytest.param(
            {"rank_prompter_replies": True},
            RANKING,
            ok(ok(ok(), ok())),
            {"rank follow-ups to 2": 3},
            id="follow-ups are ranked",
        ),
    ],
)
def test_settings_change_what_is_asked_for(
    setting: Mapping[str, Any], state: TreeState, top: Sketch, expected: dict[str, int]
) -> None:
    assert asked(tree(state), top, Campaign(**setting)) == expected
    assert asked(tree(state), top) != expected


@pytest.mark.parametrize(
    ("top", "lonely", "expected"),
    [
        pytest.param(ok(), 2, False, id="no replies: not lonely but childless"),
        pytest.param(ok(ok()), 2, True, id="one reply cannot be ranked"),
        pytest.param(ok(new(), bad()), 2, True, id="nor can one under review"),
        pytest.param(ok(ok(), new()), 2, False, id="two can"),
        pytest.param(ok(ok(), new()), 3, True, id="unless the campaign wants three"),
        pytest.param(ok(ok()), 0, False, id="or never cares"),
    ],
)
def test_a_prompt_with_too_few_replies_is_lonely(top: Sketch, lonely: int, expected: bool) -> None:
    slots = open_work(tree(GROWING), facts(top), Campaign(lonely_children_count=lonely), {})
    assert [slot.lonely for slot in slots if slot.kind is ANSWER] == [expected]


def test_a_message_of_the_assistant_is_never_lonely() -> None:
    slots = open_work(tree(GROWING), facts(ok(ok(ok()))), Campaign(num_prompter_replies=3), {})
    assert [slot.lonely for slot in slots if slot.kind is FOLLOW_UP] == [False]


# --- counting --------------------------------------------------------------------------------------------------------


def test_only_accepted_messages_count_and_only_hopeful_ones_may_come_to() -> None:
    nodes = nodes_of(ok(ok(new()), bad(ok()), gone(ok()), still_open(), bad_so_far()))
    assert size(nodes) == 2
    assert live_size(nodes, DEFAULT) == 5
    assert [node.id.int for node in awaiting_review(nodes, DEFAULT)] == [8, 9, 3]


def test_a_prompt_counts_once_it_is_accepted() -> None:
    assert live_size(nodes_of(new()), DEFAULT) == 0
    assert live_size(nodes_of(ok()), DEFAULT) == 1


def test_the_accepted_replies_to_one_message_are_ranked_together() -> None:
    nodes = nodes_of(ok(ok(ok(), ok()), bad(), ok(), new()))
    assert rankable(nodes, DEFAULT) == {ident(1): [nodes[1], nodes[5]]}
    assert rankable(nodes, Campaign(rank_prompter_replies=True)) == {
        ident(1): [nodes[1], nodes[5]],
        ident(2): [nodes[2], nodes[3]],
    }


def test_missing_ballots_are_counted_for_each_message() -> None:
    now = facts(ok(ok(ok(ok(), ok())), ok()), {1: 5, 3: 1})
    assert missing_rankings(now, DEFAULT) == {ident(3): 2}
    assert missing_rankings(now, Campaign(num_required_rankings=6)) == {ident(1): 1, ident(3): 5}
