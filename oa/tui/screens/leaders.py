"""Who has earned the most."""

from __future__ import annotations

from collections.abc import Sequence

from oa.domain.standing import TimeFrame
from oa.protocol.standing import UserScore
from oa.tui.actions import bindings
from oa.tui.language import mark, tr
from oa.tui.screens.tables import Chunk, TableScreen
from oa.tui.signs import signs

FRAMES = (TimeFrame.DAY, TimeFrame.WEEK, TimeFrame.MONTH, TimeFrame.TOTAL)

FRAME_NAMES = {
    TimeFrame.DAY: mark("the last day"),
    TimeFrame.WEEK: mark("the last week"),
    TimeFrame.MONTH: mark("the last month"),
    TimeFrame.TOTAL: mark("all time"),
}


class Leaders(TableScreen[UserScore | None]):
    """The first hundred, and one's own neighbours where one is not among them."""

    BINDINGS = bindings("list.frame")
    CAN_OPEN = False
    COLUMNS = (
        (mark("place"), 5),
        (mark("name"), 0),
        (mark("points"), 7),
        (mark("level"), 5),
        (mark("prompts"), 7),
        (mark("replies"), 7),
        (mark("reviews"), 7),
        (mark("rankings"), 8),
    )

    def __init__(self) -> None:
        super().__init__()
        self._frame = TimeFrame.WEEK

    def title_text(self) -> str:
        return f"{tr('Leaderboard')} {signs().dot} {tr(FRAME_NAMES[self._frame])}"

    async def fetch(self, after: str | None) -> Chunk[UserScore | None]:
        standings = self.session.hub.standings
        board = (await standings.leaderboard(self._frame)).leaderboard
        if any(one.highlighted for one in board):
            return Chunk(board)
        around = await standings.neighbours(self.session.profile.user_id, self._frame)
        if around is None or not around.leaderboard:
            return Chunk(board)
        last = board[-1].rank or 0
        return Chunk([*board, None, *(one for one in around.leaderboard if (one.rank or 0) > last)])

    def row(self, item: UserScore | None) -> Sequence[str]:
        if item is None:
            return (signs().more, "", "", "", "", "", "", "")
        return (
            f"{signs().here if item.highlighted else ' '}{item.rank or ''}",
            item.display_name,
            str(item.leader_score),
            str(item.level),
            str(item.prompts),
            str(item.replies_assistant + item.replies_prompter),
            str(item.labels_full + item.labels_simple),
            str(item.rankings_total),
        )

    def action_frame(self) -> None:
        self._frame = FRAMES[(FRAMES.index(self._frame) + 1) % len(FRAMES)]
        self.head(self.title_text())
        self.load()
