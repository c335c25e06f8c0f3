"""What every screen has: a line of where one is, a line of keys, a sentence where the terminal is too small."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any, TypeVar, cast

from textual.app import ComposeResult
from textual.screen import Screen
from textual.widgets import Static

from oa.errors import OaError
from oa.tui.actions import bindings
from oa.tui.language import tr
from oa.tui.signs import plain
from oa.tui.widgets.bars import Bar, KeysLine

if TYPE_CHECKING:
    from oa.tui.app import OaApp
    from oa.tui.session import Session

Result = TypeVar("Result")
Answer = TypeVar("Answer")

SMALLEST = (60, 16)
"""Columns and lines below which nothing but a sentence is shown."""


class Frame(Screen[Result]):
    BINDINGS = bindings("everywhere.back")
    HORIZONTAL_BREAKPOINTS = [(0, "-tiny"), (SMALLEST[0], "-narrow"), (120, "-wide"), (160, "-widest")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-flat"), (SMALLEST[1], "-low"), (24, "-usual"), (32, "-tall")]  # noqa: RUF012

    def compose(self) -> ComposeResult:
        yield Bar(id="bar")
        yield from self.body()
        yield KeysLine(id="keys")
        columns, lines = SMALLEST
        small = tr("This terminal is too small for the work; make it at least {columns} columns by {lines} lines.")
        yield Static(small.format(columns=columns, lines=lines), id="too-small", markup=False)

    def body(self) -> ComposeResult:
        """What is between the lines."""
        yield from ()

    @property
    def oa(self) -> OaApp:
        return cast("OaApp", cast(Any, self).app)

    @property
    def session(self) -> Session:
        return self.oa.session

    def head(self, where: str, state: str | None = None) -> None:
        """Say where one is and how things stand."""
        bar = self.query_one("#bar", Bar)
        bar.where = where
        bar.state = self.oa.standing_words() if state is None else state

    def say(self, text: str, *, title: str = "", is_problem: bool = False) -> None:
        """A notice that goes by itself."""
        self.notify(plain(text), title=title, severity="error" if is_problem else "information", markup=False)

    def complain(self, error: OaError, what: str = "") -> None:
        """Say what went wrong, in the hub's words."""
        self.say(str(error), title=what, is_problem=True)

    async def ask(self, answer: Awaitable[Answer]) -> Answer:
        """Wait for something. A worker whose screen was left meanwhile ends here: there is nothing to show it on."""
        try:
            return await answer
        finally:
            if self not in self.oa.screen_stack:
                raise asyncio.CancelledError

    def action_back(self) -> None:
        self.dismiss(None)

    def action_press(self, key: str) -> None:
        """A key of the line at the bottom was clicked."""
        self.oa.simulate_key(key)
