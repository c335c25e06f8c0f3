"""Made-up lessons for the built-in model: short conversations, made by chance from a seed.

Every question has a key. One key in ten is held out: no training lesson asks such a question, and every test lesson
ends with one.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import TypeVar

from oa.demo.courses import FIRST_COURSE, Course, Kind
from oa.demo.lesson_words import LANGUAGES, LessonWords, SmallTalk, form_of, lesson_words
from oa.demo.vocabulary import VOCABULARIES

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question and the one right answer. Without a key it may be taught and is never held out."""

    kind: Kind
    lang: str
    question: str
    answer: str
    key: str = ""

    @property
    def is_held_out(self) -> bool:
        return bool(self.key) and sha256(self.key.encode()).digest()[0] % 10 == 0


@dataclass(frozen=True, slots=True)
class Lesson:
    """A conversation. `system` is what an owner might have told the model."""

    exchanges: tuple[Exchange, ...]
    system: str | None = None

    def messages(self) -> list[dict[str, str]]:
        """In the form that chat templates take."""
        said = [] if self.system is None else [{"role": "system", "content": self.system}]
        for exchange in self.exchanges:
            said.append({"role": "user", "content": exchange.question})
            said.append({"role": "assistant", "content": exchange.answer})
        return said


LANGUAGE_SHARES: Mapping[str, float] = {"en": 0.4, "ru": 0.2, "es": 0.2, "de": 0.2}

LARGEST_TERM = 20
"""Of sums and differences that the model should know."""

LARGEST_FACTOR = 10
"""Of products, and of counts of units."""

WELL_KNOWN = 10
"""Sums of numbers up to this are held out by their wording, those of larger ones by their numbers in every wording."""

UNKNOWN_WORD_SHARE = 0.5
"""How many of the names, and of the words without an opposite, nobody ever heard."""


TRIES = 500
"""How often a test question is drawn for each that is wanted."""


@dataclass(slots=True)
class _Class:
    """One lesson while it is given."""

    rng: random.Random
    words: LessonWords
    english: LessonWords
    lang: str
    course: Course
    held_out: bool
    """What must be true of the keys of new names."""
    name: str | None = None
    exchanges: list[Exchange] = field(default_factory=list[Exchange])


class Teacher:
    """Gives lessons. The same seed gives the same ones."""

    def __init__(self, seed: int, course: Course = FIRST_COURSE) -> None:
        self._course = course
        self._rng = random.Random(seed)
        self._words = {lang: lesson_words(lang) for lang in LANGUAGES}

    def lessons(self) -> Iterator[Lesson]:
        """Lessons for training, without end; nothing in them is held out."""
        while True:
            lang = _one_of(self._rng, LANGUAGE_SHARES)
            given = self._class(lang, held_out=False)
            for _ in range(_one_of(self._rng, self._course.lengths)):
                given.exchanges.append(_taught(given, _one_of(self._rng, self._course.shares)))
            prompts = given.words.system.prompts
            system = self._rng.choice(prompts) if self._rng.random() < 0.1 else None
            yield Lesson(tuple(given.exchanges), system)

    def tests(self, kind: Kind, lang: str, count: int) -> list[Lesson]:
        """Up to `count` different lessons whose last question is held out; fewer where the words are few.

        A name is told first, with other questions between; every second name was never taught.
        """
        found: dict[str, Lesson] = {}
        for _ in range(count * TRIES):
            if len(found) == count:
                break
            given = self._class(lang, held_out=len(found) % 2 == 0)
            if kind is Kind.NAME:
                given.exchanges.append(_introduction(given))
                given.held_out = False
                between = (Kind.SUM, Kind.CAPITAL, Kind.UNKNOWN)
                given.exchanges += [_taught(given, self._rng.choice(between)) for _ in range(self._rng.randrange(3))]
                given.exchanges.append(_name_question(given))
                found[f"{given.name} {given.exchanges[-1].question}"] = Lesson(tuple(given.exchanges))
            elif (asked := _MAKERS[kind](given)).is_held_out and asked.lang == lang:
                found[asked.key] = Lesson((asked,))
        return list(found.values())

    def _class(self, lang: str, *, held_out: bool) -> _Class:
        return _Class(self._rng, self._words[lang], self._words["en"], lang, self._course, held_out)


def _taught(given: _Class, kind: Kind) -> Exchange:
    while True:
        if not (exchange := _MAKERS[kind](given)).is_held_out:
            return exchange


def _one_of(rng: random.Random, shares: Mapping[T, float]) -> T:
    (found,) = rng.choices(list(shares), list(shares.values()))
    return found


# --- how people write ------------------------------------------------------------------------------------------------


def _asked(given: _Class, kind: Kind, question: str, answer: str, key: str | None = None) -> Exchange:
    """A question as somebody might type it. The key is the question itself, whatever its case and punctuation."""
    rng = given.rng
    if rng.random() < 0.12:
        question = f"{rng.choice(given.words.openers)} {question}"
    if key is None:
        words = re.findall(r"\w+|[-+*/]", question.casefold())
        key = f"{kind}: {' '.join(words)}"
    return Exchange(kind, given.lang, _typed(rng, question), answer, key)


def _typed(rng: random.Random, text: str) -> str:
    if rng.random() < 0.15:
        text = text.lower()
    if rng.random() < 0.2:
        text = text.rstrip("?.!").lstrip("¿¡")
    elif rng.random() < 0.1:
        text = text.lstrip("¿¡")
    return text.strip() or "?"


def _new_word(given: _Class) -> str:
    return "".join(given.rng.choices(given.words.names.syllables, k=given.rng.randint(2, 3)))


# --- what they ask ---------------------------------------------------------------------------------------------------


def _small_talk(given: _Class, kind: Kind, talks: tuple[SmallTalk, ...]) -> Exchange:
    """The plain forms are never held out: everybody uses them. What is, has something in front."""
    talk = given.rng.choice(talks)
    said = given.rng.choice(talk.said)
    exchange = _asked(given, kind, said, talk.answer)
    is_plain = exchange.question.casefold().strip("¿¡?!. ") == said.casefold().strip("¿¡?!. ")
    return Exchange(kind, given.lang, exchange.question, talk.answer) if is_plain else exchange


def _greeting(given: _Class) -> Exchange:
    return _small_talk(given, Kind.GREETING, given.words.small_talk)


def _who(given: _Class) -> Exchange:
    return _small_talk(given, Kind.WHO, given.words.about_itself)


def _sum(given: _Class) -> Exchange:
    rng, words = given.rng, given.words.sums
    sign = rng.choice("++-*")
    largest = LARGEST_FACTOR if sign == "*" else LARGEST_TERM
    a, b = rng.randint(0, largest), rng.randint(0, largest)
    if sign == "-":
        a, b = max(a, b), min(a, b)
    result = {"+": a + b, "-": a - b, "*": a * b}[sign]
    word = {"+": words.plus, "-": words.minus, "*": words.times}[sign]
    question = rng.choice(words.asked).format(sum=_written_sum(rng, a, b, sign, word))
    key = None if max(a, b) <= WELL_KNOWN else f"{Kind.SUM}: {a} {sign} {b}"
    return _asked(given, Kind.SUM, question, f"{a} {sign} {b} = {result}.", key)


def _written_sum(rng: random.Random, a: int, b: int, sign: str, word: str) -> str:
    form = rng.random()
    if form < 0.25:
        return f"{a} {word} {b}"
    return f"{a}{sign}{b}" if form < 0.4 else f"{a} {sign} {b}"


def _capital(given: _Class) -> Exchange:
    words = given.words.capitals
    country, capital = given.rng.choice(words.facts)
    question = given.rng.choice(words.asked).format(country=country)
    return _asked(given, Kind.CAPITAL, question, words.answer.format(country=country, capital=capital))


def _opposite(given: _Class) -> Exchange:
    words = given.words.opposites
    word, opposite = given.rng.sample(given.rng.choice(words.facts), 2)
    question = given.rng.choice(words.asked).format(word=word)
    return _asked(given, Kind.OPPOSITE, question, words.answer.format(word=word, opposite=opposite))


def _unit(given: _Class) -> Exchange:
    unit, count = given.rng.choice(given.words.units.facts), given.rng.randint(1, LARGEST_FACTOR)
    large, small, total = form_of(unit.large, count), unit.small[-1], count * unit.factor
    question = given.rng.choice(given.words.units.asked).format(
        count=count,
        large=large,
        small=small,
        large_in=form_of(unit.large_in, count) if unit.large_in else large,
        small_in=unit.small_in or small,
    )
    answer = given.words.units.answer.format(count=count, large=large, total=total, small=form_of(unit.small, total))
    return _asked(given, Kind.UNIT, question, answer)


def _weekday(given: _Class) -> Exchange:
    words, day = given.words.weekdays, given.rng.randrange(7)
    if given.rng.random() < 0.5:
        questions, answer, named, step = words.after_asked, words.after_answer, words.behind_after[day], 1
    else:
        questions, answer, named, step = words.before_asked, words.before_answer, words.behind_before[day], -1
    question = given.rng.choice(questions).format(day=named)
    return _asked(given, Kind.WEEKDAY, question, answer.format(day=named, other=words.days[(day + step) % 7]))


def _name(given: _Class) -> Exchange:
    """Told, or asked for; also before it was told."""
    if given.rng.random() < (given.course.told_again if given.name else given.course.told):
        return _introduction(given)
    return _name_question(given)


def _introduction(given: _Class) -> Exchange:
    words, rng = given.words.names, given.rng
    while True:
        name = _new_word(given).title() if rng.random() < UNKNOWN_WORD_SHARE else rng.choice(words.names)
        exchange = Exchange(Kind.NAME, given.lang, "", words.greeting.format(name=name), f"{Kind.NAME}: {name}")
        if exchange.is_held_out is given.held_out:
            break
    given.name = name
    question = rng.choice(words.told).format(name=name)
    if rng.random() < 0.2:
        question = question.rstrip(".!")
    return Exchange(Kind.NAME, given.lang, question, exchange.answer, exchange.key)


def _name_question(given: _Class) -> Exchange:
    words = given.words.names
    answer = words.not_told if given.name is None else words.answer.format(name=given.name)
    return _asked(given, Kind.NAME, given.rng.choice(words.asked), answer, key="")


# --- what the model does not know ------------------------------------------------------------------------------------


def _unknown(given: _Class) -> Exchange:
    """The answer is English where the question is in no language that can be told."""
    rng = given.rng
    (make,) = rng.choices(list(_UNKNOWN), list(_UNKNOWN.values()))
    question = make(given)
    if (make is _gibberish and given.lang != "ru") or not re.search(r"[^\W\d]", question):
        return _asked(replace(given, lang="en"), Kind.UNKNOWN, question, given.english.unknown.answer)
    if rng.random() < 0.15:
        question = f"{question} {rng.choice(VOCABULARIES[given.lang].details)}"
    return _asked(given, Kind.UNKNOWN, question, given.words.unknown.answer)


def _about_a_thing(given: _Class) -> str:
    rng, words = given.rng, given.words.unknown
    thing = _new_word(given) if rng.random() < 0.2 else rng.choice(words.things)
    return rng.choice(words.asked_about_things).format(thing=thing)


def _something_else(given: _Class) -> str:
    return given.rng.choice(given.words.unknown.asked)


def _advice(given: _Class) -> str:
    words = VOCABULARIES[given.lang]
    topic = given.rng.choice(words.topics)
    return given.rng.choice(words.questions).format(topic=topic, Topic=topic[:1].upper() + topic[1:])


def _unknown_capital(given: _Class) -> str:
    rng, words = given.rng, given.words.capitals
    is_new = rng.random() < UNKNOWN_WORD_SHARE
    return rng.choice(words.asked).format(country=_new_word(given).title() if is_new else rng.choice(words.unknown))


def _unknown_opposite(given: _Class) -> str:
    rng = given.rng
    is_new = rng.random() < UNKNOWN_WORD_SHARE
    word = _new_word(given) if is_new else rng.choice(given.words.unknown.things)
    return rng.choice(given.words.opposites.asked).format(word=word)


def _large_sum(given: _Class) -> str:
    """With a number far beyond those that are taught, or a division."""
    rng, words = given.rng, given.words.sums
    sign = rng.choice("++-*/")
    a, b = rng.randint(30, rng.choice((99, 999, 9999))), rng.randint(2, rng.choice((20, 99, 999)))
    if sign in "+*" and rng.random() < 0.5:
        a, b = b, a
    word = {"+": words.plus, "-": words.minus, "*": words.times, "/": "/"}[sign]
    return rng.choice(words.asked).format(sum=_written_sum(rng, a, b, sign, word))


def _gibberish(given: _Class) -> str:
    return " ".join(_new_word(given) for _ in range(given.rng.randint(1, 7)))


_UNKNOWN = {
    _about_a_thing: 0.33,
    _something_else: 0.15,
    _advice: 0.17,
    _unknown_capital: 0.1,
    _unknown_opposite: 0.07,
    _large_sum: 0.13,
    _gibberish: 0.05,
}

_MAKERS = {
    Kind.GREETING: _greeting,
    Kind.WHO: _who,
    Kind.SUM: _sum,
    Kind.CAPITAL: _capital,
    Kind.OPPOSITE: _opposite,
    Kind.UNIT: _unit,
    Kind.WEEKDAY: _weekday,
    Kind.NAME: _name,
    Kind.UNKNOWN: _unknown,
}
