from __future__ import annotations

import random

import pytest
from sample_trees import message, tree

from oa.data.dedupe import Deduplicator, Part, text_of
from oa.domain.samples import Conversation, PlainText, Sample, Speaker, Turn

WORDS = [f"word{number}" for number in range(2000)]


def text(rng: random.Random, count: int = 60) -> list[str]:
    return [rng.choice(WORDS) for _ in range(count)]


def changed(words: list[str], rng: random.Random, count: int) -> list[str]:
    return [rng.choice(WORDS) if at < count else word for at, word in enumerate(words)]


def test_nearly_all_near_duplicates_are_found_and_nothing_else_is_taken_for_one() -> None:
    rng = random.Random(1)
    known = Deduplicator(likeness=0.8)
    originals = [text(rng) for _ in range(300)]
    assert all(known.is_new(PlainText(" ".join(words))) for words in originals)
    copies = [changed(words, rng, 3) for words in originals]
    assert sum(not known.is_new(PlainText(" ".join(words))) for words in copies) > 280
    others = [changed(words, rng, 30) for words in originals]
    assert sum(known.is_new(PlainText(" ".join(words))) for words in others) == 300
    assert known.exact == 0


def test_case_and_spaces_make_no_difference() -> None:
    known = Deduplicator()
    assert known.is_new(PlainText("Hello  there\n"))
    assert not known.is_new(PlainText("hello there"))
    assert (known.exact, known.near) == (1, 0)


TALK = Conversation((Turn(Speaker.SYSTEM, "s"), Turn(Speaker.USER, "q"), Turn(Speaker.ASSISTANT, "a")))


@pytest.mark.parametrize(
    ("sample", "part", "compared"),
    [
        (TALK, Part.ALL, "s\nq\na"),
        (TALK, Part.QUESTION, "q"),
        (TALK, Part.ANSWER, "a"),
        (tree(message(1, 0)), Part.QUESTION, "text 0"),
        (tree(message(1, 0)), Part.ANSWER, "text 1"),
        (PlainText("words"), Part.ANSWER, "words"),
    ],
)
def test_the_part_that_is_asked_for_is_compared(sample: Sample, part: Part, compared: str) -> None:
    assert text_of(sample, part) == compared
