from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select

from oa.domain.people import HUB_CLIENT_ID, AccountRole, Caller, Client, Identity, User
from oa.errors import AuthAndUsernameRequired, ClientNotAuthorized, UserNotFound
from oa.hub.frontend_users import UserChanges, by_id, by_name, make_known
from oa.hub.transactions import Database, Transaction
from oa.store import people, tables

if TYPE_CHECKING:
    from tests.conftest import Garden

ADA = Identity("local", "ada", "Ada")
NOTHING = UserChanges()


def program(client_id: UUID, *, trusted: bool = True) -> Caller:
    return Caller(Client(id=client_id, description="", trusted=trusted))


def person(tx: Transaction, user_id: UUID, role: AccountRole = AccountRole.VOLUNTEER) -> Caller:
    owner = people.user_by_id(tx, user_id)
    assert owner is not None
    return Caller(Client(id=HUB_CLIENT_ID, description="", trusted=False), owner, role)


def stored(database: Database, user_id: UUID) -> User:
    user = database.run(lambda tx: people.user_by_id(tx, user_id))
    assert user is not None
    return user


def journal(database: Database) -> list[str]:
    query = select(tables.journal.c.event_type).order_by(tables.journal.c.id)
    return list(database.run(lambda tx: tx.connection.execute(query).scalars().all()))


def test_an_unknown_user_is_made_and_a_known_one_renamed(database: Database, garden: Garden) -> None:
    caller = program(garden.add_client("bot"), trusted=False)
    made = database.run(lambda tx: make_known(tx, caller, ADA, NOTHING))
    again = database.run(lambda tx: make_known(tx, caller, Identity("local", "ada", "Countess"), NOTHING))
    assert (made.username, made.display_name, made.enabled) == ("ada", "Ada", True)
    assert (again.id, again.display_name) == (made.id, "Countess")
    assert stored(database, made.id) == again


def test_a_trusted_program_changes_a_user(database: Database, garden: Garden) -> None:
    caller = program(garden.client)
    changes = UserChanges(enabled=False, show_on_leaderboard=False, accepts_terms=True, notes="a troll")
    changed = database.run(lambda tx: make_known(tx, caller, ADA, changes))
    assert (changed.enabled, changed.show_on_leaderboard, changed.notes) == (False, False, "a troll")
    assert changed.tos_acceptance_date is not None
    assert stored(database, changed.id) == changed
    assert journal(database) == ["user_disabled"]


@pytest.mark.parametrize(
    "changes",
    [
        UserChanges(enabled=False),
        UserChanges(show_on_leaderboard=False),
        UserChanges(accepts_terms=True),
        UserChanges(notes="my friend"),
    ],
    ids=["enabled", "show_on_leaderboard", "tos_acceptance", "notes"],
)
def test_a_program_without_trust_changes_nothing_and_makes_nobody(
    database: Database, garden: Garden, changes: UserChanges
) -> None:
    caller = program(garden.add_client("bot"), trusted=False)
    with pytest.raises(ClientNotAuthorized):
        database.run(lambda tx: make_known(tx, caller, ADA, changes))
    assert database.run(lambda tx: tx.connection.execute(select(func.count(tables.users.c.id))).scalar_one()) == 0


def test_to_send_what_holds_already_needs_no_trust(database: Database, garden: Garden) -> None:
    caller = program(garden.add_client("bot"), trusted=False)
    changes = UserChanges(enabled=True, show_on_leaderboard=True, notes="")
    assert database.run(lambda tx: make_known(tx, caller, ADA, changes)).enabled


def test_a_routine_upsert_leaves_a_banned_user_banned(database: Database, garden: Garden) -> None:
    banned = garden.add_user("ada", enabled=False)
    caller = program(garden.client)
    for changes in (NOTHING, UserChanges(show_on_leaderboard=False, accepts_terms=True)):
        assert not database.run(lambda tx, c=changes: make_known(tx, caller, ADA, c)).enabled
    assert not stored(database, banned).enabled
    assert not stored(database, banned).show_on_leaderboard
    assert database.run(lambda tx: make_known(tx, caller, ADA, UserChanges(enabled=True))).enabled
    assert journal(database) == ["user_enabled"]


def test_terms_are_accepted_once_and_never_taken_back(database: Database, garden: Garden) -> None:
    garden.add_user("ada", tos_acceptance_date=garden.FIRST_DAY)
    caller = program(garden.client)
    for changes in (UserChanges(accepts_terms=True), UserChanges(accepts_terms=False)):
        changed = database.run(lambda tx, c=changes: make_known(tx, caller, ADA, c))
        assert changed.tos_acceptance_date == garden.FIRST_DAY


def test_a_name_without_a_method_is_refused(database: Database, garden: Garden) -> None:
    with pytest.raises(AuthAndUsernameRequired):
        database.run(lambda tx: make_known(tx, program(garden.client), Identity("local", "", "x"), NOTHING))


def test_a_person_decides_about_themselves_only(database: Database, garden: Garden) -> None:
    ada, ben = garden.add_user("ada"), garden.add_user("ben")
    changes = UserChanges(show_on_leaderboard=False, accepts_terms=True)
    changed = database.run(lambda tx: make_known(tx, person(tx, ada), Identity("local", "ben", "Ben"), changes))
    assert (changed.id, changed.show_on_leaderboard) == (ada, False)
    assert stored(database, ada).tos_acceptance_date is not None
    assert stored(database, ben).show_on_leaderboard
    with pytest.raises(ClientNotAuthorized):
        database.run(lambda tx: make_known(tx, person(tx, ada), ADA, UserChanges(notes="harmless")))


# --- reading ---------------------------------------------------------------------------------------------------------


def test_a_user_is_found_by_the_name_that_their_program_gave(database: Database, garden: Garden) -> None:
    other = garden.add_client("other")
    mine, theirs = garden.add_user("ada"), garden.add_user("ada", api_client_id=other)
    caller = program(garden.client)
    assert database.run(lambda tx: by_name(tx, caller, ADA, None)).id == mine
    assert database.run(lambda tx: by_name(tx, caller, ADA, other)).id == theirs
    for who in (Identity("discord", "ada"), Identity("local", "eve")):
        with pytest.raises(UserNotFound):
            database.run(lambda tx, w=who: by_name(tx, caller, w, None))


def test_a_user_is_found_by_id(database: Database, garden: Garden) -> None:
    theirs = garden.add_user("ada", api_client_id=garden.add_client("other"))
    caller = program(garden.client)
    assert database.run(lambda tx: by_id(tx, caller, theirs, None)).id == theirs
    with pytest.raises(UserNotFound):
        database.run(lambda tx: by_id(tx, caller, theirs, garden.client))
    with pytest.raises(UserNotFound):
        database.run(lambda tx: by_id(tx, caller, uuid4(), None))


def test_a_program_without_trust_sees_its_own_users_only(database: Database, garden: Garden) -> None:
    other = garden.add_client("other")
    foreign, own = garden.add_user("ada"), garden.add_user("ada", api_client_id=other)
    caller = program(other, trusted=False)
    assert database.run(lambda tx: by_name(tx, caller, ADA, None)).id == own
    assert database.run(lambda tx: by_id(tx, caller, own, None)).id == own
    with pytest.raises(ClientNotAuthorized):
        database.run(lambda tx: by_name(tx, caller, ADA, garden.client))
    with pytest.raises(ClientNotAuthorized):
        database.run(lambda tx: by_id(tx, caller, foreign, garden.client))
    with pytest.raises(UserNotFound):
        database.run(lambda tx: by_id(tx, caller, foreign, None))
