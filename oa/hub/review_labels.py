"""Which labels a review of a message offers in this community."""

from __future__ import annotations

from uuid import UUID

from oa.domain import labels
from oa.domain.labels import LABELS_WITHOUT_MESSAGE, Label, Position
from oa.domain.tree import Message, Role
from oa.hub import campaigns
from oa.store import messages
from oa.store.database import Transaction


def offered(tx: Transaction, message_id: UUID | None) -> tuple[Label, ...]:
    """The labels of a full review of this message; without one, all that do not depend on where a message stands.

    Raises:
        MessageNotFound: there is no message with this id.
    """
    if message_id is None:
        return LABELS_WITHOUT_MESSAGE
    position = position_of(messages.find(tx, message_id))
    campaign = campaigns.current(tx)
    full: tuple[str, ...] = getattr(campaign, f"labels_{position}")
    mandatory: tuple[str, ...] = getattr(campaign, f"mandatory_labels_{position}")
    return labels.valid_labels(position, full=full, mandatory=mandatory)


def position_of(message: Message) -> Position:
    """Where in its tree a message stands."""
    if message.parent_id is None:
        return Position.INITIAL_PROMPT
    return Position.ASSISTANT_REPLY if message.role is Role.ASSISTANT else Position.PROMPTER_REPLY
