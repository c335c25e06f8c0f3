"""Those whose messages others object to most."""

from __future__ import annotations

from collections.abc import Sequence

from textual import work

from oa.domain.standing import TimeFrame
from oa.errors import OaError
from oa.protocol.standing import TrollScore
from oa.tui.actions import bindings
from oa.tui.language import mark, tr
from oa.tui.screens.leaders import FRAME_NAMES, FRAMES
from oa.tui.screens.tables import Chunk, TableScreen
from oa.tui.signs import signs


class Trolls(TableScreen[TrollScore]):
    BINDINGS = bindings("list.frame", "order.stop")
    CAN_OPEN = False
    COLUMNS = (
        (mark("place"), 5),
        (mark("name"), 0),
        (mark("score"), 6),
        (mark("flags"), 6),
        (mark("spam"), 6),
        (mark("down"), 6),
        (mark("toxicity"), 8),
        (mark("state"), 10),
    )

    def __init__(self) -> None:
        super().__init__()
        self._frame = TimeFrame.WEEK

    def title_text(self) -> str:
        return f"{tr('Trollboard')} {signs().dot} {tr(FRAME_NAMES[self._frame])}"

    async def fetch(self, after: str | None) -> Chunk[TrollScore]:
        return Chunk((await self.session.hub.standings.trollboard(self._frame)).trollboard)

    def row(self, item: TrollScore) -> Sequence[str]:
        toxicity = signs().dash if item.toxicity is None else f"{item.toxicity:.0%}"
        state = f"{signs().done} {tr('active')}" if item.enabled else f"{signs().refused} {tr('shut out')}"
        figures = (item.troll_score, item.red_flags, item.spam, item.downvotes)
        return (str(item.rank or ""), item.display_name, *map(str, figures), toxicity, state)

    def action_frame(self) -> None:
        self._frame = FRAMES[(FRAMES.index(self._frame) + 1) % len(FRAMES)]
        self.head(self.title_text())
        self.load()

    @work(exclusive=True, group="moderate")
    async def action_stop(self) -> None:
        if (found := self.item) is None:
            return
        moderation = self.session.hub.moderation
        try:
            await self.ask((moderation.stop_user if found.enabled else moderation.enable_user)(found.user_id))
        except OaError as error:
            self.complain(error)
        else:
            self.say(tr("Done; the journal can take it back."))
            self.load()
