"""Figures about the whole community: counted on the spot, or from time to time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from oa.domain.people import Caller
from oa.domain.statistics import CachedFigures, CachedName, Overview, SystemStats, TreeCount
from oa.errors import CachedStatsNotAvailable
from oa.hub import access
from oa.store import statistics
from oa.store.database import Transaction

RECENTLY = timedelta(days=7)


def system(tx: Transaction, caller: Caller) -> SystemStats:
    """How many messages and trees there are.

    Raises:
        ClientNotAuthorized: the caller may not moderate.
    """
    access.require_trusted(caller)
    return statistics.system(tx)


def state_counts(tx: Transaction, caller: Caller) -> dict[str, int]:
    """How many trees are in each state; states without any are left out.

    Raises:
        ClientNotAuthorized: the caller may not moderate.
    """
    access.require_trusted(caller)
    return statistics.trees_by_state(tx)


def message_counts(tx: Transaction, caller: Caller, *, only_active: bool = True) -> list[TreeCount]:
    """The trees in figures, oldest first; those of which every message is deleted are left out.

    Raises:
        ClientNotAuthorized: the caller may not moderate.
    """
    access.require_trusted(caller)
    return statistics.message_counts(tx, only_active=only_active)


def cached(tx: Transaction) -> Sequence[CachedFigures]:
    """All figures as they were last counted."""
    return statistics.kept(tx)


def cached_one(tx: Transaction, name: CachedName) -> CachedFigures:
    """
    Raises:
        CachedStatsNotAvailable: these have not been counted yet.
    """
    for figures in statistics.kept(tx):
        if figures.name is name:
            return figures
    raise CachedStatsNotAvailable("these figures have not been counted yet; try again in a minute")


def count_cached(tx: Transaction) -> list[CachedFigures]:
    """All of these figures as they are now."""
    return [CachedFigures(name=name, last_updated=tx.now, stats=statistics.count(tx, name)) for name in CachedName]


def keep_cached(tx: Transaction, counted: Sequence[CachedFigures]) -> None:
    """Keep figures for those who ask."""
    for figures in counted:
        statistics.keep(tx, figures)


def update_cached(tx: Transaction, caller: Caller) -> None:
    """Count them all anew at somebody's wish.

    Raises:
        ClientNotAuthorized: the caller may not moderate.
    """
    access.require_trusted(caller)
    keep_cached(tx, count_cached(tx))


def overview(tx: Transaction, *, days: int) -> Overview:
    """Everything at a glance, with what was done on each of the last days."""
    return Overview(
        system=statistics.system(tx),
        trees_by_state=statistics.trees_by_state(tx),
        open_work=statistics.open_slots(tx),
        users=statistics.people_known(tx),
        active_users=statistics.people_active(tx, tx.now - RECENTLY),
        open_reports=statistics.open_reports(tx),
        activity=tuple(statistics.activity(tx, tx.now.date(), days)),
    )
