from __future__ import annotations

from oa.domain.instructions import PREAMBLE, system_text


def test_nothing_to_say_is_no_message() -> None:
    assert system_text() is None
    assert system_text("  ", "", "\n") is None


def test_a_system_prompt_alone_stands_alone() -> None:
    assert system_text("Be brief. ") == "Be brief."


def test_wishes_come_behind_the_system_prompt_with_a_word_on_how_to_take_them() -> None:
    text = system_text("Be brief.", "I teach.", "In verse.")
    assert text == f"Be brief.\n\n{PREAMBLE}\n\nAbout the person: I teach.\n\nHow to answer them: In verse."


def test_one_of_both_wishes_is_enough() -> None:
    assert system_text(None, None, "In verse.") == f"{PREAMBLE}\n\nHow to answer them: In verse."
