"""Screens that ask for one thing and go."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import Input, Markdown, OptionList, Static, TextArea
from textual.widgets.option_list import Option

from oa.domain.labels import CATALOGUE, REPORT_LABELS, Widget
from oa.tui.actions import bindings
from oa.tui.language import tr
from oa.tui.screens.frame import Frame
from oa.tui.signs import plain
from oa.tui.widgets.editor import PlainTextArea
from oa.tui.widgets.ticks import Ticks


class Read(Frame[None]):
    """A text on the whole screen."""

    def __init__(self, title: str, markdown: str) -> None:
        super().__init__()
        self._title = title
        self._markdown = markdown

    def body(self) -> ComposeResult:
        with VerticalScroll(id="page"):
            yield Markdown(plain(self._markdown), open_links=False)

    def on_mount(self) -> None:
        self.head(self._title, "")
        self.query_one("#page").focus()


class Beside(Frame[None]):
    """Two texts side by side; the keys move both."""

    def __init__(self, title: str, texts: tuple[str, str], names: tuple[str, str]) -> None:
        super().__init__()
        self._title = title
        self._texts = texts
        self._names = names

    def body(self) -> ComposeResult:
        with VerticalScroll(id="page"), Horizontal(id="pair"):
            for name, text in zip(self._names, self._texts, strict=True):
                with VerticalScroll(classes="half", can_focus=False):
                    yield Static(name, markup=False, classes="heading")
                    yield Markdown(plain(text), open_links=False)

    def on_mount(self) -> None:
        self.head(self._title, "")
        self.query_one("#page").focus()


def differences(before: str, after: str) -> str:
    """What was taken out stands in [-…-], what was put in in {+…+}: it needs no colours."""
    old, new = (re.findall(r"\s+|\w+|[^\w\s]", plain(text)) for text in (before, after))
    parts: list[str] = []
    for what, old_from, old_to, new_from, new_to in difflib.SequenceMatcher(
        None, old, new, autojunk=False
    ).get_opcodes():
        if what == "equal":
            parts.append("".join(old[old_from:old_to]))
            continue
        gone, come = "".join(old[old_from:old_to]), "".join(new[new_from:new_to])
        parts += [f"[-{gone}-]"] if gone.strip() else []
        parts += [f"{{+{come}+}}"] if come.strip() else [come]
    return "".join(parts)


class Diff(Frame[None]):
    """How one text differs from another."""

    def __init__(self, title: str, before: str, after: str) -> None:
        super().__init__()
        self._title = title
        self._text = differences(before, after)

    def body(self) -> ComposeResult:
        with VerticalScroll(id="page"):
            yield Static(self._text, markup=False)

    def on_mount(self) -> None:
        self.head(self._title, "")
        self.query_one("#page").focus()


class Ask(Frame[str]):
    """One line of text."""

    def __init__(self, title: str, placeholder: str = "", value: str = "", *, is_secret: bool = False) -> None:
        super().__init__()
        self._title = title
        self._placeholder = placeholder
        self._value = value
        self._is_secret = is_secret

    def body(self) -> ComposeResult:
        field = Input(self._value, placeholder=self._placeholder, password=self._is_secret, id="answer")
        field.cursor_blink = False
        yield Static(self._title, markup=False, classes="heading")
        yield field
        yield Static(tr("enter goes on, esc goes back"), markup=False, classes="hint")

    def on_mount(self) -> None:
        self.head(self._title, "")

    @on(Input.Submitted)
    def _done(self, event: Input.Submitted) -> None:
        self.dismiss(event.value)


class Choose(Frame[str]):
    """One of several, by arrows and enter or by its number."""

    def __init__(self, title: str, choices: Sequence[tuple[str, str]], explanation: str = "") -> None:
        super().__init__()
        self._title = title
        self._choices = choices
        self._explanation = explanation

    def body(self) -> ComposeResult:
        yield Static(self._explanation or self._title, markup=False, classes="heading")
        yield OptionList(*(Option(text, id=name) for name, text in self._choices), id="choices", markup=False)
        yield Static(tr("enter goes on, esc goes back"), markup=False, classes="hint")

    def on_mount(self) -> None:
        self.head(self._title, "")
        self.query_one("#choices").focus()

    @on(OptionList.OptionSelected)
    def _done(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_id)


@dataclass(frozen=True, slots=True)
class Complaint:
    """Why a message is reported."""

    labels: dict[str, float]
    words: str


class Report(Frame[Complaint]):
    """Reasons, and one's own words."""

    BINDINGS = bindings("write.submit")

    def body(self) -> ComposeResult:
        yield Static(tr("What is wrong with it? Space chooses, tab goes on to your own words."), classes="heading")
        flags = [name for name in REPORT_LABELS if CATALOGUE[name].widget is not Widget.LIKERT]
        yield Ticks([(name.value, tr(CATALOGUE[name].display_text)) for name in flags], id="reasons")
        area = PlainTextArea(id="words", show_line_numbers=False, highlight_cursor_line=False)
        area.cursor_blink = False
        yield area

    def on_mount(self) -> None:
        self.head(tr("Report a message"), "")
        self.query_one("#reasons").focus()

    def action_submit(self) -> None:
        chosen = self.query_one(Ticks).chosen
        self.dismiss(Complaint(dict.fromkeys(chosen, 1.0), self.query_one(TextArea).text.strip()))


class EditText(Frame[str]):
    """Another text for a message."""

    BINDINGS = bindings("write.submit")

    def __init__(self, title: str, text: str) -> None:
        super().__init__()
        self._title = title
        self._text = text

    def body(self) -> ComposeResult:
        area = PlainTextArea(self._text, show_line_numbers=False, highlight_cursor_line=False, id="words")
        area.cursor_blink = False
        yield area

    def on_mount(self) -> None:
        self.head(self._title, "")
        self.query_one(TextArea).focus()

    def action_submit(self) -> None:
        self.dismiss(self.query_one(TextArea).text)
