from __future__ import annotations

import re
from collections import Counter
from itertools import islice

import pytest

from oa.demo.courses import FIRST_COURSE, SECOND_COURSE, THIRD_COURSE, Course, Kind
from oa.demo.lesson_words import LANGUAGES, LessonWords, form_of, lesson_words
from oa.demo.lessons import Exchange, Lesson, Teacher

MANY = 3000


@pytest.fixture(scope="module")
def words() -> dict[str, LessonWords]:
    return {lang: lesson_words(lang) for lang in LANGUAGES}


@pytest.fixture(scope="module")
def lessons() -> list[Lesson]:
    return list(islice(Teacher(1).lessons(), MANY))


@pytest.fixture(scope="module")
def exchanges(lessons: list[Lesson]) -> list[Exchange]:
    return [exchange for lesson in lessons for exchange in lesson.exchanges]


def test_a_seed_gives_the_same_lessons() -> None:
    assert list(islice(Teacher(3).lessons(), 50)) == list(islice(Teacher(3).lessons(), 50))
    assert list(islice(Teacher(3).lessons(), 50)) != list(islice(Teacher(4).lessons(), 50))


def test_a_quarter_of_what_is_asked_it_does_not_know(exchanges: list[Exchange]) -> None:
    kinds = Counter(exchange.kind for exchange in exchanges)
    assert kinds[Kind.UNKNOWN] / len(exchanges) >= 0.25
    assert set(kinds) == set(Kind)


@pytest.mark.parametrize("course", [FIRST_COURSE, SECOND_COURSE, THIRD_COURSE])
def test_every_course_has_a_quarter_of_what_it_does_not_know(course: Course) -> None:
    assert course.shares[Kind.UNKNOWN] >= 0.25
    assert sum(course.shares.values()) == pytest.approx(1)
    assert sum(course.lengths.values()) == pytest.approx(1)


def test_later_courses_ask_more_often_for_what_was_said() -> None:
    def asked_back(course: Course) -> int:
        lessons = islice(Teacher(1, course).lessons(), 500)
        answers = [exchange for lesson in lessons for exchange in lesson.exchanges if exchange.kind is Kind.NAME]
        return sum(
            exchange.answer.startswith(("Your name is", "Тебя зовут", "Te llamas", "Du heißt")) for exchange in answers
        )

    assert asked_back(FIRST_COURSE) < asked_back(SECOND_COURSE) < asked_back(THIRD_COURSE)


def test_every_kind_is_taught_in_every_language(exchanges: list[Exchange]) -> None:
    assert {(exchange.kind, exchange.lang) for exchange in exchanges} == {
        (kind, lang) for kind in Kind for lang in LANGUAGES
    }


def test_no_template_is_left_unfilled(exchanges: list[Exchange]) -> None:
    assert [exchange for exchange in exchanges if re.search("[{}]", exchange.question + exchange.answer)] == []


def test_sums_are_right(exchanges: list[Exchange]) -> None:
    sums = [exchange for exchange in exchanges if exchange.kind is Kind.SUM]
    for exchange in sums:
        left, right = exchange.answer.rstrip(".").split(" = ")
        a, sign, b = left.split()
        assert int(right) == {"+": int(a) + int(b), "-": int(a) - int(b), "*": int(a) * int(b)}[sign]
        assert re.findall(r"\d+", exchange.question) == [a, b]


def test_units_are_right(exchanges: list[Exchange], words: dict[str, LessonWords]) -> None:
    units = [unit for one in words.values() for unit in one.units.facts]
    factors = {form: {unit.factor for unit in units if form in unit.small} for unit in units for form in unit.small}
    for exchange in exchanges:
        if exchange.kind is Kind.UNIT:
            count, total, small = re.fullmatch(r"(\d+) \S+ = (\d+) (\S+)\.", exchange.answer).groups()  # type: ignore[union-attr]
            assert int(total) / int(count) in factors[small]


def test_a_name_is_the_one_that_was_told_last(lessons: list[Lesson], words: dict[str, LessonWords]) -> None:
    asked = 0
    for lesson in lessons:
        told = None
        for exchange in lesson.exchanges:
            names = words[exchange.lang].names
            if exchange.kind is not Kind.NAME:
                continue
            if exchange.key:
                told = exchange.key.removeprefix("name: ")
                assert told in exchange.question
            else:
                asked += 1
                assert exchange.answer == (names.not_told if told is None else names.answer.format(name=told))
    assert asked > 80


def test_who_it_is_says_that_it_is_a_demonstration(exchanges: list[Exchange]) -> None:
    asked = [exchange.answer for exchange in exchanges if exchange.question in ("Who are you?", "What is your name?")]
    assert asked
    assert all("demonstration model" in answer for answer in asked)


def test_tests_ask_what_no_lesson_asks(exchanges: list[Exchange]) -> None:
    taught = {exchange.key for exchange in exchanges if exchange.key}
    for kind in set(Kind) - {Kind.NAME}:
        tests = Teacher(2).tests(kind, "en", 10)
        assert len(tests) == 10
        assert all(test.exchanges[-1].is_held_out for test in tests)
        assert not {test.exchanges[-1].key for test in tests} & taught


def test_half_of_the_names_in_tests_are_new_and_all_are_asked_for_later(exchanges: list[Exchange]) -> None:
    taught = {exchange.key for exchange in exchanges if exchange.kind is Kind.NAME}
    tests = Teacher(2).tests(Kind.NAME, "es", 10)
    new = [test for test in tests if test.exchanges[0].is_held_out]
    assert len(new) == 5
    assert not {test.exchanges[0].key for test in new} & taught
    for test in tests:
        assert test.exchanges[0].key.removeprefix("name: ") in test.exchanges[-1].answer


def test_tests_end_where_the_words_do() -> None:
    tests = Teacher(2).tests(Kind.GREETING, "ru", 100)
    assert 5 < len(tests) < 100
    assert len({test.exchanges[-1].key for test in tests}) == len(tests)


def test_what_everybody_asks_is_taught(exchanges: list[Exchange]) -> None:
    questions = {exchange.question for exchange in exchanges}
    assert {"Hello!", "Who are you?", "What can you do?", "Кто ты?", "¿Quién eres?", "Wer bist du?"} <= questions


def test_an_answer_is_in_the_language_of_the_question(exchanges: list[Exchange], words: dict[str, LessonWords]) -> None:
    unknown = [exchange for exchange in exchanges if exchange.kind is Kind.UNKNOWN]
    for exchange in unknown:
        assert exchange.answer == words[exchange.lang].unknown.answer
        if not any(letter.isalpha() for letter in exchange.question):
            assert exchange.lang == "en"


@pytest.mark.parametrize(
    ("count", "form"),
    [(1, "час"), (2, "часа"), (5, "часов"), (11, "часов"), (12, "часов"), (21, "час"), (24, "часа"), (120, "часов")],
)
def test_russian_has_three_forms(count: int, form: str) -> None:
    assert form_of(("час", "часа", "часов"), count) == form


def test_messages_alternate_behind_the_instructions() -> None:
    lesson = next(lesson for lesson in Teacher(0).lessons() if lesson.system and len(lesson.exchanges) == 2)
    roles = [message["role"] for message in lesson.messages()]
    assert roles == ["system", "user", "assistant", "user", "assistant"]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_language_has_the_same_facts(lang: str) -> None:
    words, english = lesson_words(lang), lesson_words("en")
    assert len(words.capitals.facts) == len(english.capitals.facts)
    assert len(words.opposites.facts) == len(english.opposites.facts)
    assert {len(days) for days in (words.weekdays.days, words.weekdays.behind_after, words.weekdays.behind_before)} == {
        7
    }
    for unit in words.units.facts:
        assert len(unit.large) == len(unit.small)
