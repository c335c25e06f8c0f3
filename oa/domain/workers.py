"""Machines that answer for the hub."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """A machine that has a key."""

    id: UUID
    name: str
    hint: str
    """How its key begins."""
    trusted: bool
    created_date: datetime
    connected_date: datetime | None = None
    """Since when it is connected; None while it is not."""
    last_seen_date: datetime | None = None
    """When it last came or went."""
    model: str | None = None
    """The model that it offered last."""
