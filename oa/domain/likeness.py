"""How alike two texts are, whatever their language."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from zlib import crc32

SHINGLE_WORDS = 3
"""Words in a row that count as one: few enough that a changed word leaves most of a text as it was, and many enough
that two people seldom write the same by chance."""

WORD = re.compile(
    # Scripts without spaces between words: every character is one.
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff]"
    r"|[^\W\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff]+"
)


def words(text: str) -> list[str]:
    """The words of a text without capitals, punctuation and variants of writing the same letter."""
    return WORD.findall(unicodedata.normalize("NFKC", text).casefold())


def shingles(text: str) -> frozenset[int]:
    """Every `SHINGLE_WORDS` words in a row, as numbers that are the same everywhere; a shorter text is one shingle."""
    return shingles_of(words(text))


def shingles_of(found: Sequence[str]) -> frozenset[int]:
    """The same of a text whose words are known."""
    last = max(1, len(found) - SHINGLE_WORDS + 1) if found else 0
    return frozenset(
        crc32(" ".join(found[at : at + SHINGLE_WORDS]).encode("utf-8", "surrogatepass")) for at in range(last)
    )


def likeness(a: frozenset[int], b: frozenset[int]) -> float:
    """The share of all shingles that both texts have (Jaccard's index), 0..1; 0 for texts without a word.

    Source:
        Broder 1997, "On the resemblance and containment of documents", https://doi.org/10.1109/SEQUEN.1997.666900
    """
    if not a or not b:
        return 0.0
    shared = len(a & b)
    return shared / (len(a) + len(b) - shared)
