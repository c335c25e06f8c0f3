"""What one has done and what came of it, in figures and plots."""

from __future__ import annotations

from typing import Any, cast

from textual import work
from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import Static
from textual_plotext import PlotextPlot

from oa.domain.standing import TimeFrame
from oa.errors import OaError
from oa.protocol.community import Badge
from oa.protocol.standing import UserScore
from oa.tui.actions import bindings
from oa.tui.language import mark, ntr, tr
from oa.tui.screens.frame import Frame
from oa.tui.screens.leaders import FRAME_NAMES, FRAMES
from oa.tui.signs import cut, pad, signs

FRAME_HEADS = {
    TimeFrame.DAY: mark("day"),
    TimeFrame.WEEK: mark("week"),
    TimeFrame.MONTH: mark("month"),
    TimeFrame.TOTAL: mark("total"),
}

ROWS = (
    ("leader_score", mark("points")),
    ("prompts", mark("prompts")),
    ("accepted_prompts", mark("of these accepted")),
    ("replies_assistant", mark("replies as the assistant")),
    ("accepted_replies_assistant", mark("of these accepted")),
    ("replies_prompter", mark("replies as the prompter")),
    ("accepted_replies_prompter", mark("of these accepted")),
    ("reply_ranked_1", mark("replies ranked first")),
    ("labels_full", mark("full reviews")),
    ("labels_simple", mark("short reviews")),
    ("rankings_total", mark("rankings")),
    ("rankings_good", mark("of these agreeing")),
)

PLOTTED = (
    ("prompts", mark("prompts")),
    ("replies_assistant", mark("answers")),
    ("replies_prompter", mark("questions")),
    ("labels_full", mark("reviews")),
    ("rankings_total", mark("rankings")),
)


class Statistics(Frame[None]):
    BINDINGS = bindings("list.refresh")

    def body(self) -> ComposeResult:
        with VerticalScroll(id="page"):
            yield Static(id="figures", markup=False)
        with Horizontal(id="plots"):
            yield PlotextPlot()

    def on_mount(self) -> None:
        self.head(tr("My statistics"))
        self.query_one("#page").focus()
        self.load()

    @work(exclusive=True, group="load")
    async def load(self) -> None:
        hub = self.session.hub
        try:
            own = await self.ask(hub.standings.own(self.session.profile.user_id))
            badges = await self.ask(hub.me.badges())
        except OaError as error:
            self.complain(error)
            return
        self.query_one("#figures", Static).update(_table(own, badges))
        self._plot(own[TimeFrame.TOTAL])

    def _plot(self, total: UserScore) -> None:
        plot = self.query_one(PlotextPlot)
        plt = cast(Any, plot.plt)
        plt.clear_data()
        plot.display = any(getattr(total, name) for name, _ in PLOTTED)
        values = [getattr(total, name) for name, _ in PLOTTED]
        plt.bar(
            [f"{tr(text)} {value}" for (_, text), value in zip(PLOTTED, values, strict=True)],
            values,
            orientation="horizontal",
            width=0.3,
            marker="#" if self.oa.is_ascii else "hd",
        )
        plt.title(tr(FRAME_NAMES[TimeFrame.TOTAL]))
        plot.refresh()

    def action_refresh(self) -> None:
        self.load()


def _table(own: dict[TimeFrame, UserScore], badges: list[Badge]) -> str:
    heads = "".join(f"{cut(tr(FRAME_HEADS[frame]), 10):>11}" for frame in FRAMES)
    lines = [" " * 30 + heads]
    for name, text in ROWS:
        cells = "".join(f"{getattr(own[frame], name):>11}" for frame in FRAMES)
        lines.append(pad(tr(text), 30) + cells)
    total = own[TimeFrame.TOTAL]
    streak = ntr("{count} day in a row", "{count} days in a row", total.streak_days or 0)
    lines += ["", f"{tr('Level')} {total.level} {signs().dot} {streak}"]
    lines += [f"{signs().done} {tr(badge.text)}" for badge in badges]
    return "\n".join(lines)
