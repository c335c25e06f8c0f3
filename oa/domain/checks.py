"""What is looked for in a text before it is taken: words, links, personal data, and texts that are here already.

A check finds; the campaign says what follows (`CheckAction`). Nothing here repeats the personal data that it finds.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from oa.domain.likeness import UNSPACED


class Check(StrEnum):
    """What a text is looked through for."""

    WORDS = "words"
    LINKS = "links"
    PERSONAL_DATA = "personal_data"
    NEAR_DUPLICATE = "near_duplicate"


class CheckAction(StrEnum):
    """What follows when a check finds something."""

    OFF = "off"
    """The check is not made."""
    WARN = "warn"
    """The text is taken; its author is told, and moderators find it in their queue."""
    REFUSE = "refuse"
    """The text is not taken."""


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One thing that a check has found."""

    check: Check
    what: str
    """To be read after `it has`, such as `an e-mail address`."""


NEAR_DUPLICATE = Finding(Check.NEAR_DUPLICATE, "nearly the same text as a message that is here already")

WAYS_OUT = {
    Check.WORDS: "use other words",
    Check.LINKS: "leave the link out",
    Check.PERSONAL_DATA: "leave personal data out",
    Check.NEAR_DUPLICATE: "say it in your own words",
}


def refusal(findings: Sequence[Finding]) -> str:
    """The sentence for the author of a text that is not taken for these reasons."""
    found = _listed([finding.what for finding in findings])
    ways = _listed([WAYS_OUT[check] for check in dict.fromkeys(finding.check for finding in findings)])
    return f"this text cannot be taken, because it has {found}; {ways}, and send it again"


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


# --- words -----------------------------------------------------------------------------------------------------------


def plain(text: str) -> str:
    """The text in one way of writing the same letters and digits, without characters that cannot be seen."""
    if text.isascii():
        return text
    composed = unicodedata.normalize("NFKC", text)
    return "".join(
        str(unicodedata.digit(one)) if unicodedata.category(one) == "Nd" else one
        for one in composed
        if unicodedata.category(one) != "Cf"
    )


def folded(text: str) -> str:
    """The same without the difference of capitals, and with one space wherever there is room between words."""
    return " ".join(unicodedata.normalize("NFKC", plain(text).casefold()).split())


def listed_words(text: str, listed: Iterable[str]) -> Iterator[Finding]:
    """The words of a list, or phrases, that stand in a text as whole words, whatever their capitals.

    Scripts that put no spaces between words have no whole words, so that there a row of signs counts wherever it is.
    """
    within = folded(text)
    for word, wanted in _folded_list(tuple(listed)):
        if wanted in within and _stands_in(wanted, within):
            yield Finding(Check.WORDS, f"the word “{word}”")


@lru_cache(maxsize=8)
def _folded_list(listed: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    return tuple((word, folded(word)) for word in listed)


def _stands_in(word: str, text: str) -> bool:
    at = text.find(word)
    while at >= 0:
        end = at + len(word)
        if not _are_one_word(text[at - 1 : at], word[0]) and not _are_one_word(word[-1], text[end : end + 1]):
            return True
        at = text.find(word, at + 1)
    return False


def _are_one_word(left: str, right: str) -> bool:
    """Whether a word goes on from one character to the next; either may be empty, at an end of the text."""
    if not left or not right or not _is_of_word(left) or not _is_of_word(right):
        return False
    is_mark = unicodedata.category(right)[0] == "M"
    return is_mark or not (UNSPACED.match(left) or UNSPACED.match(right))


def _is_of_word(character: str) -> bool:
    return character.isalnum() or unicodedata.category(character)[0] == "M"
