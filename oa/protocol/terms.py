"""The terms of service on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from oa.domain import terms


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """One version of the terms of service."""

    version: int
    text: str
    from_date: datetime
    """From when on it holds."""

    @classmethod
    def of(cls, found: terms.Terms) -> Terms:
        return cls(version=found.version, text=found.text, from_date=found.from_date)


class NewTerms(msgspec.Struct, frozen=True, kw_only=True):
    """A version to publish."""

    text: Annotated[str, Meta(min_length=1, max_length=terms.LONGEST)]
    from_date: datetime | None = None
    """From when on it is to hold; at once when left out."""


class AcceptTerms(msgspec.Struct, frozen=True, kw_only=True):
    """That somebody accepts the terms of service."""

    version: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None
    """The version that they have read; the one that holds now when left out."""


class TermsAcceptance(msgspec.Struct, frozen=True, kw_only=True):
    """Which version somebody has accepted, and when."""

    version: int
    accepted_date: datetime

    @classmethod
    def of(cls, found: terms.Acceptance) -> TermsAcceptance:
        return cls(version=found.version, accepted_date=found.date)
