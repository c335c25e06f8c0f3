"""Where one writes, with what can be said about the text below it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.geometry import Region
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Static, TextArea
from textual.widgets.text_area import Edit, EditResult

from oa.tui.language import ntr, tr
from oa.tui.reading import LONG_WORDS, Remarks, remarks
from oa.tui.signs import gauge, signs

SETTLES_AFTER_S = 0.3
"""How long a hand rests before the text is looked at and kept."""

LONGEST_PASTE = 20_000
"""Characters that go into the editor at once. A terminal that is fed a megabyte stands still."""


class PlainTextArea(TextArea):
    """An editor that takes what is pasted as text, never as keys, and not more than anybody can hand in."""

    @dataclass
    class PastedTooMuch(Message):
        """More was pasted than the editor takes; the whole of it is here."""

        text: str

    _is_in_one_line = False

    def edit(self, edit: Edit) -> EditResult:
        """Change the text; a change within a line paints that line and not the screen, which may be far away."""
        row = edit.from_location[0]
        self._is_in_one_line = row == edit.to_location[0] and "\n" not in edit.text
        height = self.wrapped_document.height
        try:
            result = super().edit(edit)
        finally:
            was_in_one_line, self._is_in_one_line = self._is_in_one_line, False
        if was_in_one_line and height == self.wrapped_document.height:
            _, top = self.wrapped_document.location_to_offset((row, 0))
            lines = len(self.wrapped_document.get_sections(row))
            self.refresh(Region(0, top - self.scroll_offset.y, self.outer_size.width, lines))
        else:
            self.refresh()
        return result

    def refresh(self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False) -> Self:
        if self._is_in_one_line and not regions and not layout and not recompose:
            return self
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)

    async def _on_paste(self, event: events.Paste) -> None:
        """Every class of the line has its own turn; the editor's comes unless it is prevented."""
        if len(event.text) > LONGEST_PASTE:
            event.prevent_default()
            event.stop()
            self.insert(event.text[:LONGEST_PASTE])
            self.post_message(self.PastedTooMuch(event.text))


class Editor(Vertical):
    """It knows nothing of tasks or the network."""

    @dataclass
    class Settled(Message):
        """The text has changed and the hand rests."""

        text: str

    def __init__(self, text: str, *, lang: str, limit: int, earlier: list[str]) -> None:
        super().__init__()
        self._first = text
        self._lang = lang
        self._limit = limit
        self._earlier = earlier
        self._resting: Timer | None = None

    def compose(self) -> ComposeResult:
        area = PlainTextArea(
            self._first, soft_wrap=True, show_line_numbers=False, highlight_cursor_line=False, id="text", theme="css"
        )
        area.cursor_blink = False
        yield area
        yield Static(id="remarks", markup=False)

    def on_mount(self) -> None:
        self.area.move_cursor(self.area.document.end)
        self.look()

    @property
    def area(self) -> TextArea:
        return self.query_one("#text", TextArea)

    @property
    def text(self) -> str:
        return self.area.text

    @text.setter
    def text(self, text: str) -> None:
        self.area.text = text
        self.area.move_cursor(self.area.document.end)

    def remarks(self) -> Remarks:
        return remarks(self.text, lang=self._lang, limit=self._limit, earlier=self._earlier)

    @on(TextArea.Changed)
    def _rest(self, event: TextArea.Changed) -> None:
        event.stop()
        if self._resting is not None:
            self._resting.stop()
        self._resting = self.set_timer(SETTLES_AFTER_S, self.look)

    def look(self) -> None:
        """Say what there is to say about the text, and that it can be kept."""
        self.query_one("#remarks", Static).update(describe(self.remarks(), lang=self._lang, limit=self._limit))
        if self.text != self._first:
            self.post_message(self.Settled(self.text))


def describe(found: Remarks, *, lang: str, limit: int) -> str:
    """What is said about a text, on a line or two."""
    parts = [
        f"{ntr('{count} word', '{count} words', found.words)} {gauge(min(found.words, LONG_WORDS) / LONG_WORDS, 5)}",
        f"{found.characters}/{limit}",
    ]
    if found.right_language is not None:
        parts.append(f"{lang} {signs().done if found.right_language else '!'}")
    warnings: list[str] = []
    if found.is_too_long:
        warnings.append(tr("! too long: the hub will not take it"))
    if found.right_language is False:
        warnings.append(tr("! this does not look like the language of the task"))
    if found.is_copy:
        warnings.append(tr("! nearly the same as a text above"))
    if found.personal:
        warnings.append(tr("! it seems to have personal data"))
    return f" {signs().dot} ".join(parts) + ("\n" + "\n".join(warnings) if warnings else "")
