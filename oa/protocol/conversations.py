"""Conversations as tasks and readers are shown them: messages from the prompt down."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

import msgspec

from oa.domain.tree import Role
from oa.domain.views import MessageView


class ConversationMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One message of a conversation."""

    id: UUID | None = None
    user_id: UUID | None = None
    """Who wrote it; null in reviews and rankings, which are blind."""
    frontend_message_id: str | None = None
    text: str
    lang: str | None = None
    is_assistant: bool
    emojis: dict[str, int] | None = None
    """How often each was given."""
    user_emojis: list[str] | None = None
    """Those that the asking user gave."""
    user_is_author: bool | None = None
    synthetic: bool | None = None
    """A machine wrote it; null where that must not be known."""

    @classmethod
    def of(cls, view: MessageView, *, is_blind: bool = False, hides_machines: bool = False) -> ConversationMessage:
        """A message for one reader.

        Args:
            is_blind: leave out who wrote it.
            hides_machines: leave out whether a machine wrote it.
        """
        message = view.message
        return cls(
            id=message.id,
            user_id=None if is_blind else message.user_id,
            frontend_message_id=message.frontend_message_id,
            text=message.text,
            lang=message.lang,
            is_assistant=message.role is Role.ASSISTANT,
            emojis=dict(message.emojis),
            user_emojis=list(view.user_emojis),
            user_is_author=view.user_is_author,
            synthetic=None if hides_machines else message.synthetic,
        )


class Conversation(msgspec.Struct, frozen=True, kw_only=True):
    """Messages, each of which answers the one before it."""

    messages: list[ConversationMessage] = []

    @classmethod
    def of(cls, views: Iterable[MessageView], *, is_blind: bool = False) -> Conversation:
        return cls(messages=[ConversationMessage.of(view, is_blind=is_blind) for view in views])
