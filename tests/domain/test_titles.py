from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oa.domain import titles
from oa.errors import Invalid


@pytest.mark.parametrize(
    ("prompt", "title"),
    [
        ("Hello", "Hello"),
        ("  two\n\nlines\t here ", "two lines here"),
        ("", None),
        ("\x00\u2028", None),
        ("word " * 30, "word " * 10 + "word…"),
        ("x" * 100, "x" * 59 + "…"),
    ],
)
def test_a_prompt_gives_its_beginning(prompt: str, title: str | None) -> None:
    assert titles.of_prompt(prompt) == title


@given(st.text())
def test_the_title_of_any_prompt_is_one_short_line(prompt: str) -> None:
    title = titles.of_prompt(prompt)
    assert title is None or (0 < len(title) <= titles.USUAL_LENGTH and "\n" not in title)


@pytest.mark.parametrize(
    ("written", "title"),
    [
        ("Blue sky", "Blue sky"),
        ('"Blue sky."', "Blue sky"),
        ("Title: **Blue sky**", "Blue sky"),
        ("\n\nNamen der Flüsse\nUnd mehr", "Namen der Flüsse"),
        ("название: Реки", "Реки"),
        ("", None),
        ("!", None),
        ("<|im_start|>assistant", None),
        ("I do not know what to call this, since I am only a small model, sorry for that", None),
        ("x" * 81, None),
    ],
)
def test_what_a_model_writes_is_a_title_or_is_none(written: str, title: str | None) -> None:
    assert titles.of_model(written) == title


def test_a_person_may_write_any_line_that_is_not_too_long() -> None:
    assert titles.of_person(" My <chat> ") == "My <chat>"
    assert titles.of_person("  ") is None
    with pytest.raises(Invalid, match="100"):
        titles.of_person("x" * 101)


def test_a_request_shows_the_model_only_the_beginning_of_what_was_said() -> None:
    assert len(titles.request("q" * 5000, "a" * 5000)) < 1000
