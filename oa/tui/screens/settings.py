"""What the interface looks like and which language it speaks."""

from __future__ import annotations

import msgspec
from textual import on
from textual.app import ComposeResult
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from oa.tui import themes
from oa.tui.keys import FILE_NAME
from oa.tui.language import NAMES, speech, tr
from oa.tui.screens.frame import Frame
from oa.tui.signs import signs


class Settings(Frame[None]):
    """Enter on a line takes it at once."""

    def body(self) -> ComposeResult:
        yield OptionList(*self._options(), id="choices", markup=False)
        path = self.oa.places.config / FILE_NAME
        words = tr("Every key can be changed in {path}; `oa tui --keys` prints such a file.").format(path=path)
        yield Static(words, markup=False, classes="hint")

    def on_mount(self) -> None:
        self.head(tr("Settings"), "")
        self.query_one("#choices").focus()

    def _options(self) -> list[Option]:
        options = [Option(tr("Colours"), disabled=True)]
        for name, text in themes.NAMES.items():
            options.append(Option(_line(tr(text), self.oa.theme == name), id=f"theme:{name}"))
        options += [Option("", disabled=True), Option(tr("Language of the interface"), disabled=True)]
        for lang, name in NAMES.items():
            options.append(Option(_line(name, speech().lang == lang), id=f"language:{lang}"))
        options += [Option("", disabled=True), Option(tr("Mouse, from the next start on"), disabled=True)]
        for is_on, text in ((True, tr("on")), (False, tr("off: the terminal's own selection works"))):
            options.append(Option(_line(text, self.oa.preferences.mouse is is_on), id=f"mouse:{is_on:d}"))
        return options

    @on(OptionList.OptionSelected)
    def _take(self, event: OptionList.OptionSelected) -> None:
        kind, _, value = (event.option_id or "").partition(":")
        chosen = {kind: value == "1" if kind == "mouse" else value}
        self.oa.prefer(msgspec.structs.replace(self.oa.preferences, **chosen))
        options = self.query_one("#choices", OptionList)
        at = options.highlighted
        options.clear_options()
        options.add_options(self._options())
        options.highlighted = at
        self.head(tr("Settings"), "")
        self.refresh_bindings()


def _line(text: str, is_chosen: bool) -> str:
    return f"  {signs().chosen if is_chosen else signs().open} {text}"
