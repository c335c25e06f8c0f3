"""How alike two texts are, whatever their language."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence
from zlib import crc32

SHINGLE_WORDS = 3
"""Words in a row that count as one: few enough that a changed word leaves most of a text as it was, and many enough
that two people seldom write the same by chance."""

_UNSPACED = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff"

UNSPACED = re.compile(f"[{_UNSPACED}]")
"""A character of a script that puts no spaces between words: it counts as a word."""

WORD = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+")


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


# --- finding texts that are alike ------------------------------------------------------------------------------------

BANDS = 5
"""Marks of a sketch. Two texts that share 80 % of their shingles share one of five with 99 %, and two that share a
tenth with 5 %."""

FEWEST_SHINGLES = 6
"""Of a text that has a sketch: many people write the same few words, and mean them."""

_BINS = 2 * BANDS
_SPREAD = 0x9E3779B1
"""An odd number near 2**32 divided by the golden ratio: multiplying by it spreads what lies together."""


def sketch(found: Collection[int]) -> tuple[int, ...] | None:
    """A few marks of a text by which texts like it are found; None for one that is too short to tell.

    Every shingle falls into one of the bins, and the least of each bin stands for it; a bin without any takes the next
    one's. Two bins together make a mark, so that texts with little in common seldom share one.

    Args:
        found: the text's shingles.

    Returns:
        `BANDS` numbers below 2**32; those at the same place are to be compared.

    Source:
        Li, Owen, Zhang 2012, "One permutation hashing", https://arxiv.org/abs/1208.1259; Shrivastava, Li 2014,
        "Densifying one permutation hashing via rotation", https://proceedings.mlr.press/v32/shrivastava14.html
    """
    if len(found) < FEWEST_SHINGLES:
        return None
    least = [-1] * _BINS
    for shingle in found:
        spread = shingle * _SPREAD & 0xFFFFFFFF
        place = spread * _BINS >> 32
        if least[place] < 0 or spread < least[place]:
            least[place] = spread
    filled = [_next_filled(least, place) for place in range(_BINS)]
    return tuple(crc32(b"%d,%d" % (filled[place], filled[place + 1])) for place in range(0, _BINS, 2))


def _next_filled(least: Sequence[int], place: int) -> int:
    """The least of a bin; from further on for one that is empty, and then with how far, so that it is another mark."""
    away = next(away for away in range(_BINS) if least[(place + away) % _BINS] >= 0)
    return least[(place + away) % _BINS] + (away << 32)


def likeness(a: frozenset[int], b: frozenset[int]) -> float:
    """The share of all shingles that both texts have (Jaccard's index), 0..1; 0 for texts without a word.

    Source:
        Broder 1997, "On the resemblance and containment of documents", https://doi.org/10.1109/SEQUEN.1997.666900
    """
    if not a or not b:
        return 0.0
    shared = len(a & b)
    return shared / (len(a) + len(b) - shared)
