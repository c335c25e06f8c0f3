"""Reading messages and trees: what is there, as one reader sees it.

Any program may read a message that it knows by id. Lists are narrower: without trust a program sees in them only what
was written through it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from oa.domain.lifecycle import Tree
from oa.domain.paging import Page, PageRequest, Part, written
from oa.domain.people import Caller, Identity
from oa.domain.tree import Message, below, longest_thread, most_replied
from oa.domain.views import MessageFilter, MessageView, TreeView
from oa.errors import AuthAndUsernameRequired, ClientNotAuthorized
from oa.hub import access
from oa.store import messages, trees
from oa.store.database import Transaction


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads, and through whose eyes."""

    caller: Caller
    who: Identity | None = None
    """Whose reactions and authorship the answer shows; a person's token is always its owner."""


Filter = TypeVar("Filter", bound=MessageFilter)

Name = UUID | str
"""A message by the hub's id, or by what the caller's program calls it."""


def message(tx: Transaction, reader: Reader, name: Name) -> MessageView:
    """One message, deleted or not.

    Raises:
        MessageNotFound: there is none of that name.
        UserNotFound: the reader is unknown; so raise all functions here.
    """
    return views(tx, reader, [_find(tx, reader, name)])[0]


def conversation(tx: Transaction, reader: Reader, name: Name) -> tuple[MessageView, ...]:
    """The messages from the prompt down to this one, whatever reviews said of them.

    Raises:
        MessageNotFound: there is none of that name.
        BrokenConversation: a message above it is missing.
    """
    return views(tx, reader, messages.thread(tx, _find(tx, reader, name).id))


def tree(
    tx: Transaction, reader: Reader, name: Name, *, include_spam: bool = True, include_deleted: bool = False
) -> TreeView:
    """The tree that a message belongs to, oldest first.

    Args:
        include_spam: replies that reviews have not accepted, too.

    Raises:
        MessageNotFound: there is no message of that name.
    """
    tree_id = _find(tx, reader, name).tree_id
    found = [
        one
        for one in messages.tree(tx, tree_id)
        if (include_spam or not one.is_unproven()) and (include_deleted or not one.deleted)
    ]
    return TreeView(tree_id, views(tx, reader, found))


def children(tx: Transaction, reader: Reader, name: Name) -> tuple[MessageView, ...]:
    """The replies to a message that are not deleted, whatever reviews said of them, oldest first.

    Raises:
        MessageNotFound: there is no message of that name.
    """
    found = messages.children(tx, _find(tx, reader, name).id)
    return views(tx, reader, [reply for reply in found if not reply.deleted])


def descendants(tx: Transaction, reader: Reader, name: Name) -> TreeView:
    """Everything under a message, the rejected and the deleted too, level by level; itself left out.

    Raises:
        MessageNotFound: there is no message of that name.
    """
    start = _find(tx, reader, name)
    return TreeView(start.id, views(tx, reader, list(below(messages.tree(tx, start.tree_id), start.id))))


def longest_conversation(tx: Transaction, reader: Reader, name: Name) -> tuple[MessageView, ...]:
    """The longest conversation of accepted messages in the tree of a message; empty when the prompt was deleted.

    Raises:
        MessageNotFound: there is no message of that name.
    """
    return views(tx, reader, longest_thread(_proven(tx, _find(tx, reader, name).tree_id)))


def most_children(tx: Transaction, reader: Reader, name: Name) -> TreeView:
    """The message with the most accepted replies in the tree of a message, and those replies.

    Raises:
        MessageNotFound: there is no message of that name.
    """
    tree_id = _find(tx, reader, name).tree_id
    proven = _proven(tx, tree_id)
    found = most_replied(proven)
    if found is None:  # no replies: the prompt alone, if it is still there
        return TreeView(tree_id, views(tx, reader, [one for one in proven if one.parent_id is None]))
    parent, replies = found
    return TreeView(parent.id, views(tx, reader, [parent, *replies]))


def tree_state(tx: Transaction, message_id: UUID) -> Tree:
    """Where the tree of a message stands.

    Raises:
        MessageNotFound: there is no message with this id.
        TreeNotFound: its tree never had a state, so it is not worked on.
    """
    return trees.find(tx, messages.find(tx, message_id).tree_id)


def message_list(
    tx: Transaction, reader: Reader, wanted: MessageFilter, part: Part[datetime]
) -> tuple[MessageView, ...]:
    """A part of the list of messages, by date.

    Raises:
        ClientNotAuthorized: a program without trust asked for what was written through another.
        AuthAndUsernameRequired: of `auth_method` and `username`, only one is there.
    """
    return views(tx, reader, messages.part_of_list(tx, allowed(reader.caller, wanted), part))


def message_page(
    tx: Transaction, reader: Reader, wanted: MessageFilter, request: PageRequest[datetime], *, with_authors: bool
) -> Page[MessageView]:
    """A page of the list of messages, by date.

    Raises:
        ClientNotAuthorized, AuthAndUsernameRequired: as `message_list`.
    """
    found = messages.part_of_list(tx, allowed(reader.caller, wanted), request.part())
    page = request.page(found, _cursor, "created_date")
    return page.of(views(tx, reader, page.items, with_authors=with_authors))


def _cursor(one: Message) -> str:
    return written(one.id, one.created_date)


def _find(tx: Transaction, reader: Reader, name: Name) -> Message:
    if isinstance(name, UUID):
        return messages.find(tx, name)
    return messages.find_by_frontend_id(tx, reader.caller.client.id, name)


def _proven(tx: Transaction, tree_id: UUID) -> list[Message]:
    return [one for one in messages.tree(tx, tree_id) if not one.deleted and not one.is_unproven()]


def allowed(caller: Caller, wanted: Filter) -> Filter:
    """The filter, narrowed to what the caller may list.

    Raises:
        ClientNotAuthorized: a program without trust asked for what was written through another.
        AuthAndUsernameRequired: of `auth_method` and `username`, only one is there.
    """
    if bool(wanted.auth_method) != bool(wanted.username):
        raise AuthAndUsernameRequired("to list what one user wrote, send both `auth_method` and `username`")
    if caller.may_moderate:
        return wanted
    if wanted.api_client_id not in (None, caller.client.id):
        raise ClientNotAuthorized("only a trusted API key may list what was written through another program")
    return replace(wanted, api_client_id=caller.client.id)


def views(
    tx: Transaction, reader: Reader, found: Sequence[Message], *, with_authors: bool = False
) -> tuple[MessageView, ...]:
    """Messages as this reader sees them."""
    user = access.reading_user(tx, reader.caller, reader.who)
    given = {} if user is None else messages.emojis_of_user(tx, user.id, [one.id for one in found])
    authors = messages.authors(tx, found) if with_authors else {}
    return tuple(
        MessageView(
            message=one,
            user_emojis=given.get(one.id, ()),
            user_is_author=user is not None and one.user_id == user.id,
            author=None if one.user_id is None else authors.get(one.user_id),
        )
        for one in found
    )
