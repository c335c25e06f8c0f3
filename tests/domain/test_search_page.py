from __future__ import annotations

from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oa.domain.labels import ALL_LABELS, Label
from oa.domain.search import parse
from oa.domain.search_page import OPERATORS, LabelBound, SearchFilter, SearchPlace, SearchRequest, parse_label_bound
from oa.errors import Invalid, InvalidCursor, InvalidLabel


@given(label=st.sampled_from(ALL_LABELS), operator=st.sampled_from(OPERATORS), value=st.integers(0, 100))
def test_a_bound_is_read_as_it_is_written(label: Label, operator: str, value: int) -> None:
    assert parse_label_bound(f" {label} {operator} {value / 100}") == LabelBound(label, operator, value / 100)


def test_a_name_alone_asks_for_half() -> None:
    assert parse_label_bound("quality") == LabelBound(Label.QUALITY, ">=", 0.5)


@pytest.mark.parametrize("text", ["", "quality=1", "quality>=", "quality>=x", "quality>=1.5", "quality>=1.2.3", "a b"])
def test_what_is_no_bound_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match=r"quality>=|between 0 and 1"):
        parse_label_bound(text)


def test_a_label_that_nobody_knows_is_refused_with_those_there_are() -> None:
    with pytest.raises(InvalidLabel, match="quality"):
        parse_label_bound("beauty>=0.5")


@given(st.text(max_size=30))
def test_any_text_is_a_bound_or_refused(text: str) -> None:
    try:
        assert parse_label_bound(text).label in ALL_LABELS
    except Invalid:
        return


@given(as_of=st.integers(0, 2**62), seen=st.integers(0, 500), last=st.none() | st.uuids(version=4))
def test_a_place_is_read_as_it_was_written(as_of: int, seen: int, last: object) -> None:
    place = SearchPlace(as_of, seen, last)  # type: ignore[arg-type]
    fingerprint = SearchRequest(query=parse("sky")).fingerprint
    assert SearchPlace.read(place.written(fingerprint), fingerprint) == place


def test_searches_are_told_apart_and_page_sizes_are_not() -> None:
    sky, blue = SearchRequest(query=parse("sky")), SearchRequest(query=parse("blue"))
    german = SearchRequest(query=parse("sky"), wanted=SearchFilter(lang="de"))
    assert len({sky.fingerprint, blue.fingerprint, german.fingerprint}) == 3
    assert SearchRequest(query=parse("SKY "), max_count=3).fingerprint == sky.fingerprint
    with pytest.raises(InvalidCursor):
        SearchPlace.read(SearchPlace(1).written(sky.fingerprint), blue.fingerprint)


def test_a_place_goes_by_the_last_message_and_else_by_its_number() -> None:
    ids = [uuid4() for _ in range(4)]
    assert SearchPlace(1, 1, ids[2]).next_of(ids) == 3
    assert SearchPlace(1, 2, uuid4()).next_of(ids) == 2
    assert SearchPlace(1, 9, uuid4()).next_of(ids) == 4
    assert SearchPlace(1).next_of(ids) == 0
