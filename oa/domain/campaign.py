"""The settings of data collection: one documented field each, with the names and defaults of Open-Assistant.

A campaign is a value. Changing a setting makes a new campaign, so nothing that runs under the old one sees
half a change.
"""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar, cast

from oa.domain import labels
from oa.domain.checks import CheckAction, folded
from oa.domain.links import is_domain
from oa.errors import InvalidSetting

T = TypeVar("T")

PREFIX = "tree_manager__"
"""Open-Assistant named these settings `TREE_MANAGER__…` in the environment; the prefix may be kept."""

ALIASES = {
    "debug_allow_self_labeling": "allow_self_labeling",
    "debug_allow_self_ranking": "allow_self_ranking",
    "debug_allow_duplicate_tasks": "allow_duplicate_tasks",
}

LARGEST = 1_000_000
"""What a whole number may be where nothing less is said: it fits every database, and no community has more."""

TEN_YEARS_MINUTES = 5_256_000


def _setting(default: T, help: str, *, least: float | None = None, most: float | None = None) -> T:
    most = LARGEST if most is None and least is not None else most
    field: Any = dataclasses.field(default=default, metadata={"help": help, "least": least, "most": most})
    return field


class LeftMessages(StrEnum):
    """What becomes of the messages of somebody who deletes their account."""

    KEEP = "keep"
    REMOVE = "remove"


Value = bool | int | float | StrEnum | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LangLimits:
    """How many trees of one language may be under way."""

    max_active_trees: int
    max_initial_prompt_review: int
    max_prompt_lottery_waiting: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """How this community collects."""

    # Size and shape of trees. A tree keeps the three sizes that held when it was planted.
    goal_tree_size: int = _setting(12, "accepted messages, the prompt included, that make a tree complete", least=1)
    random_goal_tree_size: bool = _setting(False, "draw each tree's goal between min_goal_tree_size and goal_tree_size")
    min_goal_tree_size: int = _setting(5, "least goal when goals are drawn", least=1)
    max_tree_depth: int = _setting(3, "messages below the prompt on the longest path; 3 allows two exchanges", least=1)
    max_children_count: int = _setting(3, "replies that one message may have", least=1)
    num_prompter_replies: int = _setting(1, "replies that an assistant's message may have", least=0)
    lonely_children_count: int = _setting(
        2, "a prompt with fewer replies than this, but at least one, is lonely", least=0
    )
    p_lonely_child_extension: float = _setting(
        0.75, "share of reply tasks that go to lonely prompts, so that replies can be ranked", least=0, most=1
    )

    # How many trees are under way, per language.
    max_active_trees: int = _setting(10, "trees that grow at the same time, per language", least=0)
    max_initial_prompt_review: int = _setting(100, "prompts in review at the same time, per language", least=0)
    max_prompt_lottery_waiting: int = _setting(250, "accepted prompts that wait for the draw, per language", least=0)
    p_activate_backlog_tree: float = _setting(
        0.1, "chance that a tree from the backlog goes to ranking whenever another tree ends", least=0, most=1
    )
    min_active_rankings_per_lang: int = _setting(
        0, "open rankings below which a tree that ends wakes another from the backlog, per language", least=0
    )
    init_prompt_disabled_langs: tuple[str, ...] = _setting((), "languages in which no new prompts are asked for")
    disabled_langs: tuple[str, ...] = _setting((), "languages in which no tasks are handed out at all")
    lang_limits: tuple[str, ...] = _setting(
        (),
        "other values of max_active_trees, max_initial_prompt_review and max_prompt_lottery_waiting for one language, "
        "such as de:max_active_trees=3",
    )

    # Review.
    num_reviews_initial_prompt: int = _setting(3, "reviews that decide about a prompt", least=1)
    num_reviews_reply: int = _setting(3, "reviews that decide about a reply", least=1)
    acceptance_threshold_initial_prompt: float = _setting(
        0.6, "a prompt is accepted when its score is above this", least=0, most=1
    )
    acceptance_threshold_reply: float = _setting(
        0.6, "a reply is accepted when its score is above this", least=0, most=1
    )
    p_full_labeling_review_prompt: float = _setting(
        1.0, "share of prompt reviews that ask for all labels, the others only for spam and language", least=0, most=1
    )
    p_full_labeling_review_reply_assistant: float = _setting(
        1.0, "the same share for the assistant's replies", least=0, most=1
    )
    p_full_labeling_review_reply_prompter: float = _setting(
        0.25, "the same share for the prompter's replies", least=0, most=1
    )
    labels_initial_prompt: tuple[str, ...] = _setting(
        tuple(labels.DEFAULT_LABELS_INITIAL_PROMPT), "labels that a full review of a prompt offers, in this order"
    )
    labels_prompter_reply: tuple[str, ...] = _setting(
        tuple(labels.DEFAULT_LABELS_PROMPTER_REPLY), "labels that a full review of a prompter's reply offers"
    )
    labels_assistant_reply: tuple[str, ...] = _setting(
        tuple(labels.DEFAULT_LABELS_ASSISTANT_REPLY), "labels that a full review of an assistant's reply offers"
    )
    mandatory_labels_initial_prompt: tuple[str, ...] = _setting(
        tuple(labels.DEFAULT_MANDATORY_LABELS), "labels without which a review of a prompt is refused"
    )
    mandatory_labels_prompter_reply: tuple[str, ...] = _setting(
        tuple(labels.DEFAULT_MANDATORY_LABELS), "labels without which a review of a prompter's reply is refused"
    )
    mandatory_labels_assistant_reply: tuple[str, ...] = _setting(
        tuple(labels.DEFAULT_MANDATORY_LABELS), "labels without which a review of an assistant's reply is refused"
    )

    # Ranking.
    num_required_rankings: int = _setting(3, "ballots that complete the ranking of one message's replies", least=1)
    rank_prompter_replies: bool = _setting(False, "rank the prompter's replies as well as the assistant's")

    # Moderation without a moderator.
    auto_mod_enabled: bool = _setting(True, "act on red flags and skips without a moderator")
    auto_mod_red_flags: int = _setting(4, "red flags at which a reply is deleted or a prompt's tree aborted", least=1)
    auto_mod_max_skip_reply: int = _setting(25, "people who skip replying to a message before its tree halts", least=1)

    # Tasks and people.
    recent_tasks_span_sec: int = _setting(
        300, "seconds for which a task keeps its place free of others, and within which pending tasks count", least=1
    )
    max_pending_tasks_per_user: int = _setting(8, "unanswered recent tasks that one person may hold", least=1)
    task_validity_minutes: int = _setting(
        2880, "minutes after which a task takes no answer; 0 means never", least=0, most=TEN_YEARS_MINUTES
    )
    message_size_limit: int = _setting(2000, "characters that a message may have", least=1)
    duplicate_message_filter_window_minutes: int = _setting(
        120,
        "minutes within which the same text by the same person is refused; 0 allows it",
        least=0,
        most=TEN_YEARS_MINUTES,
    )
    word_check: CheckAction = _setting(  # noqa: RUF009  # an enum, which ruff does not know; so below
        CheckAction.OFF, "what follows when a text has one of checked_words"
    )
    checked_words: tuple[str, ...] = _setting(
        (), "words and phrases that word_check looks for as whole words, whatever their capitals"
    )
    link_check: CheckAction = _setting(  # noqa: RUF009
        CheckAction.OFF, "what follows when a text has a link to elsewhere than allowed_link_domains"
    )
    allowed_link_domains: tuple[str, ...] = _setting(
        (), "domains to which link_check allows links, with everything below them, such as wikipedia.org"
    )
    personal_data_check: CheckAction = _setting(  # noqa: RUF009
        CheckAction.OFF,
        "what follows when a text has an e-mail address, a telephone, account or card number, or an IP address",
    )
    near_duplicate_check: CheckAction = _setting(  # noqa: RUF009
        CheckAction.OFF, "what follows when a text of eight words or more is nearly the same as another message"
    )
    near_duplicate_likeness: float = _setting(
        0.8, "share of all rows of three words that two texts have in common to be nearly the same", least=0.5, most=1
    )
    rate_limit: bool = _setting(True, "limit how many tasks one person may ask for without answering them")
    require_terms: bool = _setting(False, "people must have accepted the terms of service before they get tasks")
    deleted_account_messages: LeftMessages = _setting(  # noqa: RUF009  # an enum, which ruff does not know
        LeftMessages.KEEP,
        "what becomes of the messages of people who delete their account: kept without their name, or removed",
    )
    allow_self_labeling: bool = _setting(False, "people may review what they wrote")
    allow_self_ranking: bool = _setting(False, "people may rank replies that include their own")
    allow_self_replies: bool = _setting(False, "people may answer what they wrote")
    allow_duplicate_tasks: bool = _setting(False, "people may get work that they have done already")

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            _check_range(field, getattr(self, field.name))
        for name in ("initial_prompt", "prompter_reply", "assistant_reply"):
            offered, asked = getattr(self, f"labels_{name}"), getattr(self, f"mandatory_labels_{name}")
            _check_labels(f"labels_{name}", offered)
            if missing := sorted(set(asked) - set(offered)):
                raise InvalidSetting(
                    f"mandatory_labels_{name} asks for {missing[0]}, which labels_{name} does not offer"
                )
        _parsed_limits(self.lang_limits)
        _check_lists(self.checked_words, self.allowed_link_domains)
        if self.random_goal_tree_size and self.min_goal_tree_size > self.goal_tree_size:
            raise InvalidSetting("min_goal_tree_size is above goal_tree_size; lower it or raise the goal")

    def limits_of(self, lang: str) -> LangLimits:
        """How many trees of a language may be under way."""
        limits = LangLimits(self.max_active_trees, self.max_initial_prompt_review, self.max_prompt_lottery_waiting)
        own = _parsed_limits(self.lang_limits).get(lang) if self.lang_limits else None
        return dataclasses.replace(limits, **own) if own else limits

    @property
    def checks_texts(self) -> bool:
        """Whether there is anything to look for in a text."""
        off = CheckAction.OFF
        return not (self.word_check is self.link_check is self.personal_data_check is self.near_duplicate_check is off)

    def changed(self, assignments: Mapping[str, str]) -> Campaign:
        """This campaign with some settings read from text (`"12"`, `"true"`, `"en, de"`).

        Raises:
            InvalidSetting: an unknown name, one that is there twice, or a value of the wrong kind or out of range.
        """
        kinds = {field.name: field for field in dataclasses.fields(self)}
        values: dict[str, Any] = {}
        for given, text in assignments.items():
            name = canonical_name(given, kinds)
            if name in values:
                raise InvalidSetting(f"{name} is set twice", setting=name)
            values[name] = _parsed(kinds[name], text)
        return dataclasses.replace(self, **values)

    def differences(self) -> dict[str, bool | int | float | str | list[str]]:
        """What is not at its default, fit for JSON; `restored` reads it."""
        fields = [field for field in dataclasses.fields(self) if getattr(self, field.name) != field.default]
        return {field.name: _as_json(getattr(self, field.name)) for field in fields}


def restored(differences: Mapping[str, Any]) -> Campaign:
    """The campaign with these differences from the defaults.

    Raises:
        InvalidSetting: an unknown name, or a value that the setting cannot take.
    """
    kinds = {field.name: field for field in dataclasses.fields(Campaign)}
    values: dict[str, Any] = {}
    for name, value in differences.items():
        field = kinds[canonical_name(name, kinds)]
        values[name] = _from_json(field, value)
        if not _is_of_kind(values[name], field.default):
            raise InvalidSetting(f"{name} cannot be {value!r}", setting=name)
    return Campaign(**values)


def canonical_name(given: str, known: Mapping[str, object]) -> str:
    """The setting that `given` means, whatever its case and with Open-Assistant's prefixes allowed.

    Raises:
        InvalidSetting: there is none; the sentence names the nearest.
    """
    name = given.strip().lower().removeprefix(PREFIX)
    name = ALIASES.get(name, name)
    if name in known:
        return name
    nearest = difflib.get_close_matches(name, known, n=1)
    hint = f"; did you mean {nearest[0]}?" if nearest else "; see `oa campaign show` for their names"
    raise InvalidSetting(f"there is no setting {given}{hint}", setting=given)


def help_of(name: str) -> str:
    """The sentence that says what a setting does."""
    return next(field.metadata["help"] for field in dataclasses.fields(Campaign) if field.name == name)


def _as_json(value: Value) -> bool | int | float | str | list[str]:
    if isinstance(value, StrEnum):
        return value.value
    return list(value) if isinstance(value, tuple) else value


def _from_json(field: dataclasses.Field[Any], value: Any) -> Any:
    if isinstance(field.default, StrEnum) and isinstance(value, str):
        return _choice(field, value)
    return tuple(cast(list[object], value)) if isinstance(value, list) else value


def _is_of_kind(value: object, default: object) -> bool:
    if isinstance(default, tuple):
        return isinstance(value, tuple) and all(isinstance(part, str) for part in cast(tuple[object, ...], value))
    if isinstance(default, float):
        return isinstance(value, int | float) and not isinstance(value, bool)
    return type(value) is type(default)


def as_text(value: Value) -> str:
    """A setting's value as it is typed."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return ", ".join(value) if isinstance(value, tuple) else str(value)


TRUE, FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")


def _parsed(field: dataclasses.Field[Any], text: str) -> Value:
    default, text = field.default, text.strip()
    if isinstance(default, bool):
        if text.lower() in TRUE + FALSE:
            return text.lower() in TRUE
        raise InvalidSetting(f"{field.name} takes true or false, not {text!r}", setting=field.name)
    if isinstance(default, StrEnum):
        return _choice(field, text)
    if isinstance(default, tuple):
        pieces = (piece.strip() for piece in text.split(","))
        return tuple(dict.fromkeys(piece for piece in pieces if piece))
    try:
        return int(text) if isinstance(default, int) else float(text)
    except ValueError:
        kind = "a whole number" if isinstance(default, int) else "a number"
        raise InvalidSetting(f"{field.name} takes {kind}, not {text!r}", setting=field.name) from None


def _choice(field: dataclasses.Field[Any], text: str) -> StrEnum:
    choices = type(cast(StrEnum, field.default))
    try:
        return choices(text)
    except ValueError:
        known = " or ".join(choices)
        raise InvalidSetting(f"{field.name} takes {known}, not {text!r}", setting=field.name) from None


def _check_range(field: dataclasses.Field[Any], value: Any) -> None:
    least, most = field.metadata["least"], field.metadata["most"]
    # A NaN is neither below nor above anything, so ask what must hold instead of what must not.
    if least is not None and not value >= least:
        raise InvalidSetting(f"{field.name} must be at least {least}, not {value}", setting=field.name)
    if most is not None and not value <= most:
        raise InvalidSetting(f"{field.name} must be at most {most}, not {value}", setting=field.name)


def _parsed_limits(texts: tuple[str, ...]) -> dict[str, dict[str, int]]:
    """By language and name.

    Raises:
        InvalidSetting: one of them is not written as `de:max_active_trees=3`, or is there twice.
    """
    found: dict[str, dict[str, int]] = {}
    for text in texts:
        lang, _, assignment = text.partition(":")
        name, _, value = (part.strip() for part in assignment.partition("="))
        if name not in LangLimits.__dataclass_fields__ or not lang.strip() or not value.isdecimal():
            raise InvalidSetting(
                f"lang_limits takes a language, one of {', '.join(LangLimits.__dataclass_fields__)}, and a number, "
                f"such as de:max_active_trees=3, not {text!r}",
                setting="lang_limits",
            )
        of_lang = found.setdefault(lang.strip(), {})
        if name in of_lang:
            raise InvalidSetting(f"lang_limits has {name} of {lang} twice", setting="lang_limits")
        if int(value) > LARGEST:
            raise InvalidSetting(f"{name} of {lang} must be at most {LARGEST}, not {value}", setting="lang_limits")
        of_lang[name] = int(value)
    return found


def _check_labels(setting: str, names: tuple[str, ...]) -> None:
    known = {str(label) for label in labels.Label}
    for name in names:
        if name not in known:
            nearest = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean {nearest[0]}?" if nearest else ""
            raise InvalidSetting(f"{setting} names the label {name}, which does not exist{hint}", setting=setting)


def _check_lists(words: tuple[str, ...], domains: tuple[str, ...]) -> None:
    for word in words:
        if not folded(word):
            raise InvalidSetting(f"checked_words has {word!r}, in which there is nothing to look for")
    for domain in domains:
        if not is_domain(domain):
            raise InvalidSetting(
                f"allowed_link_domains takes domains such as wikipedia.org, not {domain!r}",
                setting="allowed_link_domains",
            )
