"""What happened, the latest first; acts of moderation can be taken back."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, cast

from textual import work

from oa.domain.moderation import Act
from oa.errors import OaError
from oa.protocol.moderation import JournalEvent
from oa.tui.actions import bindings
from oa.tui.language import mark, tr
from oa.tui.screens.tables import Chunk, TableScreen, dated
from oa.tui.screens.tree import TreeScreen

PAGE = 50

_ID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def _without_ids(value: Any) -> Any:
    """What happened, without the ids that say nothing to people."""
    if isinstance(value, dict):
        inner = {key: _without_ids(one) for key, one in cast(dict[str, Any], value).items()}
        return {key: one for key, one in inner.items() if one not in (None, "", [], {})}
    if isinstance(value, list):
        return [one for one in map(_without_ids, cast(list[Any], value)) if one is not None]
    return None if isinstance(value, str) and _ID.fullmatch(value) else value


class Journal(TableScreen[JournalEvent]):
    BINDINGS = bindings("order.undo")
    COLUMNS = ((mark("number"), 8), (mark("date"), 16), (mark("what"), 24), (mark("details"), 0))

    def title_text(self) -> str:
        return tr("Journal")

    async def fetch(self, after: str | None) -> Chunk[JournalEvent]:
        before = None if after is None else int(after)
        found = await self.session.hub.moderation.journal(before=before, size=PAGE)
        return Chunk(found, str(found[-1].id) if len(found) == PAGE else None)

    def row(self, item: JournalEvent) -> Sequence[str]:
        return (str(item.id), dated(item.created_date), item.event_type, str(item.payload.get("why") or ""))

    def detail(self, item: JournalEvent) -> str:
        return json.dumps(_without_ids(item.payload), ensure_ascii=False)[:600]

    def open_item(self, item: JournalEvent) -> None:
        if item.message_id is not None:
            self.oa.push_screen(TreeScreen(item.message_id))

    @work(exclusive=True, group="moderate")
    async def action_undo(self) -> None:
        item = self.item
        if item is None:
            return
        if item.event_type not in frozenset(Act):
            self.say(tr("Only acts of moderation can be taken back."))
            return
        try:
            await self.ask(self.session.hub.moderation.undo(item.id))
        except OaError as error:
            self.complain(error)
        else:
            self.load()
