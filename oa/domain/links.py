"""Links in a text, written out or as a mere domain, and those of them that a community allows."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection, Iterator

from oa.domain.checks import Check, Finding, plain

_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"

_WRITTEN_OUT = re.compile(r"(?:https?|ftp)://(?:[^\s/?#@]{0,100}@)?(\[[0-9a-f:.]+\]|[^\s/?#:<>\"'()\[\]{},;]+)", re.I)

_BARE = re.compile(rf"(?<![\w@.\-/])(?:www\.)?(?:{_LABEL}\.)+{_LABEL}(?![\w@-]|\.\w)")

_ENDINGS = frozenset(
    re.findall(
        "[a-z]+",
        "com net org info biz io co ai app dev me tv cc xyz top site online shop store club live link click "
        "eu de at ch fr es it nl be pl cz se no dk fi pt gr ru ua uk us ca mx br ar au nz in cn jp kr tw tr ir",
    )
)
"""Ends of domains that are known as such in running text. The others need `www.` or `https://`: `main.py`, `README.md`
and `Node.js` are no links."""

_NOWHERE = ("example.com", "example.net", "example.org", "example", "test", "invalid", "localhost", "local")
"""Names that are reserved for examples and for one's own machine. Source: RFC 2606, RFC 6761, RFC 6762."""


def foreign_links(text: str, allowed: Collection[str]) -> Iterator[Finding]:
    """Links to elsewhere than the allowed domains and what is below them; one finding for each host."""
    known = frozenset(canonical_host(domain) for domain in allowed)
    hosts = dict.fromkeys(canonical_host(host) for host in _hosts(plain(text)))
    for host in hosts:
        if not leads_nowhere(host) and not any(host == one or host.endswith(f".{one}") for one in known):
            yield Finding(Check.LINKS, f"a link to {host[:100]}")


def _hosts(text: str) -> Iterator[str]:
    if "://" in text:
        yield from (found[1] for found in _WRITTEN_OUT.finditer(text))
        text = re.sub(r"\w+://\S+", " ", text)
    if "." not in text:
        return
    for found in _BARE.finditer(text):
        host = found[0]
        if host.lower().startswith("www.") or _is_ending(host.rpartition(".")[2]):
            yield host


def _is_ending(last: str) -> bool:
    # A sentence that goes on without a space (`Stop.In`) has a capital there, a domain is seldom written so; and .NET
    # is no place.
    return last in _ENDINGS or (last.isupper() and last != "NET" and last.lower() in _ENDINGS)


def canonical_host(host: str) -> str:
    """A host in the one way of writing it in which hosts are compared."""
    host = host.strip().strip(".").casefold().removeprefix("www.")
    if host.isascii():
        return host
    try:
        return host.encode("idna").decode()
    except UnicodeError:  # too long for a domain, or nothing that could be one
        return host


def leads_nowhere(host: str) -> bool:
    """Whether nobody else can be reached there: examples, one's own machine and one's own network."""
    if any(host == name or host.endswith(f".{name}") for name in _NOWHERE):
        return True
    try:
        return not ipaddress.ip_address(host.strip("[]")).is_global
    except ValueError:
        return "." not in host


def is_domain(text: str) -> bool:
    """Whether this may stand in a list of domains."""
    return re.fullmatch(rf"(?:{_LABEL}\.)*{_LABEL}", text) is not None
