"""What the reviews of a message come to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from oa.domain.review import decide
from oa.domain.tasks import ranking_kind
from oa.domain.tree import Message
from oa.hub import campaigns
from oa.store import answers, work
from oa.store.database import Transaction


def count_review(tx: Transaction, message: Message) -> tuple[bool, bool]:
    """Count one more review; whether the message still waits for others, and whether this one made it accepted."""
    campaign = campaigns.current(tx)
    is_root = message.parent_id is None
    required = campaign.num_reviews_initial_prompt if is_root else campaign.num_reviews_reply
    threshold = campaign.acceptance_threshold_initial_prompt if is_root else campaign.acceptance_threshold_reply
    result = message.review_result
    if message.review_count + 1 >= required:
        votes = _votes(tx, message)
        result = decide(votes, current=result, required=required, threshold=threshold)
    answers.save_review(tx, message.id, result)
    accepts = result is True and not message.review_result
    if accepts:
        _bar_author_from_ranking(tx, message)
    return message.review_count + 1 < required, accepts


def _bar_author_from_ranking(tx: Transaction, message: Message) -> None:
    """A ranking may be open already that this reply, accepted late, has now joined."""
    if message.parent_id is None or message.user_id is None or campaigns.current(tx).allow_self_ranking:
        return
    work.bar_from(tx, ranking_kind(message.role), message.parent_id, message.user_id)


def _votes(tx: Transaction, message: Message) -> Sequence[Mapping[str, float]]:
    """Every review of a message; those that an imported one came with stand in with their means.

    Reviews of which nothing is known but their number say nothing.
    """
    votes: list[Mapping[str, float]] = [*answers.reviews_of(tx, message.id)]
    imported = message.review_count + 1 - len(votes)
    if imported <= 0:
        return votes
    means = answers.imported_means(tx, message.id)
    return votes + [means] * imported if means else votes
