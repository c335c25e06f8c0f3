"""The hub's own words for kinds, states and roles, as people say them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from oa.tui.language import mark, tr

WORDS: Mapping[str, str] = MappingProxyType(
    {
        # kinds of work
        "random": mark("anything"),
        "initial_prompt": mark("first prompts"),
        "prompter_reply": mark("replies as the prompter"),
        "assistant_reply": mark("replies as the assistant"),
        "label_initial_prompt": mark("reviews of first prompts"),
        "label_prompter_reply": mark("reviews of the prompter"),
        "label_assistant_reply": mark("reviews of the assistant"),
        "rank_prompter_replies": mark("rankings of the prompter"),
        "rank_assistant_replies": mark("rankings of the assistant"),
        # states of trees
        "initial_prompt_review": mark("prompt under review"),
        "prompt_lottery_waiting": mark("waiting for a place"),
        "growing": mark("growing"),
        "ranking": mark("ranking"),
        "ready_for_scoring": mark("to be scored"),
        "ready_for_export": mark("complete"),
        "scoring_failed": mark("scoring failed"),
        "backlog_ranking": mark("ranking put off"),
        "halted_by_moderator": mark("halted"),
        "aborted_low_grade": mark("aborted"),
        # roles
        "prompter": mark("prompter"),
        "assistant": mark("assistant"),
        "volunteer": mark("volunteer"),
        "moderator": mark("moderator"),
        "admin": mark("administrator"),
        # samples that goals count
        "prompts": mark("prompts"),
        "replies": mark("replies"),
        "rankings": mark("rankings"),
    }
)


def word(value: str) -> str:
    """A value of the hub in words; one that this program does not know, without its underscores."""
    known = WORDS.get(value)
    return value.replace("_", " ") if known is None else tr(known)
