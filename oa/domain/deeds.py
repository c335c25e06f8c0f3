"""What people handed in, with all that trust asks about it: how it compares with others, and how it was made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from oa.domain.tasks import TaskKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """One answer to one task."""

    task_id: UUID
    user_id: UUID
    kind: TaskKind
    lang: str
    handed_out: datetime
    """When the person was given the task."""
    date: datetime
    """When they answered it."""
    read_characters: int
    """How much had to be read for it: the message to answer or to review, or all the replies to rank."""

    @property
    def seconds(self) -> float:
        """From the task to its answer."""
        return (self.date - self.handed_out).total_seconds()


@dataclass(frozen=True, slots=True, kw_only=True)
class Text(Deed):
    message_id: UUID
    tree_id: UUID
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Review(Deed):
    message_id: UUID
    labels: Mapping[str, float]
    """What was answered; a flag that was offered and not raised is 0, a question that was left out is absent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking(Deed):
    parent_id: UUID
    order: tuple[UUID, ...]
    """The replies, best first."""
    shown: tuple[UUID, ...]
    """The same in the order in which the person saw them, which was drawn by lot."""
    not_rankable: bool = False


@dataclass(frozen=True, slots=True)
class Deeds:
    """What a number of people did in some time."""

    texts: Sequence[Text] = ()
    reviews: Sequence[Review] = ()
    rankings: Sequence[Ranking] = ()

    @classmethod
    def together(cls, parts: Sequence[Deeds]) -> Deeds:
        """What all of these people did."""
        return cls(
            [text for part in parts for text in part.texts],
            [review for part in parts for review in part.reviews],
            [ranking for part in parts for ranking in part.rankings],
        )

    def all(self) -> list[Deed]:
        """Everything, oldest first."""
        return sorted((*self.texts, *self.reviews, *self.rankings), key=lambda deed: (deed.date, deed.task_id))
