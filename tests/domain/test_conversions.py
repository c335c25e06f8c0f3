from __future__ import annotations

import pytest
from sample_trees import message, tree

from oa.domain.conversions import CONVERSIONS, can_become, converted
from oa.domain.lifecycle import TreeState
from oa.domain.records import TreeRecord, fault_of
from oa.domain.samples import (
    About,
    Conversation,
    Kind,
    PlainText,
    Preference,
    Prompt,
    RankedGroup,
    Sample,
    Speaker,
    Turn,
    Verdict,
    kind_of,
)

S, U, A = Speaker.SYSTEM, Speaker.USER, Speaker.ASSISTANT
ABOUT = About(id="1", tree="t", lang="en")
ASKED = (Turn(U, "q"),)
GOOD, FAIR, BAD = (Turn(A, text) for text in ("good", "fair", "bad"))
TALK = Conversation((*ASKED, GOOD), about=ABOUT)


@pytest.mark.parametrize(
    ("sample", "wanted", "found"),
    [
        (TALK, Kind.PROMPT, [Prompt(ASKED, ABOUT)]),
        (TALK, Kind.TEXT, [PlainText("q\n\ngood", ABOUT)]),
        (TALK, Kind.CONVERSATION, [TALK]),
        (Preference(ASKED, GOOD, BAD, ABOUT), Kind.CONVERSATION, [TALK]),
        (Preference(ASKED, GOOD, BAD, ABOUT), Kind.RANKED, [RankedGroup(ASKED, (GOOD, BAD), (0, 1), ABOUT)]),
        (
            Preference(ASKED, GOOD, BAD, ABOUT),
            Kind.VERDICT,
            [Verdict(ASKED, GOOD, True, ABOUT), Verdict(ASKED, BAD, False, ABOUT)],
        ),
        (
            RankedGroup(ASKED, (GOOD, FAIR, BAD), (0, 1, 1), ABOUT),
            Kind.PREFERENCE,
            [Preference(ASKED, GOOD, FAIR, ABOUT), Preference(ASKED, GOOD, BAD, ABOUT)],
        ),
        (RankedGroup(ASKED, (GOOD, BAD), (0, 1), ABOUT), Kind.CONVERSATION, [TALK]),
        (Verdict(ASKED, GOOD, True, ABOUT), Kind.CONVERSATION, [TALK]),
        (Verdict(ASKED, BAD, False, ABOUT), Kind.CONVERSATION, []),
        (Conversation((Turn(S, "s"), *ASKED, GOOD)), Kind.TREE, []),
        (Conversation((*ASKED, *ASKED)), Kind.TREE, []),
    ],
)
def test_one_kind_gives_another(sample: Sample, wanted: Kind, found: list[Sample]) -> None:
    assert list(converted(sample, wanted)) == found


def test_a_tree_gives_everything_that_its_threads_hold() -> None:
    made = tree(message(1, 0, rank=0), message(2, 0, rank=1), message(3, 1), review_result=True)
    grown = TreeRecord(id=made.id, state=TreeState.READY_FOR_EXPORT, messages=made.messages)
    counts = {kind: len(list(converted(grown, kind))) for kind in Kind if can_become(Kind.TREE, kind)}
    wanted = {Kind.CONVERSATION: 2, Kind.RANKED: 1, Kind.PREFERENCE: 1, Kind.PROMPT: 2, Kind.TEXT: 4, Kind.TREE: 1}
    assert counts == wanted


def test_a_conversation_becomes_the_same_tree_every_time() -> None:
    long = Conversation((*ASKED, GOOD, Turn(U, "r"), BAD), about=ABOUT)
    (first,), (second,) = converted(long, Kind.TREE), converted(long, Kind.TREE)
    assert first == second
    assert isinstance(first, TreeRecord)
    assert fault_of(first) is None
    assert [one.text for one in first.messages] == ["q", "good", "r", "bad"]
    assert {one.lang for one in first.messages} == {"en"}


def test_every_conversion_is_from_one_kind_to_another() -> None:
    assert all(given is not wanted for given, wanted in CONVERSIONS)
    assert not can_become(Kind.TEXT, Kind.CONVERSATION)
    assert kind_of(TALK) is Kind.CONVERSATION
