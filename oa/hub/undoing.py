"""Taking acts of moderation back, where that is possible, and looking through the journal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from oa.domain.lifecycle import TreeState
from oa.domain.moderation import Act, Effect, Event, EventFilter, Outcome
from oa.domain.people import Caller
from oa.errors import CannotUndo, EventNotFound, MessageNotFound
from oa.hub import access, banning, editing, halting, moderators
from oa.hub.moderators import Moderator
from oa.store import journal, messages, moderation, people, trees
from oa.store.database import Transaction

OPPOSITE = {
    Act.STOP: Act.ENABLE,
    Act.ENABLE: Act.STOP,
    Act.BAN: Act.UNBAN,
    Act.UNBAN: Act.BAN,
    Act.HALT: Act.RESUME,
    Act.RESUME: Act.HALT,
}

FINAL = frozenset({Act.PURGE, Act.PURGE_MESSAGES, Act.MERGE})


def events(tx: Transaction, caller: Caller, wanted: EventFilter, limit: int) -> list[Event]:
    """What has happened, the latest first.

    Raises:
        ClientNotAuthorized: the caller may not moderate.
    """
    access.require_trusted(caller)
    return journal.latest(tx, wanted, limit)


def undo(tx: Transaction, moderator: Moderator, event_id: int) -> Effect:
    """Take one act back; that is an act of its own, on record and undone in its turn.

    Raises:
        ClientNotAuthorized: the caller may not moderate.
        EventNotFound: the journal has no such entry.
        CannotUndo: by its nature, because it has been undone, or because things have moved on.
        MessageNotFound, UserNotFound: what it was about is gone.
        PersonProtected: as `moderators.target`.
    """
    moderators.acting(tx, moderator)
    event = journal.find(tx, event_id)
    if event is None:
        raise EventNotFound(f"the journal has no entry {event_id}", event_id=event_id)
    act = _act(event)
    if (by := journal.undoing(tx, event_id)) is not None:
        raise CannotUndo(f"entry {event_id} was undone before, by entry {by}; undo that one instead")
    effect = UNDOINGS[act](tx, replace(moderator, undoes=event_id), event)
    if not effect.changed:
        raise _moved_on()
    return effect


def _act(event: Event) -> Act:
    try:
        act = Act(event.kind)
    except ValueError:
        raise CannotUndo(f"{event.kind} is no act of moderation, so there is nothing to undo") from None
    if act in FINAL:
        raise CannotUndo(f"{event.kind} cannot be undone: what it removed is gone; that is what the preview is for")
    return act


def _moved_on() -> CannotUndo:
    return CannotUndo("things have moved on since: what it changed has been changed again")


def _state(event: Event) -> TreeState:
    return TreeState(event.facts["before"]["state"])


def _undo_move(tx: Transaction, moderator: Moderator, event: Event) -> Effect:
    act = Act(event.kind)
    tree = trees.find(tx, _message_id(event))
    if (tree.state is TreeState.HALTED_BY_MODERATOR) is not (act is Act.HALT):
        raise _moved_on()
    return halting.move(tx, moderator, OPPOSITE[act], tree, _state(event))


def _undo_deletion(tx: Transaction, moderator: Moderator, event: Event) -> Effect:
    message = messages.find(tx, _message_id(event))
    return editing.restore_all(tx, moderator, message, map(UUID, event.facts["after"]["deleted"]))


def _undo_restoration(tx: Transaction, moderator: Moderator, event: Event) -> Effect:
    restored = [UUID(one) for one in event.facts["after"]["restored"]]
    tree = {one.id for one in messages.tree(tx, messages.find(tx, _message_id(event)).tree_id)}
    return editing.delete_all(tx, moderator, [one for one in restored if one in tree])


def _undo_edit(tx: Transaction, moderator: Moderator, event: Event) -> Effect:
    message = messages.find(tx, _message_id(event))
    texts = moderation.history(tx, message.id)
    before = next((one for one in texts if str(one.id) == event.facts["before"]["revision"]), None)
    if before is None or str(texts[-1].id) != event.facts["after"]["revision"]:
        raise _moved_on()
    return editing.edit(tx, moderator, message.id, before.text)


def _undo_access(tx: Transaction, moderator: Moderator, event: Event) -> Effect:
    act, facts = Act(event.kind), event.facts
    # Other places that stop people write only whom: nothing else was changed then.
    named = facts.get("users") or [facts.get("user") or facts.get("changed_user")]
    user_id = UUID(named[0])
    user = people.user_by_id(tx, user_id)
    before: Mapping[str, Any] = facts.get("before") or {"enabled": act is Act.STOP}
    after: Mapping[str, Any] = facts.get("after") or {"enabled": act is not Act.STOP}
    if user is not None and any(getattr(user, name) is not value for name, value in after.items()):
        raise _moved_on()
    return banning.put_back(tx, moderator, OPPOSITE[act], user_id, dict(before))


def _undo_processing(tx: Transaction, moderator: Moderator, event: Event) -> Effect:
    before, after = event.facts["before"], event.facts["after"]
    message_id = _message_id(event)
    found = moderation.flagged(tx, message_id)
    if found is None:
        raise MessageNotFound("nobody has reported a message with this id", message_id=str(message_id))
    if (found.processed, found.outcome) != (after["processed"], after["outcome"]):
        raise _moved_on()
    outcome = Outcome(before["outcome"]) if before["outcome"] else None
    changed = replace(found, processed=before["processed"], outcome=outcome, note=before["note"])
    moderation.process(tx, changed)
    effect = Effect(act=Act.REPORT, before=after, after=before)
    return moderators.record(tx, moderator, effect, message_id)


def _message_id(event: Event) -> UUID:
    assert event.message_id is not None  # every act upon a message or a tree names it
    return event.message_id


UNDOINGS: Mapping[Act, Callable[[Transaction, Moderator, Event], Effect]] = {
    Act.HALT: _undo_move,
    Act.RESUME: _undo_move,
    Act.DELETE: _undo_deletion,
    Act.RESTORE: _undo_restoration,
    Act.EDIT: _undo_edit,
    Act.STOP: _undo_access,
    Act.ENABLE: _undo_access,
    Act.BAN: _undo_access,
    Act.UNBAN: _undo_access,
    Act.REPORT: _undo_processing,
}
