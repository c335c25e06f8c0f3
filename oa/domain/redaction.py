"""Everything in a text that should not be learned by a model: personal data and secrets, every place of it.

What is personal data says `oa.domain.personal_data`, by which messages are checked as well. Secrets come on top: nobody
writes them into a message on purpose, but published data sets are full of them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from oa.domain.personal_data import KINDS, Spans


@dataclass(frozen=True, slots=True, order=True)
class Sensitive:
    """A place in a text, in characters, its end not included."""

    start: int
    end: int
    what: str
    """To be read after `it has`, such as `an e-mail address`."""


def sensitive(text: str) -> list[Sensitive]:
    """Every place from left to right, without overlaps; what is sure to be one thing is no part of another."""
    rest = _aligned(text)
    found: list[Sensitive] = []
    for what, find in (*SECRETS, *KINDS):
        spans = list(find(rest))
        found += [Sensitive(start, end, what) for start, end in spans]
        for start, end in spans:
            rest = rest[:start] + ";" * (end - start) + rest[end:]
    return sorted(found)


def redacted(text: str, places: Sequence[Sensitive]) -> str:
    """The text with the name of what it was in brackets at each place.

    Args:
        places: as `sensitive` gives them.
    """
    parts: list[str] = []
    at = 0
    for place in places:
        parts += [text[at : place.start], f"[{MARKS[place.what]}]"]
        at = place.end
    return "".join([*parts, text[at:]])


def _aligned(text: str) -> str:
    """The text in one way of writing the same letters and digits, each of them where it was."""
    return text if text.isascii() else "".join(map(_plain_letter, text))


def _plain_letter(letter: str) -> str:
    if unicodedata.category(letter) == "Nd":
        return str(unicodedata.digit(letter))
    composed = unicodedata.normalize("NFKC", letter)
    return composed if len(composed) == 1 else letter


# --- secrets ---------------------------------------------------------------------------------------------------------

_SOCIAL_SECURITY = re.compile(r"(?<![\w.-])([0-9]{3})-([0-9]{2})-([0-9]{4})(?![\w-])")

_PASSWORDS = (
    re.compile(r"(?i)\b(?:password|passwd|passwort|pwd)\s{0,3}[:=]\s{0,3}[\"']?(?P<found>[^\s\"'<>,;]{4,64})"),
    re.compile(r"[a-z][a-z0-9+.-]{1,15}://[^\s:@/]{1,64}:(?P<found>[^\s@/]{1,64})@"),
)
_NO_PASSWORD = re.compile(r"(?i)[*x.•]+|passwor[dt]|pass|changeme|secret|none|null|true|false|str|string")

_KEYS = (
    re.compile(r"(?i)\bauthorization:\s{0,3}(?:basic|bearer)\s{1,3}(?P<found>[\w.~+/=-]{8,4096})"),
    re.compile(
        r"(?<![\w.+/=-])(?P<found>(?:sk|pk|rk)[-_](?:live[-_]|test[-_]|proj[-_]|ant[-_])?[\w-]{16,200}"
        r"|gh[pousr]_[A-Za-z0-9]{30,255}|github_pat_\w{30,255}|glpat-[\w-]{20,64}|hf_[A-Za-z0-9]{30,64}"
        r"|xox[abprs]-[A-Za-z0-9-]{10,250}|(?:AKIA|ASIA)[A-Z0-9]{16}|AIza[\w-]{35}|npm_[A-Za-z0-9]{36}"
        r"|eyJ[\w-]{8,4096}\.eyJ[\w-]{8,8192}\.[\w-]{8,4096})(?![\w/=-])"
    ),
)
_PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----(?:[^-]|-(?!----)){0,16384}+(?:-----END [A-Z ]{0,20}PRIVATE KEY-----)?"
)


def _social_security(text: str) -> Spans:
    """Numbers of the United States, without those that are never issued: area 000, 666, 900 to 999, group 00, serial
    0000."""
    for found in _SOCIAL_SECURITY.finditer(text):
        area, group, serial = found.groups()
        if area not in ("000", "666") and area < "900" and group != "00" and serial != "0000":
            yield found.span()


def _passwords(text: str) -> Spans:
    for pattern in _PASSWORDS:
        for found in pattern.finditer(text):
            if not _NO_PASSWORD.fullmatch(found["found"]):
                yield found.span("found")


def _keys(text: str) -> Spans:
    """Strings that machines wrote: several different characters, digits among them."""
    yield from (found.span() for found in _PRIVATE_KEY.finditer(text))
    for pattern in _KEYS:
        for found in pattern.finditer(text):
            key = found["found"]
            if len(set(key)) >= 8 and any(letter.isdecimal() for letter in key):
                yield found.span("found")


def _apart(find: Callable[[str], Spans]) -> Callable[[str], Spans]:
    """The same without overlaps."""

    def apart(text: str) -> Iterator[tuple[int, int]]:
        last = 0
        for start, end in sorted(find(text)):
            if start >= last:
                yield start, end
                last = end

    return apart


SECRETS: tuple[tuple[str, Callable[[str], Spans]], ...] = (
    ("a key", _apart(_keys)),
    ("a password", _apart(_passwords)),
    ("a social security number", _social_security),
)

MARKS = {
    "a key": "KEY",
    "a password": "PASSWORD",
    "a social security number": "SOCIAL SECURITY NUMBER",
    "a bank account number (IBAN)": "IBAN",
    "a card number": "CARD NUMBER",
    "an IP address": "IP ADDRESS",
    "an e-mail address": "E-MAIL",
    "a telephone number": "PHONE NUMBER",
}
"""What stands in place of it."""
