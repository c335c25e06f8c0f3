"""Walking through a sorted list page by page.

A list is sorted by a value and, among equals, by id. A cursor names a place in it, written `<id>$<value>`, and a page
hands out those of its neighbours: `next` is to be sent as `after`, `prev` as `before`. A value alone is a place too,
and then includes everything of that value. To clients all of this is opaque.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, Literal, TypeVar
from uuid import UUID

from oa.errors import InvalidCursor

Item = TypeVar("Item")
Other = TypeVar("Other")
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Place(Generic[Value]):
    """Where a part of a list begins or ends."""

    value: Value
    id: UUID | None = None
    """That of the neighbour, which is not part of it; without one, everything of this value is."""


@dataclass(frozen=True, slots=True)
class Part(Generic[Value]):
    """What to read of a list."""

    limit: int
    descending: bool = False
    low: Place[Value] | None = None
    high: Place[Value] | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """A part of a list, and the cursors of its neighbours."""

    items: tuple[Item, ...]
    prev: str | None
    """Send it as `before`; None where the list begins."""
    next: str | None
    """Send it as `after`; None where the list ends."""
    sort_key: str
    order: Literal["asc", "desc"]

    def of(self, items: Sequence[Other]) -> Page[Other]:
        """The same page with what its items stand for."""
        return Page(tuple(items), self.prev, self.next, self.sort_key, self.order)


@dataclass(frozen=True, slots=True)
class PageRequest(Generic[Value]):
    """The page that comes after one place, or before one, or lies between two."""

    max_count: int
    before: Place[Value] | None = None
    after: Place[Value] | None = None
    descending: bool = False

    @property
    def _reads_backwards(self) -> bool:
        return self.before is not None and self.after is None

    def part(self) -> Part[Value]:
        """What to read for it: one item more than fits, where that tells whether the list goes on."""
        low, high = (self.before, self.after) if self.descending else (self.after, self.before)
        between_two = self.before is not None and self.after is not None
        limit = self.max_count if between_two else self.max_count + 1
        return Part(limit, self.descending != self._reads_backwards, low, high)

    def page(self, read: Sequence[Item], written: Callable[[Item], str], sort_key: str) -> Page[Item]:
        """The page, from what was read for it.

        Args:
            read: what `part` asked for, in the order that it asked for.
            written: the cursor of an item.
        """
        items = list(read[: self.max_count])
        goes_on = len(read) > self.max_count
        if self._reads_backwards:
            items.reverse()
        order = "desc" if self.descending else "asc"
        if not items:
            return Page((), _bound(self.after), _bound(self.before), sort_key, order)
        has_prev = self.after is not None or (goes_on and self._reads_backwards)
        has_next = self.before is not None or goes_on
        return Page(
            tuple(items),
            written(items[0]) if has_prev else None,
            written(items[-1]) if has_next else None,
            sort_key,
            order,
        )


def _bound(place: Place[Value] | None) -> str | None:
    """Leads back from an empty page: the value alone, so that the neighbour itself is included."""
    if place is None:
        return None
    if isinstance(place.value, datetime):
        return written_date(place.value)
    return f"${place.value}"  # names may hold the sign that parts an id from its value


def written(place_id: UUID, value: datetime | str) -> str:
    """The cursor of an item."""
    return f"{place_id}${written_date(value) if isinstance(value, datetime) else value}"


def written_date(moment: datetime) -> str:
    """ISO 8601 in UTC, ending in `Z`: a plus sign would be read as a space where a client forgets to escape it."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def date_place(cursor: str | None) -> Place[datetime] | None:
    """The place that a cursor of a list by date names.

    Raises:
        InvalidCursor: it is none.
    """
    if not cursor:
        return None
    place_id, dollar, value = cursor.rpartition("$")
    try:
        return Place(in_utc(datetime.fromisoformat(value)), UUID(place_id) if dollar else None)
    except ValueError as error:
        raise InvalidCursor("this cursor is not one of ours; send back what `prev` or `next` said") from error


def name_place(cursor: str | None) -> Place[str] | None:
    """The place that a cursor of a list by name names.

    Raises:
        InvalidCursor: it is none.
    """
    if not cursor:
        return None
    place_id, dollar, value = cursor.partition("$")
    if not dollar:
        return Place(cursor)
    try:
        return Place(value, UUID(place_id) if place_id else None)
    except ValueError as error:
        raise InvalidCursor("this cursor is not one of ours; send back what `prev` or `next` said") from error


def in_utc(moment: datetime) -> datetime:
    """The same moment; a time without a zone is taken as UTC.

    Raises:
        ValueError: so close to the first or the last year that it has no time in UTC.
    """
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("this date is out of range") from error
