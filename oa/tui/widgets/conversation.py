"""Messages one below the other, with Markdown and highlighted code."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import Markdown, Static

from oa.protocol.conversations import ConversationMessage
from oa.tui.language import tr
from oa.tui.signs import plain

LONGEST = 20_000
"""Characters of a message that are shown; a hub's limit is far below."""


class Turn(Horizontal):
    """One message."""

    def __init__(self, role: str, text: str, *, classes: str | None = None) -> None:
        super().__init__(classes=classes)
        self._role = role
        self._text = plain(text[:LONGEST])

    def compose(self) -> ComposeResult:
        yield Static(self._role, markup=False, classes="role")
        yield Markdown(self._text, open_links=False, classes="said")


class Conversation(VerticalScroll, can_focus=False):
    """It shows where its last message begins: that is what is to be answered."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._last: Turn | None = None

    async def show(self, messages: Sequence[ConversationMessage]) -> None:
        """Replace what is shown."""
        await self.remove_children()
        turns = [Turn(role_name(message), message.text) for message in messages]
        if turns:
            turns[-1].add_class("last")
            await self.mount_all(turns)
        self._last = turns[-1] if turns else None

    def watch_virtual_size(self) -> None:
        """Markdown is laid out piece by piece; until somebody scrolls, the last message keeps its place."""
        self.call_after_refresh(self._show_last)

    def _show_last(self) -> None:
        if self._last is not None and self._last.is_attached:
            self.scroll_to_widget(self._last, animate=False, top=True, force=True)

    def turn_pages(self, step: int) -> None:
        self._last = None
        self.scroll_relative(y=step * max(1, self.size.height - 1), animate=False)

    def on_mouse_scroll_up(self) -> None:
        self._last = None

    on_mouse_scroll_down = on_mouse_scroll_up


def role_name(message: ConversationMessage) -> str:
    return tr("assistant") if message.is_assistant else tr("prompter")
