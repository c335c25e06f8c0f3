"""Messages: the latest, or those that answer a search. Enter shows the tree."""

from __future__ import annotations

from collections.abc import Sequence

from oa.client.messages import Paging
from oa.domain.views import MessageFilter
from oa.protocol.messages import Message
from oa.tui.actions import bindings
from oa.tui.language import mark, ntr, tr
from oa.tui.screens.dialogs import Ask
from oa.tui.screens.tables import Chunk, TableScreen, dated
from oa.tui.screens.tree import TreeScreen, verdict
from oa.tui.signs import signs
from oa.tui.widgets.conversation import role_name


class Browse(TableScreen[Message]):
    BINDINGS = bindings("list.search")
    COLUMNS = ((mark("date"), 16), (mark("as"), 9), (mark("text"), 0), (mark("how it fares"), 16))

    def __init__(self) -> None:
        super().__init__()
        self._query = ""

    def title_text(self) -> str:
        what = self._query or tr("the latest first")
        return f"{tr('Messages and trees')} {signs().dot} {what}"

    async def fetch(self, after: str | None) -> Chunk[Message]:
        messages = self.session.hub.messages
        if not self._query:
            paging = Paging(size=50, after=after, newest_first=True)
            page = await messages.page(MessageFilter(lang=self.session.lang), paging)
            return Chunk(page.items, page.next)
        found = await messages.search(self._query, size=50, cursor=after)
        self.head(self.title_text(), ntr("{count} found", "{count} found", found.ranked))
        return Chunk([hit.message for hit in found.items], found.next)

    def row(self, item: Message) -> Sequence[str]:
        return (dated(item.created_date), role_name(item), item.text, verdict(item))

    def detail(self, item: Message) -> str:
        return item.text[:600]

    def open_item(self, item: Message) -> None:
        if item.id is not None:
            self.oa.push_screen(TreeScreen(item.id))

    def action_search(self) -> None:
        def search(query: str | None) -> None:
            if query is not None:
                self._query = query.strip()
                self.head(self.title_text())
                self.load()

        explanation = tr('Words; "in this order"; -without; nothing shows the latest')
        self.oa.push_screen(Ask(tr("Search in all messages"), explanation, self._query), search)
