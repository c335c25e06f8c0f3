from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from sample_trees import message, name_of, tree

from oa.domain.records import MessageRecord
from oa.domain.selection import Form, Selection, Share, pruned
from oa.errors import InvalidSetting

ACCEPTED = message(1, 0, review_result=True)
REJECTED = message(2, 0, review_result=False)
UNDECIDED = message(3, 0)
DELETED = message(4, 0, review_result=True, deleted=True)
EVERYTHING = (ACCEPTED, REJECTED, UNDECIDED, DELETED)


@pytest.mark.parametrize(
    ("selection", "taken"),
    [
        (Selection(), [ACCEPTED]),
        (Selection(spam=Share.ALSO), [ACCEPTED, REJECTED, UNDECIDED]),
        (Selection(spam=Share.ONLY), [REJECTED]),
        (Selection(deleted=Share.ALSO), [ACCEPTED, DELETED]),
        (Selection(deleted=Share.ONLY), [DELETED]),
        (Selection(deleted=Share.ALSO, spam=Share.ALSO), list(EVERYTHING)),
        (Selection(prompts_only=True), []),
    ],
)
def test_a_selection_takes_what_it_says(selection: Selection, taken: list[MessageRecord]) -> None:
    assert [one for one in EVERYTHING if selection.takes(one)] == taken


@pytest.mark.parametrize(
    ("fields", "form"),
    [
        ({}, Form.TREES),
        ({"prompts_only": True}, Form.TREES),
        ({"spam": Share.ALSO, "deleted": Share.ALSO, "synthetic": Share.ALSO}, Form.TREES),
        ({"spam": Share.ONLY}, Form.MESSAGES),
        ({"deleted": Share.ONLY}, Form.MESSAGES),
        ({"synthetic": Share.ONLY}, Form.MESSAGES),
        ({"user_id": UUID(int=1)}, Form.MESSAGES),
        ({"form": Form.MESSAGES}, Form.MESSAGES),
        ({"synthetic": Share.ONLY, "form": Form.TREES}, Form.TREES),
    ],
)
def test_messages_stand_alone_where_trees_would_have_gaps(fields: dict[str, Any], form: Form) -> None:
    assert Selection(**fields).output is form


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"spam": Share.ONLY, "form": Form.TREES}, "single messages make no trees"),
        ({"user_id": UUID(int=1), "form": Form.TREES}, "single messages make no trees"),
        ({"limit": 0}, "at least 1"),
    ],
)
def test_what_makes_no_sense_is_refused(fields: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InvalidSetting, match=sentence):
        Selection(**fields)


def test_what_hangs_below_something_left_out_is_left_out_of_a_whole_tree() -> None:
    record = tree(REJECTED, message(5, 2, review_result=True), ACCEPTED, message(6, 1, review_result=True))
    record = tree(*record.messages[1:], review_result=True)
    wanted = Selection()
    assert [one.id for one in pruned(record, wanted.takes, whole=True)] == [name_of(n) for n in (0, 1, 6)]
    assert [one.id for one in pruned(record, wanted.takes, whole=False)] == [name_of(n) for n in (0, 5, 1, 6)]


def test_a_tree_whose_prompt_is_left_out_has_nothing() -> None:
    assert pruned(tree(ACCEPTED, review_result=False), Selection().takes, whole=True) == []
