"""Keeping order without a moderator: reactions and what they bring about."""

from __future__ import annotations

import dataclasses
from uuid import UUID

from oa.domain.emoji import Emoji, EmojiOperation
from oa.domain.emoji import react as reactions_after
from oa.domain.lifecycle import TreeState
from oa.domain.moderation import Action, auto_moderation
from oa.domain.people import Caller, Identity, User
from oa.domain.tasks import RANKINGS, REPLIES, REVIEWS, TaskKind
from oa.domain.tree import Message, below
from oa.hub import access, campaigns, growth, standing
from oa.store import answers, journal, messages, moderation, trees, work
from oa.store.database import Transaction

SKIPS = {Emoji.SKIP_REPLY: REPLIES, Emoji.SKIP_RANKING: RANKINGS, Emoji.SKIP_LABELING: REVIEWS}
"""What somebody does not want to be asked for, by the sign with which they say so."""


def react(
    tx: Transaction,
    caller: Caller,
    who: Identity | None,
    message_id: UUID,
    emoji: Emoji,
    operation: EmojiOperation,
) -> UUID:
    """Put a person's reaction on a message or take it off; the id of the message.

    Raises:
        MessageNotFound: there is no such message.
    """
    user = access.acting_user(tx, caller, who)
    put_emoji(tx, user, messages.find(tx, message_id), emoji, operation)
    return message_id


def put_emoji(tx: Transaction, user: User, message: Message, emoji: Emoji, operation: EmojiOperation) -> None:
    """The same for a user and a message that are known to exist, with everything that follows from it."""
    given = frozenset(Emoji(code) for code in messages.emojis_of_user(tx, user.id, [message.id]).get(message.id, ()))
    after = reactions_after(given, emoji, operation, is_author=message.user_id == user.id)
    if after == given:
        return
    added, removed = after - given, given - after
    counts = answers.change_emojis(tx, message, user.id, added=sorted(added), removed=sorted(removed))
    standing.reacted(tx, message, counts)
    if Emoji.RED_FLAG in added:
        answers.flag(tx, message.id)
    for sign in added & SKIPS.keys():
        _bar(tx, user, message, SKIPS[sign])
    if added & {Emoji.RED_FLAG, Emoji.SKIP_REPLY}:
        _moderate(tx, dataclasses.replace(message, emojis=counts))
    if removed & SKIPS.keys():
        growth.reopen_work_of(tx, message.tree_id)


def _bar(tx: Transaction, user: User, message: Message, kinds: frozenset[TaskKind]) -> None:
    if campaigns.current(tx).allow_duplicate_tasks:
        return
    for kind in kinds:
        work.bar_from(tx, kind, message.id, user.id)


def _moderate(tx: Transaction, message: Message) -> None:
    """Act on red flags and skips if there are enough of them."""
    tree = trees.find(tx, message.tree_id)
    node = next(node for node in messages.nodes(tx, tree.id) if node.id == message.id)
    action = auto_moderation(message.emojis, node, tree, campaigns.current(tx))
    if action is None:
        return
    deleted: list[UUID] = []
    match action:
        case Action.DELETE_MESSAGE:
            deleted = delete_below(tx, message)
        case Action.ABORT_TREE:
            growth.move_tree(tx, tree, TreeState.ABORTED_LOW_GRADE)
        case Action.HALT_TREE:
            growth.move_tree(tx, tree, TreeState.HALTED_BY_MODERATOR)
    journal.add(
        tx,
        "auto_moderation",
        message_id=message.id,
        action=action.value,
        emojis=dict(message.emojis),
        deleted=[str(one) for one in deleted],
    )


def moderate_all(tx: Transaction) -> None:
    """Act on all red flags and skips that suffice now, after the numbers that suffice have changed.

    What moderators have decided about stays as they left it.
    """
    campaign = campaigns.current(tx)
    if not campaign.auto_mod_enabled:
        return
    flagged = moderation.often_marked(tx, Emoji.RED_FLAG, campaign.auto_mod_red_flags)
    skipped = moderation.often_marked(tx, Emoji.SKIP_REPLY, campaign.auto_mod_max_skip_reply)
    for message_id in dict.fromkeys((*flagged, *skipped)):
        _moderate(tx, messages.find(tx, message_id))


def delete_below(tx: Transaction, message: Message) -> list[UUID]:
    """Hide a message and every reply under it; the ids of those that were not hidden before."""
    tree = messages.tree(tx, message.tree_id)
    hidden = [found for found in (message, *below(tree, message.id)) if not found.deleted]
    with standing.following(tx, [message.tree_id]):
        answers.set_deleted(tx, [found.id for found in hidden], deleted=True)
    for found in hidden:
        if found.parent_id is not None:
            answers.count_child(tx, found.parent_id, -1)
    growth.reopen_work_of(tx, message.tree_id)
    return [found.id for found in hidden]
