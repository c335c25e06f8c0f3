from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oa.domain.paging import Page, PageRequest, Part, Place, date_place, in_utc, written, written_date
from oa.errors import InvalidCursor

START = datetime(2024, 1, 1, tzinfo=UTC)
SOME_ID = UUID("6bf3ce03-fdfe-4efd-87a1-2e2890fb1c30")


@dataclass(frozen=True, slots=True, order=True)
class Item:
    date: datetime
    id: UUID


items = st.lists(
    st.builds(Item, st.integers(0, 4).map(lambda seconds: START + timedelta(seconds=seconds)), st.uuids()),
    max_size=20,
    unique_by=lambda item: item.id,
)


def read(everything: list[Item], part: Part[datetime]) -> list[Item]:
    """What a store gives for a part."""

    def is_in(item: Item) -> bool:
        low, high = part.low, part.high
        above = low is None or (item.date >= low.value if low.id is None else item > Item(low.value, low.id))
        under = high is None or (item.date <= high.value if high.id is None else item < Item(high.value, high.id))
        return above and under

    return sorted(filter(is_in, everything), reverse=part.descending)[: part.limit]


def page(everything: list[Item], request: PageRequest[datetime]) -> Page[Item]:
    found = read(everything, request.part())
    return request.page(found, lambda item: written(item.id, item.date), "created_date")


def expected(everything: list[Item], *, descending: bool) -> list[Item]:
    return sorted(everything, reverse=descending)


@given(items, st.integers(1, 7), st.booleans())
def test_pages_walked_by_next_are_the_list(everything: list[Item], max_count: int, descending: bool) -> None:
    walked: list[Item] = []
    after: str | None = None
    for _ in range(len(everything) + 1):
        found = page(everything, PageRequest(max_count, None, date_place(after), descending))
        assert (found.prev is None) == (after is None)
        walked.extend(found.items)
        after = found.next
        if after is None:
            break
    assert after is None
    assert walked == expected(everything, descending=descending)


@given(items.filter(bool), st.integers(1, 7), st.booleans())
def test_pages_walked_back_by_prev_are_the_list(everything: list[Item], max_count: int, descending: bool) -> None:
    ordered = expected(everything, descending=descending)
    walked = [ordered[-1]]
    before: str | None = written(ordered[-1].id, ordered[-1].date)
    for _ in range(len(everything) + 1):
        found = page(everything, PageRequest(max_count, date_place(before), None, descending))
        assert found.next is not None
        walked = [*found.items, *walked]
        before = found.prev
        if before is None:
            break
    assert before is None
    assert walked == ordered


@given(items.filter(bool), st.data(), st.booleans())
def test_between_two_places_lies_what_comes_after_one_and_before_the_other(
    everything: list[Item], data: st.DataObject, descending: bool
) -> None:
    ordered = expected(everything, descending=descending)
    first = data.draw(st.integers(0, len(ordered) - 1))
    last = data.draw(st.integers(first, len(ordered) - 1))
    after, before = (Place(ordered[index].date, ordered[index].id) for index in (first, last))
    found = page(everything, PageRequest(len(ordered), before, after, descending))
    assert list(found.items) == ordered[first + 1 : last]
    assert found.prev is not None
    assert found.next is not None


@given(items, st.integers(0, 4), st.booleans())
def test_a_date_alone_includes_everything_of_that_date(everything: list[Item], seconds: int, descending: bool) -> None:
    date = START + timedelta(seconds=seconds)
    found = page(everything, PageRequest(100, None, date_place(written_date(date)), descending))
    after = [item for item in everything if (item.date <= date if descending else item.date >= date)]
    assert list(found.items) == expected(after, descending=descending)


@given(items.filter(bool), st.integers(1, 7), st.booleans())
def test_an_empty_page_leads_back_to_where_it_came_from(
    everything: list[Item], max_count: int, descending: bool
) -> None:
    last = expected(everything, descending=descending)[-1]
    empty = page(everything, PageRequest(max_count, None, Place(last.date, last.id), descending))
    assert empty.items == ()
    assert empty.next is None
    back = page(everything, PageRequest(max_count, date_place(empty.prev), None, descending))
    assert back.items[-1] == last


def test_an_empty_list_has_no_neighbours() -> None:
    found = page([], PageRequest(10))
    assert found == Page((), None, None, "created_date", "asc")


def test_a_page_keeps_its_cursors_when_its_items_become_something_else() -> None:
    found = Page((1, 2), "p", "n", "created_date", "desc").of(["a", "b"])
    assert found == Page(("a", "b"), "p", "n", "created_date", "desc")


def test_a_cursor_is_written_as_id_and_date_without_a_plus_sign() -> None:
    assert written(SOME_ID, START + timedelta(microseconds=5)) == f"{SOME_ID}$2024-01-01T00:00:00.000005Z"


@pytest.mark.parametrize(
    ("cursor", "place"),
    [
        pytest.param(f"{SOME_ID}$2024-01-01T00:00:00+00:00", Place(START, SOME_ID), id="as Open-Assistant wrote it"),
        pytest.param(f"{SOME_ID}$2024-01-01T00:00:00Z", Place(START, SOME_ID), id="as it is written here"),
        pytest.param("2024-01-01T02:00:00+02:00", Place(START), id="a date alone, of another zone"),
        pytest.param("2024-01-01T00:00:00", Place(START), id="a date without a zone is in UTC"),
        pytest.param("", None, id="empty"),
        pytest.param(None, None, id="not there"),
    ],
)
def test_a_cursor_names_a_place(cursor: str | None, place: Place[datetime] | None) -> None:
    assert date_place(cursor) == place


@pytest.mark.parametrize(
    "cursor",
    [
        "nonsense",
        "$",
        f"{SOME_ID}$",
        "x$2024-01-01",
        f"{SOME_ID}$yesterday",
        "0001-01-01T00:00:00+10:00",
        "\0",
        "9" * 99,
    ],
)
def test_what_is_no_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidCursor):
        date_place(cursor)


@given(st.text())
def test_any_text_is_a_place_or_refused(cursor: str) -> None:
    with contextlib.suppress(InvalidCursor):
        assert isinstance(date_place(cursor), Place | None)


@given(st.datetimes(timezones=st.just(UTC)), st.uuids())
def test_a_written_cursor_is_read_back(date: datetime, item_id: UUID) -> None:
    assert date_place(written(item_id, date)) == Place(date, item_id)


def test_moments_that_utc_cannot_say_are_refused() -> None:
    with pytest.raises(ValueError, match="out of range"):
        in_utc(datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-5))))
