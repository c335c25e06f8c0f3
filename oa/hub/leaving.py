"""Leaving: the account is gone, and so is every trace of whose it was.

What they wrote stays under no name or goes as well, as the campaign says in advance. The database overwrites what is
erased; whoever has made somebody leave also calls `Database.empty_log`, so that the log of SQLite forgets it too.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from oa.domain.campaign import LeftMessages
from oa.domain.people import HUB_CLIENT_ID, Caller, Identity, User, account_name, left_name
from oa.errors import ClientNotAuthorized, Invalid, UserNotFound, UserNotSpecified
from oa.hub import access, accounts, campaigns, growth, moderate, moderators
from oa.hub.moderators import Moderator
from oa.store import journal, leaving, messages
from oa.store.database import Transaction


@dataclass(frozen=True, slots=True)
class Departure:
    """Somebody has left."""

    user_id: UUID
    left: LeftMessages
    messages: int
    """That they wrote, and that were kept or removed."""


def find_oneself(tx: Transaction, caller: Caller, who: Identity | None) -> User:
    """The person whom a request is about that says `me`.

    Raises:
        UserNotSpecified: a program named nobody.
        UserNotFound: it named somebody who is not there.
    """
    user = access.reading_user(tx, caller, who)
    if user is None:
        raise UserNotSpecified("say whom you speak for: `X-OASST-User: auth_method:username`")
    return user


def leave(tx: Transaction, caller: Caller, who: Identity | None, typed_name: str) -> Departure:
    """Somebody deletes their own account.

    Args:
        typed_name: their user name, to show that they mean it.

    Raises:
        UserNotSpecified, UserNotFound: as `find_oneself`.
        ClientNotAuthorized: the token reaches less far than its owner, or the program is not trusted.
        Invalid: the name is not theirs.
        Conflict: they are the only admin.
    """
    user = find_oneself(tx, caller, who)
    check_may_leave(tx, caller, user, typed_name)
    return _depart(tx, user, campaigns.current(tx).deleted_account_messages, by=user.id, through=caller)


def check_may_leave(tx: Transaction, caller: Caller, user: User, typed_name: str) -> None:
    """
    Raises:
        ClientNotAuthorized, Invalid, Conflict: as `leave`.
    """
    if caller.is_limited:
        raise ClientNotAuthorized("this access token does not reach so far; use one with the scope `all`")
    if caller.person is None:
        access.require_trusted(caller)
    if typed_name != user.username and not (user.api_client_id == HUB_CLIENT_ID and _is_name_of(user, typed_name)):
        raise Invalid("to delete the account, send its user name as `username`; this is another")
    accounts.keep_an_admin(tx, user)


def _is_name_of(user: User, typed: str) -> bool:
    try:
        return account_name(typed) == user.username
    except Invalid:
        return False


def remove_user(tx: Transaction, moderator: Moderator, user_id: UUID, left: LeftMessages | None = None) -> Departure:
    """Delete somebody's account for them; they are free to come back as somebody new.

    Args:
        left: what becomes of their messages; what the campaign says when None.

    Raises:
        ClientNotAuthorized: the caller may not moderate.
        UserNotFound: there is no such user, or they have left already.
        PersonProtected: it is the moderator, or an admin and the caller is none.
        Conflict: it would leave the hub without an admin.
    """
    user = moderators.target(tx, moderators.in_own_name(moderator), user_id)
    if user.username == left_name(user.id):
        raise UserNotFound("this user has left already")
    accounts.keep_an_admin(tx, user)
    wanted = left or campaigns.current(tx).deleted_account_messages
    return _depart(tx, user, wanted, by=moderators.acting(tx, moderator), through=moderator.caller)


def _depart(tx: Transaction, user: User, left: LeftMessages, *, by: UUID | None, through: Caller) -> Departure:
    written = leaving.written_by(tx, user.id)
    places = leaving.trees_with_places_of(tx, user.id)
    if left is LeftMessages.REMOVE:
        for one in written:
            if not one.deleted and not (message := messages.find(tx, one.id)).deleted:
                moderate.delete_below(tx, message)
        leaving.remove_texts(tx, user.id)
    leaving.forget_person(tx, user)
    for tree_id in places:
        growth.refresh_tree(tx, tree_id)
    client_id = through.client.id
    journal.add(tx, "user_left", user_id=by, api_client_id=client_id, user=str(user.id), messages=left.value)
    return Departure(user.id, left, len(written))
