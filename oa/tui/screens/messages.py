"""What one wrote, and what has become of it."""

from __future__ import annotations

from collections.abc import Sequence

from oa.protocol.oneself import OwnMessage
from oa.tui.language import mark, ntr, tr
from oa.tui.screens.tables import Chunk, TableScreen, dated
from oa.tui.screens.tree import TreeScreen
from oa.tui.signs import signs
from oa.tui.words import word


class OwnMessages(TableScreen[OwnMessage]):
    COLUMNS = ((mark("date"), 16), (mark("as"), 9), (mark("text"), 0), (mark("fate"), 22))

    def title_text(self) -> str:
        return tr("My messages and their fate")

    async def fetch(self, after: str | None) -> Chunk[OwnMessage]:
        page = await self.session.hub.me.messages(after=after)
        return Chunk(page.items, page.next)

    def row(self, item: OwnMessage) -> Sequence[str]:
        return (dated(item.created_date), word(item.role), item.text, fate(item))

    def detail(self, item: OwnMessage) -> str:
        reactions = "  ".join(f"{name} {count}" for name, count in sorted(item.emojis.items()) if name[0] != "_")
        return "\n".join(filter(None, (item.text[:600], f"{fate(item)}  {reactions}".rstrip())))

    def open_item(self, item: OwnMessage) -> None:
        self.oa.push_screen(TreeScreen(item.id))


def fate(item: OwnMessage) -> str:
    """What became of a message, in a few words."""
    if item.deleted:
        return f"{signs().refused} {tr('removed')}"
    if item.review_result is False:
        return f"{signs().refused} {tr('not accepted')}"
    if item.rank is not None:
        return f"{signs().done} {tr('rank {rank}').format(rank=item.rank + 1)}"
    if item.review_result:
        return f"{signs().done} {tr('accepted')}"
    return f"{signs().more} {ntr('{count} review', '{count} reviews', item.review_count)}"
