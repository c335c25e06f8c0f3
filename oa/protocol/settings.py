"""Settings on the wire, by Open-Assistant's names. Nothing here is ever a secret."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import structs

from oa.domain.campaign import Campaign

NEVER_TOLD = (
    "OFFICIAL_WEB_API_KEY",
    "AUTH_INFO",
    "AUTH_SALT",
    "AUTH_SECRET",
    "AUTH_DISCORD_CLIENT_ID",
    "AUTH_DISCORD_CLIENT_SECRET",
    "POSTGRES_USER",
    "POSTGRES_PASSWORD",
    "DATABASE_URI",
    "HUGGING_FACE_API_KEY",
    "ROOT_TOKENS",
)
"""What the original told every trusted program. This hub has no such settings, or keeps them to itself."""


class PublicSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What every program may know of how this hub is set up."""

    PROJECT_NAME: str = "OA"
    API_V1_STR: str = "/api/v1"
    MESSAGE_SIZE_LIMIT: int
    """Characters."""
    DEBUG_USE_SEED_DATA: bool = False
    DEBUG_ALLOW_SELF_LABELING: bool
    DEBUG_SKIP_EMBEDDING_COMPUTATION: bool = True
    DEBUG_SKIP_TOXICITY_CALCULATION: bool = True
    DEBUG_DATABASE_ECHO: bool = False
    USER_STATS_INTERVAL_DAY: int = 0
    """In minutes: statistics are up to date with every answer."""
    USER_STATS_INTERVAL_WEEK: int = 0
    USER_STATS_INTERVAL_MONTH: int = 0
    USER_STATS_INTERVAL_TOTAL: int = 0

    @classmethod
    def of(cls, campaign: Campaign) -> PublicSettings:
        return cls(
            MESSAGE_SIZE_LIMIT=campaign.message_size_limit,
            DEBUG_ALLOW_SELF_LABELING=campaign.allow_self_labeling,
        )


def all_settings(campaign: Campaign, config: Mapping[str, object]) -> dict[str, Any]:
    """Every setting.

    Args:
        config: the hub's own, by dotted key, with passwords masked.
    """
    return {
        **structs.asdict(PublicSettings.of(campaign)),
        **dict.fromkeys(NEVER_TOLD),
        "DEBUG_ALLOW_SELF_RANKING": campaign.allow_self_ranking,
        "DEBUG_ALLOW_DUPLICATE_TASKS": campaign.allow_duplicate_tasks,
        "DUPLICATE_MESSAGE_FILTER_WINDOW_MINUTES": campaign.duplicate_message_filter_window_minutes,
        "ENABLE_PROM_METRICS": True,
        "CACHED_STATS_UPDATE_INTERVAL": 60,
        "tree_manager": dataclasses.asdict(campaign),
        "oa": {name: value if isinstance(value, int | None) else str(value) for name, value in config.items()},
    }
