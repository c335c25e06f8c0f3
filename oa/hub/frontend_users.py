"""The users that programs speak for: making them known, changing and reading them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from oa.domain.people import LONGEST_DISPLAY_NAME, Caller, Identity, User, check_name, left_name
from oa.errors import ClientNotAuthorized, Invalid, UserNotFound
from oa.hub import access, accounts, moderators, terms
from oa.hub.moderators import Moderator
from oa.store import journal, people
from oa.store.database import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class UserChanges:
    """What is to become of a user; None leaves it as it is."""

    enabled: bool | None = None
    show_on_leaderboard: bool | None = None
    accepts_terms: bool = False
    """They accept the terms of use, as of now unless they did before."""
    notes: str | None = None

    def applied_to(self, user: User, now: datetime) -> User:
        return replace(
            user,
            enabled=user.enabled if self.enabled is None else self.enabled,
            show_on_leaderboard=(
                user.show_on_leaderboard if self.show_on_leaderboard is None else self.show_on_leaderboard
            ),
            tos_acceptance_date=user.tos_acceptance_date or (now if self.accepts_terms else None),
            notes=user.notes if self.notes is None else self.notes,
        )


def make_known(tx: Transaction, caller: Caller, who: Identity, changes: UserChanges) -> User:
    """The user whom a program names, made at first sight, renamed and changed as asked. Disabled users stay so unless
    `changes` says otherwise. With a person's token it is always its owner.

    Raises:
        ClientNotAuthorized: something besides the name would change, and the caller is not trusted. Then nothing does.
        AuthAndUsernameRequired, Invalid: as `access.acting_user`.
    """
    user = _barred(tx, caller, who) or access.acting_user(tx, caller, who)
    changed = changes.applied_to(user, tx.now)
    accepts = changes.accepts_terms and terms.is_open(tx, user)
    if changed == user and not accepts:
        return user
    if not (caller.person is not None and _concerns_oneself_only(user, changed)):
        access.require_trusted(caller)
    return _write(tx, caller, user, changed, accepts=accepts)


def change(
    tx: Transaction, moderator: Moderator, user_id: UUID, changes: UserChanges, display_name: str | None = None
) -> User:
    """The same for the user with an id, of whichever program.

    Raises:
        ClientNotAuthorized: the caller may not moderate.
        UserNotFound: nobody has this id, or they have left.
        PersonProtected: it is an admin and the caller is none, or oneself and it is not for oneself to decide.
        Conflict: it would leave the hub without an admin.
        Invalid: it cannot be a display name.
    """
    access.require_trusted(moderator.caller)
    user = people.user_by_id(tx, user_id)
    if user is None or user.username == left_name(user_id):
        raise UserNotFound("there is no user with this id")
    changed = changes.applied_to(user, tx.now)
    person = moderator.caller.person
    if person is None or person.id != user_id or not _concerns_oneself_only(user, changed):
        moderators.target(tx, moderators.in_own_name(moderator), user_id)
    if user.enabled and not changed.enabled:
        accounts.keep_an_admin(tx, user)
    if display_name is not None and display_name != user.display_name:
        people.rename_user(tx, user.id, checked_display_name(display_name))
        changed = replace(changed, display_name=display_name)
    accepts = changes.accepts_terms and terms.is_open(tx, user)
    return changed if changed == user and not accepts else _write(tx, moderator.caller, user, changed, accepts=accepts)


def checked_display_name(name: str) -> str:
    """
    Raises:
        Invalid: it is empty, too long or holds control characters.
    """
    if not name.strip():
        raise Invalid("a display name cannot be empty")
    check_name("a display name", name, LONGEST_DISPLAY_NAME)
    return name


def _write(tx: Transaction, caller: Caller, user: User, changed: User, *, accepts: bool) -> User:
    if accepts:
        changed = replace(changed, tos_acceptance_date=terms.accepted(tx, user))
    people.change_user(tx, changed)
    if changed.enabled != user.enabled:
        journal.add(
            tx,
            "user_enabled" if changed.enabled else "user_disabled",
            user_id=None if caller.person is None else caller.person.id,
            api_client_id=caller.client.id,
            changed_user=str(user.id),
        )
    return changed


def _barred(tx: Transaction, caller: Caller, who: Identity) -> User | None:
    """The user whom a program names, if they may not act: they can still be asked about and changed."""
    if caller.person is not None:
        return None
    user = access.known_user(tx, caller.client.id, who)
    return user if user is not None and (user.deleted or not user.enabled) else None


def _concerns_oneself_only(user: User, changed: User) -> bool:
    """Whether nothing else changes than what people decide for themselves."""
    return changed.enabled == user.enabled and changed.notes == user.notes


def by_name(tx: Transaction, caller: Caller, who: Identity, client_id: UUID | None) -> User:
    """The user whom a program names so; the caller's own program where `client_id` is None.

    Raises:
        ClientNotAuthorized: another program's user was asked for without trust.
        UserNotFound: there is none.
    """
    client_id = client_id or caller.client.id
    _check_may_read(caller, client_id)
    user = access.known_user(tx, client_id, who)
    if user is None:
        raise UserNotFound("this program has no such user")
    return shown_to(caller, user)


def by_id(tx: Transaction, caller: Caller, user_id: UUID, client_id: UUID | None) -> User:
    """The user with an id, of whichever program where `client_id` is None and the caller may know.

    Raises:
        ClientNotAuthorized: another program's users were asked for without trust.
        UserNotFound: there is none, or not for this caller.
    """
    if client_id is None and not caller.may_moderate:
        client_id = caller.client.id
    if client_id is not None:
        _check_may_read(caller, client_id)
    user = people.user_by_id(tx, user_id)
    if user is None or (client_id is not None and user.api_client_id != client_id):
        raise UserNotFound("there is no user with this id among those that you may see")
    return shown_to(caller, user)


def shown_to(caller: Caller, user: User) -> User:
    """The user without what is not for everybody: volunteers do not read what moderators have noted."""
    return user if caller.person is None or caller.may_moderate else replace(user, notes="")


def _check_may_read(caller: Caller, client_id: UUID) -> None:
    if client_id != caller.client.id and not caller.may_moderate:
        raise ClientNotAuthorized("only a trusted API key may read the users of another program")
