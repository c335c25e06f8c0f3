"""Messages and trees on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec
from msgspec import structs

from oa.domain import lifecycle
from oa.domain.emoji import Emoji, EmojiOperation
from oa.domain.lifecycle import TreeState
from oa.domain.paging import Page
from oa.domain.views import MessageView, TreeView
from oa.protocol.conversations import Conversation as Conversation
from oa.protocol.conversations import ConversationMessage
from oa.protocol.users import FrontEndUser, User


class Message(ConversationMessage, frozen=True, kw_only=True):
    """A message with all that is known of it."""

    parent_id: UUID | None = None
    """The message that it answers; null for the first of a tree."""
    created_date: datetime | None = None
    review_result: bool | None = None
    """Accepted, rejected, or null while undecided."""
    review_count: int | None = None
    deleted: bool | None = None
    edited: bool | None = None
    model_name: str | None = None
    """The model that wrote it, if one did."""
    message_tree_id: UUID | None = None
    ranking_count: int | None = None
    """Ballots that placed it."""
    rank: int | None = None
    """Its place among its siblings, 0 is best; null while not ranked."""
    user: FrontEndUser | None = None
    """Who wrote it, where that was asked for."""

    @classmethod
    def whole(cls, view: MessageView) -> Message:
        """A message for one reader, with nothing left out."""
        message = view.message
        return cls(
            **structs.asdict(ConversationMessage.of(view)),
            parent_id=message.parent_id,
            created_date=message.created_date,
            review_result=message.review_result,
            review_count=message.review_count,
            deleted=message.deleted,
            edited=message.edited,
            model_name=message.model_name,
            message_tree_id=message.tree_id,
            ranking_count=message.ranking_count,
            rank=message.rank,
            user=None if view.author is None else FrontEndUser.of(view.author),
        )


class MessageTree(msgspec.Struct, frozen=True, kw_only=True):
    """A tree or a part of it, oldest message first."""

    id: UUID
    """Of the tree's first message, or of the message whose part of the tree it is."""
    messages: list[Message] = []

    @classmethod
    def of(cls, tree: TreeView) -> MessageTree:
        return cls(id=tree.id, messages=[Message.whole(view) for view in tree.messages])


class MessagePage(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a list of messages."""

    prev: str | None = None
    """Send it as `before` to get the page before this one; null at the beginning."""
    next: str | None = None
    """Send it as `after` to get the page after this one; null at the end."""
    sort_key: str
    items: list[Message]
    order: Literal["asc", "desc"]

    @classmethod
    def of(cls, page: Page[MessageView]) -> MessagePage:
        items = [Message.whole(view) for view in page.items]
        return cls(prev=page.prev, next=page.next, sort_key=page.sort_key, items=items, order=page.order)


class MessageTreeStateResponse(msgspec.Struct, frozen=True, kw_only=True):
    """Where a tree stands in its life, and the sizes that hold for it."""

    message_tree_id: UUID
    state: TreeState
    goal_tree_size: int
    max_depth: int
    """Of a message in this tree; the first one has depth 0."""
    max_children_count: int
    active: bool
    """Whether the tree asks for work now."""
    origin: str | None = None
    """Where it came from, if it was imported."""

    @classmethod
    def of(cls, tree: lifecycle.Tree) -> MessageTreeStateResponse:
        return cls(
            message_tree_id=tree.id,
            state=tree.state,
            goal_tree_size=tree.goal_tree_size,
            max_depth=tree.max_depth,
            max_children_count=tree.max_children_count,
            active=tree.active,
            origin=tree.origin,
        )


class MessageEmojiRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A reaction to give or to take back."""

    user: User | None = None
    """Who reacts; a person's token need not say it."""
    op: EmojiOperation = EmojiOperation.TOGGLE
    emoji: Emoji
