"""What was reported, the one that has waited longest first."""

from __future__ import annotations

from collections.abc import Sequence

from textual import work

from oa.domain.labels import CATALOGUE, Label
from oa.domain.moderation import Outcome
from oa.errors import OaError
from oa.protocol.messages import Message
from oa.protocol.moderation import FlaggedMessageResponse
from oa.tui.actions import bindings
from oa.tui.language import mark, tr
from oa.tui.screens.tables import Chunk, TableScreen, dated
from oa.tui.screens.tree import TreeScreen


class Reports(TableScreen[FlaggedMessageResponse]):
    BINDINGS = bindings("order.dismiss", "order.delete", "order.halt")
    COLUMNS = ((mark("date"), 16), (mark("reports"), 7), (mark("what for"), 0))

    def __init__(self) -> None:
        super().__init__()
        self._texts: dict[str, str] = {}

    def title_text(self) -> str:
        return tr("Reports")

    async def fetch(self, after: str | None) -> Chunk[FlaggedMessageResponse]:
        page = await self.session.hub.moderation.reports(after=after)
        for item in page.items:
            message: Message = await self.session.hub.messages.get(item.message_id)
            self._texts[str(item.message_id)] = message.text
        return Chunk(page.items, page.next)

    def row(self, item: FlaggedMessageResponse) -> Sequence[str]:
        return (dated(item.created_date), str(len(item.reports)), _reasons(item))

    def detail(self, item: FlaggedMessageResponse) -> str:
        words = [f"{report.username}: {report.text}" for report in item.reports if report.text]
        return "\n".join([self._texts.get(str(item.message_id), "")[:500], *words])

    def open_item(self, item: FlaggedMessageResponse) -> None:
        self.oa.push_screen(TreeScreen(item.message_id))

    def action_unfounded(self) -> None:
        self.settle(Outcome.DISMISSED)

    def action_delete(self) -> None:
        self.settle(Outcome.MESSAGE_DELETED)

    def action_halt(self) -> None:
        self.settle(Outcome.TREE_HALTED)

    @work(exclusive=True, group="moderate")
    async def settle(self, outcome: Outcome) -> None:
        """Act, which settles the report; or only say that it is unfounded."""
        if (found := self.item) is None:
            return
        moderation = self.session.hub.moderation
        try:
            match outcome:
                case Outcome.MESSAGE_DELETED:
                    await self.ask(moderation.delete(found.message_id))
                case Outcome.TREE_HALTED:
                    await self.ask(moderation.halt(found.message_id))
                case _:
                    await self.ask(moderation.settle(found.message_id, outcome))
        except OaError as error:
            self.complain(error)
        else:
            self.say(tr("Done; the journal can take it back."))
            self.load()


def _reasons(item: FlaggedMessageResponse) -> str:
    labels = dict.fromkeys(name for report in item.reports for name, value in report.labels.items() if value > 0)
    words = [report.text for report in item.reports if report.text]
    return ", ".join(
        [*(tr(CATALOGUE[Label(name)].display_text) if name in CATALOGUE else name for name in labels), *words]
    )
