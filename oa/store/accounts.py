"""People who sign in here, and the invitations that let them in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, bindparam, delete, exists, select, update

from oa.domain.people import HUB_CLIENT_ID, Account, AccountRole, AuthMethod
from oa.store.database import Transaction
from oa.store.people import USER_COLUMNS, add_user, user_of
from oa.store.tables import accounts, invitations, users

ACCOUNT_COLUMNS = (*USER_COLUMNS, accounts.c.role, accounts.c.password_hash)
NOBODY = UUID(int=0)
AnySelect = Select[*tuple[Any, ...]]


def _accounts() -> AnySelect:
    return select(*ACCOUNT_COLUMNS).join_from(accounts, users, accounts.c.user_id == users.c.id)


ALL = _accounts().order_by(users.c.created_date, users.c.id)
BY_NAME = _accounts().where(
    users.c.api_client_id == HUB_CLIENT_ID,
    users.c.auth_method == AuthMethod.LOCAL.value,
    users.c.username == bindparam("username"),
)
BY_ID = _accounts().where(accounts.c.user_id == bindparam("user_id"))
HAS_ADMIN = select(
    exists(accounts.c.user_id).where(
        accounts.c.user_id == users.c.id,
        accounts.c.role == AccountRole.ADMIN.value,
        accounts.c.user_id != bindparam("besides"),
        users.c.enabled,
        ~users.c.deleted,
    )
)
SET_ROLE = update(accounts).where(accounts.c.user_id == bindparam("owner_id")).values(role=bindparam("new_role"))
SET_PASSWORD = (
    update(accounts)
    .where(accounts.c.user_id == bindparam("owner_id"))
    .values(password_hash=bindparam("new_password_hash"))
)
INVITATION_BY_HASH = select(
    invitations.c.id, invitations.c.role, invitations.c.expiry_date, invitations.c.uses_left
).where(invitations.c.code_hash == bindparam("secret_hash"))
USE_INVITATION = (
    update(invitations)
    .where(invitations.c.id == bindparam("invitation_id"), invitations.c.uses_left > 0)
    .values(uses_left=invitations.c.uses_left - 1)
)
FORGET_INVITATIONS = delete(invitations).where(invitations.c.role == bindparam("for_role"))


@dataclass(frozen=True, slots=True)
class Invitation:
    id: UUID
    role: AccountRole
    expiry_date: datetime | None
    uses_left: int


def add_account(tx: Transaction, account: Account) -> bool:
    """Add a person; False, and nothing changed, where the name is taken."""
    if not add_user(tx, account.user):
        return False
    values = {"user_id": account.user.id, "role": account.role.value, "password_hash": account.password_hash}
    tx.connection.execute(accounts.insert(), values)
    return True


def account_by_name(tx: Transaction, username: str) -> Account | None:
    row = tx.execute(BY_NAME, {"username": username}).one_or_none()
    return _account_of(row) if row else None


def account_by_id(tx: Transaction, user_id: UUID) -> Account | None:
    row = tx.execute(BY_ID, {"user_id": user_id}).one_or_none()
    return _account_of(row) if row else None


def all_accounts(tx: Transaction) -> list[Account]:
    """In the order in which they came."""
    return [_account_of(row) for row in tx.execute(ALL)]


def has_admin(tx: Transaction, besides: UUID = NOBODY) -> bool:
    """Whether there is an enabled admin, one user not counted."""
    return bool(tx.execute(HAS_ADMIN, {"besides": besides}).scalar_one())


def set_role(tx: Transaction, user_id: UUID, role: AccountRole) -> None:
    tx.execute(SET_ROLE, {"owner_id": user_id, "new_role": role.value})


def set_password_hash(tx: Transaction, user_id: UUID, password_hash: str) -> None:
    tx.execute(SET_PASSWORD, {"owner_id": user_id, "new_password_hash": password_hash})


def add_invitation(tx: Transaction, invitation: Invitation, secret_hash: str) -> None:
    tx.connection.execute(
        invitations.insert(),
        {
            "id": invitation.id,
            "code_hash": secret_hash,
            "role": invitation.role.value,
            "created_date": tx.now,
            "expiry_date": invitation.expiry_date,
            "uses_left": invitation.uses_left,
        },
    )


def invitation_by_hash(tx: Transaction, secret_hash: str) -> Invitation | None:
    row = tx.execute(INVITATION_BY_HASH, {"secret_hash": secret_hash}).one_or_none()
    return Invitation(row.id, AccountRole(row.role), row.expiry_date, row.uses_left) if row else None


def use_invitation(tx: Transaction, invitation_id: UUID) -> bool:
    """Take one use of an invitation; False when none is left."""
    return tx.execute(USE_INVITATION, {"invitation_id": invitation_id}).rowcount == 1


def forget_invitations(tx: Transaction, role: AccountRole) -> None:
    """No invitation for this role holds any longer."""
    tx.execute(FORGET_INVITATIONS, {"for_role": role.value})


def _account_of(row: Iterable[Any]) -> Account:
    values = tuple(row)
    *_, role, password_hash = values
    return Account(user_of(values), AccountRole(role), password_hash)
