"""In which languages one works: another matter than the language of the interface."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.widgets import Input, Static

from oa.tui.actions import bindings
from oa.tui.language import tr
from oa.tui.screens.frame import Frame
from oa.tui.widgets.ticks import Ticks

KNOWN = {
    "en": "English",
    "de": "Deutsch",
    "es": "Español",
    "fr": "Français",
    "it": "Italiano",
    "pt-BR": "Português",
    "nl": "Nederlands",
    "pl": "Polski",
    "ru": "Русский",
    "uk": "Українська",
    "tr": "Türkçe",
    "ar": "العربية",
    "fa": "فارسی",
    "hi": "हिन्दी",
    "vi": "Tiếng Việt",
    "th": "ไทย",
    "zh": "中文",
    "ja": "日本語",
    "ko": "한국어",
}
"""The most usual ones by their own names; any other can be typed."""


class Languages(Frame[list[str]]):
    BINDINGS = bindings("write.submit")

    def __init__(self, chosen: Sequence[str]) -> None:
        super().__init__()
        self._chosen = list(chosen)

    def body(self) -> ComposeResult:
        yield Static(
            tr("In which languages do you work? Space chooses, ^s is done. The first chosen one is used first."),
            markup=False,
            classes="heading",
        )
        known = {lang: KNOWN.get(lang, "") for lang in [*self._chosen, *KNOWN]}
        yield Ticks([(lang, f"{lang:<6} {name}") for lang, name in known.items()], self._chosen, id="languages")
        field = Input(placeholder=tr("another, by its code, such as eo"), id="another")
        field.cursor_blink = False
        yield field

    def on_mount(self) -> None:
        self.head(tr("Languages you work in"), "")
        self.query_one("#languages").focus()

    def action_submit(self) -> None:
        selected = self.query_one(Ticks).chosen
        another = self.query_one("#another", Input).value.strip()
        kept = [lang for lang in self._chosen if lang in selected]
        chosen = [*kept, *(lang for lang in selected if lang not in kept), *([another] if another else [])]
        if chosen:
            self.dismiss(chosen)
        else:
            self.say(tr("Choose at least one."), is_problem=True)
