"""Personal data in a text: e-mail addresses, telephone, account and card numbers, addresses of computers.

Better to miss some than to find what is none: who writes about dates, versions and sums must not be stopped. So
numbers with a checksum are checked, and what is reserved for examples is left alone.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator

from oa.domain.checks import Check, Finding, plain
from oa.domain.links import leads_nowhere

Spans = Iterator[tuple[int, int]]


def personal_data(text: str) -> Iterator[Finding]:
    """Each kind of personal data that a text has, once, and never the data."""
    rest = plain(text)
    if not any(character == "@" or character.isdigit() for character in rest):
        return
    for what, find in KINDS:
        spans = list(find(rest))
        if spans:
            yield Finding(Check.PERSONAL_DATA, what)
        for start, end in spans:  # what is one thing is no part of another
            rest = rest[:start] + ";" * (end - start) + rest[end:]


# --- account numbers -------------------------------------------------------------------------------------------------

_IBAN_LENGTHS: dict[str, int] = {
    country: int(length)
    for country, length in re.findall(
        "([A-Z]{2}):([0-9]{2})",
        "AD:24 AE:23 AL:28 AT:20 AZ:28 BA:20 BE:16 BG:22 BH:22 BI:27 BR:29 BY:28 CH:21 CR:22 CY:28 CZ:24 DE:22 DJ:27 "
        "DK:18 DO:28 EE:20 EG:29 ES:24 FI:18 FK:18 FO:18 FR:27 GB:22 GE:22 GI:23 GL:18 GR:27 GT:28 HN:28 HR:21 HU:28 "
        "IE:22 IL:23 IQ:23 IS:26 IT:27 JO:30 KW:30 KZ:20 LB:28 LC:32 LI:21 LT:20 LU:20 LV:21 LY:25 MC:27 MD:24 ME:22 "
        "MK:19 MN:20 MR:27 MT:31 MU:30 NI:28 NL:18 NO:15 OM:23 PK:24 PL:28 PS:29 PT:25 QA:29 RO:24 RS:22 RU:33 SA:24 "
        "SC:31 SD:18 SE:24 SI:19 SK:24 SM:27 SO:23 ST:25 SV:28 TL:23 TN:24 TR:26 UA:29 VA:22 VG:24 XK:20 YE:30",
    )
}
"""Characters of an account number by country. Source: SWIFT, IBAN Registry (ISO 13616)."""

_IBAN_BEGINS = re.compile(r"(?<!\w)[A-Za-z]{2}[0-9]{2}")


def _ibans(text: str) -> Spans:
    for found in _IBAN_BEGINS.finditer(text):
        length = _IBAN_LENGTHS.get(found[0][:2].upper(), 0)
        end = _end_of(text, found.start(), length)
        if length and end is not None and has_iban_checksum(re.sub("[ -]", "", text[found.start() : end])):
            yield found.start(), end


def _end_of(text: str, start: int, length: int) -> int | None:
    """Where so many letters and digits end that have at most one space or stroke between any two of them."""
    taken, at = 0, start
    while taken < length:
        if at < len(text) and text[at] in " -":
            at += 1
        if at >= len(text) or not (text[at].isascii() and text[at].isalnum()):
            return None
        taken, at = taken + 1, at + 1
    return None if text[at : at + 1].isalnum() else at


def has_iban_checksum(number: str) -> bool:
    """Whether the check digits of an account number are right. Source: ISO 7064, MOD 97-10."""
    turned = number[4:] + number[:4]
    return int("".join(str(int(character, 36)) for character in turned)) % 97 == 1


# --- cards -----------------------------------------------------------------------------------------------------------

_DIGIT_GROUPS = re.compile(r"(?<![\w.,])[0-9]{3,19}(?:[ -][0-9]{1,7}){0,6}(?!\w|[.,][0-9])")

_CARD = re.compile(
    "4(?:[0-9]{12}|[0-9]{15}|[0-9]{18})|5[1-5][0-9]{14}|2(?:2[2-9]|[3-6][0-9]|7[01])[0-9]{13}|2720[0-9]{12}"
    "|3[47][0-9]{13}|3(?:0[0-5]|[68][0-9])[0-9]{11}|6(?:011|4[4-9][0-9]|5[0-9]{2})[0-9]{12}"
    "|35(?:2[89]|[3-8][0-9])[0-9]{12}|62[0-9]{14,17}"
)
"""How the numbers of the large issuers begin, and how long they are. Source: ISO/IEC 7812."""


def _cards(text: str) -> Spans:
    for found in _DIGIT_GROUPS.finditer(text):
        groups = [(one.start(), one.end()) for one in re.finditer("[0-9]+", found[0])]
        for first, (start, _) in enumerate(groups):
            ends = (end for _, end in groups[first:])
            if (end := next((end for end in ends if _is_card(found[0][start:end])), None)) is not None:
                yield found.start() + start, found.start() + end
                break


def _is_card(text: str) -> bool:
    number = re.sub("[ -]", "", text)
    return _CARD.fullmatch(number) is not None and has_luhn_checksum(number) and len(set(number)) > 1


def has_luhn_checksum(number: str) -> bool:
    """Whether the last digit of a card's number is right. Source: Luhn 1960, US patent 2,950,048."""
    doubled = (int(digit) * (2 if place % 2 else 1) for place, digit in enumerate(reversed(number)))
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


# --- addresses of computers ------------------------------------------------------------------------------------------

_IPV4 = re.compile(r"(?<![\w.])(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?!\w|\.[0-9])")
_IPV6 = re.compile(r"(?<![\w:.])[23][0-9a-f]{3}(?::[0-9a-f]{0,4}){2,7}(?![\w:])", re.I)
"""All addresses of the network at large begin so. Source: RFC 4291, section 2.4."""

_OF_VERSION = re.compile(r"(?:\bv(?:ersion)?s?\.?|\brelease|\bsection|§)\s*$", re.I)
_SERVICES = frozenset({"8.8.8.8", "8.8.4.4", "1.1.1.1", "1.0.0.1", "9.9.9.9"})
"""Name servers that everybody uses and nobody can be found by."""


def _computers(text: str) -> Spans:
    for found in (*_IPV4.finditer(text), *_IPV6.finditer(text)):
        is_version = _OF_VERSION.search(text, max(0, found.start() - 12), found.start())
        if not is_version and found[0] not in _SERVICES and _is_global(found[0]):
            yield found.span()


def _is_global(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_global
    except ValueError:
        return False


# --- e-mail and telephone --------------------------------------------------------------------------------------------

_EMAIL = re.compile(r"(?<![\w.+@%-])[\w.+%-]{1,64}@((?:[^\W_][\w-]{0,62}\.){1,8}[^\W\d_]{2,24})(?![\w-])")


def _emails(text: str) -> Spans:
    for found in _EMAIL.finditer(text) if "@" in text else ():
        # git@github.com is how everybody gets there
        if not leads_nowhere(found[1].casefold()) and not found[0].startswith("git@"):
            yield found.span()


_TELEPHONE = re.compile(
    r"(?<![\w.,=#+-])(?<![0-9] )(?:"
    r"(?:\+|00(?=[1-9][0-9]{0,2}[ /-]))[1-9](?:[ ()./-]{0,2}[0-9]){7,14}"  # international
    r"|\(?0[1-9][0-9]{1,4}\)?[ /-]{1,3}[0-9]{2,}(?:[ -][0-9]{2,}){0,4}"  # with the 0 of long distance
    r"|0[1-9](?:[ .][0-9]{2}){4}"  # in pairs
    r"|\([2-9][0-9]{2}\) ?[2-9][0-9]{2}[ .-][0-9]{4}|[2-9][0-9]{2}([.-])[2-9][0-9]{2}\1[0-9]{4}"  # North American
    r")(?![\w%]|[.,][0-9])"
)
_FICTION = re.compile("(?:1?[2-9][0-9]{2})?55501[0-9]{2}")
"""Numbers that nobody has, for books and films. Source: ATIS-0300115, section 5."""


def _telephones(text: str) -> Spans:
    for found in _TELEPHONE.finditer(text):
        digits = re.sub("[^0-9]", "", found[0])
        is_number = 9 <= len(digits) <= 17 and len(set(digits)) > 2
        if is_number and not _FICTION.fullmatch(digits):
            yield found.span()


KINDS: tuple[tuple[str, Callable[[str], Spans]], ...] = (
    ("a bank account number (IBAN)", _ibans),
    ("a card number", _cards),
    ("an IP address", _computers),
    ("an e-mail address", _emails),
    ("a telephone number", _telephones),
)
"""In the order in which they are looked for: the surest first."""
