"""A list in which several lines can be chosen. What is chosen is a sign, which needs no colour."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from textual import on
from textual.binding import Binding
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from oa.tui.signs import signs


class Ticks(OptionList):
    BINDINGS = [Binding("space", "select", show=False)]  # noqa: RUF012  # the framework declares it so

    def __init__(
        self, choices: Sequence[tuple[str, str]], chosen: Iterable[str] = (), *, id: str | None = None
    ) -> None:
        self._texts = dict(choices)
        self._chosen = set(chosen)
        super().__init__(*(Option(self._line(name), id=name) for name in self._texts), id=id, markup=False)

    @property
    def chosen(self) -> list[str]:
        """What is chosen, in the order of the list."""
        return [name for name in self._texts if name in self._chosen]

    @on(OptionList.OptionSelected)
    def _turn(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        name = event.option_id or ""
        self._chosen ^= {name}
        self.replace_option_prompt(name, self._line(name))

    def _line(self, name: str) -> str:
        return f"{signs().chosen if name in self._chosen else signs().open} {self._texts[name]}"
