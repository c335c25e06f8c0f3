"""How the hub is doing: open work, trees, messages."""

from __future__ import annotations

from textual import work
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from oa.errors import OaError
from oa.protocol.stats import SystemStats, TreeManagerStats
from oa.tui.actions import bindings
from oa.tui.language import tr
from oa.tui.screens.frame import Frame
from oa.tui.screens.tables import dated
from oa.tui.signs import pad, plain
from oa.tui.words import word


class Status(Frame[None]):
    BINDINGS = bindings("list.refresh")

    def body(self) -> ComposeResult:
        with VerticalScroll(id="page"):
            yield Static(id="figures", markup=False)

    def on_mount(self) -> None:
        self.head(tr("Status of the hub"))
        self.query_one("#page").focus()
        self.load()

    def action_refresh(self) -> None:
        self.load()

    @work(exclusive=True, group="load")
    async def load(self) -> None:
        hub = self.session.hub
        try:
            counts, trees = await self.ask(hub.moderation.counts()), await self.ask(hub.moderation.trees())
            open_work = await self.ask(hub.tasks.availability(self.session.lang))
        except OaError as error:
            self.query_one("#figures", Static).update(plain(str(error)))
            return
        work_lines = [f"  {pad(word(kind.value), 28)} {count}" for kind, count in open_work.items() if count]
        lines = [*_counts(counts), "", tr("Open work"), *work_lines, "", *_trees(trees)]
        lines += ["", tr("Engines and workers: this hub does not say anything about them here yet.")]
        self.query_one("#figures", Static).update("\n".join(lines))


def _counts(counts: SystemStats) -> list[str]:
    rows = (
        (tr("Messages"), counts.all),
        (tr("of these active"), counts.active),
        (tr("of these removed"), counts.deleted),
        (tr("Trees"), counts.message_trees),
    )
    by_lang = ", ".join(f"{lang} {count}" for lang, count in sorted(counts.active_by_lang.items()))
    return [*(f"{pad(name, 30)} {count}" for name, count in rows), f"{pad(tr('by language'), 30)} {by_lang}"]


def _trees(trees: TreeManagerStats) -> list[str]:
    states = [f"  {pad(word(state), 28)} {count}" for state, count in trees.state_counts.items()]
    growing = [
        f"  {pad(word(tree.state), 28)} {tree.count}/{tree.goal_tree_size}  {dated(tree.youngest)}"
        for tree in trees.message_counts[:50]
    ]
    return [tr("Trees by state"), *states, "", tr("Trees at work"), *growing]
