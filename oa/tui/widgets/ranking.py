"""The replies of a ranking in the order chosen so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from oa.tui.actions import bindings
from oa.tui.signs import cut, signs

PLACES = tuple(f"rank.place{place}" for place in range(1, 10))


class RankList(Widget, can_focus=True):
    """It knows nothing of tasks or the network."""

    BINDINGS = bindings("rank.up", "rank.down", "rank.lower", "rank.higher", "rank.none", *PLACES)

    order: reactive[list[int]] = reactive(list[int], repaint=False)
    """Places in the list as it was given, best first."""
    cursor: reactive[int] = reactive(0, repaint=False)
    not_rankable: reactive[bool] = reactive(False)

    @dataclass
    class Changed(Message):
        """Another order, or another verdict on all of them."""

        order: list[int]
        not_rankable: bool

    @dataclass
    class Moved(Message):
        """Another reply is in hand."""

        reply: int

    def __init__(
        self, replies: Sequence[str], order: Sequence[int], not_rankable: bool, *, id: str | None = None
    ) -> None:
        super().__init__(id=id)
        self.replies = list(replies)
        given = list(range(len(self.replies)))
        self.set_reactive(RankList.order, list(order) if sorted(order) == given else given)
        self.set_reactive(RankList.not_rankable, not_rankable)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self.replies)

    @property
    def reply(self) -> int:
        """The reply in hand, by its place in the list as it was given."""
        return self.order[self.cursor]

    @property
    def above(self) -> int | None:
        """The reply that stands above it."""
        return self.order[self.cursor - 1] if self.cursor else None

    def action_move(self, step: int) -> None:
        self.cursor = max(0, min(len(self.order) - 1, self.cursor + step))

    def action_carry(self, step: int) -> None:
        self._carry_to(self.cursor + step)

    def action_none(self) -> None:
        self.not_rankable = not self.not_rankable
        self.post_message(self.Changed(list(self.order), self.not_rankable))

    def action_place(self, number: int) -> None:
        self._carry_to(number - 1)

    def _carry_to(self, target: int) -> None:
        if not 0 <= target < len(self.order) or target == self.cursor:
            return
        order = list(self.order)
        order.insert(target, order.pop(self.cursor))
        before, self.order = self.cursor, order
        self.set_reactive(RankList.cursor, target)
        top, bottom = sorted((before, target))
        self.refresh(Region(0, top, self.size.width, bottom - top + 1))
        self.post_message(self.Changed(order, self.not_rankable))

    def watch_cursor(self, before: int, now: int) -> None:
        for row in (before, now):
            self.refresh(Region(0, row, self.size.width, 1))
        self.post_message(self.Moved(self.reply))

    def render_line(self, y: int) -> Strip:
        base = self.rich_style
        if not 0 <= y < len(self.order):
            return Strip.blank(self.size.width, base)
        is_here = y == self.cursor
        place = signs().refused if self.not_rankable else str(y + 1)
        lead = f"{signs().here if is_here else ' '} {place}  "
        text = cut(self.replies[self.order[y]], max(1, self.size.width - len(lead)))
        style = base + Style(bold=is_here, reverse=is_here and self.has_focus)
        line = Strip([Segment(lead, base + Style(bold=True)), Segment(text, style)])
        return line.adjust_cell_length(self.size.width, base)

    def on_click(self, event: events.Click) -> None:
        if 0 <= event.y < len(self.order):
            self.cursor = event.y
