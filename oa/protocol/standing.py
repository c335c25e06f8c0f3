"""Leaderboards and trollboards on the wire."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from oa.domain import standing as rules
from oa.domain.boards import Board, Standing
from oa.domain.labels import Label
from oa.domain.standing import LEADER_COUNTERS


class UserScore(msgspec.Struct, frozen=True, kw_only=True):
    """What one person has done in a time frame, and what came of it."""

    rank: int | None = None
    """From 1; null for those who are not shown, or have done nothing that counts."""
    user_id: UUID
    highlighted: bool = False
    """It is the person for whom this was read."""
    username: str
    auth_method: str
    display_name: str
    leader_score: int = 0
    """Points."""
    level: int = 0
    """From 1 to 100; 0 while nothing counts."""
    level_begins_at: int = 0
    """Points at which this level began."""
    next_level_at: int | None = None
    """Points at which the next begins; null on the last."""
    base_date: datetime | None = None
    """From when on things count; null for everything."""
    modified_date: datetime | None = None
    """As of when this holds: now."""
    prompts: int = 0
    replies_assistant: int = 0
    replies_prompter: int = 0
    labels_simple: int = 0
    labels_full: int = 0
    """Reviews that asked for everything."""
    rankings_total: int = 0
    rankings_good: int = 0
    """Those that agree with the consensus rather than not."""
    accepted_prompts: int = 0
    accepted_replies_assistant: int = 0
    accepted_replies_prompter: int = 0
    reply_ranked_1: int = 0
    """Replies that the consensus puts first."""
    reply_ranked_2: int = 0
    reply_ranked_3: int = 0
    streak_last_day_date: datetime | None = None
    """The last day on which they answered a task, by the calendar of UTC."""
    streak_days: int | None = None
    """Days in a row with an answer; 0 once a whole day has passed without."""
    last_activity_date: datetime | None = None

    @classmethod
    def of(cls, one: Standing) -> UserScore:
        user, level = one.user, rules.level(one.score)
        return cls(
            rank=one.rank,
            user_id=user.id,
            highlighted=one.is_reader,
            username=user.username,
            auth_method=user.auth_method,
            display_name=user.display_name,
            leader_score=one.score or 0,
            level=level.number,
            level_begins_at=level.begins_at,
            next_level_at=level.next_at,
            base_date=one.frame.base_date(one.at),
            modified_date=one.at,
            **{name: one.counters.get(name, 0) for name in LEADER_COUNTERS},
            streak_last_day_date=user.streak_last_day_date,
            streak_days=one.streak_days,
            last_activity_date=user.last_activity_date,
        )


class LeaderboardStats(msgspec.Struct, frozen=True, kw_only=True):
    """Those who have earned the most, best first."""

    time_frame: str
    last_updated: datetime
    """Now: it is always up to date."""
    leaderboard: list[UserScore]

    @classmethod
    def of(cls, board: Board) -> LeaderboardStats:
        places = [UserScore.of(place) for place in board.places]
        return cls(time_frame=board.frame.value, last_updated=board.at, leaderboard=places)


TROLL_COUNTERS = (
    "red_flags",
    "upvotes",
    "downvotes",
    "spam_prompts",
    "spam",
    "not_appropriate",
    "pii",
    "hate_speech",
    "sexual_content",
    "political_content",
)


class TrollScore(msgspec.Struct, frozen=True, kw_only=True):
    """What others think of what one person wrote in a time frame."""

    rank: int | None = None
    user_id: UUID
    highlighted: bool = False
    """It is the person for whom this was read."""
    username: str
    auth_method: str
    display_name: str
    last_activity_date: datetime | None = None
    enabled: bool
    deleted: bool
    show_on_leaderboard: bool
    troll_score: int = 0
    base_date: datetime | None = None
    modified_date: datetime | None = None
    red_flags: int = 0
    upvotes: int = 0
    downvotes: int = 0
    spam_prompts: int = 0
    """Prompts whose trees were aborted."""
    quality: float | None = None
    """Mean of the votes; null when there is none."""
    humor: float | None = None
    toxicity: float | None = None
    violence: float | None = None
    helpfulness: float | None = None
    spam: int = 0
    """Votes that call a message spam. They are shown and do not count."""
    lang_mismach: int = 0
    """Votes for the wrong language; Open-Assistant's spelling."""
    not_appropriate: int = 0
    pii: int = 0
    hate_speech: int = 0
    sexual_content: int = 0
    political_content: int = 0

    @classmethod
    def of(cls, one: Standing) -> TrollScore:
        user, counters = one.user, one.counters
        return cls(
            rank=one.rank,
            user_id=user.id,
            highlighted=one.is_reader,
            username=user.username,
            auth_method=user.auth_method,
            display_name=user.display_name,
            last_activity_date=user.last_activity_date,
            enabled=user.enabled,
            deleted=user.deleted,
            show_on_leaderboard=user.show_on_leaderboard,
            troll_score=one.score or 0,
            base_date=one.frame.base_date(one.at),
            modified_date=one.at,
            quality=rules.mean(counters, Label.QUALITY),
            humor=rules.mean(counters, Label.HUMOR),
            toxicity=rules.mean(counters, Label.TOXICITY),
            violence=rules.mean(counters, Label.VIOLENCE),
            helpfulness=rules.mean(counters, Label.HELPFULNESS),
            lang_mismach=counters.get("lang_mismatch", 0),
            **{name: counters.get(name, 0) for name in TROLL_COUNTERS},
        )


class TrollboardStats(msgspec.Struct, frozen=True, kw_only=True):
    """Those whose messages others object to most, worst first."""

    time_frame: str
    last_updated: datetime
    trollboard: list[TrollScore]

    @classmethod
    def of(cls, board: Board) -> TrollboardStats:
        places = [TrollScore.of(place) for place in board.places]
        return cls(time_frame=board.frame.value, last_updated=board.at, trollboard=places)
