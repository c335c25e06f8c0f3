"""What a search can be narrowed to, what it brings, and how it is walked through page by page."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from oa.domain.labels import ALL_LABELS, Label
from oa.domain.lifecycle import TreeState
from oa.domain.search import SearchQuery, Snippet
from oa.domain.tree import Role
from oa.domain.views import MessageFilter, MessageView
from oa.errors import Invalid, InvalidCursor, InvalidLabel

# --- filters ---------------------------------------------------------------------------------------------------------


class MessageState(StrEnum):
    """What became of a message."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    UNDECIDED = "undecided"
    SPAM = "spam"
    """A reply that reviews have not accepted, or not yet."""
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class LabelBound:
    """How much of a label a message must have, as the mean of all who labelled it; without any label it does not."""

    label: Label
    operator: str
    """One of `OPERATORS`."""
    value: float


OPERATORS = (">=", "<=", ">", "<")

_LABEL_BOUND = re.compile(r"\s*(\w+)\s*(?:(>=|<=|>|<)\s*([0-9.]+)\s*)?", re.ASCII)


def parse_label_bound(text: str) -> LabelBound:
    """Read `quality>=0.5`; a name alone asks for half of it or more.

    Raises:
        InvalidLabel: there is no such label.
        Invalid: it is not written like that, or the value is not between 0 and 1.
    """
    found = _LABEL_BOUND.fullmatch(text)
    if found is None:
        raise Invalid(f"{text!r} asks for no label; write it as quality>=0.5, with one of {', '.join(OPERATORS)}")
    name, operator, number = found.groups()
    if name not in ALL_LABELS:
        raise InvalidLabel(f"there is no label {name!r}; possible are {', '.join(ALL_LABELS)}")
    try:
        value = float(number or 0.5)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise Invalid(f"the value of a label lies between 0 and 1; {text!r} says something else")
    return LabelBound(Label(name), operator or ">=", value)


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchFilter(MessageFilter):
    """Which messages a search looks at; whatever is None or empty does not matter."""

    role: Role | None = None
    state: MessageState | None = None
    tree_state: TreeState | None = None
    min_date: datetime | None = None
    max_date: datetime | None = None
    labels: tuple[LabelBound, ...] = ()
    """All of them hold."""

    @property
    def sees_deleted(self) -> bool:
        return self.include_deleted or self.state is MessageState.DELETED


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchRequest:
    """A page of what a search finds, best first."""

    query: SearchQuery
    wanted: SearchFilter = field(default_factory=SearchFilter)
    max_count: int = 10
    cursor: str | None = None
    """The `next` of the page before."""

    @property
    def fingerprint(self) -> bytes:
        """Tells searches apart, so that nobody goes on with another one's cursor."""
        return hashlib.blake2b(repr((self.query, self.wanted)).encode("utf-8", "replace"), digest_size=8).digest()


# --- results ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Hit:
    """A message that was found."""

    view: MessageView
    score: float
    """How well it answers the query, more is better; only to be compared within one search."""
    snippet: Snippet


@dataclass(frozen=True, slots=True)
class SearchResults:
    """A page of them, best first."""

    hits: tuple[Hit, ...]
    next: str | None
    """Send it as `cursor`; None at the end."""
    ranked: int
    """How many messages all pages hold together."""
    is_complete: bool
    """Whether these are all that answer the query; otherwise they are the newest of them."""


# --- walking ---------------------------------------------------------------------------------------------------------

_LAYOUT = struct.Struct(">8sqH16s4s")
"""Fingerprint, state of the data, how many were seen, the last of them, checksum."""


@dataclass(frozen=True, slots=True)
class SearchPlace:
    """Where a walk through the results of a search stands.

    Later pages look at the messages that were there when the first was read, so that new ones move nothing. The place
    is that of the last message seen, and only where that is gone is it a number.
    """

    as_of: int
    """The state of the data that the search looks at, as the store counts it."""
    seen: int = 0
    last: UUID | None = None

    def next_of(self, ranked: Sequence[UUID]) -> int:
        """The index of the first result that has not been seen."""
        if self.last is not None and self.last in ranked:
            return ranked.index(self.last) + 1
        return min(self.seen, len(ranked))

    def written(self, fingerprint: bytes) -> str:
        """The place as a cursor."""
        last = self.last.bytes if self.last else bytes(16)
        content = _LAYOUT.pack(fingerprint, self.as_of, self.seen, last, b"")[:-4]
        return base64.urlsafe_b64encode(content + _checksum(content)).decode().rstrip("=")

    @classmethod
    def read(cls, cursor: str, fingerprint: bytes) -> SearchPlace:
        """
        Raises:
            InvalidCursor: it is none of ours, was cut or changed, or belongs to another search.
        """
        try:
            content = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
            of_search, as_of, seen, last, checksum = _LAYOUT.unpack(content)
        except (ValueError, binascii.Error, struct.error) as error:
            raise InvalidCursor("this cursor is not one of ours; send back what `next` said") from error
        if checksum != _checksum(content[:-4]):
            raise InvalidCursor("this cursor is not one of ours; send back what `next` said")
        if of_search != fingerprint:
            raise InvalidCursor("this cursor belongs to another search; send the same words and filters with it")
        return cls(as_of, seen, UUID(bytes=last) if any(last) else None)


def _checksum(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=4, person=b"oa-search").digest()
