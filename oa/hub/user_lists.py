"""Lists of users, and of what one of them wrote. Without trust a program sees its own users only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from oa.domain.paging import Page, PageRequest, Part, written
from oa.domain.people import Caller, Identity, User
from oa.domain.views import MessageFilter, MessageView, UserFilter, UserSortKey
from oa.errors import ClientNotAuthorized
from oa.hub import access, editing, frontend_users, trees
from oa.hub.moderators import Moderator, target
from oa.hub.trees import Reader
from oa.store import leaving, user_lists
from oa.store.database import Transaction


def users(tx: Transaction, caller: Caller, wanted: UserFilter, sort_key: UserSortKey, part: Part[str]) -> list[User]:
    """A part of the list of users, by one of their names.

    Raises:
        ClientNotAuthorized: a program without trust asked for the users of another.
    """
    found = user_lists.part_of_list(tx, _allowed(caller, wanted), sort_key, part)
    return [frontend_users.shown_to(caller, user) for user in found]


def user_page(
    tx: Transaction, caller: Caller, wanted: UserFilter, sort_key: UserSortKey, request: PageRequest[str]
) -> Page[User]:
    """A page of the same list.

    Raises:
        ClientNotAuthorized: as `users`.
    """
    found = users(tx, caller, wanted, sort_key, request.part())
    return request.page(found, lambda user: written(user.id, getattr(user, sort_key.value)), sort_key.value)


def _allowed(caller: Caller, wanted: UserFilter) -> UserFilter:
    if caller.may_moderate:
        return wanted
    if wanted.api_client_id not in (None, caller.client.id):
        raise ClientNotAuthorized("only a trusted API key may list the users of another program")
    return replace(wanted, api_client_id=caller.client.id)


# --- what somebody wrote ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Author:
    """Somebody whose messages are asked for: by the hub's id, or as their program names them."""

    name: UUID | Identity
    api_client_id: UUID | None = None
    """The program whose user it is; that of the caller when None, unless the name is an id and the caller may know."""


def find(tx: Transaction, caller: Caller, author: Author) -> User:
    """
    Raises:
        ClientNotAuthorized: another program's user was asked for without trust.
        UserNotFound: there is none, or not for this caller.
    """
    if isinstance(author.name, UUID):
        return frontend_users.by_id(tx, caller, author.name, author.api_client_id)
    return frontend_users.by_name(tx, caller, author.name, author.api_client_id)


def message_list(
    tx: Transaction, reader: Reader, author: Author, wanted: MessageFilter, part: Part[datetime]
) -> tuple[MessageView, ...]:
    """A part of the list of what somebody wrote, by date.

    Raises:
        ClientNotAuthorized, UserNotFound: as `find`.
    """
    user = find(tx, reader.caller, author)
    return trees.message_list(tx, reader, replace(wanted, user_id=user.id), part)


def message_page(
    tx: Transaction, reader: Reader, author: Author, wanted: MessageFilter, request: PageRequest[datetime]
) -> Page[MessageView]:
    """A page of the same list.

    Raises:
        ClientNotAuthorized, UserNotFound: as `find`.
    """
    user = find(tx, reader.caller, author)
    return trees.message_page(tx, reader, replace(wanted, user_id=user.id), request, with_authors=False)


def delete_messages(tx: Transaction, moderator: Moderator, author: Author) -> int:
    """Hide all that somebody wrote with everything under it, one act for each tree; how many messages.

    Raises:
        ClientNotAuthorized: the caller may not moderate.
        UserNotFound: there is no such user.
        PersonProtected: it is the moderator, or an admin and the caller is none.
    """
    access.require_trusted(moderator.caller)
    user = target(tx, moderator, find(tx, moderator.caller, author).id)
    acts = [editing.delete_all(tx, moderator, ids) for ids in _by_tree(tx, user.id).values()]
    return sum(len(act.messages) for act in acts)


def _by_tree(tx: Transaction, user_id: UUID) -> Mapping[UUID, list[UUID]]:
    """What somebody wrote that is not hidden, by tree and the topmost first."""
    found: dict[UUID, list[UUID]] = {}
    for one in leaving.written_by(tx, user_id):
        if not one.deleted:
            found.setdefault(one.tree_id, []).append(one.id)
    return found
