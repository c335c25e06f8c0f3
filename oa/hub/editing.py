"""Editing, deleting and restoring messages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from oa.domain.lifecycle import TreeState, resumed_state
from oa.domain.moderation import Act, Effect, Outcome, Revision
from oa.domain.people import Caller
from oa.domain.tree import Message, below
from oa.errors import MessageIsDeleted, MessageTextEmpty, MessageTooLong
from oa.hub import access, campaigns, checks, growth, moderate, moderators, reports, standing
from oa.hub.moderators import Moderator
from oa.store import answers, journal, messages, moderation, trees
from oa.store.database import Transaction

DELETIONS = (Act.DELETE.value, "auto_moderation")
"""Events that say in `deleted` what else went with the message."""

# --- editing ---------------------------------------------------------------------------------------------------------


def edit(tx: Transaction, moderator: Moderator, message_id: UUID, text: str) -> Effect:
    """Give a message another text; the earlier ones stay in its history. Reviews and rankings stay as they are.

    What the campaign looks for in texts is only pointed out: whoever edits sees it, and decides.

    Raises:
        ClientNotAuthorized: the caller may not moderate.
        MessageNotFound
        MessageIsDeleted: it must be restored first.
        MessageTextEmpty, MessageTooLong
    """
    me = moderators.acting(tx, moderator)
    message = messages.find(tx, message_id)
    if message.deleted:
        raise MessageIsDeleted("this message is deleted; restore it before you edit it")
    _check_text(text, campaigns.current(tx).message_size_limit)
    if text == message.text:
        return Effect(act=Act.EDIT)
    texts = moderation.history(tx, message.id) or [_first_text(tx, message)]
    revision = Revision(id=tx.new_id(), message_id=message.id, text=text, user_id=me, created_date=tx.now)
    moderation.add_revision(tx, revision)
    moderation.set_text(tx, message.id, text, edited=text != texts[0].text)
    found = checks.check_again(tx, message.id, text)
    reports.settle(tx, moderator, [message.id], Outcome.MESSAGE_EDITED)
    # The journal names the texts and does not repeat them: whoever leaves takes them away in one place.
    effect = Effect(
        act=Act.EDIT,
        messages=(message.id,),
        before={"revision": str(texts[-1].id)},
        after={"revision": str(revision.id)},
        warnings=found,
    )
    return moderators.record(tx, moderator, effect, message.id)


def _check_text(text: str, longest: int) -> None:
    if not text.strip():
        raise MessageTextEmpty("the text is empty; to take a message away, delete it")
    if len(text) > longest:
        raise MessageTooLong(f"the text has {len(text)} characters, and {longest} are allowed; shorten it")


def _first_text(tx: Transaction, message: Message) -> Revision:
    first = Revision(
        id=tx.new_id(),
        message_id=message.id,
        text=message.text,
        user_id=message.user_id,
        created_date=message.created_date,
    )
    moderation.add_revision(tx, first)
    return first


def history(tx: Transaction, caller: Caller, message_id: UUID) -> tuple[Message, list[Revision]]:
    """A message and every text that it has had, oldest first; none when it was never edited.

    Raises:
        ClientNotAuthorized: the caller may not moderate.
        MessageNotFound
    """
    access.require_trusted(caller)
    message = messages.find(tx, message_id)
    return message, moderation.history(tx, message_id)


# --- deleting and restoring ------------------------------------------------------------------------------------------


def delete(tx: Transaction, moderator: Moderator, message_id: UUID) -> Effect:
    """Hide a message with everything under it. A tree whose prompt goes is halted.

    Raises:
        ClientNotAuthorized: the caller may not moderate.
        MessageNotFound
    """
    return delete_all(tx, moderator, [message_id])


def delete_all(tx: Transaction, moderator: Moderator, message_ids: Sequence[UUID]) -> Effect:
    """The same for several messages of one tree, as one act; the first of them names it."""
    moderators.acting(tx, moderator)
    found = [messages.find(tx, message_id) for message_id in message_ids]
    before = trees.find(tx, found[0].tree_id).state
    hidden: list[UUID] = []
    for message_id in message_ids:
        if not (message := messages.find(tx, message_id)).deleted:
            hidden += moderate.delete_below(tx, message)
    if not hidden:
        return Effect(act=Act.DELETE)
    reports.settle(tx, moderator, hidden, Outcome.MESSAGE_DELETED)
    effect = Effect(
        act=Act.DELETE,
        messages=tuple(hidden),
        before={"state": before.value},
        after={"state": trees.find(tx, found[0].tree_id).state.value, "deleted": [str(one) for one in hidden]},
    )
    return moderators.record(tx, moderator, effect, found[0].id)


def restore(tx: Transaction, moderator: Moderator, message_id: UUID, *, descendants: bool = False) -> Effect:
    """Show a deleted message again, with the messages above it, without which it could not be reached.

    Args:
        descendants: also what was deleted together with it.

    Raises:
        ClientNotAuthorized: the caller may not moderate.
        MessageNotFound
    """
    moderators.acting(tx, moderator)
    message = messages.find(tx, message_id)
    wanted = [message.id, *(_deleted_with(tx, message) if descendants else ())]
    return restore_all(tx, moderator, message, wanted)


def restore_all(tx: Transaction, moderator: Moderator, message: Message, wanted: Iterable[UUID]) -> Effect:
    """Show these messages of one tree again, and all above them; those that are gone for good are left out."""
    tree = {one.id: one for one in messages.tree(tx, message.tree_id)}
    back = _with_ancestors(tree, wanted)
    if not back:
        return Effect(act=Act.RESTORE)
    before = trees.find(tx, message.tree_id).state
    _show(tx, message.tree_id, back)
    if message.tree_id in {one.id for one in back}:
        _wake(tx, message.tree_id)
    effect = Effect(
        act=Act.RESTORE,
        messages=tuple(one.id for one in back),
        before={"state": before.value},
        after={"state": trees.find(tx, message.tree_id).state.value, "restored": [str(one.id) for one in back]},
    )
    return moderators.record(tx, moderator, effect, message.id)


def _with_ancestors(tree: dict[UUID, Message], wanted: Iterable[UUID]) -> list[Message]:
    """The deleted among these messages and those above them, from the prompt down."""
    found: dict[UUID, Message] = {}
    for message_id in wanted:
        one = tree.get(message_id)
        while one is not None:
            if one.deleted:
                found[one.id] = one
            one = None if one.parent_id is None else tree.get(one.parent_id)
    return sorted(found.values(), key=lambda one: (one.depth, one.created_date, one.id))


def _show(tx: Transaction, tree_id: UUID, back: Sequence[Message]) -> None:
    with standing.following(tx, [tree_id]):
        answers.set_deleted(tx, [one.id for one in back], deleted=False)
        for one in back:
            if one.parent_id is not None:
                answers.count_child(tx, one.parent_id, 1)
        growth.reopen_work_of(tx, tree_id)


def _wake(tx: Transaction, tree_id: UUID) -> None:
    """The prompt is back: a tree that was halted for want of it goes on, one that a moderator halted does not."""
    tree = trees.find(tx, tree_id)
    if tree.state is not TreeState.HALTED_BY_MODERATOR:
        return
    deletion = next(iter(journal.about(tx, [tree_id], DELETIONS)), None)
    halted_before = deletion is not None and deletion.facts.get("before", {}).get("state") == tree.state.value
    if not halted_before:
        growth.move_tree(tx, tree, resumed_state(tree, messages.nodes(tx, tree_id)))


def _deleted_with(tx: Transaction, message: Message) -> list[UUID]:
    """What was deleted in the same act; everything deleted under the message where no act is on record."""
    tree = messages.tree(tx, message.tree_id)
    under = [one.id for one in below(tree, message.id) if one.deleted]
    above = [one.id for one in messages.thread(tx, message.id)]
    for event in journal.about(tx, above, DELETIONS):
        gone = set(event.facts.get("after", event.facts).get("deleted", ()))
        if str(message.id) in gone:
            return [one for one in under if str(one) in gone]
    return under
