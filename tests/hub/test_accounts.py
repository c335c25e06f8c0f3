from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import pytest
from sqlalchemy import select

from oa.domain.people import HUB_CLIENT_ID, Account, AccountRole, Admission, AuthMethod, Caller, Identity
from oa.errors import Conflict, Invalid, NameTaken, OaError, RegistrationClosed, UserDisabled, UserNotFound
from oa.hub import access, accounts, keys
from oa.hub.accounts import NewAccount
from oa.hub.keys import NewClient
from oa.store import tables
from oa.store.database import Database, Transaction

T = TypeVar("T")

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
VOLUNTEER, MODERATOR, ADMIN = AccountRole.VOLUNTEER, AccountRole.MODERATOR, AccountRole.ADMIN


def at(when: datetime, use_case: Callable[[Transaction], T]) -> Callable[[Transaction], T]:
    """The same use case at a certain time."""
    return lambda tx: use_case(dataclasses.replace(tx, now=when))


def create(database: Database, name: str, role: AccountRole = VOLUNTEER) -> Account:
    return database.run(lambda tx: accounts.create_account(tx, NewAccount(name, role)))


def find(database: Database, which: str) -> Account:
    return database.run(lambda tx: accounts.find_account(tx, which))


def events(database: Database, kind: str) -> list[tuple[UUID | None, dict[str, Any]]]:
    columns = tables.journal.c
    statement = select(columns.user_id, columns.event_payload).where(columns.event_type == kind).order_by(columns.id)
    return [(who, facts) for who, facts in database.run(lambda tx: tx.connection.execute(statement).all())]


# --- people ----------------------------------------------------------------------------------------------------------


def test_an_account_is_a_user_of_this_hub(database: Database) -> None:
    made = create(database, "Ada Lovelace", MODERATOR)
    assert find(database, "ada lovelace") == find(database, str(made.user.id)) == made
    assert (made.user.username, made.user.display_name) == ("ada lovelace", "Ada Lovelace")
    assert (made.user.api_client_id, made.user.auth_method) == (HUB_CLIENT_ID, AuthMethod.LOCAL)
    assert (made.role, made.password_hash, made.user.enabled) == (MODERATOR, None, True)


@pytest.mark.parametrize("taken", ["ada", "ADA", " Ada ", "\uff41\uff44\uff41"])
def test_one_name_is_one_person_whatever_its_capitals(database: Database, taken: str) -> None:
    create(database, "Ada")
    with pytest.raises(NameTaken):
        create(database, taken)
    assert [account.user.display_name for account in database.run(accounts.all_accounts)] == ["Ada"]


def test_a_name_that_cannot_be_one_makes_nobody(database: Database) -> None:
    with pytest.raises(Invalid):
        create(database, " ")
    assert database.run(accounts.all_accounts) == []


@pytest.mark.parametrize("which", ["nobody", "", "a/b", str(UUID(int=9))])
def test_nobody_is_found_by_a_wrong_name(database: Database, which: str) -> None:
    create(database, "Ada")
    with pytest.raises(UserNotFound):
        find(database, which)


def test_users_whom_programs_name_have_no_account(database: Database) -> None:
    client = database.run(lambda tx: keys.create_client(tx, NewClient(description="bot"))).client
    user = database.run(lambda tx: access.acting_user(tx, Caller(client), Identity("local", "ada")))
    create(database, "ada")
    assert database.run(accounts.all_accounts) == [find(database, "ada")]
    with pytest.raises(UserNotFound):
        find(database, str(user.id))


def test_the_role_changes_and_the_journal_says_who_did_it(database: Database) -> None:
    admin, ada = create(database, "root", ADMIN), create(database, "Ada")
    changed = database.run(lambda tx: accounts.set_role(tx, "ada", MODERATOR, by=admin.user))
    database.run(lambda tx: accounts.set_role(tx, "ada", MODERATOR, by=admin.user))  # is so already
    assert find(database, "ada") == changed == dataclasses.replace(ada, role=MODERATOR)
    told = {"account": str(ada.user.id), "before": "volunteer", "after": "moderator"}
    assert events(database, "role_changed") == [(admin.user.id, told)]


def test_whoever_is_disabled_is_out_until_enabled_again(database: Database) -> None:
    ada = create(database, "Ada")
    caller = Caller(access.HUB, ada.user, VOLUNTEER)
    out = database.run(lambda tx: accounts.set_enabled(tx, "Ada", False))
    assert find(database, "ada").user == out == dataclasses.replace(ada.user, enabled=False)
    with pytest.raises(UserDisabled):
        database.run(lambda tx: access.acting_user(tx, dataclasses.replace(caller, person=out), None))
    assert database.run(lambda tx: accounts.set_enabled(tx, "ada", True)) == ada.user
    assert events(database, "user_disabled") == events(database, "user_enabled") == [(None, {"user": str(ada.user.id)})]


def test_users_whom_programs_name_are_disabled_by_their_id(database: Database) -> None:
    client = database.run(lambda tx: keys.create_client(tx, NewClient(description="bot"))).client
    troll = Identity("discord", "troll")
    user = database.run(lambda tx: access.acting_user(tx, Caller(client), troll))
    database.run(lambda tx: accounts.set_enabled(tx, str(user.id), False))
    with pytest.raises(UserDisabled):
        database.run(lambda tx: access.acting_user(tx, Caller(client), troll))


def test_the_only_admin_stays_one(database: Database) -> None:
    create(database, "root", ADMIN)
    disabled = create(database, "former", ADMIN)
    database.run(lambda tx: accounts.set_enabled(tx, "former", False))
    for attempt in (
        lambda tx: accounts.set_role(tx, "root", VOLUNTEER),
        lambda tx: accounts.set_enabled(tx, "root", False),
    ):
        with pytest.raises(Conflict, match="only admin"):
            database.run(attempt)
    assert database.run(lambda tx: accounts.set_role(tx, str(disabled.user.id), VOLUNTEER)).role is VOLUNTEER
    create(database, "other", ADMIN)
    assert database.run(lambda tx: accounts.set_role(tx, "root", VOLUNTEER)).role is VOLUNTEER


def test_people_programs_and_their_secrets_are_kept_by_every_database(any_database: Database) -> None:
    admin, ada = create(any_database, "root", ADMIN), create(any_database, "Ada")
    key = any_database.run(lambda tx: keys.create_client(tx, NewClient(description="bot")))
    token = any_database.run(lambda tx: keys.issue_token(tx, ada.user, keys.NewToken("laptop")))
    any_database.run(lambda tx: accounts.set_role(tx, "ada", MODERATOR, by=admin.user))
    code = any_database.run(lambda tx: accounts.invite(tx))
    any_database.run(lambda tx: accounts.register(tx, NewAccount("Grace"), Admission.INVITATION, code))
    program, person = (
        any_database.run(lambda tx, shown=secret: access.caller(tx, access.Credential(shown)))
        for secret in (key.secret, token.secret)
    )
    assert (program.client, person.person, person.role) == (key.client, ada.user, MODERATOR)
    seen = [any_database.run(lambda tx: access.acting_user(tx, program, Identity("google", "李", "李"))) for _ in "12"]
    assert seen[0] == seen[1]
    any_database.run(lambda tx: access.note_use(tx, access.Credential(token.secret)))
    any_database.run(lambda tx: keys.revoke_token(tx, ada.user, token.token.hint))
    assert any_database.run(lambda tx: keys.tokens_of(tx, ada.user)) == []
    names = [account.user.username for account in any_database.run(accounts.all_accounts)]
    assert sorted(names) == ["ada", "grace", "root"]


# --- coming in -------------------------------------------------------------------------------------------------------


def register(
    database: Database, admission: Admission, code: str | None = None, *, name: str = "Ada", when: datetime = NOON
) -> Account:
    return database.run(at(when, lambda tx: accounts.register(tx, NewAccount(name), admission, code)))


def test_anybody_registers_where_registration_is_open(database: Database) -> None:
    assert register(database, Admission.OPEN) == find(database, "ada")


def test_nobody_registers_as_more_than_a_volunteer(database: Database) -> None:
    sly = NewAccount("Ada", ADMIN)
    assert database.run(lambda tx: accounts.register(tx, sly, Admission.OPEN)).role is VOLUNTEER


@pytest.mark.parametrize("admission", [Admission.OPEN, Admission.INVITATION])
def test_an_invitation_lets_in_and_gives_its_role(database: Database, admission: Admission) -> None:
    code = database.run(lambda tx: accounts.invite(tx, role=MODERATOR))
    assert register(database, admission, f" {code}\n").role is MODERATOR


def test_an_invitation_holds_for_as_many_people_as_it_says(database: Database) -> None:
    code = database.run(lambda tx: accounts.invite(tx, uses=2))
    register(database, Admission.INVITATION, code, name="one")
    register(database, Admission.INVITATION, code, name="two")
    with pytest.raises(RegistrationClosed, match="used up"):
        register(database, Admission.INVITATION, code, name="three")


def test_a_refused_registration_leaves_the_invitation_as_it_was(database: Database) -> None:
    create(database, "Ada")
    code = database.run(lambda tx: accounts.invite(tx))
    with pytest.raises(NameTaken):
        register(database, Admission.INVITATION, code)
    assert register(database, Admission.INVITATION, code, name="Grace").user.username == "grace"


def test_an_invitation_holds_until_it_expires(database: Database) -> None:
    code = database.run(at(NOON, lambda tx: accounts.invite(tx, uses=2, lifetime=timedelta(days=7))))
    register(database, Admission.INVITATION, code, name="one", when=NOON + timedelta(days=7, seconds=-1))
    with pytest.raises(RegistrationClosed, match="too old"):
        register(database, Admission.INVITATION, code, name="two", when=NOON + timedelta(days=7))


@pytest.mark.parametrize(
    ("admission", "code", "sentence"),
    [
        (Admission.CLOSED, None, "takes no registrations"),
        (Admission.CLOSED, "valid", "takes no registrations"),
        (Admission.INVITATION, None, "needs an invitation code"),
        (Admission.INVITATION, "", "needs an invitation code"),
        (Admission.INVITATION, "wrong", "does not hold"),
        (Admission.OPEN, "wrong", "does not hold"),
    ],
)
def test_whoever_may_not_come_in_is_told_why(
    database: Database, admission: Admission, code: str | None, sentence: str
) -> None:
    if code == "valid":
        code = database.run(lambda tx: accounts.invite(tx))
    with pytest.raises(RegistrationClosed, match=sentence):
        register(database, admission, code)
    assert database.run(accounts.all_accounts) == []


@pytest.mark.parametrize(
    "bad", [{"role": ADMIN}, {"uses": 0}, {"uses": -1}, {"lifetime": timedelta(0)}], ids=["admin", "0", "-1", "no time"]
)
def test_an_invitation_that_cannot_be_is_refused(database: Database, bad: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        database.run(lambda tx: accounts.invite(tx, **bad))


# --- the first admin -------------------------------------------------------------------------------------------------


def claim(database: Database, code: str, name: str = "Ada", when: datetime = NOON) -> Account:
    return database.run(at(when, lambda tx: accounts.claim_admin(tx, code, name, "hash")))


def first_code(database: Database, when: datetime = NOON) -> str | None:
    return database.run(at(when, accounts.first_admin_code))


def test_the_first_code_makes_the_admin_once(database: Database) -> None:
    code = first_code(database)
    assert code is not None
    made = claim(database, code)
    assert (made.role, made.password_hash, made.user.username) == (ADMIN, "hash", "ada")
    with pytest.raises(RegistrationClosed):
        claim(database, code, "eve")


def test_with_an_admin_there_is_no_first_code(database: Database) -> None:
    create(database, "root", ADMIN)
    assert first_code(database) is None


def test_volunteers_and_moderators_do_not_stand_in_for_an_admin(database: Database) -> None:
    create(database, "one", VOLUNTEER)
    create(database, "two", MODERATOR)
    assert first_code(database) is not None


def test_the_first_code_holds_for_half_an_hour(database: Database) -> None:
    code = first_code(database)
    assert code is not None
    with pytest.raises(RegistrationClosed):
        claim(database, code, when=NOON + timedelta(minutes=30))
    assert claim(database, code, when=NOON + timedelta(minutes=30, seconds=-1)).role is ADMIN


def test_a_new_code_replaces_the_one_that_was_not_used(database: Database) -> None:
    old, new = first_code(database), first_code(database)
    assert old is not None
    assert new is not None
    with pytest.raises(RegistrationClosed):
        claim(database, old)
    assert claim(database, new).role is ADMIN


def test_a_code_is_worthless_once_there_is_an_admin(database: Database) -> None:
    code = first_code(database)
    assert code is not None
    create(database, "root", ADMIN)
    with pytest.raises(RegistrationClosed, match="has an admin"):
        claim(database, code)


def test_a_taken_name_does_not_cost_the_code(database: Database) -> None:
    create(database, "Ada")
    code = first_code(database)
    assert code is not None
    with pytest.raises(NameTaken):
        claim(database, code)
    assert claim(database, code, "Grace").role is ADMIN


def test_an_invitation_makes_no_admin_and_the_first_code_invites_nobody(database: Database) -> None:
    invitation, first = database.run(lambda tx: accounts.invite(tx)), first_code(database)
    assert first is not None
    with pytest.raises(RegistrationClosed):
        claim(database, invitation)
    with pytest.raises(RegistrationClosed):
        register(database, Admission.OPEN, first)


def test_codes_are_kept_as_hashes(database: Database) -> None:
    code = database.run(lambda tx: accounts.invite(tx))
    kept = database.run(lambda tx: str(tx.connection.execute(select(tables.invitations)).all()))
    assert code not in kept
    assert access.hash_secret(code) in kept


def test_what_was_refused_is_in_no_journal(database: Database) -> None:
    refused: list[Callable[[Transaction], object]] = [
        lambda tx: accounts.create_account(tx, NewAccount("")),
        lambda tx: accounts.set_role(tx, "nobody", ADMIN),
        lambda tx: accounts.register(tx, NewAccount("ada"), Admission.CLOSED),
    ]
    for use_case in refused:
        with pytest.raises(OaError):
            database.run(use_case)
    assert database.run(lambda tx: tx.connection.execute(select(tables.journal)).all()) == []
