"""The catalogue describes every label, and an answer is checked against what was asked."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oa.domain import labels
from oa.domain.labels import CATALOGUE, Disposition, Label, Position, ReviewMode, Widget, check_labels, valid_labels
from oa.errors import Invalid, InvalidLabel, MandatoryLabelMissing

PROMPT = "spam lang_mismatch quality creativity humor toxicity violence not_appropriate pii hate_speech sexual_content"
REPLY = (
    "spam lang_mismatch fails_task quality helpfulness creativity humor toxicity violence not_appropriate pii"
    " hate_speech sexual_content"
)
REPORT = (
    "spam not_appropriate pii hate_speech sexual_content moral_judgement political_content toxicity violence quality"
)


@pytest.mark.parametrize("label", Label)
def test_every_label_is_described_for_people(label: Label) -> None:
    entry = CATALOGUE[label]
    assert entry.name is label
    assert entry.display_text == entry.display_text.strip() != ""
    assert len(entry.help_text) > 40
    assert entry.help_text.endswith((".", "?"))
    assert (entry.low is None) == (entry.high is None) == (entry.widget is Widget.FLAG)


def test_no_two_labels_read_alike() -> None:
    assert len({entry.display_text for entry in CATALOGUE.values()}) == len(Label)
    assert len({entry.help_text for entry in CATALOGUE.values()}) == len(Label)


def test_the_catalogue_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        CATALOGUE[Label.SPAM] = CATALOGUE[Label.PII]  # type: ignore[index]


@pytest.mark.parametrize(
    ("widget", "names"),
    [
        pytest.param(Widget.YES_NO, "spam fails_task", id="questions"),
        pytest.param(
            Widget.FLAG,
            "lang_mismatch pii not_appropriate hate_speech sexual_content moral_judgement political_content",
            id="flags",
        ),
        pytest.param(Widget.LIKERT, "quality toxicity humor helpfulness creativity violence", id="scales"),
    ],
)
def test_each_label_is_asked_for_in_its_own_way(widget: Widget, names: str) -> None:
    assert [entry.name for entry in CATALOGUE.values() if entry.widget is widget] == names.split()


@pytest.mark.parametrize(
    ("label", "left", "right", "meaning_of_one"),
    [
        pytest.param(Label.QUALITY, "low", "high", "high", id="quality"),
        pytest.param(Label.HUMOR, "serious", "humorous", "humorous", id="humor"),
        pytest.param(Label.CREATIVITY, "ordinary", "creative", "creative", id="creativity"),
        pytest.param(Label.HELPFULNESS, "unhelpful", "helpful", "helpful", id="helpfulness"),
        pytest.param(Label.TOXICITY, "rude", "polite", "rude", id="toxicity is shown the other way round"),
        pytest.param(Label.VIOLENCE, "violent", "harmless", "violent", id="violence is shown the other way round"),
    ],
)
def test_a_scale_is_shown_between_its_ends_and_stored_as_documented(
    label: Label, left: str, right: str, meaning_of_one: str
) -> None:
    entry = CATALOGUE[label]
    assert entry.ends == (left, right)
    assert entry.high == meaning_of_one
    assert entry.mirrored(0.0 if left == meaning_of_one else 1.0) == 1.0
    assert entry.mirrored(entry.mirrored(0.25)) == 0.25


@pytest.mark.parametrize(
    ("position", "mode", "expected"),
    [
        pytest.param(Position.INITIAL_PROMPT, ReviewMode.FULL, PROMPT, id="a prompt in full"),
        pytest.param(Position.PROMPTER_REPLY, ReviewMode.FULL, PROMPT, id="a prompter's reply in full"),
        pytest.param(Position.ASSISTANT_REPLY, ReviewMode.FULL, REPLY, id="an assistant's reply in full"),
        pytest.param(Position.INITIAL_PROMPT, ReviewMode.SIMPLE, "spam lang_mismatch", id="a prompt simply"),
        pytest.param(Position.PROMPTER_REPLY, ReviewMode.SIMPLE, "spam lang_mismatch quality", id="a reply simply"),
        pytest.param(
            Position.ASSISTANT_REPLY,
            ReviewMode.SIMPLE,
            "spam lang_mismatch quality",
            id="an assistant's reply simply",
        ),
    ],
)
def test_what_a_review_asks_by_default(position: Position, mode: ReviewMode, expected: str) -> None:
    assert " ".join(valid_labels(position, mode)) == expected


def test_the_campaign_decides_what_a_full_review_asks() -> None:
    asked = valid_labels(Position.INITIAL_PROMPT, full=["humor", "pii"], mandatory=["pii"])
    assert asked == (Label.HUMOR, Label.PII)


def test_a_mandatory_label_may_be_answered_even_where_the_list_forgets_it() -> None:
    asked = valid_labels(Position.INITIAL_PROMPT, full=["humor"], mandatory=["spam"])
    assert asked == (Label.HUMOR, Label.SPAM)


def test_a_simple_review_asks_nothing_twice() -> None:
    asked = valid_labels(Position.ASSISTANT_REPLY, ReviewMode.SIMPLE, mandatory=["quality", "spam", "lang_mismatch"])
    assert asked == (Label.QUALITY, Label.SPAM, Label.LANG_MISMATCH)


def test_a_campaign_cannot_ask_for_a_label_that_does_not_exist() -> None:
    with pytest.raises(InvalidLabel, match="beauty"):
        valid_labels(Position.INITIAL_PROMPT, full=["spam", "beauty"])


def test_a_simple_review_is_about_spam_and_a_full_one_about_quality() -> None:
    assert ReviewMode.SIMPLE.disposition is Disposition.SPAM
    assert ReviewMode.FULL.disposition is Disposition.QUALITY


def test_reports_offer_their_reasons_in_the_documented_order() -> None:
    assert " ".join(labels.REPORT_LABELS) == REPORT


def test_without_a_message_every_label_is_listed_but_whether_it_failed_its_task() -> None:
    assert set(labels.ALL_LABELS) - set(labels.LABELS_WITHOUT_MESSAGE) == {Label.FAILS_TASK}
    assert list(labels.LABELS_WITHOUT_MESSAGE)[:3] == ["spam", "lang_mismatch", "pii"]
    assert len(labels.LABELS_WITHOUT_MESSAGE) == 14


@pytest.mark.parametrize(
    ("values", "error", "names"),
    [
        pytest.param({"spam": 0.0, "beauty": 1.0}, InvalidLabel, "beauty", id="an unknown label"),
        pytest.param({"spam": 0.0, "helpfulness": 1.0}, InvalidLabel, "helpfulness", id="a label for other messages"),
        pytest.param({"quality": 1.0}, MandatoryLabelMissing, "spam", id="a mandatory label missing"),
        pytest.param({}, MandatoryLabelMissing, "spam", id="no label at all"),
        pytest.param({"spam": 0.0, "quality": 1.01}, Invalid, "quality", id="above one"),
        pytest.param({"spam": -0.01}, Invalid, "spam", id="below zero"),
        pytest.param({"spam": math.nan}, Invalid, "spam", id="not a number"),
        pytest.param({"spam": math.inf}, Invalid, "spam", id="infinite"),
        pytest.param({"spam": -math.inf}, Invalid, "spam", id="infinitely negative"),
    ],
)
def test_an_answer_that_does_not_fit_is_refused_by_name(
    values: dict[str, float], error: type[Invalid], names: str
) -> None:
    with pytest.raises(error, match=names) as refusal:
        check_labels(values, valid_labels(Position.INITIAL_PROMPT), labels.DEFAULT_MANDATORY_LABELS)
    assert type(refusal.value) is error


@settings(max_examples=30, deadline=None)
@given(st.dictionaries(st.sampled_from(PROMPT.split()), st.floats(0, 1)), st.floats(0, 1))
def test_any_answer_within_what_was_asked_is_taken(values: dict[str, float], spam: float) -> None:
    check_labels({**values, "spam": spam}, valid_labels(Position.INITIAL_PROMPT), labels.DEFAULT_MANDATORY_LABELS)


def test_a_vote_outside_a_review_needs_no_particular_label() -> None:
    check_labels({"political_content": 1, "fails_task": 0}, labels.ALL_LABELS)
