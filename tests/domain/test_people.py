from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oa.config import RegistrationMode
from oa.domain.people import LONGEST_USERNAME, Admission, account_display_name, account_name
from oa.errors import Invalid


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("ada", "ada"),
        (" Ada ", "ada"),
        ("ADA Lovelace", "ada lovelace"),
        ("Zoe\u0308", "zoë"),
        ("STRASSE", "strasse"),
        ("Straße", "strasse"),
        ("\uff41\uff44\uff41", "ada"),
        ("李", "李"),
        ("o'neil@example.org", "o'neil@example.org"),
        ("a" * LONGEST_USERNAME, "a" * LONGEST_USERNAME),
    ],
)
def test_capitals_and_forms_of_a_letter_tell_nobody_apart(typed: str, name: str) -> None:
    assert account_name(typed) == name


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "  ",
        "a" * (LONGEST_USERNAME + 1),
        "a\nb",
        "a\x00",
        "a\x1b[31m",
        "ada\u200b",
        "\u202eada",
        "a/b",
        "ada\ud800",
        "ﷺ" * 100,  # each becomes eighteen letters
    ],
)
def test_a_name_that_cannot_be_typed_or_shown_is_refused(typed: str) -> None:
    with pytest.raises(Invalid):
        account_name(typed)


@given(st.text(max_size=40))
def test_a_name_stays_itself(typed: str) -> None:
    try:
        name = account_name(typed)
    except Invalid:
        return
    assert account_name(name) == name
    assert 1 <= len(name) <= LONGEST_USERNAME


@given(st.text(alphabet=st.characters(categories=["L", "N"]), min_size=1, max_size=20))
def test_composed_and_decomposed_names_are_one(typed: str) -> None:
    try:
        assert account_name(unicodedata.normalize("NFD", typed)) == account_name(unicodedata.normalize("NFC", typed))
    except Invalid:  # letters that no font of this Python's Unicode has
        with pytest.raises(Invalid):
            account_name(unicodedata.normalize("NFC", typed))


def test_the_name_that_others_see_is_the_one_that_was_typed() -> None:
    assert account_display_name(" Zoe\u0308 Ångström ") == "Zoë Ångström"
    with pytest.raises(Invalid):
        account_display_name("Ada\x07")


def test_every_registration_mode_of_the_settings_means_something_to_the_hub() -> None:
    assert {str(mode) for mode in RegistrationMode} == {str(admission) for admission in Admission}
