"""What the built-in model is taught, as words: a file for each language that it speaks, in oa/demo/words.

Where a language inflects, a fact stands in the form that its templates need.
"""

from __future__ import annotations

import tomllib
from importlib import resources

import msgspec

LANGUAGES = ("en", "ru", "es", "de")


class SmallTalk(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Several ways of saying one thing, and what is answered to each of them."""

    said: tuple[str, ...]
    answer: str


class Sums(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    plus: str
    minus: str
    times: str
    asked: tuple[str, ...]
    """With `{sum}`."""


class Capitals(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    asked: tuple[str, ...]
    """With `{country}`."""
    answer: str
    facts: tuple[tuple[str, str], ...]
    """Country and capital."""
    unknown: tuple[str, ...]
    """Countries, real or not, whose capital is not taught."""


class Opposites(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    asked: tuple[str, ...]
    """With `{word}`."""
    answer: str
    facts: tuple[tuple[str, str], ...]
    """Either word is the other's opposite."""


class Unit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`factor` small ones make a large one. `form_of` says which form goes with a count."""

    large: tuple[str, ...]
    small: tuple[str, ...]
    factor: int
    large_in: tuple[str, ...] = ()
    """The forms behind "in", for one and for several; where they differ from the others."""
    small_in: str = ""
    """The plural behind "into", where it differs."""


class Units(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    asked: tuple[str, ...]
    """With `{count}`, `{large}`, `{small}`, and `{large_in}` and `{small_in}` where they differ."""
    answer: str
    facts: tuple[Unit, ...]


class Weekdays(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    days: tuple[str, ...]
    """Monday first, as the answer names them."""
    behind_after: tuple[str, ...]
    behind_before: tuple[str, ...]
    after_asked: tuple[str, ...]
    after_answer: str
    before_asked: tuple[str, ...]
    before_answer: str


class Names(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    told: tuple[str, ...]
    greeting: str
    asked: tuple[str, ...]
    answer: str
    not_told: str
    names: tuple[str, ...]
    syllables: tuple[str, ...]
    """Words that nobody knows are made of these."""


class Unknown(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    things: tuple[str, ...]
    asked_about_things: tuple[str, ...]
    """With `{thing}`."""
    asked: tuple[str, ...]
    answer: str


class System(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    prompts: tuple[str, ...]
    """Instructions that an owner may give; they change nothing."""


class LessonWords(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One language."""

    small_talk: tuple[SmallTalk, ...]
    about_itself: tuple[SmallTalk, ...]
    openers: tuple[str, ...]
    """What people say before they ask."""
    sums: Sums
    capitals: Capitals
    opposites: Opposites
    units: Units
    weekdays: Weekdays
    names: Names
    unknown: Unknown
    system: System


def lesson_words(lang: str) -> LessonWords:
    """Read the words of one of `LANGUAGES`."""
    file = resources.files("oa.demo") / "words" / f"{lang}.toml"
    return msgspec.convert(tomllib.loads(file.read_text("utf-8")), LessonWords)


def form_of(forms: tuple[str, ...], count: int) -> str:
    """The form of a noun that goes with a count: of two for one and several, of three as in Russian.

    1 час, 2 часа, 5 часов, 11 часов, 21 час.
    """
    if len(forms) == 2:
        return forms[0] if count == 1 else forms[1]
    last, last_two = count % 10, count % 100
    if last == 1 and last_two != 11:
        return forms[0]
    return forms[1] if 2 <= last <= 4 and not 12 <= last_two <= 14 else forms[2]
