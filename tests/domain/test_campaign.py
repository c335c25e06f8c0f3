from __future__ import annotations

import dataclasses
import json
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oa.domain.campaign import LARGEST, Campaign, LangLimits, as_text, canonical_name, help_of, restored
from oa.domain.labels import Label
from oa.errors import InvalidSetting

FIELDS = {field.name: field for field in dataclasses.fields(Campaign)}

OPEN_ASSISTANT = {
    "max_active_trees": 10,
    "max_initial_prompt_review": 100,
    "max_prompt_lottery_waiting": 250,
    "max_tree_depth": 3,
    "max_children_count": 3,
    "num_prompter_replies": 1,
    "goal_tree_size": 12,
    "random_goal_tree_size": False,
    "min_goal_tree_size": 5,
    "num_reviews_initial_prompt": 3,
    "num_reviews_reply": 3,
    "acceptance_threshold_initial_prompt": 0.6,
    "acceptance_threshold_reply": 0.6,
    "num_required_rankings": 3,
    "rank_prompter_replies": False,
    "auto_mod_enabled": True,
    "auto_mod_red_flags": 4,
    "auto_mod_max_skip_reply": 25,
    "p_full_labeling_review_prompt": 1.0,
    "p_full_labeling_review_reply_assistant": 1.0,
    "p_full_labeling_review_reply_prompter": 0.25,
    "lonely_children_count": 2,
    "p_lonely_child_extension": 0.75,
    "recent_tasks_span_sec": 300,
    "max_pending_tasks_per_user": 8,
    "p_activate_backlog_tree": 0.1,
    "min_active_rankings_per_lang": 0,
    "init_prompt_disabled_langs": (),
    "mandatory_labels_initial_prompt": ("spam",),
    "mandatory_labels_assistant_reply": ("spam",),
    "mandatory_labels_prompter_reply": ("spam",),
    "message_size_limit": 2000,
    "task_validity_minutes": 2880,
    "duplicate_message_filter_window_minutes": 120,
}


def test_the_defaults_are_open_assistants() -> None:
    assert {name: getattr(Campaign(), name) for name in OPEN_ASSISTANT} == OPEN_ASSISTANT


@pytest.mark.parametrize("name", FIELDS)
def test_every_setting_says_what_it_does_and_has_bounds(name: str) -> None:
    assert len(help_of(name).split()) >= 4
    if isinstance(FIELDS[name].default, int | float) and not isinstance(FIELDS[name].default, bool):
        assert FIELDS[name].metadata["least"] <= FIELDS[name].default <= FIELDS[name].metadata["most"]


@pytest.mark.parametrize("name", FIELDS)
def test_every_setting_is_named_in_any_case_and_with_the_old_prefix(name: str) -> None:
    for typed in (name, name.upper(), f"TREE_MANAGER__{name.upper()}", f" {name} "):
        assert canonical_name(typed, FIELDS) == name


def test_old_names_of_settings_still_mean_them() -> None:
    assert canonical_name("DEBUG_ALLOW_SELF_LABELING", FIELDS) == "allow_self_labeling"
    assert canonical_name("TREE_MANAGER__DEBUG_ALLOW_DUPLICATE_TASKS", FIELDS) == "allow_duplicate_tasks"


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("goal_tree_sze", "there is no setting goal_tree_sze; did you mean goal_tree_size?"),
        ("TREE_MANAGER__MAX_ACTIVE_TREE", "did you mean max_active_trees?"),
        ("zzz", "`oa campaign show`"),
        ("", "`oa campaign show`"),
        ("__init__", "`oa campaign show`"),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest(typed: str, sentence: str) -> None:
    with pytest.raises(InvalidSetting) as refused:
        Campaign().changed({typed: "1"})
    assert sentence in str(refused.value)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("goal_tree_size", "20", 20),
        ("goal_tree_size", " 20 ", 20),
        ("goal_tree_size", "1", 1),
        ("goal_tree_size", str(LARGEST), LARGEST),
        ("max_active_trees", "0", 0),
        ("p_lonely_child_extension", "0", 0.0),
        ("p_lonely_child_extension", "1", 1.0),
        ("p_lonely_child_extension", "2.5e-1", 0.25),
        ("auto_mod_enabled", "false", False),
        ("auto_mod_enabled", "No", False),
        ("auto_mod_enabled", "0", False),
        ("auto_mod_enabled", "ON", True),
        ("init_prompt_disabled_langs", "en, de,,fr", ("en", "de", "fr")),
        ("init_prompt_disabled_langs", "en,en", ("en",)),
        ("init_prompt_disabled_langs", "", ()),
        ("mandatory_labels_initial_prompt", "spam,quality", ("spam", "quality")),
    ],
)
def test_a_setting_is_read_from_text(name: str, text: str, value: object) -> None:
    changed = Campaign().changed({name: text})
    assert getattr(changed, name) == value
    assert type(getattr(changed, name)) is type(FIELDS[name].default)
    assert dataclasses.replace(changed, **{name: FIELDS[name].default}) == Campaign()


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("goal_tree_size", "0", "goal_tree_size must be at least 1, not 0"),
        ("goal_tree_size", "-3", "at least 1, not -3"),
        ("goal_tree_size", "twelve", "goal_tree_size takes a whole number, not 'twelve'"),
        ("goal_tree_size", "12.5", "takes a whole number"),
        ("goal_tree_size", "", "takes a whole number, not ''"),
        ("goal_tree_size", str(LARGEST + 1), f"at most {LARGEST}"),
        ("goal_tree_size", "9" * 5000, "takes a whole number"),
        ("duplicate_message_filter_window_minutes", "5256001", "at most 5256000"),
        ("acceptance_threshold_reply", "1.01", "acceptance_threshold_reply must be at most 1, not 1.01"),
        ("acceptance_threshold_reply", "-0.1", "at least 0"),
        ("acceptance_threshold_reply", "nan", "at least 0"),
        ("acceptance_threshold_reply", "inf", "at most 1"),
        ("acceptance_threshold_reply", "high", "takes a number, not 'high'"),
        ("auto_mod_enabled", "maybe", "auto_mod_enabled takes true or false, not 'maybe'"),
        ("labels_initial_prompt", "spam,qualty", "the label qualty, which does not exist; did you mean quality?"),
        ("labels_initial_prompt", "quality", "asks for spam, which labels_initial_prompt does not offer"),
        ("mandatory_labels_initial_prompt", "fails_task", "asks for fails_task, which labels_initial_prompt does not"),
        ("mandatory_labels_assistant_reply", "zzz", "asks for zzz"),
    ],
)
def test_a_value_that_cannot_be_is_refused_by_name(name: str, text: str, sentence: str) -> None:
    with pytest.raises(InvalidSetting) as refused:
        Campaign().changed({name: text})
    assert sentence in str(refused.value)


def test_settings_that_belong_together_change_together() -> None:
    with pytest.raises(InvalidSetting, match="min_goal_tree_size is above goal_tree_size"):
        Campaign().changed({"random_goal_tree_size": "true", "min_goal_tree_size": "20"})
    both = Campaign().changed({"min_goal_tree_size": "20", "goal_tree_size": "30", "random_goal_tree_size": "yes"})
    assert (both.min_goal_tree_size, both.goal_tree_size) == (20, 30)
    assert Campaign().changed({"goal_tree_size": "2"}).min_goal_tree_size == 5  # nothing is drawn, so nothing is wrong


def test_one_setting_is_not_set_twice_under_two_spellings() -> None:
    with pytest.raises(InvalidSetting, match="goal_tree_size is set twice"):
        Campaign().changed({"goal_tree_size": "3", "TREE_MANAGER__GOAL_TREE_SIZE": "4"})


def test_a_change_leaves_the_campaign_that_it_was_made_from() -> None:
    before = Campaign()
    before.changed({"goal_tree_size": "3"})
    assert before == Campaign()


def _values(field: dataclasses.Field[Any]) -> st.SearchStrategy[Any]:
    default, least, most = field.default, field.metadata["least"], field.metadata["most"]
    if isinstance(default, bool):
        return st.booleans()
    if isinstance(default, int):
        return st.integers(least, most)
    if isinstance(default, float):
        return st.floats(least, most)
    if isinstance(field.default, StrEnum):
        return st.sampled_from(list(type(field.default)))
    if field.name.startswith("mandatory"):
        return st.just(())
    if field.name == "lang_limits":
        limits = [f"{lang}:{name}=3" for lang in ("de", "pt-BR") for name in LangLimits.__dataclass_fields__]
        return st.lists(st.sampled_from(limits), unique=True).map(tuple)
    labels = st.sampled_from([str(label) for label in Label])
    return st.lists(labels, unique=True).map(tuple)


@st.composite
def campaigns(draw: st.DrawFn) -> Campaign:
    values = draw(st.fixed_dictionaries({}, optional={name: _values(field) for name, field in FIELDS.items()}))
    for position in ("initial_prompt", "prompter_reply", "assistant_reply"):
        offered = values.get(f"labels_{position}", FIELDS[f"labels_{position}"].default)
        values[f"mandatory_labels_{position}"] = offered[: draw(st.integers(0, 2))]
    values["min_goal_tree_size"] = 1
    return Campaign(**values)


@given(campaigns())
def test_a_campaign_is_restored_from_its_differences(campaign: Campaign) -> None:
    differences = campaign.differences()
    assert restored(json.loads(json.dumps(differences))) == campaign
    assert all(getattr(Campaign(), name) != getattr(campaign, name) for name in differences)


@given(campaigns())
def test_what_is_shown_can_be_typed_again(campaign: Campaign) -> None:
    shown = {name: as_text(getattr(campaign, name)) for name in FIELDS}
    assert Campaign().changed(shown) == campaign


def test_a_campaign_of_defaults_has_no_differences() -> None:
    assert Campaign().differences() == {}
    assert restored({}) == Campaign()


@pytest.mark.parametrize(
    "stored",
    [
        {"goal_tree_size": "12"},
        {"goal_tree_size": True},
        {"goal_tree_size": 1.5},
        {"goal_tree_size": 0},
        {"goal_tree_size": None},
        {"auto_mod_enabled": 1},
        {"p_lonely_child_extension": True},
        {"p_lonely_child_extension": "0.5"},
        {"init_prompt_disabled_langs": "en"},
        {"init_prompt_disabled_langs": [1]},
        {"labels_initial_prompt": ["spam", "gone"]},
        {"deleted_account_messages": "lose"},
        {"deleted_account_messages": 1},
        {"not_a_setting": 1},
    ],
    ids=str,
)
def test_stored_values_that_cannot_be_are_refused(stored: dict[str, object]) -> None:
    with pytest.raises(InvalidSetting):
        restored(stored)


def test_a_whole_number_may_be_stored_for_a_share() -> None:
    assert restored({"p_lonely_child_extension": 1}).p_lonely_child_extension == 1


# --- limits of one language ------------------------------------------------------------------------------------------


def test_a_language_has_its_own_limits_and_else_those_of_all() -> None:
    texts = {"lang_limits": "de:max_active_trees=3, de:max_prompt_lottery_waiting=0, fr:max_initial_prompt_review=7"}
    campaign = Campaign(max_active_trees=20).changed(texts)
    assert campaign.limits_of("de") == LangLimits(3, 100, 0)
    assert campaign.limits_of("fr") == LangLimits(20, 7, 250)
    assert campaign.limits_of("en") == LangLimits(20, 100, 250)


@pytest.mark.parametrize(
    "text",
    [
        "max_active_trees=3",
        "de:goal_tree_size=3",
        "de:max_active_trees",
        "de:max_active_trees=-1",
        "de:max_active_trees=three",
        ":max_active_trees=3",
        "de:max_active_trees=1000001",
        "de:max_active_trees=3, de:max_active_trees=4",
    ],
)
def test_limits_that_cannot_be_are_refused_with_an_example_or_a_reason(text: str) -> None:
    with pytest.raises(InvalidSetting) as refused:
        Campaign().changed({"lang_limits": text})
    assert refused.value.context == {"setting": "lang_limits"}
    assert "lang_limits" in str(refused.value) or "at most 1000000" in str(refused.value)


# --- checks --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["word_check", "link_check", "personal_data_check", "near_duplicate_check"])
def test_each_check_is_off_unless_it_is_chosen(name: str) -> None:
    assert not Campaign().checks_texts
    changed = Campaign().changed({name: "warn"})
    assert changed.checks_texts
    assert restored(changed.differences()) == changed
    with pytest.raises(InvalidSetting, match="off or warn or refuse"):
        Campaign().changed({name: "maybe"})


@pytest.mark.parametrize(
    "setting",
    [
        {"checked_words": "good, \u200b"},
        {"allowed_link_domains": "https://a.com"},
        {"allowed_link_domains": "a b.com"},
        {"near_duplicate_likeness": "0.4"},
        {"near_duplicate_likeness": "nan"},
    ],
)
def test_what_no_check_could_look_for_is_refused(setting: dict[str, str]) -> None:
    with pytest.raises(InvalidSetting):
        Campaign().changed(setting)
