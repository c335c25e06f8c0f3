from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sample_trees import message, name_of, tree_records

from oa.domain.extraction import Choice, Purpose, extract, why_not
from oa.domain.lifecycle import TreeState
from oa.domain.records import MessageRecord, TreeRecord
from oa.domain.review import LabelMean
from oa.domain.samples import Conversation, Prompt, RankedGroup, Speaker
from oa.domain.tree import Role

PROMPTER, ASSISTANT = Role.PROMPTER, Role.ASSISTANT

NAMES = {"P": 0, "A0": 1, "A1": 2, "A2": 3, "A3": 4, "q0": 5, "q1": 6, "q2": 7, "q3": 8, "a0": 9, "a1": 10}
PARENTS = {
    "A0": "P",
    "A1": "P",
    "A2": "P",
    "A3": "P",
    "q0": "A0",
    "q1": "A0",
    "q2": "A1",
    "q3": "A1",
    "a0": "q0",
    "a1": "q0",
}
RANKS = {"A0": 0, "A1": 1, "A2": 2, "a0": 0, "a1": 1}


def sample(**changes: dict[str, Any]) -> TreeRecord:
    """P has the replies A0 to A3, of which A3 has no rank; A0 has q0 and q1, A1 has q2 and q3, q0 has a0 and a1."""
    messages: list[MessageRecord] = []
    for name, number in NAMES.items():
        fields: dict[str, Any] = {
            "text": name,
            "role": ASSISTANT if name[0] in "Aa" else PROMPTER,
            "rank": RANKS.get(name),
            "lang": "en",
            "review_result": True,
        }
        parent = NAMES[PARENTS[name]] if name in PARENTS else None
        messages.append(message(number, parent, **fields | changes.get(name, {})))
    return TreeRecord(id=name_of(0), state=TreeState.READY_FOR_EXPORT, messages=tuple(messages))


def taken(tree: TreeRecord, purpose: str, **choice: Any) -> set[str]:
    return {written(found) for found in extract(tree, Purpose(purpose), Choice(**choice))}


def written(found: Conversation | RankedGroup | Prompt) -> str:
    if isinstance(found, RankedGroup):
        return "".join(turn.text for turn in found.prompt) + ":" + "".join(turn.text for turn in found.replies)
    return "".join(turn.text for turn in found.turns)


@pytest.mark.parametrize(
    ("top_k", "threads"),
    [
        (None, {"PA0q0a0", "PA0q0a1", "PA1", "PA2", "PA3"}),
        (1, {"PA0q0a0"}),
        (2, {"PA0q0a0", "PA0q0a1", "PA1"}),
        (3, {"PA0q0a0", "PA0q0a1", "PA1", "PA2"}),
    ],
)
def test_demonstrations_are_the_paths_to_leaves_without_a_last_question(top_k: int | None, threads: set[str]) -> None:
    assert taken(sample(), "sft", top_k=top_k) == threads


def test_rankings_stand_where_two_replies_have_ranks() -> None:
    assert taken(sample(), "reward") == {"P:A0A1A2", "PA0q0:a0a1"}
    assert taken(sample(A0={"rank": 1}, A1={"rank": 0}), "reward", top_k=1) == {"P:A1A0A2"}


def test_every_path_to_a_question_is_a_prompt() -> None:
    assert taken(sample(), "rl") == {"P", "PA0q0", "PA0q1", "PA1q2", "PA1q3"}


def test_an_only_reply_needs_no_rank_to_be_among_the_best() -> None:
    assert "PA0q0a0" in taken(sample(a0={"rank": None}, a1={"parent_id": name_of(NAMES["q1"])}), "sft", top_k=1)
    assert "PA0q0a0" not in taken(sample(a0={"rank": None}), "sft", top_k=1)


@pytest.mark.parametrize("change", [{"deleted": True}, {"synthetic": True}])
def test_what_is_deleted_or_synthetic_takes_its_threads_along_but_only_itself_from_a_ranking(
    change: dict[str, Any],
) -> None:
    assert taken(sample(A0=change), "sft") == {"PA1", "PA2", "PA3"}
    assert taken(sample(A0=change), "rl") == {"P", "PA1q2", "PA1q3"}
    assert taken(sample(A0=change), "reward") == {"P:A1A2"}
    assert taken(sample(a0=change), "reward") == {"P:A0A1A2"}  # a ranking of one reply says nothing


def test_synthetic_messages_come_along_when_they_are_wanted() -> None:
    assert taken(sample(A0={"synthetic": True}), "reward", synthetic=True) == taken(sample(), "reward")


def test_replies_of_one_rank_stay_tied() -> None:
    (found,) = (one for one in extract(sample(A1={"rank": 0}), Purpose.REWARD, Choice()) if len(one.replies) == 3)  # type: ignore[union-attr]
    assert isinstance(found, RankedGroup)
    assert found.ranks == (0, 0, 2)


@pytest.mark.parametrize(
    ("tree", "choice", "reason"),
    [
        (dataclasses.replace(sample(), state=TreeState.RANKING), Choice(), "not finished"),
        (sample(P={"review_result": False}), Choice(), "prompt not accepted"),
        (sample(P={"lang": "de"}), Choice(langs=frozenset({"en"})), "another language"),
        (dataclasses.replace(sample(), messages=sample().messages[1:]), Choice(), "without a prompt"),
    ],
)
def test_nothing_is_taken_of_a_tree_that_is_not_wanted(tree: TreeRecord, choice: Choice, reason: str) -> None:
    assert why_not(tree, choice) == reason
    assert all(list(extract(tree, purpose, choice)) == [] for purpose in Purpose)


def test_only_the_language_of_the_prompt_counts() -> None:
    assert taken(sample(A0={"lang": "de"}), "sft", langs=frozenset({"en"})) == taken(sample(), "sft")


def test_a_ranked_tree_without_a_state_and_without_reviews_is_taken_on_trust() -> None:
    plain = sample()
    messages = tuple(dataclasses.replace(one, review_result=None) for one in plain.messages)
    assert taken(TreeRecord(id=plain.id, messages=messages), "rl") == taken(plain, "rl")


def test_a_sample_knows_its_tree_its_language_and_what_reviewers_said() -> None:
    tree = sample(A2={"labels": {"quality": LabelMean(0.75, 3)}})
    (found,) = (one for one in extract(tree, Purpose.SFT, Choice()) if written(one) == "PA2")
    assert isinstance(found, Conversation)
    assert (found.about.tree, found.about.id, found.about.lang) == (name_of(0), name_of(NAMES["A2"]), "en")
    assert [turn.speaker for turn in found.turns] == [Speaker.USER, Speaker.ASSISTANT]
    assert found.turns[1].labels == {"quality": 0.75}


@settings(max_examples=40)
@given(tree=tree_records(states=[TreeState.READY_FOR_EXPORT]), top_k=st.none() | st.integers(1, 3))
def test_demonstrations_end_with_the_assistant_and_prompts_with_the_prompter(
    tree: TreeRecord, top_k: int | None
) -> None:
    choice = Choice(top_k=top_k)
    assert all(found.turns[-1].speaker is Speaker.ASSISTANT for found in extract(tree, Purpose.SFT, choice))  # type: ignore[union-attr]
    assert all(found.turns[-1].speaker is Speaker.USER for found in extract(tree, Purpose.RL, choice))  # type: ignore[union-attr]
    for group in extract(tree, Purpose.REWARD, choice):
        assert isinstance(group, RankedGroup)
        assert len(group.replies) > 1
        assert list(group.ranks) == sorted(group.ranks)


@settings(max_examples=40)
@given(tree=tree_records(states=[TreeState.READY_FOR_EXPORT]))
def test_no_demonstration_comes_twice(tree: TreeRecord) -> None:
    found = [one.about.id for one in extract(tree, Purpose.SFT, Choice(synthetic=True))]
    assert len(found) == len(set(found))
