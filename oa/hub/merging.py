"""Making one user of several who are the same person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from uuid import UUID

from oa.domain.emoji import VOTES, Emoji
from oa.domain.moderation import Act, Effect
from oa.domain.people import User
from oa.errors import Conflict, Invalid
from oa.hub import growth, moderators, standing
from oa.hub.moderators import Moderator
from oa.hub.purging import take_back
from oa.store import accounts, messages, moderation, people, removal, statistics, tasks
from oa.store.database import Transaction


def merge(tx: Transaction, moderator: Moderator, destination_id: UUID, source_ids: Sequence[UUID]) -> Effect:
    """Give everything that some users did to another, and remove them. It cannot be undone.

    What they have decided stays decided, even where the person has now decided twice; but of reactions to one message,
    and of ballots for one task, nobody has two, and nobody keeps a vote on what they wrote themselves. The journal
    keeps the names that held when things happened. The sources' passwords and tokens are gone.

    Raises:
        ClientNotAuthorized, UserNotFound, PersonProtected: as `moderators.target`, for each of them.
        Invalid: nobody is named, or somebody is to be merged into themselves.
        Conflict: a source signs in at this hub, and the destination does not.
    """
    destination = moderators.target(tx, moderator, destination_id)
    sources = [moderators.target(tx, moderator, one, may_have_left=True) for one in dict.fromkeys(source_ids)]
    if not sources:
        raise Invalid("source_user_ids must name at least one user")
    if any(source.id == destination.id for source in sources):
        raise Invalid("nobody can be merged into themselves; leave the destination out of source_user_ids")
    moved: Counter[str] = Counter()
    for source in sources:
        _check_sign_in(tx, source, destination)
        people.keep_former_names(tx, destination.id, (source.username, source.display_name))
        moved += _merge_one(tx, source.id, destination.id)
    people.forget_users(tx)
    growth.fill_all_places(tx)  # a source may have been barred from the draw
    effect = Effect(
        act=Act.MERGE,
        users=(destination.id, *(source.id for source in sources)),
        before={"users": len(sources) + 1},
        after={"users": 1, "moved": dict(sorted(moved.items()))},
    )
    return moderators.record(tx, moderator, effect)


def _check_sign_in(tx: Transaction, source: User, destination: User) -> None:
    if accounts.account_by_id(tx, source.id) and not accounts.account_by_id(tx, destination.id):
        raise Conflict(
            f"{source.display_name} signs in here and {destination.display_name} does not: merge them the other way"
        )


def _merge_one(tx: Transaction, source: UUID, destination: UUID) -> Counter[str]:
    reactions = {user_id: statistics.reactions_of(tx, user_id) for user_id in (source, destination)}
    reacted = moderation.trees_of(tx, reactions[source].keys() | reactions[destination].keys())
    ranked = {ballot.message_tree_id for ballot in removal.ballots_by(tx, source)}
    places = removal.places_of(tx, source)
    with standing.following(tx, reacted | ranked):
        _settle_reactions(tx, reactions, (source, destination))
        _settle_ballots(tx, source, destination)
        for task_id in places:  # or one person would hold two places on a slot
            tasks.release(tx, task_id)
    standing.merge(tx, source, destination)
    moved = removal.give(tx, source, destination)
    removal.remove_user(tx, source)
    for tree_id in sorted(reacted | ranked | set(places.values())):
        growth.reopen_work_of(tx, tree_id)
    return Counter(moved)


def _settle_reactions(tx: Transaction, reactions: dict[UUID, dict[UUID, list[str]]], who: tuple[UUID, UUID]) -> None:
    """Leave one person's reactions to each message, the destination's where both voted."""
    source, destination = who
    for message_id in reactions[source].keys() | reactions[destination].keys():
        kept = frozenset(map(Emoji, reactions[destination].get(message_id, ())))
        more = frozenset(map(Emoji, reactions[source].get(message_id, ())))
        is_author = messages.find(tx, message_id).user_id in who
        barred = VOTES if is_author or kept & VOTES else frozenset[Emoji]()
        _take_back(tx, message_id, source, more & (kept | barred))
        _take_back(tx, message_id, destination, kept & VOTES if is_author else frozenset())


def _take_back(tx: Transaction, message_id: UUID, user_id: UUID, emojis: frozenset[Emoji]) -> None:
    if emojis:  # counts are read anew: the other's may have changed them
        take_back(tx, messages.find(tx, message_id), user_id, sorted(emojis))


def _settle_ballots(tx: Transaction, source: UUID, destination: UUID) -> None:
    """Of two ballots for one collective task, the destination's stays."""
    answered = {ballot.task_id for ballot in removal.ballots_by(tx, destination)}
    for ballot in removal.ballots_by(tx, source):
        if ballot.task_id in answered:
            removal.remove_ballot(tx, ballot)
