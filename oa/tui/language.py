"""The language of the interface: a catalogue of sentences by their English original.

Modules write `tr("Hand in")`; what it becomes depends on the `Speech` that the program has put into the context.
English is the source. A catalogue is a .po file beside this module, read by `read_po`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from oa.errors import BadFile

SOURCE = "en"

NAMES: Mapping[str, str] = MappingProxyType({"en": "English", "ru": "Русский", "de": "Deutsch", "es": "Español"})
"""The languages of the interface, each by its own name."""

LOCALE_DIR = Path(__file__).parent / "locale"


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Sentences by their originals, and the forms of those that count something."""

    sentences: Mapping[str, str] = field(default_factory=dict[str, str])
    counted: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """By the English singular."""


@dataclass(slots=True)
class Speech:
    """What the interface speaks now. One object for the whole program, so that a change reaches every part of it."""

    lang: str = SOURCE
    catalogue: Catalogue = field(default_factory=Catalogue)

    def use(self, lang: str) -> None:
        """Speak another language from now on.

        Raises:
            BadFile: its catalogue cannot be read.
        """
        self.catalogue = load(lang)
        self.lang = lang


_SPEECH: ContextVar[Speech | None] = ContextVar("speech", default=None)


def begin(lang: str) -> Speech:
    """Speak a language in this context and in the tasks that begin from it."""
    speech = Speech()
    speech.use(lang)
    _SPEECH.set(speech)
    return speech


def speech() -> Speech:
    """What is spoken here."""
    return _SPEECH.get() or Speech()


def mark(text: str) -> str:
    """Say that a text is to be translated where it is shown; it stays as it is here."""
    return text


def tr(text: str) -> str:
    """A text in the language of the interface."""
    return speech().catalogue.sentences.get(text, text)


def ntr(one: str, many: str, count: int) -> str:
    """A text that counts something, in the form that the number wants; `{count}` in it becomes the number."""
    spoken = speech()
    forms = spoken.catalogue.counted.get(one, (one, many))
    return forms[min(plural_form(spoken.lang, count), len(forms) - 1)].format(count=count)


def plural_form(lang: str, count: int) -> int:
    """Which form a number wants. Source: Unicode CLDR, plural rules for whole numbers (many and other are one here)."""
    if lang != "ru":
        return 0 if count == 1 else 1
    if count % 10 == 1 and count % 100 != 11:
        return 0
    return 1 if count % 10 in (2, 3, 4) and count % 100 not in (12, 13, 14) else 2


def choose(asked: str | None, env: Mapping[str, str]) -> str:
    """The language to speak: what was asked for, else what the environment names, else English."""
    for name in (asked, env.get("LC_ALL"), env.get("LC_MESSAGES"), env.get("LANG")):
        if name:
            lang = re.split("[_.@]", name)[0].lower()
            return lang if lang in NAMES else SOURCE
    return SOURCE


def load(lang: str) -> Catalogue:
    """A language's catalogue; an empty one for English.

    Raises:
        BadFile: there is none, or it cannot be read.
    """
    if lang == SOURCE:
        return Catalogue()
    path = LOCALE_DIR / f"{lang}.po"
    try:
        return read_po(path.read_text("utf-8"))
    except OSError as error:
        raise BadFile(f"the interface does not speak {lang!r}; it speaks {', '.join(NAMES)}") from error


_LINE = re.compile(r'(?:(msgid_plural|msgid|msgstr)(?:\[(\d)\])? +)?(".*")')


def read_po(text: str) -> Catalogue:
    """Read a catalogue: comments, `msgid`, `msgid_plural`, `msgstr` and `msgstr[N]`, texts over several lines.

    Raises:
        BadFile: a line is none of these.

    Source:
        GNU gettext manual, "The Format of PO Files".
    """
    sentences: dict[str, str] = {}
    counted: dict[str, tuple[str, ...]] = {}
    for entry in _entries(text):
        original, forms = entry.get("msgid", ""), [value for key, value in entry.items() if key.startswith("msgstr")]
        if not original or not all(forms):
            continue
        if "msgid_plural" in entry:
            counted[original] = tuple(forms)
        else:
            sentences[original] = forms[0]
    return Catalogue(sentences, counted)


def _entries(text: str) -> list[dict[str, str]]:
    entries: list[dict[str, str]] = []
    key = ""
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        found = _LINE.fullmatch(line.strip())
        if found is None or not (found[1] or key):
            raise BadFile(f"line {number} of the catalogue is no line of a .po file: {line[:60]}")
        if found[1]:
            key = found[1] + (found[2] or "")
            if key == "msgid":
                entries.append({})
        value: str = ast.literal_eval(found[3])
        entries[-1][key] = entries[-1].get(key, "") + value
    return entries
