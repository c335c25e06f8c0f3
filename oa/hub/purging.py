"""Removing for good what somebody wrote and did. It cannot be undone, so it can be tried first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from oa.domain.emoji import Emoji
from oa.domain.lifecycle import TreeState
from oa.domain.moderation import Act, Effect
from oa.domain.statistics import SystemStats
from oa.domain.tree import Message, below
from oa.errors import Invalid
from oa.hub import accounts, growth, moderators, standing
from oa.hub.moderators import Moderator
from oa.store import answers, messages, moderation, people, removal, statistics, trees
from oa.store.database import Transaction

REOPENED = frozenset({TreeState.RANKING, TreeState.READY_FOR_EXPORT, TreeState.SCORING_FAILED})
"""States that a tree has not earned any more when messages or ballots are taken out of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Purged:
    """What a purge removed, or would remove."""

    user_id: UUID
    before: SystemStats
    after: SystemStats
    messages: int
    trees: int
    """Whole ones, with the replies of others."""
    ballots: int = 0
    reactions: int = 0
    tasks: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which of a person's messages are to go."""

    prompts: bool = True
    """With the trees that grew from them."""
    min_date: datetime | None = None
    max_date: datetime | None = None

    def check(self) -> None:
        """
        Raises:
            Invalid: the dates are the wrong way round.
        """
        if self.min_date is not None and self.max_date is not None and self.min_date > self.max_date:
            raise Invalid("min_date lies after max_date, so that nothing is between them")


def purge_user(tx: Transaction, moderator: Moderator, user_id: UUID, *, ban: bool = True) -> Purged:
    """Remove everything that a person wrote with all replies to it, their ballots, reactions and tasks.

    Their reviews stay: they have decided about other people's messages already. So do the user and the journal.

    Args:
        ban: shut them out for good as well.

    Raises:
        ClientNotAuthorized, UserNotFound, PersonProtected: as `moderators.target`.
        Conflict: it would leave the hub without an admin.
    """
    user = moderators.target(tx, moderator, user_id, may_have_left=True)
    if ban and user.enabled:
        accounts.keep_an_admin(tx, user)
    before = statistics.system(tx)
    doomed = _doomed(tx, user_id, Wanted())
    touched = doomed.tree_ids | _trees_of_answers(tx, user_id)
    with standing.following(tx, touched):
        _remove_messages(tx, doomed)
        ballots = _remove_ballots(tx, user_id)
        reactions = _remove_reactions(tx, user_id)
        tasks = removal.idle_tasks_of(tx, user_id)
        removal.remove_tasks(tx, tasks)
        _carry_on(tx, (touched | ballots.keys()) - doomed.whole, reopened=doomed.tree_ids | ballots.keys())
    if ban:
        people.set_access(tx, user_id, enabled=False, deleted=True)
    purged = Purged(
        user_id=user_id,
        before=before,
        after=statistics.system(tx),
        messages=len(doomed.messages),
        trees=len(doomed.whole),
        ballots=sum(ballots.values()),
        reactions=reactions,
        tasks=len(tasks),
    )
    changes = {"banned": ban and not (user.deleted and not user.enabled)} if ban else {}
    return _recorded(tx, moderator, Act.PURGE, purged, changes)


def purge_messages(tx: Transaction, moderator: Moderator, user_id: UUID, wanted: Wanted) -> Purged:
    """Remove messages of a person with all replies to them; everything else stays.

    Raises:
        ClientNotAuthorized, UserNotFound, PersonProtected: as `moderators.target`.
        Invalid: the dates are the wrong way round.
    """
    moderators.target(tx, moderator, user_id, may_have_left=True)
    wanted.check()
    before = statistics.system(tx)
    doomed = _doomed(tx, user_id, wanted)
    with standing.following(tx, doomed.tree_ids):
        _remove_messages(tx, doomed)
        _carry_on(tx, doomed.tree_ids - doomed.whole, reopened=doomed.tree_ids)
    purged = Purged(
        user_id=user_id,
        before=before,
        after=statistics.system(tx),
        messages=len(doomed.messages),
        trees=len(doomed.whole),
    )
    return _recorded(tx, moderator, Act.PURGE_MESSAGES, purged, {})


def _recorded(tx: Transaction, moderator: Moderator, act: Act, purged: Purged, more: dict[str, bool]) -> Purged:
    counts = {name: getattr(purged, name) for name in ("messages", "trees", "ballots", "reactions", "tasks")}
    gone = {name: count for name, count in (counts | more).items() if count}
    moderators.record(tx, moderator, Effect(act=act, users=(purged.user_id,), before={}, after=gone))
    return purged


# --- messages --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Doomed:
    """Messages that are to go, with everything under them."""

    messages: dict[UUID, Message]
    tree_ids: set[UUID]
    """Of all of them."""
    whole: set[UUID]
    """Trees of which nothing stays."""


def _doomed(tx: Transaction, user_id: UUID, wanted: Wanted) -> _Doomed:
    own = statistics.messages_of(tx, user_id, wanted.min_date, wanted.max_date)
    if not wanted.prompts:
        own = [one for one in own if one.parent_id is not None]
    by_tree: dict[UUID, list[UUID]] = {}
    for one in own:
        by_tree.setdefault(one.tree_id, []).append(one.id)
    found: dict[UUID, Message] = {}
    for tree_id, ids in by_tree.items():
        tree = messages.tree(tx, tree_id)
        known = {one.id: one for one in tree}
        for message_id in ids:
            found[message_id] = known[message_id]
            found |= {one.id: one for one in below(tree, message_id)}
    return _Doomed(found, set(by_tree), by_tree.keys() & found.keys())


def _remove_messages(tx: Transaction, doomed: _Doomed) -> None:
    if not doomed.messages:
        return
    _give_places_away(tx, doomed.whole)
    removal.close_trees(tx, doomed.tree_ids)
    _shorten_ballots(tx, doomed)
    for one in doomed.messages.values():
        if one.parent_id is not None and one.parent_id not in doomed.messages and not one.deleted:
            answers.count_child(tx, one.parent_id, -1)
    deepest_first = sorted(doomed.messages.values(), key=lambda one: -one.depth)
    removal.remove_messages(tx, [one.id for one in deepest_first])


def _give_places_away(tx: Transaction, whole: Iterable[UUID]) -> None:
    """Halt the trees that are to go, so that others take their places; those that wait first, or they would win one."""
    found = [trees.find(tx, tree_id) for tree_id in whole]
    for tree in sorted(found, key=lambda tree: (tree.state is not TreeState.PROMPT_LOTTERY_WAITING, tree.id)):
        growth.move_tree(tx, trees.find(tx, tree.id), TreeState.HALTED_BY_MODERATOR)


def _shorten_ballots(tx: Transaction, doomed: _Doomed) -> None:
    """Other people's ballots keep what they say about the replies that stay."""
    gone = {str(one) for one in doomed.messages}
    for ballot in removal.ballots_in(tx, doomed.tree_ids - doomed.whole):
        left = [reply for reply in ballot.ranking if reply not in gone]
        if len(left) == len(ballot.ranking):
            continue
        if len(left) < 2:
            removal.remove_ballot(tx, ballot)
        else:
            removal.shorten_ballot(tx, ballot, left)


def _carry_on(tx: Transaction, tree_ids: Iterable[UUID], *, reopened: Iterable[UUID]) -> None:
    """Let trees go on that have lost something; those that were complete may ask for more again."""
    again = set(reopened)
    for tree_id in sorted(tree_ids):
        tree = trees.find(tx, tree_id)
        if tree_id in again and tree.state in REOPENED:
            growth.move_tree(tx, tree, TreeState.GROWING)
        else:
            growth.reopen_work_of(tx, tree_id)


# --- ballots, reactions ----------------------------------------------------------------------------------------------


def _trees_of_answers(tx: Transaction, user_id: UUID) -> set[UUID]:
    """The trees in which a person has ranked, reacted, or keeps a place."""
    reacted = moderation.trees_of(tx, statistics.reactions_of(tx, user_id))
    ranked = {ballot.message_tree_id for ballot in removal.ballots_by(tx, user_id)}
    return reacted | ranked | set(removal.places_of(tx, user_id).values())


def _remove_ballots(tx: Transaction, user_id: UUID) -> dict[UUID, int]:
    """Remove a person's ballots; how many that are, by tree."""
    removed: dict[UUID, int] = {}
    for ballot in removal.ballots_by(tx, user_id):
        removal.remove_ballot(tx, ballot)
        removed[ballot.message_tree_id] = removed.get(ballot.message_tree_id, 0) + 1
    return removed


def _remove_reactions(tx: Transaction, user_id: UUID) -> int:
    given = statistics.reactions_of(tx, user_id)
    for message_id, emojis in given.items():
        take_back(tx, messages.find(tx, message_id), user_id, [Emoji(code) for code in emojis])
    return sum(map(len, given.values()))


def take_back(tx: Transaction, message: Message, user_id: UUID, emojis: Sequence[Emoji]) -> None:
    """Take a person's reactions off a message and out of its counts."""
    answers.change_emojis(tx, message, user_id, added=(), removed=emojis)
