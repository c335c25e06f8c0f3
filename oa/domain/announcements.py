"""What everybody is told for a while."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from oa.errors import Invalid

LONGEST = 4000
"""Characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    id: UUID
    text: str
    lang: str | None
    """Whom it concerns, by the language that they work in; everybody when None."""
    from_date: datetime
    until_date: datetime | None
    """When it ends; None while nobody has said so."""
    created_date: datetime
    created_by: UUID | None

    def check(self) -> None:
        """
        Raises:
            Invalid: there is no text, too much of it, or it ends before it begins.
        """
        if not self.text.strip():
            raise Invalid("an announcement needs a text")
        if len(self.text) > LONGEST:
            raise Invalid(f"an announcement has at most {LONGEST} characters, not {len(self.text)}")
        if self.until_date is not None and self.until_date <= self.from_date:
            raise Invalid("an announcement cannot end before it begins; swap the dates")

    def is_current(self, now: datetime) -> bool:
        return self.from_date <= now and (self.until_date is None or now < self.until_date)
