from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oa.domain.people import AccountRole, Caller, Client
from oa.domain.search import parse
from oa.domain.search_page import MessageState, SearchFilter, SearchRequest, SearchResults
from oa.errors import AuthAndUsernameRequired, ClientNotAuthorized, InvalidCursor
from oa.hub import access
from oa.hub.search import search
from oa.hub.trees import Reader
from oa.store import tables
from oa.store.database import Database

if TYPE_CHECKING:
    from tests.conftest import Garden


def program(client_id: UUID, *, trusted: bool = True) -> Reader:
    return Reader(Caller(Client(id=client_id, description="", trusted=trusted)))


def look(
    database: Database, reader: Reader, text: str, *, cursor: str | None = None, max_count: int = 10, **wanted: Any
) -> SearchResults:
    request = SearchRequest(query=parse(text), wanted=SearchFilter(**wanted), max_count=max_count, cursor=cursor)
    return database.run(lambda tx: search(tx, reader, request))


def ids(results: SearchResults) -> list[UUID]:
    return [hit.view.message.id for hit in results.hits]


def test_a_hit_shows_what_was_found(any_database: Database, any_garden: Garden) -> None:
    sky = any_garden.add_message(text="Why is the SKY blue?")
    any_garden.add_message(text="Why is grass green?")
    results = look(any_database, program(any_garden.client), "blue sky")
    (hit,) = results.hits
    assert hit.view.message.id == sky
    assert [hit.snippet.text[start:end] for start, end in hit.snippet.marks] == ["SKY", "blue"]
    assert (results.next, results.ranked, results.is_complete) == (None, 1, True)


def test_what_asks_for_nothing_finds_nothing(any_database: Database, any_garden: Garden) -> None:
    any_garden.add_message(text="sky ?!")
    for text in ("", "  ", "?!", '""', "-"):
        assert look(any_database, program(any_garden.client), text) == SearchResults((), None, 0, True)


def test_refused_words_alone_find_all_that_lacks_them(any_database: Database, any_garden: Garden) -> None:
    any_garden.add_message(text="blue sky")
    grass = any_garden.add_message(text="green grass")
    assert ids(look(any_database, program(any_garden.client), "-sky")) == [grass]


# --- who finds what --------------------------------------------------------------------------------------------------


def test_a_program_without_trust_finds_what_was_written_through_it(database: Database, garden: Garden) -> None:
    other = garden.add_client("other")
    mine, theirs = garden.add_message(text="sky", api_client_id=other), garden.add_message(text="sky")
    stranger = program(other, trusted=False)
    assert ids(look(database, stranger, "sky")) == [mine]
    assert set(ids(look(database, program(other), "sky"))) == {mine, theirs}
    with pytest.raises(ClientNotAuthorized):
        look(database, stranger, "sky", api_client_id=garden.client)


def test_deleted_messages_are_for_moderators(database: Database, garden: Garden) -> None:
    gone = garden.add_message(text="sky", deleted=True)
    volunteer = Reader(Caller(access.HUB, None, AccountRole.VOLUNTEER))
    moderator = Reader(Caller(access.HUB, None, AccountRole.MODERATOR))
    for wanted in ({"include_deleted": True}, {"state": MessageState.DELETED}):
        assert ids(look(database, moderator, "sky", **wanted)) == [gone]
        with pytest.raises(ClientNotAuthorized):
            look(database, volunteer, "sky", **wanted)
    assert ids(look(database, moderator, "sky")) == []


def test_an_author_is_named_in_full(database: Database, garden: Garden) -> None:
    with pytest.raises(AuthAndUsernameRequired):
        look(database, program(garden.client), "sky", username="ada")


# --- page by page ----------------------------------------------------------------------------------------------------


def walk(database: Database, reader: Reader, text: str, max_count: int, between: Any = None) -> list[UUID]:
    found: list[UUID] = []
    cursor: str | None = None
    while True:
        page = look(database, reader, text, cursor=cursor, max_count=max_count)
        found += ids(page)
        cursor = page.next
        if cursor is None:
            return found
        if between is not None:
            between(page)


@pytest.mark.parametrize("max_count", [1, 2, 3, 7, 8])
def test_pages_walked_are_the_whole_result(any_database: Database, any_garden: Garden, max_count: int) -> None:
    for number in range(7):
        any_garden.add_message(text="sky " * (number % 3 + 1) + "word " * number)
    reader = program(any_garden.client)
    everything = ids(look(any_database, reader, "sky", max_count=100))
    assert len(everything) == 7
    assert walk(any_database, reader, "sky", max_count) == everything


def test_what_is_written_meanwhile_moves_no_page(database: Database, garden: Garden) -> None:
    for number in range(9):
        garden.add_message(text="sky " + "word " * number)
    reader = program(garden.client)
    everything = ids(look(database, reader, "sky", max_count=100))

    def write(_page: SearchResults) -> None:
        garden.add_message(text="sky sky sky")
        garden.add_message(text="something else that is rather long " * 20)

    assert walk(database, reader, "sky", 2, write) == everything


def test_a_walk_goes_on_where_the_last_message_is_gone(database: Database, garden: Garden) -> None:
    messages = [garden.add_message(text="sky " + "word " * number) for number in range(6)]
    reader = program(garden.client)
    first = look(database, reader, "sky", max_count=2)
    assert ids(first) == messages[:2]
    hide = tables.messages.update().where(tables.messages.c.id == messages[0]).values(deleted=True)
    database.run(lambda tx: tx.connection.execute(hide))
    assert ids(look(database, reader, "sky", max_count=2, cursor=first.next)) == messages[2:4]


def test_a_cursor_that_was_cut_or_made_up_is_refused(database: Database, garden: Garden) -> None:
    for _ in range(3):
        garden.add_message(text="sky")
    reader = program(garden.client)
    cursor = look(database, reader, "sky", max_count=1).next
    assert cursor is not None
    content = bytearray(base64.urlsafe_b64decode(cursor + "=="))
    content[10] ^= 1
    changed = base64.urlsafe_b64encode(content).decode()
    for forged in (cursor[:-1], cursor[1:], cursor + "A", "x", "é", "====", changed, cursor.swapcase(), "\ud800"):
        with pytest.raises(InvalidCursor):
            look(database, reader, "sky", cursor=forged)


@given(cursor=st.text(min_size=1, max_size=60))
def test_no_text_is_a_cursor_by_chance(cursor: str) -> None:
    from oa.domain.search_page import SearchPlace

    with pytest.raises(InvalidCursor):
        SearchPlace.read(cursor, bytes(8))


def test_a_cursor_belongs_to_one_search(database: Database, garden: Garden) -> None:
    for _ in range(3):
        garden.add_message(text="blue sky")
    reader = program(garden.client)
    cursor = look(database, reader, "sky", max_count=1).next
    for text, wanted in (("blue", {}), ("sky", {"lang": "de"})):
        with pytest.raises(InvalidCursor, match="another search"):
            look(database, reader, text, cursor=cursor, **wanted)
