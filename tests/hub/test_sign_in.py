from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from argon2 import PasswordHasher, extract_parameters

from oa.domain.people import Account, AccountRole, Admission
from oa.errors import Invalid, InvalidAuthentication, NameTaken, RegistrationClosed, TooMany, UserDisabled
from oa.hub import accounts, keys, passwords, sign_in
from oa.hub.access import Credential, caller
from oa.hub.accounts import NewAccount
from oa.hub.sign_in import FrontDesk, Password
from oa.store.database import Database

PASSWORD = "correct horse"
RIGHT = Password("Ada", PASSWORD, origin="192.0.2.1")
WRONG = Password("Ada", "wrong horse", origin="192.0.2.1")


@dataclass(slots=True)
class Stopwatch:
    now_s: float = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def stopwatch() -> Stopwatch:
    return Stopwatch()


@pytest.fixture
def desk(database: Database, stopwatch: Stopwatch) -> Iterator[FrontDesk]:
    desk = FrontDesk(database, clock=stopwatch)
    yield desk
    desk.close()


@pytest.fixture
def ada(database: Database) -> Account:
    new = NewAccount("Ada", password_hash=passwords.hash_password(PASSWORD))
    return database.run(lambda tx: accounts.create_account(tx, new))


# --- passwords -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "password", ["12345678", "correct horse", "пароль-пароль", "🐎" * 8, "\x00" * 8, "\ud800" * 8, "a" * 1024]
)
def test_a_password_is_recognised_and_no_other(password: str) -> None:
    kept = passwords.hash_password(password)
    assert kept.startswith("$argon2id$")
    assert passwords.is_right(kept, password)
    assert not passwords.is_right(kept, password + "x")
    assert not passwords.is_right(kept, "")


def test_two_keyboards_type_the_same_password() -> None:
    assert passwords.is_right(passwords.hash_password("Zoe\u0308 Ångström"), "Zoë A\u030angström")


@pytest.mark.parametrize("password", ["", "1234567", "a" * 1025])
def test_a_password_that_is_too_short_or_long_is_refused(password: str) -> None:
    with pytest.raises(Invalid, match="8 to 1024"):
        passwords.hash_password(password)


@pytest.mark.parametrize("kept", [None, "", "1234", "$argon2id$broken"])
def test_nothing_is_right_where_nothing_is_kept(kept: str | None) -> None:
    assert not passwords.is_right(kept, PASSWORD)


def test_whoever_does_not_exist_takes_as_long() -> None:
    """The decoy is hashed with the parameters of every new password."""
    assert extract_parameters(passwords.DECOY) == extract_parameters(passwords.hash_password(PASSWORD))
    assert not passwords.is_outdated(passwords.DECOY)


# --- signing in ------------------------------------------------------------------------------------------------------


async def test_the_right_password_gives_a_token(database: Database, desk: FrontDesk, ada: Account) -> None:
    signed_in = await desk.sign_in(replace(RIGHT, name="ADA", device="laptop"))
    assert signed_in.account == ada
    found = await database.read(lambda tx: caller(tx, Credential(signed_in.token.secret)))
    assert found.person == ada.user
    (token,) = await database.read(lambda tx: keys.tokens_of(tx, ada.user))
    assert token.name == "laptop"
    assert token.expiry_date == token.created_date + sign_in.TOKEN_LIFETIME


async def test_a_wrong_name_and_a_wrong_password_look_the_same(desk: FrontDesk, ada: Account) -> None:
    said: set[str] = set()
    for wrong in (WRONG, Password("nobody", PASSWORD), Password("", ""), Password("a\x00/", PASSWORD)):
        with pytest.raises(InvalidAuthentication) as refused:
            await desk.sign_in(wrong)
        said.add(str(refused.value))
    assert said == {"the name or the password is wrong"}


async def test_a_wrong_name_takes_as_long_as_a_wrong_password(
    desk: FrontDesk, ada: Account, stopwatch: Stopwatch
) -> None:
    async def seconds(wrong: Password) -> float:
        stopwatch.now_s += sign_in.GUESSES_WINDOW_S
        start = time.process_time()
        with pytest.raises(InvalidAuthentication):
            await desk.sign_in(wrong)
        return time.process_time() - start

    known = statistics.median([await seconds(WRONG) for _ in range(5)])
    unknown = statistics.median([await seconds(replace(WRONG, name="nobody")) for _ in range(5)])
    assert unknown > known / 3  # without the decoy it is a hundredth


async def test_people_without_a_password_do_not_sign_in_with_one(database: Database, desk: FrontDesk) -> None:
    await database.write(lambda tx: accounts.create_account(tx, NewAccount("Ada")))
    with pytest.raises(InvalidAuthentication):
        await desk.sign_in(RIGHT)


async def test_only_the_right_password_tells_that_somebody_is_disabled(
    database: Database, desk: FrontDesk, ada: Account
) -> None:
    await database.write(lambda tx: accounts.set_enabled(tx, "ada", False))
    with pytest.raises(InvalidAuthentication):
        await desk.sign_in(WRONG)
    with pytest.raises(UserDisabled):
        await desk.sign_in(RIGHT)
    assert await database.read(lambda tx: keys.tokens_of(tx, ada.user)) == []


async def test_a_new_password_replaces_the_old_one(database: Database, desk: FrontDesk, ada: Account) -> None:
    new = passwords.hash_password("another horse")
    await database.write(lambda tx: accounts.set_password(tx, "ada", new))
    with pytest.raises(InvalidAuthentication):
        await desk.sign_in(RIGHT)
    assert (await desk.sign_in(replace(RIGHT, password="another horse"))).account.user == ada.user


async def test_a_password_that_changes_while_it_is_checked_is_wrong(
    database: Database, desk: FrontDesk, ada: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = passwords.is_right

    def change_meanwhile(kept: str | None, password: str) -> bool:
        database.run(lambda tx: accounts.set_password(tx, "ada", passwords.DECOY))
        return check(kept, password)

    monkeypatch.setattr(passwords, "is_right", change_meanwhile)
    with pytest.raises(InvalidAuthentication):
        await desk.sign_in(RIGHT)


async def test_an_old_hash_is_made_anew_when_its_owner_signs_in(database: Database, desk: FrontDesk) -> None:
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    await database.write(lambda tx: accounts.create_account(tx, NewAccount("Ada", password_hash=weak)))
    await desk.sign_in(RIGHT)
    kept = (await database.read(lambda tx: accounts.find_account(tx, "ada"))).password_hash
    assert kept is not None
    assert not passwords.is_outdated(kept)
    assert passwords.is_right(kept, PASSWORD)


async def test_the_hub_goes_on_while_passwords_are_checked(desk: FrontDesk, ada: Account) -> None:
    pauses: list[float] = []
    signing_in = asyncio.gather(*(desk.sign_in(RIGHT) for _ in range(6)))
    while not signing_in.done():
        start = time.perf_counter()
        await asyncio.sleep(0)
        pauses.append(time.perf_counter() - start)
    await signing_in
    assert len(pauses) > 50  # a loop that waited for the hashing would come round once for each


# --- guessing --------------------------------------------------------------------------------------------------------


async def guess_wrong(desk: FrontDesk, shown: Password, times: int) -> None:
    for _ in range(times):
        with pytest.raises(InvalidAuthentication):
            await desk.sign_in(shown)


@pytest.mark.parametrize("name", ["Ada", "nobody"])
async def test_whoever_guesses_waits(desk: FrontDesk, ada: Account, stopwatch: Stopwatch, name: str) -> None:
    await guess_wrong(desk, replace(WRONG, name=name), sign_in.WRONG_GUESSES)
    stopwatch.now_s += 100.5
    with pytest.raises(TooMany) as refused:
        await desk.sign_in(replace(RIGHT, name=name.upper()))
    assert refused.value.retry_after_s == 800
    stopwatch.now_s += 800
    if name == "Ada":
        assert (await desk.sign_in(RIGHT)).account == ada
    else:
        await guess_wrong(desk, replace(WRONG, name=name), 1)


async def test_guesses_elsewhere_lock_nobody_out(desk: FrontDesk, ada: Account) -> None:
    await guess_wrong(desk, WRONG, sign_in.WRONG_GUESSES)
    assert (await desk.sign_in(replace(RIGHT, origin="198.51.100.7"))).account == ada


async def test_the_right_password_forgives_the_wrong_ones(desk: FrontDesk, ada: Account) -> None:
    for _ in range(3):
        await guess_wrong(desk, WRONG, sign_in.WRONG_GUESSES - 1)
        await desk.sign_in(RIGHT)


async def test_guesses_long_ago_are_forgotten(desk: FrontDesk, ada: Account, stopwatch: Stopwatch) -> None:
    await guess_wrong(desk, WRONG, sign_in.WRONG_GUESSES - 1)
    stopwatch.now_s += sign_in.GUESSES_WINDOW_S
    await guess_wrong(desk, WRONG, 2)
    assert (await desk.sign_in(RIGHT)).account == ada


async def test_memory_of_guesses_is_bounded(desk: FrontDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sign_in, "MOST_KEPT", 2)
    await guess_wrong(desk, WRONG, sign_in.WRONG_GUESSES)
    for name in ("one", "two"):
        await guess_wrong(desk, replace(WRONG, name=name), 1)
    await guess_wrong(desk, WRONG, 1)  # the oldest was let go


async def test_a_flood_of_passwords_is_turned_away(
    desk: FrontDesk, ada: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sign_in, "LONGEST_QUEUE", 3)
    outcomes = await asyncio.gather(*(desk.sign_in(RIGHT) for _ in range(8)), return_exceptions=True)
    assert sum(isinstance(outcome, TooMany) for outcome in outcomes) == 5
    assert (await desk.sign_in(RIGHT)).account == ada


# --- coming in -------------------------------------------------------------------------------------------------------


async def test_whoever_registers_is_signed_in(database: Database, desk: FrontDesk) -> None:
    made = await desk.register(RIGHT, Admission.OPEN)
    assert made.account.role is AccountRole.VOLUNTEER
    found = await database.read(lambda tx: caller(tx, Credential(made.token.secret)))
    assert found.person == made.account.user
    assert (await desk.sign_in(RIGHT)).account == made.account


async def test_a_registration_that_is_refused_leaves_nothing(database: Database, desk: FrontDesk, ada: Account) -> None:
    refused = [
        (RegistrationClosed, replace(RIGHT, name="grace"), Admission.CLOSED, None),
        (RegistrationClosed, replace(RIGHT, name="grace"), Admission.INVITATION, "wrong"),
        (NameTaken, RIGHT, Admission.OPEN, None),
        (Invalid, replace(RIGHT, name="a/b"), Admission.OPEN, None),
        (Invalid, replace(RIGHT, name="grace", password="short"), Admission.OPEN, None),
    ]
    for error, shown, admission, code in refused:
        with pytest.raises(error):
            await desk.register(shown, admission, code)
    assert await database.read(accounts.all_accounts) == [ada]


async def test_the_first_admin_is_signed_in(database: Database, desk: FrontDesk) -> None:
    code = await database.write(accounts.first_admin_code)
    assert code is not None
    with pytest.raises(Invalid):
        await desk.claim_admin(replace(RIGHT, password="short"), code)
    made = await desk.claim_admin(RIGHT, code)
    found = await database.read(lambda tx: caller(tx, Credential(made.token.secret)))
    assert found.is_admin


def test_a_password_is_not_shown_by_accident() -> None:
    assert PASSWORD not in repr(RIGHT)
