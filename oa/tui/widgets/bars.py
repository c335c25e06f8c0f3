"""The line at the top and the line of keys at the bottom."""

from __future__ import annotations

from typing import Any, cast

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text
from textual.binding import Binding
from textual.reactive import reactive
from textual.screen import Screen
from textual.signal import Signal
from textual.widget import Widget

from oa.tui.actions import BY_NAME
from oa.tui.language import tr
from oa.tui.signs import cut, plain


class Bar(Widget):
    """Where one is, and how things stand."""

    where: reactive[str] = reactive("")
    state: reactive[str] = reactive("")

    def render(self) -> Text:
        width = max(self.content_size.width, 1)
        right = cut(self.state, width // 2)
        left = cut(self.where, max(1, width - cell_len(right) - 1))
        gap = " " * max(1, width - cell_len(left) - cell_len(right))
        return Text.assemble((left, "bold"), gap, right, no_wrap=True)


class KeysLine(Widget):
    """The keys that do something here, in the language of the interface. Each of them can be clicked."""

    def on_mount(self) -> None:
        self._signal.subscribe(self, self._changed)

    def on_unmount(self) -> None:
        self._signal.unsubscribe(self)

    @property
    def _signal(self) -> Signal[Screen[object]]:
        return cast(Any, self.screen).bindings_updated_signal

    def _changed(self, screen: Screen[object]) -> None:
        if self.is_attached and screen is self.screen:
            self.refresh()

    def render(self) -> Text:
        width = max(self.content_size.width, 1)
        parts = [self._part(binding) for binding in self._shown()]
        palette = self._part_of("everywhere.palette")
        line = Text(no_wrap=True)
        for part in parts:
            if line.cell_len + part.cell_len + 2 + palette.cell_len > width:
                break
            line.append_text(part).append("  ")
        return line.append_text(palette) if line.cell_len + palette.cell_len <= width else line

    def _shown(self) -> list[Binding]:
        found: dict[str, Binding] = {}
        for active in self.screen.active_bindings.values():
            binding = active.binding
            name = binding.id or ""
            if binding.show and active.enabled and name in BY_NAME and name != "everywhere.palette":
                found.setdefault(name, binding)
        return list(found.values())

    def _part_of(self, name: str) -> Text:
        for active in self.screen.active_bindings.values():
            if active.binding.id == name:
                return self._part(active.binding)
        return Text()

    def _part(self, binding: Binding) -> Text:
        key = key_name(binding.key)
        style = Style(bold=True, meta={"@click": f"screen.press('{binding.key}')"})
        return Text.assemble((key, style), (f" {tr(binding.description)}", Style(meta=style.meta)))


_NAMES = {
    "question_mark": "?",
    "exclamation_mark": "!",
    "comma": ",",
    "minus": "-",
    "plus": "+",
    "slash": "/",
    "escape": "esc",
    "full_stop": ".",
    "delete": "del",
}


def key_name(key: str) -> str:
    """How a key is written for people."""
    if key.startswith("ctrl+"):
        return "^" + key.removeprefix("ctrl+")
    return plain(_NAMES.get(key, key.upper() if key.startswith("f") and key[1:].isdecimal() else key))
