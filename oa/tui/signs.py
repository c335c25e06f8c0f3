"""Signs that carry meaning without colour, and texts made fit for a terminal."""

from __future__ import annotations

import unicodedata
from contextvars import ContextVar
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size


@dataclass(frozen=True, slots=True)
class Signs:
    here: str = "\u203a"
    chosen: str = "●"
    open: str = "○"
    done: str = "✓"
    refused: str = "✗"
    more: str = "…"
    full: str = "█"
    empty: str = "░"
    steps: str = "▁▂▃▄▅▆▇█"
    dot: str = "·"
    dash: str = "\u2013"


ASCII = Signs(">", "*", "o", "+", "x", "~", "#", ".", "_.-=+*%#", "-", "-")
"""For terminals that show nothing else."""

UNICODE = Signs()

_SIGNS: ContextVar[Signs] = ContextVar("signs", default=UNICODE)


def use_signs(chosen: Signs) -> None:
    """Use these in this context and in the tasks that begin from it."""
    _SIGNS.set(chosen)


def signs() -> Signs:
    return _SIGNS.get()


def plain(text: str, *, keep_lines: bool = True) -> str:
    """A text without what a terminal would obey: control characters, and marks that turn the direction of a line.

    Line breaks stay (or become spaces), a tab becomes four spaces.
    """
    if text.isprintable():
        return text if keep_lines else " ".join(text.split())
    text = text.replace("\r\n", "\n").replace("\r", "\n").expandtabs(4)
    if not keep_lines:
        text = " ".join(text.split())
    return "".join(letter for letter in text if letter == "\n" or not _is_obeyed(letter))


def _is_obeyed(letter: str) -> bool:
    if letter < "\x7f":
        return letter < " "
    return (
        unicodedata.category(letter) in ("Cc", "Cs")
        or letter in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    )


def cut(text: str, cells: int) -> str:
    """A text on one line that is at most so many cells wide; the sign for more stands where something is missing."""
    line = plain(text[: 8 * max(cells, 0) + 80], keep_lines=False)  # the rest of a long text need not be looked at
    if cell_len(line) <= cells:
        return line
    return set_cell_size(line, max(0, cells - cell_len(signs().more))).rstrip() + signs().more if cells > 0 else ""


def pad(text: str, cells: int) -> str:
    """A text on one line that is exactly so many cells wide."""
    return set_cell_size(cut(text, cells), cells)


def gauge(share: float, cells: int) -> str:
    """A share of 0..1 as a bar."""
    filled = round(max(0.0, min(1.0, share)) * cells)
    return signs().full * filled + signs().empty * (cells - filled)
