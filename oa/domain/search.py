"""Looking for messages by their words: what a query means, and where a text answers it.

A text is a row of words. Accents, case and presentation forms make no difference; scripts that put no spaces between
words (Chinese, Japanese, Thai, ...), Korean with its attached particles, and emoji are read sign by sign, so that a row
of signs is found wherever it stands. A query asks for words and for rows of words, and refuses others.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

MOST_TERMS = 20
"""Terms of one query that count; what follows them is left out, since each costs a look-up."""

SNIPPET_LENGTH = 240
"""Characters of a text that are shown around what was found."""

Term = tuple[str, ...]
"""Words that stand next to each other, in this order."""


# --- words -----------------------------------------------------------------------------------------------------------

_ASCII_WORD = re.compile(r"[0-9A-Za-z]+")

_DROPPED = re.compile(
    "[\u0300-\u036f"  # accents of Latin, Greek and Cyrillic letters
    "\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"  # Hebrew points
    "\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed"  # Arabic vowels, the long stroke
    "\ufe00-\ufe0f]"  # how the sign before is to be drawn
)
"""Signs that change how a letter is said or drawn, and not which it is."""

_ONE_BY_ONE = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\ua9e0-\ua9ff\uaa60-\uaa7f"  # Thai, Lao, Burmese, Khmer
    "\u3005-\u3007\u3040-\u312f\u31a0-\u31bf\u31f0-\u31ff"  # Japanese syllables, Bopomofo
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff\ua000-\ua4cf"  # Chinese characters, Yi
    "\u1100-\u11ff\u3130-\u318f\uac00-\ud7ff"  # Korean
    "\U0001f3fb-\U0001f3ff]"  # skin tones
)
"""Signs each of which is a word of its own."""


class _Folding(dict[int, str]):
    """What becomes of each character, worked out when it first comes; spaces stand between words."""

    def __missing__(self, code: int) -> str:
        apart = unicodedata.normalize("NFKD", chr(code)).casefold()
        folded = unicodedata.normalize("NFC", _DROPPED.sub("", apart))
        self[code] = result = "".join(map(_as_word, folded))
        return result


def _as_word(character: str) -> str:
    kind = unicodedata.category(character)
    if kind == "So" or _ONE_BY_ONE.match(character):
        return f" {character} "
    if kind == "Cf":
        return ""
    return character if kind[0] == "M" or character.isalnum() else " "


_FOLDING = _Folding()


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a text, as it is looked for, and where it stands."""

    folded: str
    start: int
    end: int


def searchable(text: str) -> str:
    """The words of a text with spaces between them, as an index takes them that knows ASCII alone.

    What is ASCII is left as it is: such an index reads the same words in it, and it is what there is most of.
    """
    return text if text.isascii() else composed(text).translate(_FOLDING)


def composed(text: str) -> str:
    """The text with letters and their accents in one; the places of words count in it."""
    return unicodedata.normalize("NFC", text)


def words(text: str) -> list[str]:
    """The words of a text, folded, in their order."""
    if text.isascii():
        return _ASCII_WORD.findall(text.lower())
    return searchable(text).split()


def _placed_words(text: str) -> Iterator[Word]:
    """The words of a composed text with their places; signs without a meaning of their own go with what they follow."""
    if text.isascii():
        yield from (Word(found[0].lower(), *found.span()) for found in _ASCII_WORD.finditer(text))
        return
    letters, start, end = "", 0, 0
    for place, character in enumerate(text):
        folded = _FOLDING[ord(character)]
        if not folded and letters and end == place:
            end = place + 1
        for letter in folded:
            if letter != " ":
                start = start if letters else place
                letters, end = letters + letter, place + 1
            elif letters:
                yield Word(letters, start, end)
                letters = ""
    if letters:
        yield Word(letters, start, end)


# --- queries ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """What is looked for."""

    wanted: tuple[Term, ...] = ()
    """All of them stand in the text, wherever."""
    excluded: tuple[Term, ...] = ()
    """None of them does."""

    @property
    def is_empty(self) -> bool:
        """It asks for nothing, and so nothing is found."""
        return not self.wanted and not self.excluded

    def finds(self, text: str) -> bool:
        """Whether a text answers it: what every index has to agree with."""
        row = f" {' '.join(words(text))} "
        found = [f" {' '.join(term)} " in row for term in (*self.wanted, *self.excluded)]
        return not self.is_empty and found == [True] * len(self.wanted) + [False] * len(self.excluded)


_CHUNK = re.compile(r'(?P<minus>-?)(?:"(?P<quoted>[^"]*)"?|(?P<plain>[^\s"]+))')


def parse(text: str) -> SearchQuery:
    """Read what somebody typed: words, "words in a row", and -either of them to leave texts with it out.

    A word that is more than one for the index (`don't`, `学校`) is looked for as a row. Nothing else has a meaning: any
    text is a query, and what holds no word asks for nothing.
    """
    terms: dict[tuple[bool, Term], None] = {}
    for chunk in _CHUNK.finditer(text):
        quoted, plain = chunk["quoted"], chunk["plain"]
        term = tuple(words(plain if quoted is None else quoted))
        if term:
            terms[bool(chunk["minus"]), term] = None
    counted = list(terms)[:MOST_TERMS]
    return SearchQuery(
        wanted=tuple(term for excluded, term in counted if not excluded),
        excluded=tuple(term for excluded, term in counted if excluded),
    )


# --- snippets --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Snippet:
    """A part of a text, and what of it was looked for."""

    text: str
    marks: tuple[tuple[int, int], ...] = ()
    """Where a found term begins and where it has ended, in characters (Unicode code points) of `text`."""
    is_cut_before: bool = False
    is_cut_after: bool = False


@dataclass(slots=True)
class _Terms:
    """The wanted terms by their first word, so that one walk through a text finds all of them."""

    by_first: Mapping[str, list[Term]] = field(default_factory=dict[str, list[Term]])

    @classmethod
    def of(cls, wanted: Iterable[Term]) -> _Terms:
        by_first: dict[str, list[Term]] = {}
        for term in sorted(wanted, key=len, reverse=True):
            by_first.setdefault(term[0], []).append(term)
        return cls(by_first)

    def places(self, found: Sequence[Word]) -> list[tuple[int, int]]:
        """Where the terms stand, in order; where several begin at one word, the longest counts."""
        marks: list[tuple[int, int]] = []
        for index, word in enumerate(found):
            for term in self.by_first.get(word.folded, ()):
                if all(one.folded == wanted for one, wanted in zip(found[index:], term, strict=False)) and (
                    index + len(term) <= len(found)
                ):
                    marks.append((word.start, found[index + len(term) - 1].end))
                    break
        return _merged(marks)


def _merged(marks: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same places without overlaps."""
    merged: list[tuple[int, int]] = []
    for start, end in marks:
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged


def snippet(text: str, query: SearchQuery, length: int = SNIPPET_LENGTH) -> Snippet:
    """The part of a text, some `length` characters of it, that holds most of what was looked for.

    Begins and ends between words where that is possible.
    """
    text = composed(text)
    found = list(_placed_words(text))
    marks = _Terms.of(query.wanted).places(found)
    start, end = _window(marks, len(text), length)
    if start:
        start = next((word.start for word in found if start <= word.start <= start + length // 4), start)
    if end < len(text):
        end = next((word.end for word in reversed(found) if end - length // 4 <= word.end <= end), end)
    return Snippet(
        text=text[start:end],
        marks=tuple((max(a, start) - start, min(b, end) - start) for a, b in marks if a < end and b > start),
        is_cut_before=start > 0,
        is_cut_after=end < len(text),
    )


def _window(marks: Sequence[tuple[int, int]], size: int, length: int) -> tuple[int, int]:
    """Where to cut a text of this size: the first place that holds as many marks as any."""
    if size <= length:
        return 0, size
    lead = length // 4
    best, most = 0, 0
    last = 0
    for first, (start, _) in enumerate(marks):
        while last < len(marks) and marks[last][1] <= start - lead + length:
            last += 1
        if last - first > most:
            best, most = start, last - first
    start = min(max(0, best - lead), size - length)
    return start, start + length
