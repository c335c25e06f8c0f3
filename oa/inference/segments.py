"""Prompts in pieces that tokenizers can take one by one: text, and names of special tokens that are to be mere text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from oa.inference.engine import Segment


class SpecialNames:
    """The names of a tokenizer's special tokens, and where they stand in prompts."""

    def __init__(self, names: frozenset[str]) -> None:
        longest_first = sorted((name for name in names if name.strip()), key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def plain(self, prompt: Sequence[Segment]) -> str | None:
        """The prompt as one text, unless a special token's name stands in a segment that is not special."""
        pattern = self._pattern
        if pattern is not None and any(not segment.special and pattern.search(segment.text) for segment in prompt):
            return None
        return "".join(segment.text for segment in prompt)

    def pieces(self, prompt: Sequence[Segment]) -> list[tuple[str, bool]]:
        """The prompt's texts in order, and whether each is a name that must be spelled out token by token.

        Everything else is kept together, so that it becomes the same tokens as without such names.
        """
        pieces: list[tuple[str, bool]] = [("", False)]
        for segment in prompt:
            for text, is_name in self._parts(segment):
                if is_name or pieces[-1][1]:
                    pieces.append((text, is_name))
                else:
                    pieces[-1] = (pieces[-1][0] + text, False)
        return [piece for piece in pieces if piece[0]]

    def _parts(self, segment: Segment) -> Iterator[tuple[str, bool]]:
        if segment.special or self._pattern is None:
            yield segment.text, False
            return
        end = 0
        for found in self._pattern.finditer(segment.text):
            yield segment.text[end : found.start()], False
            yield found.group(), True
            end = found.end()
        yield segment.text[end:], False
