"""What an export takes of a hub's trees, and in which form it comes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from oa.domain.lifecycle import TreeState
from oa.domain.records import MessageRecord, TreeRecord
from oa.errors import InvalidSetting


class Share(StrEnum):
    """What becomes of messages that an export leaves out by default."""

    NONE = "none"
    ALSO = "also"
    ONLY = "only"


class Form(StrEnum):
    TREES = "trees"
    """One line for each tree, replies within the messages that they answer."""
    MESSAGES = "messages"
    """One line for each message, parents first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The trees and messages to export."""

    state: TreeState | None = TreeState.READY_FOR_EXPORT
    """None for any state."""
    lang: str | None = None
    """Language of the prompt; of the message itself where single people's messages are asked for."""
    deleted: Share = Share.NONE
    spam: Share = Share.NONE
    """Messages that are not accepted: rejected ones, and with `ALSO` undecided ones too."""
    synthetic: Share = Share.NONE
    """Trees in which a machine wrote a message; for one person's messages, those messages."""
    user_id: UUID | None = None
    """Only what this person wrote, whatever the state of its tree."""
    prompts_only: bool = False
    labels: bool = False
    events: bool = False
    origin: bool = False
    """Say of each tree where it came from. Open-Assistant never did."""
    limit: int | None = None
    """Trees at most; messages at most where one person's are asked for."""
    form: Form | None = None
    """None for the form that suits the rest."""

    def __post_init__(self) -> None:
        if self.form is Form.TREES and self._is_loose:
            raise InvalidSetting(
                "single messages make no trees: leave out what asks for them, or choose the form messages"
            )
        if self.limit is not None and self.limit < 1:
            raise InvalidSetting("the limit of an export must be at least 1")

    @property
    def _is_loose(self) -> bool:
        """Whether messages are taken out of their trees, so that parents may be missing."""
        return self.user_id is not None or Share.ONLY in (self.deleted, self.spam)

    @property
    def takes_trees_whole(self) -> bool:
        """Whether a message comes only with its parent."""
        return not self._is_loose

    @property
    def output(self) -> Form:
        if self.form is not None:
            return self.form
        return Form.MESSAGES if self._is_loose or self.synthetic is Share.ONLY else Form.TREES

    def takes(self, message: MessageRecord) -> bool:
        """Whether this message is wanted, its tree being one that is."""
        if self.prompts_only and message.parent_id is not None:
            return False
        return self._takes_deleted(message.deleted) and self._takes_review(message.review_result)

    def _takes_deleted(self, deleted: bool) -> bool:
        return self.deleted is Share.ALSO or deleted is (self.deleted is Share.ONLY)

    def _takes_review(self, result: bool | None) -> bool:
        return self.spam is Share.ALSO or result is (self.spam is not Share.ONLY)


def pruned(tree: TreeRecord, takes: Callable[[MessageRecord], bool], *, whole: bool) -> list[MessageRecord]:
    """What is taken of a tree, parents first.

    Args:
        whole: a message whose parent is not taken is left out as well.
    """
    taken: list[MessageRecord] = []
    ids: set[str] = set()
    for message in tree.messages:
        if takes(message) and (not whole or message.parent_id is None or message.parent_id in ids):
            taken.append(message)
            ids.add(message.id)
    return taken
