"""Things that people did, made up for tests of trust."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID

from oa.domain.deeds import Ranking, Review, Text
from oa.domain.tasks import TaskKind

MORNING = datetime(2026, 11, 20, 9, tzinfo=UTC)

ADA, BEA, CARL, DORA, EVA = (UUID(int=number) for number in range(1, 6))

_numbers = count(1)


def _at(minute: float) -> datetime:
    return MORNING + timedelta(minutes=minute)


def text(
    who: UUID, words: str, *, minute: float = 0, seconds: float = 300, tree: int | None = None, **facts: object
) -> Text:
    """A reply that took so many seconds, in a tree of its own unless one is named."""
    number = next(_numbers)
    plain: dict[str, object] = {
        "task_id": UUID(int=number),
        "user_id": who,
        "kind": TaskKind.ASSISTANT_REPLY,
        "lang": "en",
        "handed_out": _at(minute) - timedelta(seconds=seconds),
        "date": _at(minute),
        "read_characters": 100,
        "message_id": UUID(int=number),
        "tree_id": UUID(int=number if tree is None else tree),
        "text": words,
    }
    return Text(**plain | facts)  # type: ignore[arg-type]


def review(who: UUID, message: int, *, minute: float = 0, seconds: float = 20, **labels: float) -> Review:
    return Review(
        task_id=UUID(int=next(_numbers)),
        user_id=who,
        kind=TaskKind.LABEL_ASSISTANT_REPLY,
        lang="en",
        handed_out=_at(minute) - timedelta(seconds=seconds),
        date=_at(minute),
        read_characters=500,
        message_id=UUID(int=message),
        labels=labels,
    )


def ranking(
    who: UUID,
    parent: int,
    order: Sequence[int],
    *,
    shown: Sequence[int] | None = None,
    minute: float = 0,
    not_rankable: bool = False,
) -> Ranking:
    """An order of the replies to a message, shown by number unless said otherwise."""

    def replies(numbers: Sequence[int]) -> tuple[UUID, ...]:
        return tuple(UUID(int=parent * 100 + number) for number in numbers)

    return Ranking(
        task_id=UUID(int=next(_numbers)),
        user_id=who,
        kind=TaskKind.RANK_ASSISTANT_REPLIES,
        lang="en",
        handed_out=_at(minute) - timedelta(seconds=60),
        date=_at(minute),
        read_characters=600,
        parent_id=UUID(int=parent),
        order=replies(order),
        shown=replies(sorted(order) if shown is None else shown),
        not_rankable=not_rankable,
    )
