"""The questions of a review: one key per answer, and on to the next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from oa.domain.labels import CATALOGUE, Label
from oa.domain.labels import Widget as Kind
from oa.protocol.labels import LabelDescription
from oa.tui.actions import bindings
from oa.tui.language import mark, tr
from oa.tui.signs import pad, signs

STEPS = 5
"""Places on a scale."""

NAME_CELLS = 30


@dataclass(frozen=True, slots=True)
class Question:
    """One label as it is asked for."""

    name: str
    text: str
    help: str
    is_scale: bool
    is_required: bool
    left: str = ""
    """What the left end of the scale means, in a word."""
    right: str = ""
    is_reversed: bool = False
    """The left end is stored as 1."""

    def shown(self, stored: float) -> float:
        return 1 - stored if self.is_reversed else stored

    stored = shown
    """It is its own inverse."""


def questions_of(labels: Sequence[LabelDescription], required: Sequence[str]) -> list[Question]:
    """What a task asks: flags last, since most are not raised; labels that this program does not know as yes or no."""
    asked = [_question(label, label.name in required) for label in labels]
    return sorted(asked, key=lambda question: question.is_scale)


def _question(label: LabelDescription, is_required: bool) -> Question:
    known = CATALOGUE.get(Label(label.name)) if label.name in frozenset(Label) else None
    if known is None:
        return Question(label.name, label.display_text, label.help_text or "", label.widget == Kind.LIKERT, is_required)
    left, right = known.ends
    return Question(
        name=label.name,
        text=known.display_text,
        help=known.help_text,
        is_scale=known.widget is Kind.LIKERT,
        is_required=is_required,
        left=left or "",
        right=right or "",
        is_reversed=known.shown_reversed,
    )


class QuestionList(Widget, can_focus=True):
    """Questions and the answers so far; nothing is answered beforehand."""

    BINDINGS = bindings("label.*")

    cursor: reactive[int] = reactive(0, repaint=False)

    @dataclass
    class Answered(Message):
        """An answer was given, changed or taken away."""

        values: dict[str, float]

    @dataclass
    class Moved(Message):
        """Another question is in hand."""

        question: Question

    def __init__(self, questions: Sequence[Question], values: Mapping[str, float], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.questions = list(questions)
        self.values = {name: value for name, value in values.items() if any(q.name == name for q in questions)}
        self._missing: frozenset[str] = frozenset()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self.questions)

    @property
    def question(self) -> Question:
        return self.questions[self.cursor]

    def missing(self) -> list[Question]:
        """The questions that must be answered and are not."""
        return [one for one in self.questions if one.is_required and one.name not in self.values]

    def point_at_missing(self) -> None:
        """Mark what must still be answered and go to the first of it."""
        found = self.missing()
        self._missing = frozenset(one.name for one in found)
        self.refresh()
        if found:
            self.cursor = self.questions.index(found[0])

    # --- keys --------------------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only the keys that answer the question in hand are offered."""
        if action == "answer":
            return not self.question.is_scale
        return self.question.is_scale if action == "scale" else True

    def action_move(self, step: int) -> None:
        self.cursor = max(0, min(len(self.questions) - 1, self.cursor + step))

    def action_answer(self, value: float) -> None:
        self._answer(value)

    def action_scale(self, step: int) -> None:
        self._answer(self.question.stored(step / (STEPS - 1)))

    def action_clear(self) -> None:
        self._answer(None)

    def _answer(self, value: float | None) -> None:
        if value is None:
            self.values.pop(self.question.name, None)
        else:
            self.values[self.question.name] = value
        self._repaint(self.cursor)
        self.post_message(self.Answered(dict(self.values)))
        self.action_move(1)

    def watch_cursor(self, before: int, now: int) -> None:
        self._repaint(before)
        self._repaint(now)
        if self.is_attached:
            self.screen.refresh_bindings()
            self.scroll_to_region(Region(0, now, 1, 1), animate=False, force=True)
            if self.parent is not None and isinstance(self.parent, Widget):
                self.parent.scroll_to_region(Region(0, now, 1, 1), animate=False, force=True)
        self.post_message(self.Moved(self.questions[now]))

    def _repaint(self, row: int) -> None:
        self.refresh(Region(0, row, self.size.width, 1))

    # --- painting ----------------------------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        base = self.rich_style
        if not 0 <= y < len(self.questions):
            return Strip.blank(self.size.width, base)
        question = self.questions[y]
        is_here = y == self.cursor
        name_style = base + Style(bold=is_here, reverse=is_here and self.has_focus)
        segments = [
            Segment(f"{signs().here if is_here else ' '} ", base + Style(bold=True)),
            Segment(pad(tr(question.text), NAME_CELLS), name_style),
            Segment(f"{'!' if question.name in self._missing and question.name not in self.values else ' '} ", base),
        ]
        segments += [Segment(text, base + style) for text, style, _ in self._choices(question)]
        if question.is_required:
            segments.append(Segment(f" {tr('required')}", base + Style(italic=True)))
        return Strip(segments).adjust_cell_length(self.size.width, base)

    def _choices(self, question: Question) -> list[tuple[str, Style, float | None]]:
        """What can be chosen: the text, its style, and the stored value that a click on it gives."""
        value = self.values.get(question.name)
        if not question.is_scale:
            no = _choice("n", tr(mark("no")), value == 0.0, 0.0)
            return [_choice("y", tr(mark("yes")), value is not None and value > 0, 1.0), no]
        shown = None if value is None else round(question.shown(value) * (STEPS - 1))
        choices: list[tuple[str, Style, float | None]] = [(f"{pad(tr(question.left), 14)} ", Style(), None)]
        for step in range(STEPS):
            sign = signs().chosen if step == shown else signs().open
            choices.append((f"{sign} ", Style(bold=step == shown), question.stored(step / (STEPS - 1))))
        return [*choices, (f" {tr(question.right)}", Style(), None)]

    def on_click(self, event: events.Click) -> None:
        if not 0 <= event.y < len(self.questions):
            return
        self.cursor = event.y
        at = event.x - NAME_CELLS - 4
        for text, _, value in self._choices(self.question):
            at -= len(text)
            if at < 0:
                if value is not None:
                    self._answer(value)
                return


def _choice(key: str, word: str, is_chosen: bool, value: float) -> tuple[str, Style, float]:
    sign = signs().chosen if is_chosen else signs().open
    return f"{key} {sign} {pad(word, 8)} ", Style(bold=is_chosen), value
