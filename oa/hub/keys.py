"""The secrets that open the hub: people's tokens and programs' keys are made, listed and revoked here.

A secret is told to whoever makes it, once. Only its hash is kept.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from datetime import timedelta

from oa.domain.people import AccessToken, ApiKey, Client, TokenScope, User, check_name
from oa.errors import Conflict, Invalid, NotFound
from oa.hub.access import KEY_PREFIX, TOKEN_PREFIX, hash_secret
from oa.store import credentials, journal
from oa.store.database import Transaction

HINT_LENGTH = 8
"""The prefix, and four characters of the 256 random bits behind it."""

LONGEST_NAME = 256


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token that somebody asks for."""

    name: str
    """What it is for: "laptop", "my bot"."""
    scopes: tuple[TokenScope, ...] = (TokenScope.ALL,)
    lifetime: timedelta | None = None
    """None for a token that holds until it is revoked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewClient:
    """A program that is to get a key."""

    description: str
    trusted: bool = False
    """May moderate, and sees what other programs' users did."""
    frontend_type: str | None = None
    admin_email: str | None = None


@dataclass(frozen=True, slots=True)
class IssuedToken:
    token: AccessToken
    secret: str


@dataclass(frozen=True, slots=True)
class IssuedKey:
    client: Client
    secret: str


def issue_token(tx: Transaction, owner: User, wanted: NewToken, *, by: User | None = None) -> IssuedToken:
    """Make a token for somebody who has an account.

    Raises:
        Invalid: the name is empty or too long, no scope is named, or the lifetime is none.
    """
    _check_description("a token's name", wanted.name)
    if not wanted.scopes:
        raise Invalid(f"a token needs a scope: {', '.join(TokenScope)}")
    if wanted.lifetime is not None and wanted.lifetime <= timedelta(0):
        raise Invalid("a token must live for some time")
    secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
    token = AccessToken(
        id=tx.new_id(),
        user_id=owner.id,
        name=wanted.name,
        hint=secret[:HINT_LENGTH],
        scopes=wanted.scopes,
        created_date=tx.now,
        expiry_date=None if wanted.lifetime is None else tx.now + wanted.lifetime,
    )
    credentials.add_token(tx, token, hash_secret(secret))
    journal.add(tx, "token_created", user_id=by and by.id, owner=str(owner.id), token=str(token.id), name=token.name)
    return IssuedToken(token, secret)


def tokens_of(tx: Transaction, owner: User) -> list[AccessToken]:
    """The owner's tokens, oldest first, with the expired and without the revoked ones."""
    return credentials.tokens_of(tx, owner.id)


def revoke_token(tx: Transaction, owner: User, which: str, *, by: User | None = None) -> AccessToken:
    """Make one of the owner's tokens worthless.

    Args:
        which: its id, its name, or how it begins.

    Raises:
        NotFound: the owner has no such token.
        Conflict: several tokens are called so.
    """
    matching = [token for token in tokens_of(tx, owner) if which in (str(token.id), token.name, token.hint)]
    if not matching:
        raise NotFound(f"{owner.display_name} has no token {which}")
    if len(matching) > 1:
        raise Conflict(f"{len(matching)} tokens of {owner.display_name} are called {which}; name one by its id")
    (token,) = matching
    credentials.revoke_token(tx, token.id)
    journal.add(tx, "token_revoked", user_id=by and by.id, owner=str(owner.id), token=str(token.id), name=token.name)
    return replace(token, revoked_date=tx.now)


def create_client(tx: Transaction, wanted: NewClient, *, by: User | None = None) -> IssuedKey:
    """Register a program and make its key.

    Raises:
        Invalid: the description is empty or too long.
    """
    _check_description("a program's description", wanted.description)
    for text in (wanted.frontend_type, wanted.admin_email):
        check_name("what is said of a program", text or "", LONGEST_NAME)
    client = Client(
        id=tx.new_id(),
        description=wanted.description,
        trusted=wanted.trusted,
        frontend_type=wanted.frontend_type,
        admin_email=wanted.admin_email,
    )
    secret = KEY_PREFIX + secrets.token_urlsafe(32)
    key = ApiKey(client=client, hint=secret[:HINT_LENGTH], created_date=tx.now)
    credentials.add_key(tx, key, hash_secret(secret))
    made_by = by and by.id
    name, trusted = client.description, client.trusted
    journal.add(tx, "key_created", user_id=made_by, api_client_id=client.id, name=name, trusted=trusted)
    return IssuedKey(client, secret)


def keys(tx: Transaction) -> list[ApiKey]:
    """Every program with a key, oldest first, with the revoked ones."""
    return credentials.keys(tx)


def revoke_key(tx: Transaction, which: str, *, by: User | None = None) -> Client:
    """Make a program's key worthless; what the program has brought stays.

    Args:
        which: the program's id, its description, or how the key begins.

    Raises:
        NotFound: there is no such program, or its key was revoked before.
        Conflict: several programs are described so.
    """
    matching = [key.client for key in keys(tx) if which in (str(key.client.id), key.client.description, key.hint)]
    matching = [client for client in matching if client.enabled]
    if not matching:
        raise NotFound(f"there is no key {which} that holds; `oa keys list` shows the keys")
    if len(matching) > 1:
        raise Conflict(f"{len(matching)} keys are called {which}; name one by its id, which `oa keys list` shows")
    (client,) = matching
    credentials.disable_client(tx, client.id)
    journal.add(tx, "key_revoked", user_id=by and by.id, api_client_id=client.id, name=client.description)
    return replace(client, enabled=False)


def _check_description(what: str, text: str) -> None:
    if not text.strip():
        raise Invalid(f"{what} cannot be empty")
    check_name(what, text, LONGEST_NAME)
