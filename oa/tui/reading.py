"""What can be said about a text while it is being written. Only hints: the hub decides."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from oa.domain import likeness
from oa.domain.personal_data import personal_data

_WORDS = {
    "en": "the of and to in is that it for was with as are be this have from or but not you what how i",
    "de": "der die und das ist nicht ich zu den mit es ein eine auf für sie wie im auch von wird dem du",
    "es": "el la de que y en los se del las por un con no una su para es al lo como más pero qué cómo",
    "fr": "le la les de des et à un une est que qui dans pour pas sur ce il elle je vous avec au du",
    "it": "il di che e la per un in è non una sono con del si le mi da come più lo anche gli della",
    "pt": "o de que e do da em um para é com não uma os no se na por mais as dos como mas ao ele você",
    "nl": "de het een en van ik te dat die in is niet op aan met als voor er maar om hem zijn wat hoe",
}

FUNCTION_WORDS: Mapping[str, frozenset[str]] = MappingProxyType(
    {lang: frozenset(found.split()) for lang, found in _WORDS.items()}
)
"""Words that nearly every sentence of a language has some of."""

SCRIPTS: Mapping[str, str] = MappingProxyType(
    {
        "ru": "CYRILLIC",
        "uk": "CYRILLIC",
        "bg": "CYRILLIC",
        "el": "GREEK",
        "he": "HEBREW",
        "ar": "ARABIC",
        "fa": "ARABIC",
    }
    | {"ja": "CJK", "zh": "CJK", "ko": "HANGUL", "th": "THAI", "hi": "DEVANAGARI"}
)
"""The script of languages that are not written in Latin letters."""

FEWEST_WORDS = 5
"""Of a text whose language can be guessed."""

ALIKE = 0.8
"""The share of common three-word rows from which on a text counts as a copy."""

LONG_WORDS = 50
"""From so many words on a reply is long enough for most purposes."""


def words(text: str) -> int:
    """How many words; in scripts without spaces, characters."""
    return len(likeness.words(text))


def is_in(text: str, lang: str) -> bool | None:
    """Whether a text looks like being in a language; None where that cannot be told."""
    found = likeness.words(text)
    if len(found) < FEWEST_WORDS:
        return None
    script, wanted = _script(text), SCRIPTS.get(lang, "LATIN")
    if script is None:
        return None
    if script != wanted:
        return {script, wanted} <= {"CJK", "HIRAGANA", "KATAKANA"}
    if lang not in FUNCTION_WORDS:
        return True if lang in SCRIPTS else None
    hits = {name: sum(word in known for word in found) for name, known in FUNCTION_WORDS.items()}
    best = max(hits.values())
    if best < 2:
        return None
    return hits[lang] * 2 >= best


def _script(text: str) -> str | None:
    counts = Counter(unicodedata.name(letter, "?").split(" ")[0] for letter in text if letter.isalpha())
    return counts.most_common(1)[0][0] if counts else None


@dataclass(frozen=True, slots=True)
class Remarks:
    """About one text."""

    words: int
    characters: int
    is_too_long: bool
    right_language: bool | None
    is_copy: bool
    personal: tuple[str, ...]
    """Kinds of personal data that it has."""


def remarks(text: str, *, lang: str, limit: int, earlier: Iterable[str] = ()) -> Remarks:
    """What is to be said about a text.

    Args:
        limit: of the hub, in characters.
        earlier: what it should not repeat.
    """
    head = text[: 4 * limit]  # a huge paste is too long already; the rest of it need not be read at every key
    mine = likeness.shingles(head)
    return Remarks(
        words=words(head),
        characters=len(text),
        is_too_long=len(text) > limit,
        right_language=is_in(head, lang),
        is_copy=bool(mine) and any(_alike(mine, likeness.shingles(one)) >= ALIKE for one in earlier),
        personal=tuple(finding.what for finding in personal_data(head)),
    )


def _alike(mine: frozenset[int], other: frozenset[int]) -> float:
    union = len(mine | other)
    return len(mine & other) / union if union else 0.0
