from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import pytest

from oa.domain.people import TokenScope, User
from oa.errors import Conflict, Invalid, NotFound
from oa.hub import accounts, keys
from oa.hub.access import Credential, caller
from oa.hub.accounts import NewAccount
from oa.hub.keys import IssuedToken, NewClient, NewToken
from oa.store.database import Database, Transaction

T = TypeVar("T")

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def at(when: datetime, use_case: Callable[[Transaction], T]) -> Callable[[Transaction], T]:
    """The same use case at a certain time."""
    return lambda tx: use_case(dataclasses.replace(tx, now=when))


@pytest.fixture
def ada(database: Database) -> User:
    return database.run(lambda tx: accounts.create_account(tx, NewAccount("Ada"))).user


def issue(database: Database, owner: User, name: str, when: datetime = NOON) -> IssuedToken:
    return database.run(at(when, lambda tx: keys.issue_token(tx, owner, NewToken(name))))


def test_a_token_says_what_it_is_for_and_how_it_begins(database: Database, ada: User) -> None:
    wanted = NewToken("laptop", (TokenScope.READ, TokenScope.COLLECT), timedelta(days=30))
    issued = database.run(at(NOON, lambda tx: keys.issue_token(tx, ada, wanted)))
    assert re.fullmatch(r"oat_[\w-]{43}", issued.secret)
    assert database.run(lambda tx: keys.tokens_of(tx, ada)) == [issued.token]
    assert issued.secret.startswith(issued.token.hint)
    assert len(issued.token.hint) == 8
    assert (issued.token.scopes, issued.token.expiry_date) == (wanted.scopes, NOON + timedelta(days=30))


def test_secrets_differ(database: Database, ada: User) -> None:
    made = {issue(database, ada, "laptop").secret for _ in range(20)}
    assert len(made) == 20


def test_people_see_their_own_tokens_oldest_first(database: Database, ada: User) -> None:
    grace = database.run(lambda tx: accounts.create_account(tx, NewAccount("Grace"))).user
    later, earlier = issue(database, ada, "b", NOON + timedelta(1)), issue(database, ada, "a")
    issue(database, grace, "c")
    assert database.run(lambda tx: keys.tokens_of(tx, ada)) == [earlier.token, later.token]


@pytest.mark.parametrize("by", ["id", "name", "hint"])
def test_a_token_is_revoked_by_whatever_names_it(database: Database, ada: User, by: str) -> None:
    token = issue(database, ada, "laptop").token
    kept = issue(database, ada, "phone").token
    revoked = database.run(at(NOON, lambda tx: keys.revoke_token(tx, ada, str(getattr(token, by)))))
    assert revoked == dataclasses.replace(token, revoked_date=NOON)
    assert database.run(lambda tx: keys.tokens_of(tx, ada)) == [kept]
    with pytest.raises(NotFound):
        database.run(lambda tx: keys.revoke_token(tx, ada, str(getattr(token, by))))


def test_several_tokens_of_one_name_are_told_apart_by_their_ids(database: Database, ada: User) -> None:
    one, _ = issue(database, ada, "laptop"), issue(database, ada, "laptop")
    with pytest.raises(Conflict, match="2 tokens of Ada are called laptop"):
        database.run(lambda tx: keys.revoke_token(tx, ada, "laptop"))
    database.run(lambda tx: keys.revoke_token(tx, ada, str(one.token.id)))
    assert len(database.run(lambda tx: keys.tokens_of(tx, ada))) == 1


def test_nobody_revokes_the_token_of_another(database: Database, ada: User) -> None:
    grace = database.run(lambda tx: accounts.create_account(tx, NewAccount("Grace"))).user
    token = issue(database, ada, "laptop").token
    with pytest.raises(NotFound):
        database.run(lambda tx: keys.revoke_token(tx, grace, str(token.id)))


@pytest.mark.parametrize(
    "wanted",
    [
        NewToken(""),
        NewToken("  "),
        NewToken("a" * 257),
        NewToken("a\nb"),
        NewToken("laptop", ()),
        NewToken("laptop", lifetime=timedelta(0)),
    ],
    ids=["no name", "blank", "long", "two lines", "no scope", "no time"],
)
def test_a_token_that_cannot_be_is_refused(database: Database, ada: User, wanted: NewToken) -> None:
    with pytest.raises(Invalid):
        database.run(lambda tx: keys.issue_token(tx, ada, wanted))
    assert database.run(lambda tx: keys.tokens_of(tx, ada)) == []


def test_a_program_is_registered_with_its_key(database: Database) -> None:
    wanted = NewClient(description="bot", trusted=True, frontend_type="discord", admin_email="ada@example.org")
    issued = database.run(at(NOON, lambda tx: keys.create_client(tx, wanted)))
    assert re.fullmatch(r"oak_[\w-]{43}", issued.secret)
    (key,) = database.run(keys.keys)
    assert (key.client, key.created_date) == (issued.client, NOON)
    assert issued.secret.startswith(key.hint)
    assert dataclasses.asdict(issued.client) | dataclasses.asdict(wanted) == dataclasses.asdict(issued.client)
    assert database.run(lambda tx: caller(tx, Credential(issued.secret))).client == issued.client


@pytest.mark.parametrize("by", ["id", "description", "hint"])
def test_a_key_is_revoked_by_whatever_names_it_and_stays_listed(database: Database, by: str) -> None:
    client = database.run(lambda tx: keys.create_client(tx, NewClient(description="bot"))).client
    (key,) = database.run(keys.keys)
    which = key.hint if by == "hint" else str(getattr(client, by))
    revoked = database.run(lambda tx: keys.revoke_key(tx, which))
    assert revoked == dataclasses.replace(client, enabled=False)
    assert [key.client for key in database.run(keys.keys)] == [revoked]
    with pytest.raises(NotFound):
        database.run(lambda tx: keys.revoke_key(tx, which))


def test_several_keys_of_one_name_are_told_apart_by_their_ids(database: Database) -> None:
    one = database.run(lambda tx: keys.create_client(tx, NewClient(description="bot"))).client
    database.run(lambda tx: keys.create_client(tx, NewClient(description="bot")))
    with pytest.raises(Conflict, match="2 keys are called bot"):
        database.run(lambda tx: keys.revoke_key(tx, "bot"))
    database.run(lambda tx: keys.revoke_key(tx, str(one.id)))
    assert not database.run(lambda tx: keys.revoke_key(tx, "bot")).enabled


@pytest.mark.parametrize(
    "wanted",
    [
        NewClient(description=" "),
        NewClient(description="a\x00"),
        NewClient(description="a" * 257),
        NewClient(description="bot", admin_email="a" * 257),
        NewClient(description="bot", frontend_type="\x1b"),
    ],
)
def test_a_program_that_cannot_be_described_so_is_refused(database: Database, wanted: NewClient) -> None:
    with pytest.raises(Invalid):
        database.run(lambda tx: keys.create_client(tx, wanted))
    assert database.run(keys.keys) == []


def test_the_hub_itself_has_no_key(database: Database, ada: User) -> None:
    assert ada.enabled
    assert database.run(keys.keys) == []
