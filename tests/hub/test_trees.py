from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID, uuid4

import pytest

from oa.domain.lifecycle import TreeState
from oa.domain.paging import PageRequest, Part
from oa.domain.people import HUB_CLIENT_ID, AccountRole, Caller, Client, Identity, User
from oa.domain.views import MessageFilter, MessageView
from oa.errors import AuthAndUsernameRequired, ClientNotAuthorized, MessageNotFound, TreeNotFound, UserNotFound
from oa.hub import trees
from oa.hub.transactions import Database
from oa.hub.trees import Reader
from oa.store import people

if TYPE_CHECKING:
    from tests.conftest import Garden

T = TypeVar("T")

LONG: Part[datetime] = Part(1000)


def program(client_id: UUID, who: Identity | None = None, *, trusted: bool = True) -> Reader:
    return Reader(Caller(Client(id=client_id, description="", trusted=trusted)), who)


def person(user: User, role: AccountRole) -> Reader:
    client = Client(id=HUB_CLIENT_ID, description="", trusted=False)
    return Reader(Caller(client, user, role))


def ids(views: Iterable[MessageView]) -> list[UUID]:
    return [view.message.id for view in views]


class Grove:
    """A prompt with four replies: one accepted, with an answer of its own, one rejected, one undecided, one deleted."""

    def __init__(self, garden: Garden) -> None:
        self.prompt = garden.add_message(review_result=True)
        self.accepted = garden.add_message(self.prompt, review_result=True)
        self.rejected = garden.add_message(self.prompt, review_result=False)
        self.undecided = garden.add_message(self.prompt)
        self.deleted = garden.add_message(self.prompt, review_result=True, deleted=True)
        self.answer = garden.add_message(self.accepted, review_result=True)
        self.answer_to_rejected = garden.add_message(self.rejected)


@pytest.fixture
def grove(garden: Garden) -> Grove:
    return Grove(garden)


# --- whose eyes ------------------------------------------------------------------------------------------------------


def test_a_reader_sees_their_own_reactions_and_what_they_wrote(database: Database, garden: Garden) -> None:
    ada, ben = garden.add_user("ada"), garden.add_user("ben")
    message = garden.add_message(user_id=ada)
    garden.add_emoji(message, ben, "rofl")
    for name, emojis, is_author in [("ada", (), True), ("ben", ("rofl",), False)]:
        reader = program(garden.client, Identity("local", name))
        view = database.run(lambda tx, r=reader: trees.message(tx, r, message))
        assert (view.user_emojis, view.user_is_author) == (emojis, is_author)


def test_nobody_in_particular_has_no_reactions_and_wrote_nothing(database: Database, garden: Garden) -> None:
    message = garden.add_message()  # by nobody who is known
    view = database.run(lambda tx: trees.message(tx, program(garden.client), message))
    assert (view.user_emojis, view.user_is_author, view.author) == ((), False, None)


def test_a_reader_whom_the_hub_has_not_met_is_not_found(database: Database, garden: Garden) -> None:
    message = garden.add_message()
    with pytest.raises(UserNotFound):
        database.run(lambda tx: trees.message(tx, program(garden.client, Identity("local", "eve")), message))


def test_a_person_reads_through_their_own_eyes_whoever_is_named(database: Database, garden: Garden) -> None:
    ada = garden.add_user("ada")
    garden.add_user("ben")
    message = garden.add_message(user_id=ada)

    def read(tx: object) -> MessageView:
        owner = people.user_by_id(tx, ada)
        assert owner is not None
        reader = replace(person(owner, AccountRole.VOLUNTEER), who=Identity("local", "ben"))
        return trees.message(tx, reader, message)

    assert database.run(read).user_is_author


# --- from one message ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query",
    [
        trees.message,
        trees.conversation,
        trees.tree,
        trees.children,
        trees.descendants,
        trees.longest_conversation,
        trees.most_children,
    ],
)
@pytest.mark.parametrize("name", [uuid4(), "nothing is called so"], ids=["an id", "a program's name"])
def test_unknown_messages_are_not_found(database: Database, garden: Garden, query: object, name: UUID | str) -> None:
    garden.add_message()
    with pytest.raises(MessageNotFound):
        database.run(lambda tx: query(tx, program(garden.client), name))


def test_any_program_reads_a_message_by_id_and_only_its_own_by_name(database: Database, garden: Garden) -> None:
    message = garden.add_message(frontend_message_id="mine")
    stranger = program(garden.add_client("other"), trusted=False)
    assert database.run(lambda tx: trees.message(tx, stranger, message)).message.id == message
    with pytest.raises(MessageNotFound):
        database.run(lambda tx: trees.message(tx, stranger, "mine"))
    assert database.run(lambda tx: trees.message(tx, program(garden.client), "mine")).message.id == message


def test_a_conversation_holds_every_message_down_to_the_last(database: Database, garden: Garden, grove: Grove) -> None:
    found = database.run(lambda tx: trees.conversation(tx, program(garden.client), grove.answer_to_rejected))
    assert ids(found) == [grove.prompt, grove.rejected, grove.answer_to_rejected]


def test_a_tree_shows_spam_and_deleted_messages_as_asked(database: Database, garden: Garden, grove: Grove) -> None:
    proven = {grove.prompt, grove.accepted, grove.answer}
    spam = {grove.rejected, grove.undecided, grove.answer_to_rejected}
    for include_spam, include_deleted, expected in [
        (True, False, proven | spam),
        (False, False, proven),
        (True, True, proven | spam | {grove.deleted}),
        (False, True, proven | {grove.deleted}),
    ]:
        options = {"include_spam": include_spam, "include_deleted": include_deleted}
        found = database.run(lambda tx, o=options: trees.tree(tx, program(garden.client), grove.answer, **o))
        assert found.id == grove.prompt
        assert set(ids(found.messages)) == expected


def test_a_tree_without_spam_keeps_a_prompt_that_is_not_decided(database: Database, garden: Garden) -> None:
    prompt = garden.add_message()
    found = database.run(lambda tx: trees.tree(tx, program(garden.client), prompt, include_spam=False))
    assert ids(found.messages) == [prompt]


def test_children_are_shown_whatever_reviews_said_unless_deleted(
    database: Database, garden: Garden, grove: Grove
) -> None:
    found = database.run(lambda tx: trees.children(tx, program(garden.client), grove.prompt))
    assert ids(found) == [grove.accepted, grove.rejected, grove.undecided]


def test_descendants_are_found_by_ancestry_although_depths_were_lost(database: Database, garden: Garden) -> None:
    prompt = garden.add_message()
    reply = garden.add_message(prompt, depth=0)
    below = [garden.add_message(reply, depth=0), garden.add_message(reply, depth=0, deleted=True)]
    garden.add_message(prompt, depth=0)
    found = database.run(lambda tx: trees.descendants(tx, program(garden.client), reply))
    assert found.id == reply
    assert ids(found.messages) == below


def test_the_longest_conversation_passes_through_accepted_messages_only(
    database: Database, garden: Garden, grove: Grove
) -> None:
    garden.add_message(garden.add_message(grove.undecided))
    found = database.run(lambda tx: trees.longest_conversation(tx, program(garden.client), grove.undecided))
    assert ids(found) == [grove.prompt, grove.accepted, grove.answer]


def test_the_longest_conversation_of_a_deleted_prompt_is_empty(database: Database, garden: Garden) -> None:
    prompt = garden.add_message(deleted=True)
    garden.add_message(prompt, review_result=True)
    assert database.run(lambda tx: trees.longest_conversation(tx, program(garden.client), prompt)) == ()


def test_the_most_replied_message_comes_with_its_accepted_replies(
    database: Database, garden: Garden, grove: Grove
) -> None:
    second = garden.add_message(grove.accepted, review_result=True)
    found = database.run(lambda tx: trees.most_children(tx, program(garden.client), grove.rejected))
    assert found.id == grove.accepted
    assert ids(found.messages) == [grove.accepted, grove.answer, second]


def test_without_accepted_replies_the_most_replied_message_is_the_prompt_alone(
    database: Database, garden: Garden
) -> None:
    prompt = garden.add_message()
    garden.add_message(prompt)
    found = database.run(lambda tx: trees.most_children(tx, program(garden.client), prompt))
    assert (found.id, ids(found.messages)) == (prompt, [prompt])


def test_the_state_of_a_tree_is_found_from_any_message_of_it(database: Database, garden: Garden, grove: Grove) -> None:
    garden.add_tree(grove.prompt, state="ranking", origin="somewhere")
    found = database.run(lambda tx: trees.tree_state(tx, grove.answer))
    assert (found.id, found.state, found.origin) == (grove.prompt, TreeState.RANKING, "somewhere")


def test_a_tree_without_a_state_is_not_found(database: Database, garden: Garden) -> None:
    message = garden.add_message()
    with pytest.raises(TreeNotFound):
        database.run(lambda tx: trees.tree_state(tx, message))
    with pytest.raises(MessageNotFound):
        database.run(lambda tx: trees.tree_state(tx, uuid4()))


# --- lists -----------------------------------------------------------------------------------------------------------


def test_a_program_without_trust_lists_what_was_written_through_it(database: Database, garden: Garden) -> None:
    other = garden.add_client("other")
    garden.add_message()
    theirs = garden.add_message(api_client_id=other)
    stranger = program(other, trusted=False)
    for wanted in (MessageFilter(), MessageFilter(api_client_id=other)):
        found = database.run(lambda tx, w=wanted: trees.message_list(tx, stranger, w, LONG))
        assert ids(found) == [theirs]


def test_a_program_without_trust_may_not_list_what_another_wrote(database: Database, garden: Garden) -> None:
    stranger = program(garden.add_client("other"), trusted=False)
    with pytest.raises(ClientNotAuthorized):
        database.run(lambda tx: trees.message_list(tx, stranger, MessageFilter(api_client_id=garden.client), LONG))


def test_trusted_programs_and_moderators_list_everything(database: Database, garden: Garden) -> None:
    everything = [garden.add_message(), garden.add_message(api_client_id=garden.add_client("other"))]
    user = garden.add_user("ada")

    def moderator(tx: object) -> Reader:
        owner = people.user_by_id(tx, user)
        assert owner is not None
        return person(owner, AccountRole.MODERATOR)

    found = database.run(lambda tx: trees.message_list(tx, program(garden.client), MessageFilter(), LONG))
    assert ids(found) == everything
    assert ids(database.run(lambda tx: trees.message_list(tx, moderator(tx), MessageFilter(), LONG))) == everything


@pytest.mark.parametrize("half", [{"username": "ada"}, {"auth_method": "local"}])
def test_half_a_name_is_refused(database: Database, garden: Garden, half: dict[str, str]) -> None:
    with pytest.raises(AuthAndUsernameRequired):
        database.run(lambda tx: trees.message_list(tx, program(garden.client), MessageFilter(**half), LONG))


def test_a_page_tells_authors_where_they_are_asked_for(database: Database, garden: Garden) -> None:
    garden.add_message(user_id=garden.add_user("ada"))
    garden.add_message()
    request: PageRequest[datetime] = PageRequest(10)
    for with_authors, names in [(True, ["ada", None]), (False, [None, None])]:
        page = database.run(
            lambda tx, w=with_authors: trees.message_page(
                tx, program(garden.client), MessageFilter(), request, with_authors=w
            )
        )
        assert [view.author and view.author.username for view in page.items] == names
        assert (page.prev, page.next, page.sort_key, page.order) == (None, None, "created_date", "asc")
