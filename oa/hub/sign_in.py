"""Everything for which a password is hashed: signing in, registering, the first admin.

Hashing is slow on purpose, so it runs between two transactions, in threads of its own: what was read before is checked
again when the writing begins. Those threads are few and their queue is short, so that a flood of passwords costs
neither memory nor anybody else's time.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeVar

from oa.domain.people import Account, Admission, account_name
from oa.errors import Invalid, InvalidAuthentication, TooMany, UserDisabled
from oa.hub import accounts, keys, passwords
from oa.hub.accounts import NewAccount
from oa.hub.keys import IssuedToken, NewToken
from oa.store import accounts as stored
from oa.store.database import Database, Transaction

T = TypeVar("T")

TOKEN_LIFETIME = timedelta(days=90)
"""Of the token that somebody gets for a password; then they type it again."""

THREADS = 2
LONGEST_QUEUE = 64
"""Passwords that may wait to be hashed; each takes some 50 ms."""

WRONG_GUESSES = 10
GUESSES_WINDOW_S = 900.0
MOST_KEPT = 10_000
"""Names and origins whose wrong guesses are remembered; the oldest go first."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Somebody who has proved who they are, and the token that proves it from now on."""

    account: Account
    token: IssuedToken


@dataclass(frozen=True, slots=True)
class Password:
    """What somebody types to sign in, and from where."""

    name: str
    password: str = field(repr=False)
    origin: str = ""
    """The address it came from: wrong guesses from one address do not lock out another."""
    device: str = "sign-in"
    """What the token is to be called."""


class FrontDesk:
    """Where people show a password. One for each hub; `close` it when the hub stops."""

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._clock = clock
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="oa-passwords")
        self._waiting = 0
        self._guesses: dict[tuple[str, str], _Guesses] = {}  # oldest start first

    async def sign_in(self, shown: Password) -> SignedIn:
        """A token for the right name and password.

        Raises:
            InvalidAuthentication: one of them is wrong; which one, neither the sentence nor the time says.
            UserDisabled: they are right, but the person was disabled.
            TooMany: too many wrong guesses for this name, or too many people at once.
        """
        key = (_name_or_nobody(shown.name), shown.origin)
        self._check_guesses(key)
        found = await self._database.read(lambda tx: stored.account_by_name(tx, key[0]))
        password_hash = found.password_hash if found else None
        if not await self._in_thread(lambda: passwords.is_right(password_hash, shown.password)):
            self._count_guess(key)
            raise _wrong()
        self._guesses.pop(key, None)
        assert password_hash is not None  # nothing is right where there is no password
        renewed = None
        if passwords.is_outdated(password_hash):
            renewed = await self._in_thread(lambda: passwords.hash_password(shown.password))
        return await self._database.write(lambda tx: _enter(tx, key[0], password_hash, renewed, shown.device))

    async def check(self, shown: Password) -> None:
        """Let pass whoever shows the right password, or has none.

        Raises:
            InvalidAuthentication: it is wrong.
            TooMany: too many wrong guesses for this name, or too many people at once.
        """
        key = (_name_or_nobody(shown.name), shown.origin)
        self._check_guesses(key)
        found = await self._database.read(lambda tx: stored.account_by_name(tx, key[0]))
        if found is None or found.password_hash is None:
            return
        password_hash = found.password_hash
        if not await self._in_thread(lambda: passwords.is_right(password_hash, shown.password)):
            self._count_guess(key)
            raise InvalidAuthentication("the password is wrong; type the one of this account")
        self._guesses.pop(key, None)

    async def register(self, shown: Password, admission: Admission, code: str | None = None) -> SignedIn:
        """An account and a token for somebody new.

        Raises:
            RegistrationClosed: nobody may register, or not without a code, or the code does not hold.
            Invalid: the name or the password cannot be one.
            NameTaken: somebody has the name already.
            TooMany: too many people at once.
        """
        return await self._make(shown, lambda tx, new: accounts.register(tx, new, admission, code))

    async def claim_admin(self, shown: Password, code: str) -> SignedIn:
        """The first admin's account and token, for the code that the hub printed when it started.

        Raises:
            RegistrationClosed: the code does not hold, or there is an admin by now.
            Invalid: the name or the password cannot be one.
            NameTaken: somebody has the name already.
            TooMany: too many people at once.
        """
        return await self._make(shown, lambda tx, new: accounts.claim_admin(tx, code, new.name, new.password_hash))

    def close(self) -> None:
        """Let go of the threads, once they have finished what they do."""
        self._threads.shutdown(cancel_futures=True)

    async def _make(self, shown: Password, make: Callable[[Transaction, NewAccount], Account]) -> SignedIn:
        account_name(shown.name)  # a name that cannot be one is not worth the hashing
        password_hash = await self._in_thread(lambda: passwords.hash_password(shown.password))
        new = NewAccount(shown.name, password_hash=password_hash)

        def use_case(tx: Transaction) -> SignedIn:
            account = make(tx, new)
            return SignedIn(account, _token(tx, account, shown.device))

        return await self._database.write(use_case)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        if self._waiting >= LONGEST_QUEUE:
            raise TooMany("too many people sign in at this moment; try again in a few seconds", retry_after_s=5)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1

    def _check_guesses(self, key: tuple[str, str]) -> None:
        guesses = self._guesses.get(key)
        left_s = 0.0 if guesses is None else guesses.since + GUESSES_WINDOW_S - self._clock()
        if guesses is None or left_s <= 0 or guesses.count < WRONG_GUESSES:
            return
        minutes = math.ceil(left_s / 60)
        raise TooMany(
            f"too many wrong passwords for this name; come back in {minutes} min", retry_after_s=math.ceil(left_s)
        )

    def _count_guess(self, key: tuple[str, str]) -> None:
        now = self._clock()
        guesses = self._guesses.get(key)
        if guesses is None or guesses.since + GUESSES_WINDOW_S <= now:
            self._guesses.pop(key, None)
            guesses = self._guesses[key] = _Guesses(now)
        guesses.count += 1
        if len(self._guesses) > MOST_KEPT:
            del self._guesses[next(iter(self._guesses))]


@dataclass(slots=True)
class _Guesses:
    since: float
    """Seconds on the clock."""
    count: int = 0


def _enter(tx: Transaction, username: str, password_hash: str, renewed: str | None, device: str) -> SignedIn:
    account = stored.account_by_name(tx, username)
    if account is None or account.password_hash != password_hash:
        raise _wrong()  # it was changed while it was being checked
    if account.user.deleted or not account.user.enabled:
        raise UserDisabled("this account is disabled; ask whoever runs this hub why")
    if renewed is not None:
        stored.set_password_hash(tx, account.user.id, renewed)
    return SignedIn(account, _token(tx, account, device))


def _token(tx: Transaction, account: Account, device: str) -> IssuedToken:
    return keys.issue_token(tx, account.user, NewToken(device, lifetime=TOKEN_LIFETIME), by=account.user)


def _name_or_nobody(typed: str) -> str:
    try:
        return account_name(typed)
    except Invalid:
        return ""  # no account has it, and the answer is the same as for any other wrong name


def _wrong() -> InvalidAuthentication:
    return InvalidAuthentication("the name or the password is wrong")
