"""What people report, and what comes of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from oa.domain.moderation import Act, Effect, Flagged, Outcome
from oa.domain.paging import Page, PageRequest, Part, written
from oa.domain.people import Caller
from oa.errors import MessageNotFound
from oa.hub import access, moderators
from oa.hub.moderators import Moderator
from oa.store import moderation
from oa.store.database import Transaction


def queue(tx: Transaction, caller: Caller, limit: int, *, processed: bool | None = None) -> list[Flagged]:
    """Reported messages, the one that has waited longest first.

    Args:
        processed: only those that are, or are not; all when None.

    Raises:
        ClientNotAuthorized: the caller may not moderate.
    """
    access.require_trusted(caller)
    return moderation.queue(tx, Part(limit), processed=processed)


def queue_page(
    tx: Transaction, caller: Caller, request: PageRequest[datetime], *, processed: bool | None = None
) -> Page[Flagged]:
    """A page of the same list.

    Raises:
        ClientNotAuthorized: the caller may not moderate.
    """
    access.require_trusted(caller)
    found = moderation.queue(tx, request.part(), processed=processed)
    return request.page(found, lambda one: written(one.message_id, one.created_date), "created_date")


def process(
    tx: Transaction, moderator: Moderator, message_id: UUID, outcome: Outcome | None = None, note: str | None = None
) -> Flagged:
    """Say what came of the reports about a message. A new report opens it again.

    Raises:
        ClientNotAuthorized: the caller may not moderate.
        MessageNotFound: nobody has reported such a message.
    """
    me = moderators.acting(tx, moderator)
    found = moderation.flagged(tx, message_id)
    if found is None:
        raise MessageNotFound("nobody has reported a message with this id", message_id=str(message_id))
    if found.processed and outcome in (None, found.outcome) and note in (None, found.note):
        return found
    changed = replace(
        found,
        processed=True,
        outcome=outcome or found.outcome,
        processed_by=me,
        processed_date=tx.now,
        note=note if note is not None else found.note,
    )
    moderation.process(tx, changed)
    moderators.record(tx, moderator, _effect(found, changed), message_id)
    return changed


def settle(tx: Transaction, moderator: Moderator, message_ids: Iterable[UUID], outcome: Outcome) -> None:
    """Process the open reports about messages upon which a moderator has acted."""
    for message_id in message_ids:
        found = moderation.flagged(tx, message_id)
        if found is not None and not found.processed:
            process(tx, replace(moderator, undoes=None), message_id, outcome)


def _effect(before: Flagged, after: Flagged) -> Effect:
    return Effect(act=Act.REPORT, before=_shown(before), after=_shown(after))


def _shown(one: Flagged) -> dict[str, object]:
    return {"processed": one.processed, "outcome": one.outcome, "note": one.note}
