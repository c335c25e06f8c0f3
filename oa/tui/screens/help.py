"""What the keys do here, and everywhere."""

from __future__ import annotations

from collections.abc import Mapping

from textual.app import ComposeResult
from textual.binding import ActiveBinding
from textual.containers import VerticalScroll
from textual.widgets import Static

from oa.tui.actions import ACTIONS, GROUPS
from oa.tui.keys import FILE_NAME
from oa.tui.language import tr
from oa.tui.screens.frame import Frame
from oa.tui.signs import pad
from oa.tui.widgets.bars import key_name


class Help(Frame[None]):
    """The keys of the screen below first, then all others."""

    def __init__(self, active: Mapping[str, ActiveBinding]) -> None:
        super().__init__()
        self._keys: dict[str, list[str]] = {}
        for key, binding in active.items():
            self._keys.setdefault(binding.binding.id or "", []).append(key)

    def body(self) -> ComposeResult:
        with VerticalScroll(id="page"):
            yield Static(self._text(), markup=False)

    def on_mount(self) -> None:
        self.head(tr("What the keys do"), "")
        self.query_one("#page").focus()

    def _text(self) -> str:
        here = [(self._keys[action.name], action) for action in ACTIONS if action.name in self._keys]
        lines = [tr("Here"), ""]
        lines += [_line(keys, tr(action.help or action.text)) for keys, action in here]
        for group, name in GROUPS.items():
            rest = [action for action in ACTIONS if action.group == group and action.name not in self._keys]
            if rest:
                lines += ["", tr(name), ""]
                lines += [_line(action.keys.split(","), tr(action.help or action.text)) for action in rest]
        path = self.oa.places.config / FILE_NAME
        lines += ["", tr("Every key can be changed in {path}; `oa tui --keys` prints such a file.").format(path=path)]
        return "\n".join(lines)


def _line(keys: list[str], text: str) -> str:
    return f"  {pad(' '.join(dict.fromkeys(map(key_name, keys))), 14)} {text}"
