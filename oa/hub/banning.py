"""Stopping people, and letting them in again."""

from __future__ import annotations

import dataclasses
from uuid import UUID

from oa.domain.moderation import Act, Effect
from oa.domain.people import User
from oa.hub import accounts, growth, moderators
from oa.hub.moderators import Moderator
from oa.store import people
from oa.store.database import Transaction


def stop(tx: Transaction, moderator: Moderator, user_id: UUID) -> Effect:
    """Shut somebody out for now; what they did stays.

    Raises:
        ClientNotAuthorized, UserNotFound, PersonProtected: as `moderators.target`.
        Conflict: it would leave the hub without an admin.
    """
    return _change(tx, moderator, Act.STOP, user_id, enabled=False)


def enable(tx: Transaction, moderator: Moderator, user_id: UUID) -> Effect:
    """Let somebody in again who was stopped or banned.

    Raises:
        ClientNotAuthorized, UserNotFound, PersonProtected: as `moderators.target`.
    """
    return _change(tx, moderator, Act.ENABLE, user_id, enabled=True, deleted=False)


def ban(tx: Transaction, moderator: Moderator, user_id: UUID) -> Effect:
    """Shut somebody out for good and hide them from every list; what they did stays (`oa.hub.purging` removes it).

    Raises:
        ClientNotAuthorized, UserNotFound, PersonProtected: as `moderators.target`.
        Conflict: it would leave the hub without an admin.
    """
    return _change(tx, moderator, Act.BAN, user_id, enabled=False, deleted=True)


def put_back(tx: Transaction, moderator: Moderator, act: Act, user_id: UUID, was: dict[str, bool]) -> Effect:
    """Make a user what they were before another act."""
    return _change(tx, moderator, act, user_id, **was)


def _change(tx: Transaction, moderator: Moderator, act: Act, user_id: UUID, **wanted: bool) -> Effect:
    user = moderators.target(tx, moderator, user_id)
    if user.enabled and not wanted["enabled"]:
        accounts.keep_an_admin(tx, user)
    changed = dataclasses.replace(user, **wanted)
    people.set_access(tx, user.id, enabled=changed.enabled, deleted=changed.deleted)
    if changed.enabled and not changed.deleted and changed != user:
        growth.fill_all_places(tx)  # their prompts take part in the draw again
    effect = Effect(act=act, users=(user_id,), before=_shown(user), after=_shown(changed))
    return moderators.record(tx, moderator, effect)


def _shown(user: User) -> dict[str, bool]:
    return {"enabled": user.enabled, "deleted": user.deleted}
