"""The kinds of work, how often each is handed out, and which prompt wins a place to grow."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar
from uuid import UUID

from oa.domain.campaign import Campaign, LangLimits
from oa.domain.labels import ReviewMode
from oa.domain.tree import Role

T = TypeVar("T")


class TaskKind(StrEnum):
    """One person's piece of work. The values are Open-Assistant's names."""

    INITIAL_PROMPT = "initial_prompt"
    PROMPTER_REPLY = "prompter_reply"
    ASSISTANT_REPLY = "assistant_reply"
    LABEL_INITIAL_PROMPT = "label_initial_prompt"
    LABEL_PROMPTER_REPLY = "label_prompter_reply"
    LABEL_ASSISTANT_REPLY = "label_assistant_reply"
    RANK_PROMPTER_REPLIES = "rank_prompter_replies"
    RANK_ASSISTANT_REPLIES = "rank_assistant_replies"


class Pool(StrEnum):
    """Kinds of work that compete with one weight."""

    RANKING = "ranking"
    REPLY_REVIEW = "reply_review"
    PROMPT_REVIEW = "prompt_review"
    REPLY = "reply"
    PROMPT = "prompt"


POOL_OF: Mapping[TaskKind, Pool] = {
    TaskKind.INITIAL_PROMPT: Pool.PROMPT,
    TaskKind.PROMPTER_REPLY: Pool.REPLY,
    TaskKind.ASSISTANT_REPLY: Pool.REPLY,
    TaskKind.LABEL_INITIAL_PROMPT: Pool.PROMPT_REVIEW,
    TaskKind.LABEL_PROMPTER_REPLY: Pool.REPLY_REVIEW,
    TaskKind.LABEL_ASSISTANT_REPLY: Pool.REPLY_REVIEW,
    TaskKind.RANK_PROMPTER_REPLIES: Pool.RANKING,
    TaskKind.RANK_ASSISTANT_REPLIES: Pool.RANKING,
}

WEIGHTS: Mapping[Pool, float] = {
    Pool.RANKING: 10,
    Pool.REPLY_REVIEW: 5,
    Pool.PROMPT_REVIEW: 5,
    Pool.REPLY: 2,
    Pool.PROMPT: 0.01,
}
"""Finishing a tree is worth more than starting one."""

REVIEWS = frozenset({TaskKind.LABEL_INITIAL_PROMPT, TaskKind.LABEL_PROMPTER_REPLY, TaskKind.LABEL_ASSISTANT_REPLY})
RANKINGS = frozenset({TaskKind.RANK_PROMPTER_REPLIES, TaskKind.RANK_ASSISTANT_REPLIES})
REPLIES = frozenset({TaskKind.PROMPTER_REPLY, TaskKind.ASSISTANT_REPLY})
TEXTS = REPLIES | {TaskKind.INITIAL_PROMPT}

ANY_KIND = frozenset(TaskKind)


def reply_kind(parent: Role) -> TaskKind:
    """The task of answering a message that `parent` wrote."""
    return TaskKind.ASSISTANT_REPLY if parent is Role.PROMPTER else TaskKind.PROMPTER_REPLY


def ranking_kind(replies: Role) -> TaskKind:
    return TaskKind.RANK_ASSISTANT_REPLIES if replies is Role.ASSISTANT else TaskKind.RANK_PROMPTER_REPLIES


def review_kind(role: Role, *, is_root: bool) -> TaskKind:
    if is_root:
        return TaskKind.LABEL_INITIAL_PROMPT
    return TaskKind.LABEL_ASSISTANT_REPLY if role is Role.ASSISTANT else TaskKind.LABEL_PROMPTER_REPLY


def written_role(kind: TaskKind) -> Role:
    """Who speaks in the text that answers this task."""
    return Role.ASSISTANT if kind is TaskKind.ASSISTANT_REPLY else Role.PROMPTER


@dataclass(frozen=True, slots=True)
class Slot:
    """Work that is open on one message: a review of it, a reply to it, or a ranking of its replies."""

    kind: TaskKind
    message_id: UUID
    lang: str
    wanted: int
    """Answers that are still wanted."""
    free: int
    """Of these, how many nobody holds a task for."""
    lonely: bool = False
    """A prompt with too few replies to rank: such replies are asked for first."""


def pools_in_order(kinds: Collection[TaskKind], rng: random.Random) -> Iterator[Pool]:
    """The pools that `kinds` belong to, drawn one after the other by weight.

    Taking the first pool with open work chooses among the non-empty pools in proportion to their weights, without
    asking beforehand which ones are empty.
    """
    waiting = {pool: weight for pool, weight in WEIGHTS.items() if any(POOL_OF[kind] is pool for kind in kinds)}
    while waiting:
        (pool,) = rng.choices(list(waiting), weights=list(waiting.values()))
        del waiting[pool]
        yield pool


P_FULL_REVIEW: Mapping[TaskKind, str] = {
    TaskKind.LABEL_INITIAL_PROMPT: "p_full_labeling_review_prompt",
    TaskKind.LABEL_ASSISTANT_REPLY: "p_full_labeling_review_reply_assistant",
    TaskKind.LABEL_PROMPTER_REPLY: "p_full_labeling_review_reply_prompter",
}


def review_mode(kind: TaskKind, campaign: Campaign, rng: random.Random, *, asked_for: bool) -> ReviewMode:
    """How much a review asks. Whoever asked for this very kind of work gets all of it."""
    p_full: float = getattr(campaign, P_FULL_REVIEW[kind])
    return ReviewMode.FULL if asked_for or rng.random() < p_full else ReviewMode.SIMPLE


# --- the prompt lottery ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Lottery:
    """The trees of one language that compete for attention."""

    growing: int
    in_review: int
    waiting: int

    def places(self, limits: LangLimits) -> int:
        """Trees that may start to grow now."""
        return max(0, limits.max_active_trees - self.growing)

    def prompts_wanted(self, limits: LangLimits) -> int:
        """New prompts that the community can take now."""
        review_room = max(0, limits.max_initial_prompt_review - self.in_review)
        waiting_room = max(0, limits.max_prompt_lottery_waiting - self.waiting)
        return min(self.places(limits) + review_room, waiting_room)


def draw_author(first_places: Mapping[T, int], rng: random.Random) -> T:
    """Whose waiting prompt wins: everybody has one ticket, and one more for each first place among the month's ballots.

    Args:
        first_places: the authors of waiting prompts, with how often a ballot put a reply of theirs first; not empty.
    """
    authors: Sequence[T] = list(first_places)
    (author,) = rng.choices(authors, weights=[places + 1 for places in first_places.values()])
    return author


# --- limits ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RateLimit:
    """At most `requests` unanswered requests in `window_s` seconds."""

    requests: int
    window_s: int


RATE_LIMIT = RateLimit(30, 240)
"""For each person, over all kinds."""

RATE_LIMITS: Mapping[TaskKind, RateLimit] = {
    TaskKind.ASSISTANT_REPLY: RateLimit(4, 120),
    TaskKind.PROMPTER_REPLY: RateLimit(8, 120),
}
"""For each person who asks for this very kind."""
