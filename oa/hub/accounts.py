"""People who sign in here: who may come in, what they may do, and who has gone.

Everything here is a transaction and takes password hashes; `oa.hub.sign_in` makes them, and checks passwords.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from oa.domain.people import (
    HUB_CLIENT_ID,
    Account,
    AccountRole,
    Admission,
    AuthMethod,
    User,
    account_display_name,
    account_name,
)
from oa.errors import Conflict, Invalid, NameTaken, RegistrationClosed, UserNotFound
from oa.hub.access import hash_secret
from oa.store import accounts, journal, people
from oa.store.accounts import Invitation
from oa.store.database import Transaction

FIRST_ADMIN_CODE_LIFETIME = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class NewAccount:
    """Somebody who is to sign in here."""

    name: str
    """As it was typed; capitals show, but do not tell two people apart."""
    role: AccountRole = AccountRole.VOLUNTEER
    password_hash: str | None = None
    """None for people who use access tokens alone."""


# --- people ----------------------------------------------------------------------------------------------------------


def create_account(tx: Transaction, wanted: NewAccount, *, by: User | None = None) -> Account:
    """Let somebody sign in from now on.

    Raises:
        Invalid: the name cannot be a user name.
        NameTaken: somebody has it already, perhaps with other capitals.
    """
    user = User(
        id=tx.new_id(),
        username=account_name(wanted.name),
        auth_method=AuthMethod.LOCAL,
        display_name=account_display_name(wanted.name),
        api_client_id=HUB_CLIENT_ID,
        created_date=tx.now,
    )
    account = Account(user, wanted.role, wanted.password_hash)
    if not accounts.add_account(tx, account):
        raise NameTaken(f"the name {user.username} is taken; choose another", username=user.username)
    journal.add(tx, "account_created", user_id=by and by.id, account=str(user.id), role=wanted.role)
    return account


def find_account(tx: Transaction, which: str) -> Account:
    """The account with this name or id.

    Raises:
        UserNotFound: there is none.
    """
    try:
        found = accounts.account_by_name(tx, account_name(which)) or accounts.account_by_id(tx, UUID(which))
    except (Invalid, ValueError):
        found = None
    if found is None:
        raise UserNotFound(f"nobody called {which} signs in here; `oa users list` shows who does")
    return found


def all_accounts(tx: Transaction) -> list[Account]:
    """Everybody who signs in here, in the order in which they came."""
    return accounts.all_accounts(tx)


def set_role(tx: Transaction, which: str, role: AccountRole, *, by: User | None = None) -> Account:
    """Give somebody a role.

    Raises:
        UserNotFound: nobody has that name or id.
        Conflict: it would leave the hub without an admin.
    """
    account = find_account(tx, which)
    if account.role is role:
        return account
    _keep_an_admin(tx, account)
    accounts.set_role(tx, account.user.id, role)
    journal.add(tx, "role_changed", user_id=by and by.id, account=str(account.user.id), before=account.role, after=role)
    return replace(account, role=role)


def set_password(tx: Transaction, which: str, password_hash: str, *, by: User | None = None) -> Account:
    """Give somebody a new password; their tokens keep working.

    Raises:
        UserNotFound: nobody has that name or id.
    """
    account = find_account(tx, which)
    accounts.set_password_hash(tx, account.user.id, password_hash)
    journal.add(tx, "password_changed", user_id=by and by.id, account=str(account.user.id))
    return replace(account, password_hash=password_hash)


def set_enabled(tx: Transaction, which: str, is_enabled: bool, *, by: User | None = None) -> User:
    """Shut somebody out, or let them in again; their work stays either way.

    Args:
        which: the name of somebody who signs in here, or the id of any user, those whom programs name included.

    Raises:
        UserNotFound: nobody has that name or id.
        Conflict: it would leave the hub without an admin.
    """
    user = any_user(tx, which)
    if user.enabled is is_enabled:
        return user
    account = accounts.account_by_id(tx, user.id)
    if account is not None and not is_enabled:
        _keep_an_admin(tx, account)
    people.enable_user(tx, user.id, is_enabled)
    journal.add(tx, "user_enabled" if is_enabled else "user_disabled", user_id=by and by.id, user=str(user.id))
    return replace(user, enabled=is_enabled)


def any_user(tx: Transaction, which: str) -> User:
    """The user with this id, or who signs in with this name.

    Raises:
        UserNotFound: there is none.
    """
    try:
        user = people.user_by_id(tx, UUID(which))
    except ValueError:
        user = None
    return user or find_account(tx, which).user


def keep_an_admin(tx: Transaction, user: User) -> None:
    """
    Raises:
        Conflict: without this user the hub would have no admin.
    """
    if (account := accounts.account_by_id(tx, user.id)) is not None:
        _keep_an_admin(tx, account)


def _keep_an_admin(tx: Transaction, account: Account) -> None:
    if account.role is AccountRole.ADMIN and account.user.enabled and not accounts.has_admin(tx, account.user.id):
        raise Conflict(f"{account.user.display_name} is the only admin; make somebody else an admin first")


# --- coming in -------------------------------------------------------------------------------------------------------


def invite(
    tx: Transaction,
    *,
    role: AccountRole = AccountRole.VOLUNTEER,
    uses: int = 1,
    lifetime: timedelta | None = None,
    by: User | None = None,
) -> str:
    """A code with which people make their own accounts; it is told here, once.

    Raises:
        Invalid: it would make admins, be of no use, or hold for no time.
    """
    if role is AccountRole.ADMIN:
        raise Invalid("an invitation makes volunteers or moderators; an admin makes admins out of them")
    if uses < 1 or (lifetime is not None and lifetime <= timedelta(0)):
        raise Invalid("an invitation must be good for at least one use, and for some time")
    code = _new_invitation(tx, role, uses, lifetime)
    journal.add(tx, "invitation_created", user_id=by and by.id, role=role, uses=uses)
    return code


def register(tx: Transaction, wanted: NewAccount, admission: Admission, code: str | None = None) -> Account:
    """Let somebody make their own account. Its role is the invitation's, and volunteer without one.

    Raises:
        RegistrationClosed: nobody may, or not without a code, or the code does not hold.
        Invalid: the name cannot be a user name.
        NameTaken: somebody has it already.
    """
    if admission is Admission.CLOSED:
        raise RegistrationClosed("this hub takes no registrations; ask whoever runs it for an account")
    if code:
        return create_account(tx, replace(wanted, role=_use(tx, code)))
    if admission is not Admission.OPEN:
        raise RegistrationClosed("this hub needs an invitation code; ask somebody who runs it for one")
    return create_account(tx, replace(wanted, role=AccountRole.VOLUNTEER))


def first_admin_code(tx: Transaction) -> str | None:
    """A code that makes the first admin, once and within half an hour; None where there is an admin.

    An earlier code that was not used holds no longer.
    """
    if accounts.has_admin(tx):
        return None
    accounts.forget_invitations(tx, AccountRole.ADMIN)
    return _new_invitation(tx, AccountRole.ADMIN, 1, FIRST_ADMIN_CODE_LIFETIME)


def claim_admin(tx: Transaction, code: str, username: str, password_hash: str | None) -> Account:
    """Make the first admin's account.

    Raises:
        RegistrationClosed: the code does not hold, or there is an admin by now.
        Invalid: the name cannot be a user name.
        NameTaken: somebody has it already.
    """
    if accounts.has_admin(tx):
        raise RegistrationClosed("this hub has an admin; ask them for an account")
    found = _valid_invitation(tx, code)
    if found.role is not AccountRole.ADMIN:
        raise _no_such_invitation()
    accounts.forget_invitations(tx, AccountRole.ADMIN)
    return create_account(tx, NewAccount(username, AccountRole.ADMIN, password_hash))


def _new_invitation(tx: Transaction, role: AccountRole, uses: int, lifetime: timedelta | None) -> str:
    code = secrets.token_urlsafe(16)
    expiry = None if lifetime is None else tx.now + lifetime
    accounts.add_invitation(tx, Invitation(tx.new_id(), role, expiry, uses), hash_secret(code))
    return code


def _use(tx: Transaction, code: str) -> AccountRole:
    found = _valid_invitation(tx, code)
    if found.role is AccountRole.ADMIN or not accounts.use_invitation(tx, found.id):
        raise _no_such_invitation()
    return found.role


def _valid_invitation(tx: Transaction, code: str) -> Invitation:
    found = accounts.invitation_by_hash(tx, hash_secret(code.strip()))
    is_over = found is not None and found.expiry_date is not None and found.expiry_date <= tx.now
    if found is None or is_over or found.uses_left < 1:
        raise _no_such_invitation()
    return found


def _no_such_invitation() -> RegistrationClosed:
    return RegistrationClosed("this code does not hold: mistyped, used up or too old; ask for a new one")
