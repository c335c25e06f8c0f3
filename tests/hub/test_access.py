from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select, text, update

from oa.domain.people import (
    HUB_CLIENT_ID,
    IMPORT_CLIENT_ID,
    AccountRole,
    AuthMethod,
    Caller,
    Client,
    Identity,
    TokenScope,
    User,
)
from oa.errors import (
    AuthAndUsernameRequired,
    ClientNotAuthorized,
    Invalid,
    OaError,
    RootTokenNotAuthorized,
    UserDisabled,
    UserNotFound,
    UserNotSpecified,
)
from oa.hub import access, accounts, keys
from oa.hub.access import Credential, Uses, acting_user, caller, reading_user
from oa.hub.accounts import NewAccount
from oa.hub.keys import NewClient, NewToken
from oa.store import people, tables
from oa.store.database import Database, Transaction

T = TypeVar("T")

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
ADA = Identity("discord", "ada#1", "Ada")


def at(when: datetime, use_case: Callable[[Transaction], T]) -> Callable[[Transaction], T]:
    """The same use case at a certain time."""
    return lambda tx: use_case(dataclasses.replace(tx, now=when))


def program(database: Database, *, trusted: bool = False) -> tuple[Client, Credential]:
    issued = database.run(lambda tx: keys.create_client(tx, NewClient(description="bot", trusted=trusted)))
    return issued.client, Credential(issued.secret)


def person(
    database: Database,
    role: AccountRole = AccountRole.VOLUNTEER,
    scopes: tuple[TokenScope, ...] = (TokenScope.ALL,),
    lifetime: timedelta | None = None,
) -> tuple[User, Credential]:
    def use_case(tx: Transaction) -> tuple[User, Credential]:
        user = accounts.create_account(tx, NewAccount("Grace", role)).user
        return user, Credential(keys.issue_token(tx, user, NewToken("laptop", scopes, lifetime)).secret)

    return database.run(at(NOON, use_case))


def acts(database: Database, credential: Credential, who: Identity | None) -> User:
    return database.run(lambda tx: acting_user(tx, caller(tx, credential), who))


# --- who is asking ---------------------------------------------------------------------------------------------------


def test_a_key_names_its_program(database: Database) -> None:
    client, credential = program(database, trusted=True)
    assert database.run(lambda tx: caller(tx, credential)) == Caller(client)


def test_a_token_names_its_owner_and_their_role(database: Database) -> None:
    user, credential = person(database, AccountRole.MODERATOR)
    found = database.run(lambda tx: caller(tx, credential))
    assert (found.person, found.role, found.client.id) == (user, AccountRole.MODERATOR, HUB_CLIENT_ID)


@pytest.mark.parametrize("wanted", ["key", "token"])
async def test_credentials_are_known_while_reading_too(database: Database, wanted: str) -> None:
    credential = program(database)[1] if wanted == "key" else person(database)[1]
    assert (await database.read(lambda tx: caller(tx, credential))).client is not None


def test_a_key_from_elsewhere_needs_no_prefix(database: Database) -> None:
    row = {
        "id": UUID(int=7),
        "key_hash": hashlib.sha256(b"1234").hexdigest(),
        "description": "moved from Open-Assistant",
        "created_date": NOON,
    }
    database.run(lambda tx: tx.connection.execute(insert(tables.api_clients), row))
    assert database.run(lambda tx: caller(tx, Credential("1234"))).client.id == UUID(int=7)


@pytest.mark.parametrize(
    "credential",
    [
        None,
        Credential(""),
        Credential("oak_unknown"),
        Credential("oat_unknown"),
        Credential("1234"),
        Credential("\ud800\x00"),
        Credential("' OR 1=1 --"),
    ],
    ids=["none", "empty", "unknown key", "unknown token", "default", "no text", "injection"],
)
def test_whoever_proves_nothing_is_refused(database: Database, credential: Credential | None) -> None:
    program(database)
    with pytest.raises(ClientNotAuthorized):
        database.run(lambda tx: caller(tx, credential))


def test_a_stored_hash_opens_nothing(database: Database) -> None:
    _, credential = program(database)
    with pytest.raises(ClientNotAuthorized):
        database.run(lambda tx: caller(tx, Credential(access.hash_secret(credential.secret))))


def test_a_revoked_key_is_refused(database: Database) -> None:
    _, credential = program(database)
    database.run(lambda tx: caller(tx, credential))
    database.run(lambda tx: keys.revoke_key(tx, "bot"))
    with pytest.raises(ClientNotAuthorized):
        database.run(lambda tx: caller(tx, credential))


def test_a_revoked_token_is_refused(database: Database) -> None:
    user, credential = person(database)
    database.run(lambda tx: keys.revoke_token(tx, user, "laptop"))
    with pytest.raises(ClientNotAuthorized):
        database.run(lambda tx: caller(tx, credential))


def test_a_token_holds_until_it_expires(database: Database) -> None:
    _, credential = person(database, lifetime=timedelta(days=1))
    just_before = NOON + timedelta(days=1, seconds=-1)
    assert database.run(at(just_before, lambda tx: caller(tx, credential))).person is not None
    with pytest.raises(ClientNotAuthorized):
        database.run(at(NOON + timedelta(days=1), lambda tx: caller(tx, credential)))


@pytest.mark.parametrize("column", [{"enabled": False}, {"deleted": True}], ids=["disabled", "deleted"])
def test_the_token_of_somebody_who_is_shut_out_is_refused(database: Database, column: dict[str, bool]) -> None:
    user, credential = person(database)
    database.run(lambda tx: tx.connection.execute(update(tables.users).where(tables.users.c.id == user.id), column))
    with pytest.raises(ClientNotAuthorized):
        database.run(lambda tx: caller(tx, credential))


def test_every_refusal_says_the_same(database: Database) -> None:
    user, revoked = person(database)
    database.run(lambda tx: keys.revoke_token(tx, user, "laptop"))
    said: set[str] = set()
    for credential in (revoked, Credential("oat_unknown"), Credential("oak_unknown")):
        with pytest.raises(ClientNotAuthorized) as refused:
            database.run(lambda tx, shown=credential: caller(tx, shown))
        said.add(str(refused.value))
    assert len(said) == 1


def test_a_secret_is_not_shown_by_accident() -> None:
    assert "hunter2" not in repr(Credential("hunter2"))


def test_a_secret_is_kept_as_its_hash_only(database: Database) -> None:
    _, key = program(database)
    _, token = person(database)
    dump = database.run(
        lambda tx: str(
            [
                tx.connection.execute(select(table)).all()
                for table in (tables.api_clients, tables.tokens, tables.journal, tables.accounts)
            ]
        )
    )
    assert access.hash_secret(key.secret) in dump
    assert key.secret not in dump
    assert token.secret not in dump


# --- how far a credential reaches ------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", AccountRole)
@pytest.mark.parametrize("scope", TokenScope)
@pytest.mark.parametrize("only_reads", [True, False])
def test_a_token_reaches_as_far_as_its_scope(
    database: Database, role: AccountRole, scope: TokenScope, only_reads: bool
) -> None:
    _, credential = person(database, role, (scope,))
    request = dataclasses.replace(credential, only_reads=only_reads)
    if scope is TokenScope.READ and not only_reads:
        with pytest.raises(ClientNotAuthorized, match="only read"):
            database.run(lambda tx: caller(tx, request))
        return
    reached = database.run(lambda tx: caller(tx, request)).role
    assert reached is (role if scope is TokenScope.ALL else AccountRole.VOLUNTEER)


@pytest.mark.parametrize("scopes", [[], ["chat-of-a-newer-version"]])
def test_a_token_without_a_scope_that_is_known_reaches_nothing(database: Database, scopes: list[str]) -> None:
    _, credential = person(database)
    database.run(lambda tx: tx.connection.execute(update(tables.tokens), {"scopes": scopes}))
    with pytest.raises(ClientNotAuthorized):
        database.run(lambda tx: caller(tx, dataclasses.replace(credential, only_reads=True)))


PROGRAM = Client(id=UUID(int=1), description="bot", trusted=False)


@pytest.mark.parametrize(
    ("who", "may_moderate", "is_admin"),
    [
        (Caller(PROGRAM), False, False),
        (Caller(dataclasses.replace(PROGRAM, trusted=True)), True, False),
        (Caller(access.HUB, role=AccountRole.VOLUNTEER), False, False),
        (Caller(access.HUB, role=AccountRole.MODERATOR), True, False),
        (Caller(access.HUB, role=AccountRole.ADMIN), True, True),
    ],
    ids=["program", "trusted program", "volunteer", "moderator", "admin"],
)
def test_who_may_moderate_and_who_is_admin(who: Caller, may_moderate: bool, is_admin: bool) -> None:
    def passes(check: Callable[[Caller], None], error: type[OaError]) -> bool:
        try:
            check(who)
        except error:
            return False
        return True

    assert passes(access.require_trusted, ClientNotAuthorized) is may_moderate
    assert passes(access.require_admin, RootTokenNotAuthorized) is is_admin


# --- for whom --------------------------------------------------------------------------------------------------------


def test_a_user_is_made_at_first_sight_and_known_at_the_second(database: Database) -> None:
    client, credential = program(database)
    made = acts(database, credential, ADA)
    assert acts(database, credential, ADA) == made
    assert (made.username, made.auth_method, made.display_name) == ("ada#1", "discord", "Ada")
    assert (made.api_client_id, made.enabled, made.show_on_leaderboard) == (client.id, True, True)
    assert made.tos_acceptance_date is None
    assert database.run(lambda tx: tx.connection.execute(select(tables.users.c.id)).all()) == [(made.id,)]


def test_the_same_name_means_another_user_through_another_program_or_method(database: Database) -> None:
    (_, one), (_, other) = program(database), program(database)
    seen = {
        acts(database, one, ADA).id,
        acts(database, other, ADA).id,
        acts(database, one, Identity("google", "ada#1")).id,
        acts(database, one, Identity("discord", "ADA#1")).id,
    }
    assert len(seen) == 4


@pytest.mark.parametrize("display_name", [None, ""])
def test_without_a_display_name_the_name_is_shown(database: Database, display_name: str | None) -> None:
    _, credential = program(database)
    assert acts(database, credential, Identity("local", "bob", display_name)).display_name == "bob"


def test_the_display_name_that_came_last_is_kept(database: Database) -> None:
    _, credential = program(database)
    first = acts(database, credential, ADA)
    renamed = acts(database, credential, dataclasses.replace(ADA, display_name="Ada L."))
    assert renamed == dataclasses.replace(first, display_name="Ada L.")
    assert acts(database, credential, dataclasses.replace(ADA, display_name=None)) == renamed


@pytest.mark.sqlite
def test_an_unchanged_user_costs_no_write(database: Database) -> None:
    _, credential = program(database)
    acts(database, credential, ADA)

    def changes(tx: Transaction) -> int:
        count = text("SELECT total_changes()")
        before = tx.connection.execute(count).scalar_one()
        acting_user(tx, caller(tx, credential), ADA)
        return tx.connection.execute(count).scalar_one() - before

    assert database.run(changes) == 0


def test_a_system_user_accepts_the_terms_and_stays_off_the_leaderboard(database: Database) -> None:
    _, credential = program(database)
    made = acts(database, credential, Identity("system", "import", "Somebody"))
    assert (made.display_name, made.show_on_leaderboard) == ("__system__/import", False)
    assert made.tos_acceptance_date is not None


def test_the_owner_of_a_token_acts_whoever_is_named(database: Database) -> None:
    user, credential = person(database)
    assert acts(database, credential, ADA) == user
    assert acts(database, credential, None) == user


@pytest.mark.parametrize(
    ("who", "error", "sentence"),
    [
        (None, UserNotSpecified, "which user"),
        (Identity("", "ada"), AuthAndUsernameRequired, "auth_method"),
        (Identity("discord", ""), AuthAndUsernameRequired, "auth_method"),
        (Identity("facebook", "ada"), Invalid, "discord, google, local, system"),
        (Identity("discord", "a" * 129), Invalid, "128 characters"),
        (Identity("discord", "ada\x00"), Invalid, "control"),
        (Identity("discord", "ada\ud800"), Invalid, "control"),
        (Identity("disc\x00ord", "ada"), Invalid, "discord, google"),
        (Identity("disc\ud800", "ada"), Invalid, "discord, google"),
        (Identity("discord", "ada", "A" * 257), Invalid, "256 characters"),
        (Identity("discord", "ada", "A\x1b[2J"), Invalid, "control"),
    ],
)
def test_an_identity_that_cannot_be_one_is_refused_and_makes_nobody(
    database: Database, who: Identity | None, error: type[OaError], sentence: str
) -> None:
    _, credential = program(database)
    with pytest.raises(error, match=sentence):
        acts(database, credential, who)
    assert database.run(lambda tx: tx.connection.execute(select(tables.users)).all()) == []


@pytest.mark.parametrize("name", ["a" * 128, "Zoë", "李", "o'neil", "a:b", "👩‍🔬"])
def test_names_of_every_script_are_taken(database: Database, name: str) -> None:
    _, credential = program(database)
    assert acts(database, credential, Identity("local", name, name)).display_name == name


@pytest.mark.parametrize("column", [{"enabled": False}, {"deleted": True}], ids=["disabled", "deleted"])
def test_somebody_who_is_shut_out_does_not_act_and_is_not_made_again(
    database: Database, column: dict[str, bool]
) -> None:
    _, credential = program(database)
    acts(database, credential, ADA)
    database.run(lambda tx: tx.connection.execute(update(tables.users), column))
    with pytest.raises(UserDisabled):
        acts(database, credential, ADA)
    assert len(database.run(lambda tx: tx.connection.execute(select(tables.users)).all())) == 1


@pytest.mark.parametrize("elsewhere", [True, False], ids=["in another process", "here"])
@pytest.mark.parametrize("what", ["key", "user"])
def test_what_is_forbidden_is_forbidden_from_the_next_request_on(
    database: Database, what: str, elsewhere: bool
) -> None:
    _, credential = program(database)
    user = [acts(database, credential, ADA) for _ in range(3)][-1]
    where = Database(database.url) if elsewhere else database
    if what == "key":
        where.run(lambda tx: keys.revoke_key(tx, "bot"))
    else:
        where.run(lambda tx: accounts.set_enabled(tx, str(user.id), False))
    if elsewhere:
        where.shut()
    with pytest.raises(ClientNotAuthorized if what == "key" else UserDisabled):
        acts(database, credential, ADA)


async def test_reading_makes_nobody(database: Database) -> None:
    _, credential = program(database)
    for who in (ADA, Identity("", ""), Identity("nowhere", "ada\x00")):
        with pytest.raises(UserNotFound):
            await database.read(lambda tx, named=who: reading_user(tx, caller(tx, credential), named))


async def test_a_reader_is_the_owner_or_whom_the_program_names_or_nobody(database: Database) -> None:
    _, credential = program(database)
    ada = await database.write(lambda tx: acting_user(tx, caller(tx, credential), ADA))
    assert await database.read(lambda tx: reading_user(tx, caller(tx, credential), ADA)) == ada
    assert await database.read(lambda tx: reading_user(tx, caller(tx, credential), None)) is None


async def test_the_owner_of_a_token_reads_whoever_is_named(database: Database) -> None:
    owner, credential = person(database)
    for who in (None, ADA):
        assert await database.read(lambda tx, named=who: reading_user(tx, caller(tx, credential), named)) == owner


names = st.one_of(
    st.text(max_size=300),
    st.text(st.characters(), max_size=20),
    st.sampled_from([method.value for method in AuthMethod]),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.builds(Identity, names, names, st.none() | names))
def test_whatever_a_program_says_makes_a_user_or_a_sentence(database: Database, who: Identity) -> None:
    client = Client(id=IMPORT_CLIENT_ID, description="bot", trusted=False)
    before = database.run(lambda tx: len(people.everybody(tx)))
    try:
        made = database.run(lambda tx: acting_user(tx, Caller(client), who))
    except OaError:
        assert database.run(lambda tx: len(people.everybody(tx))) == before
        return
    assert (made.username, made.auth_method) == (who.username, who.auth_method)
    assert database.run(lambda tx: reading_user(tx, Caller(client), who)) == made


# --- when it was last used -------------------------------------------------------------------------------------------


def test_the_use_of_a_credential_is_due_once_an_hour() -> None:
    uses, one, other = Uses(), Credential("oak_1"), Credential("oak_2")
    due = [
        uses.is_due(one, NOON),
        uses.is_due(one, NOON + timedelta(minutes=59)),
        uses.is_due(other, NOON + timedelta(minutes=59)),
        uses.is_due(one, NOON + timedelta(minutes=60)),
        uses.is_due(one, NOON + timedelta(minutes=61)),
    ]
    assert due == [True, False, True, True, False]


@pytest.mark.parametrize("wanted", ["key", "token"])
def test_a_use_is_noted_to_the_hour(database: Database, wanted: str) -> None:
    credential = program(database)[1] if wanted == "key" else person(database)[1]
    table = tables.api_clients if wanted == "key" else tables.tokens
    column = table.c.last_used_date
    seen: list[datetime | None] = []
    for minutes in (0, 59, 60):
        database.run(at(NOON + timedelta(minutes=minutes), lambda tx: access.note_use(tx, credential)))
        dates = database.run(
            lambda tx: tx.connection.execute(select(column).where(column.is_not(None))).scalars().all()
        )
        seen += dates
    assert seen == [NOON, NOON, NOON + timedelta(hours=1)]


def test_a_use_of_an_unknown_credential_changes_nothing(database: Database) -> None:
    program(database)
    database.run(lambda tx: access.note_use(tx, Credential("oak_unknown")))
    assert database.run(lambda tx: keys.keys(tx))[0].last_used_date is None
