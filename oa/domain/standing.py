"""What people earn by working: streaks so far."""

from __future__ import annotations

from datetime import datetime, timedelta

STREAK_BREAKS_AFTER = timedelta(hours=36)
"""A whole day missed, however one's days are cut."""


def streak(start: datetime | None, last_activity: datetime | None, now: datetime) -> tuple[datetime, int]:
    """When the present streak began, and how many whole days it has lasted; to be asked at every answer."""
    interrupted = last_activity is not None and now - last_activity > STREAK_BREAKS_AFTER
    if start is None or start > now or interrupted:
        return now, 0
    return start, (now - start) // timedelta(days=1)
