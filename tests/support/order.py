"""Moderators at work, for tests."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from community import Community

from oa.domain.moderation import Effect
from oa.domain.people import AccountRole, Caller
from oa.hub import banning, editing, halting, merging, moderators, purging, undoing
from oa.hub.moderators import Moderator
from oa.hub.purging import Purged, Wanted


class Order:
    """What a trusted program, or somebody else, does to keep order."""

    def __init__(self, community: Community, caller: Caller | None = None, why: str | None = "because") -> None:
        self.community = community
        self.moderator = Moderator(caller or community.moderator, None, why)

    def as_person(self, name: str, role: AccountRole = AccountRole.MODERATOR) -> Order:
        return Order(self.community, self.community.new_person(name, role))

    @property
    def user_id(self) -> UUID:
        assert self.moderator.caller.person is not None
        return self.moderator.caller.person.id

    def _run(self, act: Any, *what: Any, preview: bool = False, **how: Any) -> Any:
        return self.community.database.run(
            lambda tx: moderators.rehearse(tx, lambda tx: act(tx, self.moderator, *what, **how), preview=preview)
        )

    def halt(self, message_id: UUID, *, preview: bool = False) -> Effect:
        return self._run(halting.halt, message_id, preview=preview)

    def resume(self, message_id: UUID) -> Effect:
        return self._run(halting.resume, message_id)

    def edit(self, message_id: UUID, text: str, *, preview: bool = False) -> Effect:
        return self._run(editing.edit, message_id, text, preview=preview)

    def delete(self, message_id: UUID, *, preview: bool = False) -> Effect:
        return self._run(editing.delete, message_id, preview=preview)

    def restore(self, message_id: UUID, *, descendants: bool = False) -> Effect:
        return self._run(editing.restore, message_id, descendants=descendants)

    def stop(self, user_id: UUID) -> Effect:
        return self._run(banning.stop, user_id)

    def enable(self, user_id: UUID) -> Effect:
        return self._run(banning.enable, user_id)

    def ban(self, user_id: UUID) -> Effect:
        return self._run(banning.ban, user_id)

    def purge(self, user_id: UUID, *, ban: bool = True, preview: bool = False) -> Purged:
        return self._run(purging.purge_user, user_id, ban=ban, preview=preview)

    def purge_messages(self, user_id: UUID, wanted: Wanted | None = None, *, preview: bool = False) -> Purged:
        return self._run(purging.purge_messages, user_id, wanted or Wanted(prompts=False), preview=preview)

    def merge(self, destination: UUID, *sources: UUID, preview: bool = False) -> Effect:
        return self._run(merging.merge, destination, sources, preview=preview)

    def undo(self, event_id: int) -> Effect:
        return self._run(undoing.undo, event_id)

    def last(self) -> int:
        """The number of the latest entry in the journal."""
        return max(row["id"] for row in self.community.rows("journal"))

    def undo_last(self) -> Effect:
        return self.undo(self.last())
