"""Texts that end an answer and are no part of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from oa.inference.engine import Token


class StopScanner:
    """Lets tokens through as soon as no stop string can begin in them.

    A stop string may begin within one token and end within another. What stands before it is let through, if need be as
    the first part of a token.
    """

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = tuple(stop for stop in stops if stop)
        self._held: list[Token] = []
        self.has_stopped = False
        """A stop string came; nothing may follow."""

    def push(self, token: Token) -> list[Token]:
        """What may be shown now that this token has come."""
        if not self._stops:
            return [token]
        self._held.append(token)
        text = "".join(held.text for held in self._held)
        found = [place for stop in self._stops if (place := text.find(stop)) >= 0]
        if found:
            self.has_stopped = True
            return self._cut(min(found))
        return self._release(self._first_doubtful(text))

    def flush(self) -> list[Token]:
        """What was held back, once no more tokens come."""
        held, self._held = self._held, []
        return held

    def _first_doubtful(self, text: str) -> int:
        """Where the longest end of the text begins that a stop string begins with."""
        longest = max(len(stop) for stop in self._stops) - 1
        for start in range(max(0, len(text) - longest), len(text)):
            if any(stop.startswith(text[start:]) for stop in self._stops):
                return start
        return len(text)

    def _release(self, until: int) -> list[Token]:
        """The tokens that end at or before this place."""
        released: list[Token] = []
        end = 0
        while self._held and end + len(self._held[0].text) <= until:
            end += len(self._held[0].text)
            released.append(self._held.pop(0))
        return released

    def _cut(self, at: int) -> list[Token]:
        shown = self._release(at)
        rest = at - sum(len(token.text) for token in shown)
        if rest > 0:
            shown.append(replace(self._held[0], text=self._held[0].text[:rest]))
        self._held.clear()
        return shown
