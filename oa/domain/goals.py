"""How many samples of a kind and language a community wants, and how far it has come."""

from __future__ import annotations

import re
from dataclasses import dataclass

from oa.domain.standing import Sample
from oa.errors import Invalid

LANG = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
"""A language tag as in RFC 5646, by its form."""

LARGEST = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Goal:
    kind: Sample
    lang: str
    wanted: int
    collected: int = 0
    """What people have written and reviews have accepted, and rankings that have a consensus."""

    @property
    def progress(self) -> float:
        """From 0 to 1, which is reached and passed alike."""
        return min(1.0, self.collected / self.wanted)

    def check(self) -> None:
        """
        Raises:
            Invalid: the number is not positive or far too large, or the language is no tag of a language.
        """
        if not 0 < self.wanted <= LARGEST:
            raise Invalid(f"a goal lies between 1 and {LARGEST} samples; to give one up, remove it")
        if len(self.lang) > 35 or not LANG.fullmatch(self.lang):
            raise Invalid(f"{self.lang[:40]!r} is no tag of a language, such as en or pt-BR")
