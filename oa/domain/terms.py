"""The terms of service: versions that follow each other, and who has accepted which."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from oa.errors import Invalid

LONGEST = 200_000
"""Characters."""


@dataclass(frozen=True, slots=True)
class Terms:
    version: int
    """Counts from 1."""
    text: str
    from_date: datetime
    """From when on they hold."""


@dataclass(frozen=True, slots=True)
class Acceptance:
    version: int
    date: datetime


def next_terms(last: Terms | None, text: str, from_date: datetime) -> Terms:
    """The version that follows the last one.

    Raises:
        Invalid: there is no text or too much of it, or it would hold before the version that it follows.
    """
    text = text.strip()
    if not text:
        raise Invalid("terms of service cannot be empty")
    if len(text) > LONGEST:
        raise Invalid(f"terms of service have at most {LONGEST} characters, not {len(text)}")
    if last is not None and from_date < last.from_date:
        raise Invalid(f"version {last.version} holds from {last.from_date:%Y-%m-%d %H:%M} UTC on; the next follows it")
    return Terms(1 if last is None else last.version + 1, text, from_date)
