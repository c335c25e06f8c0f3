"""Lists that come from the hub, in a table. Every list has the same keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.widgets import DataTable, Static

from oa.errors import Forbidden, NotFound, OaError
from oa.tui.actions import bindings
from oa.tui.language import tr
from oa.tui.screens.frame import Frame
from oa.tui.signs import cut, plain

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Chunk(Generic[Item]):
    """A part of a list."""

    items: Sequence[Item] = field(default_factory=list[Item])
    next: str | None = None
    """How to ask for the part after it; None at the end."""


class Rows(DataTable[Text]):
    BINDINGS = bindings("list.open")


class TableScreen(Frame[None], Generic[Item]):
    """A title, columns, and what is behind the row in hand."""

    BINDINGS = bindings("list.more", "list.refresh")
    CAN_OPEN = True
    """Whether there is something behind a row."""
    COLUMNS: tuple[tuple[str, int], ...] = ()
    """Headings and their widths in cells; 0 takes what is left."""

    def __init__(self) -> None:
        super().__init__()
        self.items: list[Item] = []
        self._next: str | None = None

    # --- for the lists ------------------------------------------------------------------------------------------------

    def title_text(self) -> str:
        raise NotImplementedError

    async def fetch(self, after: str | None) -> Chunk[Item]:
        """A part of the list."""
        raise NotImplementedError

    def row(self, item: Item) -> Sequence[str]:
        raise NotImplementedError

    def detail(self, item: Item) -> str:
        """What is said below the table about the row in hand."""
        return ""

    def open_item(self, item: Item) -> None:
        """Enter was pressed on a row."""

    # --- the screen ---------------------------------------------------------------------------------------------------

    def body(self) -> ComposeResult:
        yield Rows(cursor_type="row", id="table")
        yield Static(id="detail", markup=False)

    def on_mount(self) -> None:
        self.head(self.title_text())
        self.query_one("#detail").display = False
        self.table.focus()
        self.load()

    @property
    def table(self) -> Rows:
        return self.query_one(Rows)

    @property
    def item(self) -> Item | None:
        """The row in hand."""
        at = self.table.cursor_row
        return self.items[at] if 0 <= at < len(self.items) else None

    @work(exclusive=True, group="load")
    async def load(self, more: bool = False) -> None:
        """Ask the hub for the list, or for its next part."""
        try:
            chunk = await self.ask(self.fetch(self._next if more else None))
        except (Forbidden, NotFound) as error:
            self._tell(f"{error}\n\n{tr('This hub does not offer it, or not to you.')}")
            return
        except OaError as error:
            self.complain(error)
            return
        at = self.table.cursor_row if more else 0
        self.items = [*self.items, *chunk.items] if more else list(chunk.items)
        self._next = chunk.next
        self.fill(at)

    def fill(self, at: int = 0) -> None:
        """Show the items."""
        table = self.table
        table.clear(columns=True)
        for heading, width in self._widths():
            table.add_column(Text(tr(heading)), width=width)
        widths = [width for _, width in self._widths()]
        for item in self.items:
            table.add_row(*(Text(cut(cell, width)) for cell, width in zip(self.row(item), widths, strict=True)))
        table.move_cursor(row=min(at, max(0, len(self.items) - 1)))
        self._tell("" if self.items else tr("There is nothing here yet."))
        self.refresh_bindings()
        if self.items:
            self._show_detail()

    def _widths(self) -> list[tuple[str, int]]:
        taken = sum(width + 2 for _, width in self.COLUMNS if width) + 2
        rest = [heading for heading, width in self.COLUMNS if not width]
        room = max(10, (self.size.width - taken) // max(1, len(rest)) - 2)
        return [(heading, width or room) for heading, width in self.COLUMNS]

    def on_resize(self) -> None:
        if self.items:
            self.fill(self.table.cursor_row)

    def _tell(self, text: str) -> None:
        found = self.query_one("#detail", Static)
        found.update(plain(text))
        found.display = bool(text)

    @on(DataTable.RowHighlighted)
    def _moved(self, event: DataTable.RowHighlighted) -> None:
        event.stop()
        self._show_detail()

    def _show_detail(self) -> None:
        if self.item is not None:
            self._tell(self.detail(self.item))

    @on(DataTable.RowSelected)
    def _selected(self, event: DataTable.RowSelected) -> None:
        event.stop()
        if self.item is not None:
            self.open_item(self.item)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "open":
            return self.CAN_OPEN
        return self._next is not None if action == "more" else True

    def action_open(self) -> None:
        if self.item is not None:
            self.open_item(self.item)

    def action_more(self) -> None:
        if self._next is None:
            self.say(tr("That is all."))
        else:
            self.load(more=True)

    def action_refresh(self) -> None:
        self.load()


def dated(value: Any) -> str:
    """A date and time of the hub in this place's time."""
    return "" if value is None else f"{value.astimezone():%Y-%m-%d %H:%M}"
