from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, event

from oa.domain.paging import PageRequest, Part, Place, date_place, written
from oa.domain.tree import Message, Node, Role
from oa.domain.views import MessageFilter
from oa.errors import BrokenConversation, MessageNotFound
from oa.store import messages, tables
from oa.store.database import Database, Transaction

if TYPE_CHECKING:
    from tests.conftest import Garden

T = TypeVar("T")

EVERYTHING = MessageFilter(include_deleted=True)
LONG: Part[datetime] = Part(1000)


def statements(database: Database, query: Callable[[Transaction], T]) -> tuple[T, list[str]]:
    """What a query gives, and the SQL that it sent."""
    sent: list[str] = []

    def listen(_connection: Connection, _cursor: Any, statement: str, *_rest: Any) -> None:
        sent.append(statement)

    def run(tx: Transaction) -> T:
        event.listen(tx.connection, "before_cursor_execute", listen)
        try:
            return query(dataclasses.replace(tx, prepared=None))  # prepared statements go past the listener
        finally:
            event.remove(tx.connection, "before_cursor_execute", listen)

    return database.run(run), sent


def listed(database: Database, wanted: MessageFilter, part: Part[datetime] = LONG) -> list[UUID]:
    return [message.id for message in database.run(lambda tx: messages.part_of_list(tx, wanted, part))]


# --- one message -----------------------------------------------------------------------------------------------------


def test_a_message_comes_back_with_everything_that_is_known_of_it(any_database: Database, any_garden: Garden) -> None:
    user = any_garden.add_user("ada")
    root = any_garden.add_message()
    facts: dict[str, Any] = {
        "user_id": user,
        "task_id": uuid4(),
        "text": "Rayleigh scattering. Ä\n\t€",
        "lang": "de",
        "children_count": 2,
        "deleted": True,
        "review_count": 3,
        "review_result": False,
        "ranking_count": 4,
        "rank": 0,
        "synthetic": True,
        "edited": True,
        "model_name": "pythia",
        "emojis": {"+1": 2, "_skip_reply": 1},
    }
    reply = any_garden.add_message(root, **facts)
    assert any_database.run(lambda tx: messages.find(tx, reply)) == Message(
        id=reply,
        parent_id=root,
        tree_id=root,
        api_client_id=any_garden.client,
        frontend_message_id="m2",
        role=Role.ASSISTANT,
        depth=1,
        created_date=any_garden.FIRST_DAY + timedelta(seconds=2),
        **facts,
    )


def test_a_message_without_reactions_has_an_empty_count(any_database: Database, any_garden: Garden) -> None:
    root = any_garden.add_message()
    assert any_database.run(lambda tx: messages.find(tx, root)).emojis == {}


def test_an_unknown_message_is_not_found(any_database: Database) -> None:
    with pytest.raises(MessageNotFound):
        any_database.run(lambda tx: messages.find(tx, uuid4()))


def test_a_program_finds_a_message_by_its_own_name_for_it_only(any_database: Database, any_garden: Garden) -> None:
    other = any_garden.add_client("other")
    root = any_garden.add_message(frontend_message_id="name")
    theirs = any_garden.add_message(frontend_message_id="name", api_client_id=other)
    assert any_database.run(lambda tx: messages.find_by_frontend_id(tx, any_garden.client, "name")).id == root
    assert any_database.run(lambda tx: messages.find_by_frontend_id(tx, other, "name")).id == theirs
    with pytest.raises(MessageNotFound):
        any_database.run(lambda tx: messages.find_by_frontend_id(tx, other, "m1"))


# --- threads and trees -----------------------------------------------------------------------------------------------


def test_a_thread_runs_from_the_root_to_the_leaf_in_one_query(any_database: Database, any_garden: Garden) -> None:
    path = [any_garden.add_message()]
    for _ in range(5):
        any_garden.add_message(path[-1])
        path.append(any_garden.add_message(path[-1]))
    thread, sent = statements(any_database, lambda tx: messages.thread(tx, path[-1]))
    assert [message.id for message in thread] == path
    assert len(sent) == 1


def test_the_thread_of_a_root_is_the_root(any_database: Database, any_garden: Garden) -> None:
    root = any_garden.add_message()
    any_garden.add_message(root)
    assert [message.id for message in any_database.run(lambda tx: messages.thread(tx, root))] == [root]


def test_an_unknown_leaf_is_not_found(any_database: Database) -> None:
    with pytest.raises(MessageNotFound):
        any_database.run(lambda tx: messages.thread(tx, uuid4()))


def test_a_thread_with_a_lost_ancestor_is_broken(database: Database, garden: Garden) -> None:
    leaf = garden.add_message(garden.add_message())

    def lose_the_root(tx: Transaction) -> None:
        tx.connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        tx.connection.execute(tables.messages.update().where(tables.messages.c.id == leaf), {"parent_id": uuid4()})
        with pytest.raises(BrokenConversation):
            messages.thread(tx, leaf)
        raise InterruptedError  # the transaction could not be committed, and need not be

    with pytest.raises(InterruptedError):
        database.run(lose_the_root)


def test_a_tree_is_read_oldest_first_with_what_was_deleted_and_rejected(
    any_database: Database, any_garden: Garden
) -> None:
    root = any_garden.add_message()
    rejected = any_garden.add_message(root, review_result=False)
    deleted = any_garden.add_message(rejected, deleted=True)
    any_garden.add_message()
    tree, sent = statements(any_database, lambda tx: messages.tree(tx, root))
    assert [message.id for message in tree] == [root, rejected, deleted]
    assert len(sent) == 1


def test_nodes_hold_what_the_rules_need_and_no_text_is_read(any_database: Database, any_garden: Garden) -> None:
    user = any_garden.add_user("ada")
    root = any_garden.add_message(review_result=True, review_count=3)
    reply = any_garden.add_message(root, user_id=user, lang="de", deleted=True, review_count=1)
    nodes, sent = statements(any_database, lambda tx: messages.nodes(tx, root))
    assert nodes == [
        Node(id=root, parent_id=None, user_id=None, role=Role.PROMPTER, lang="en", review_result=True, review_count=3),
        Node(
            id=reply,
            parent_id=root,
            user_id=user,
            role=Role.ASSISTANT,
            lang="de",
            depth=1,
            deleted=True,
            review_count=1,
        ),
    ]
    assert len(sent) == 1
    assert "text" not in sent[0]


def test_children_are_the_direct_replies_oldest_first(any_database: Database, any_garden: Garden) -> None:
    root = any_garden.add_message()
    replies = [any_garden.add_message(root), any_garden.add_message(root, deleted=True)]
    any_garden.add_message(replies[0])
    assert [message.id for message in any_database.run(lambda tx: messages.children(tx, root))] == replies


def test_replies_come_in_the_order_in_which_they_were_asked_for(any_database: Database, any_garden: Garden) -> None:
    root = any_garden.add_message()
    asked = [any_garden.add_message(root) for _ in range(4)][::-1]
    elsewhere = any_garden.add_message(asked[0])
    ids = [*asked[:2], uuid4(), elsewhere, *asked[2:]]
    found = any_database.run(lambda tx: messages.replies(tx, root, ids))
    assert [message.id for message in found] == asked


# --- readers and authors ---------------------------------------------------------------------------------------------


def test_the_emojis_of_one_user_are_found_by_message_in_the_order_given(
    any_database: Database, any_garden: Garden
) -> None:
    ada, ben = any_garden.add_user("ada"), any_garden.add_user("ben")
    first, second, third = any_garden.add_message(), any_garden.add_message(), any_garden.add_message()
    for message, user, emoji in [
        (first, ada, "rofl"),
        (first, ada, "+1"),
        (first, ben, "-1"),
        (second, ben, "skull"),
        (third, ada, "clap"),
    ]:
        any_garden.add_emoji(message, user, emoji)
    found = any_database.run(lambda tx: messages.emojis_of_user(tx, ada, [first, second]))
    assert found == {first: ("rofl", "+1")}
    assert any_database.run(lambda tx: messages.emojis_of_user(tx, ada, [])) == {}


def test_authors_are_found_by_id(any_database: Database, any_garden: Garden) -> None:
    ada, ben = any_garden.add_user("ada"), any_garden.add_user("ben")
    any_garden.add_user("eve")
    for author in (ada, ben, ada, None):
        any_garden.add_message(user_id=author)
    found = any_database.run(lambda tx: messages.authors(tx, messages.part_of_list(tx, EVERYTHING, LONG)))
    assert {user_id: user.username for user_id, user in found.items()} == {ada: "ada", ben: "ben"}


# --- lists -----------------------------------------------------------------------------------------------------------


def test_a_list_is_narrowed_by_every_filter(any_database: Database, any_garden: Garden) -> None:
    other = any_garden.add_client("other")
    ada, bot = any_garden.add_user("ada"), any_garden.add_user("ada", auth_method="discord", api_client_id=other)
    root = any_garden.add_message(user_id=ada)
    reply = any_garden.add_message(root, user_id=bot, api_client_id=other, lang="de")
    deleted = any_garden.add_message(root, deleted=True)
    for wanted, expected in [
        (MessageFilter(), [root, reply]),
        (MessageFilter(include_deleted=True), [root, reply, deleted]),
        (MessageFilter(user_id=ada), [root]),
        (MessageFilter(user_id=uuid4()), []),
        (MessageFilter(auth_method="local", username="ada"), [root]),
        (MessageFilter(auth_method="discord", username="ada"), [reply]),
        (MessageFilter(auth_method="discord", username="eve"), []),
        (MessageFilter(api_client_id=any_garden.client), [root]),
        (MessageFilter(api_client_id=other, lang="de", user_id=bot), [reply]),
        (MessageFilter(only_roots=True), [root]),
        (MessageFilter(lang="de"), [reply]),
        (MessageFilter(lang="de", only_roots=True), []),
    ]:
        assert listed(any_database, wanted) == expected, wanted


def test_words_are_found_in_any_order_and_case_and_rows_and_refusals_are_heeded(
    any_database: Database, any_garden: Garden
) -> None:
    sky = any_garden.add_message(text="Why is the SKY blue?")
    share = any_garden.add_message(text="100% of my_shares, in C:\\temp")
    for words, expected in [
        (("blue", "sky"), [sky]),
        (("sk", "lu"), []),
        (("sky", "green"), []),
        (('"the', 'sky"'), [sky]),
        (('"sky', 'the"'), []),
        (("-sky",), [share]),
        (("my_shares",), [share]),
        (("c:\\temp",), [share]),
        (("%",), []),
        ((), [sky, share]),
    ]:
        assert listed(any_database, MessageFilter(words=words)) == expected, words


def test_a_part_of_a_list_ends_at_its_limit_in_either_order(any_database: Database, any_garden: Garden) -> None:
    ids = [any_garden.add_message() for _ in range(5)]
    assert listed(any_database, EVERYTHING, Part(3)) == ids[:3]
    assert listed(any_database, EVERYTHING, Part(3, descending=True)) == ids[:1:-1]


def test_a_date_alone_is_included_and_a_neighbour_is_not(any_database: Database, any_garden: Garden) -> None:
    ids = [any_garden.add_message() for _ in range(5)]
    dates = [any_garden.row(tables.Message, message_id)["created_date"] for message_id in ids]
    assert listed(any_database, EVERYTHING, Part(9, low=Place(dates[1]), high=Place(dates[3]))) == ids[1:4]
    low, high = Place(dates[1], ids[1]), Place(dates[3], ids[3])
    assert listed(any_database, EVERYTHING, Part(9, low=low, high=high)) == ids[2:3]


def test_a_list_is_read_by_an_index_from_its_place(database: Database, garden: Garden) -> None:
    place = Place(datetime(2024, 1, 1, tzinfo=UTC), uuid4())
    for wanted in (
        MessageFilter(),
        MessageFilter(api_client_id=garden.client),
        MessageFilter(only_roots=True, lang="en"),
    ):
        _, sent = statements(database, lambda tx, w=wanted: messages.part_of_list(tx, w, Part(10, low=place)))
        plan = _plan(database, sent[0])
        assert "message_by_date ((created_date,id)>" in plan
        assert "TEMP B-TREE" not in plan


def _plan(database: Database, statement: str) -> str:
    values = ("1",) * statement.count("?")
    rows = database.run(
        lambda tx: tx.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).scalars(3).all()
    )
    return "\n".join(rows)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    written_at=st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=12),
    max_count=st.integers(1, 5),
    descending=st.booleans(),
    wanted=st.sampled_from([MessageFilter(), EVERYTHING]),
)
def test_pages_walked_either_way_are_the_list(
    any_database: Database,
    any_garden: Garden,
    written_at: list[tuple[int, bool]],
    max_count: int,
    descending: bool,
    wanted: MessageFilter,
) -> None:
    any_database.run(lambda tx: tx.connection.execute(tables.messages.delete()))
    for second, deleted in written_at:
        any_garden.add_message(created_date=any_garden.FIRST_DAY + timedelta(seconds=second), deleted=deleted)
    everything = listed(any_database, wanted, dataclasses.replace(LONG, descending=descending))
    walk = _Walk(any_database, wanted, max_count, descending)
    assert walk.forwards() == everything
    assert walk.backwards() == everything


@dataclasses.dataclass(frozen=True, slots=True)
class _Walk:
    database: Database
    wanted: MessageFilter
    max_count: int
    descending: bool

    def forwards(self) -> list[UUID]:
        walked: list[UUID] = []
        after: str | None = ""
        while after is not None:
            items, _, after = self._page(after=after)
            walked += items
        return walked

    def backwards(self) -> list[UUID]:
        """From a place behind the end."""
        walked: list[UUID] = []
        before: str | None = "0001-01-01" if self.descending else "9999-01-01"
        while before is not None:
            items, before, _ = self._page(before=before)
            walked = items + walked
        return walked

    def _page(self, before: str = "", after: str = "") -> tuple[list[UUID], str | None, str | None]:
        request = PageRequest(self.max_count, date_place(before), date_place(after), self.descending)
        found = self.database.run(lambda tx: messages.part_of_list(tx, self.wanted, request.part()))
        page = request.page(found, lambda message: written(message.id, message.created_date), "created_date")
        return [message.id for message in page.items], page.prev, page.next
