from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oa.domain.personal_data import KINDS
from oa.domain.redaction import MARKS, SECRETS, redacted, sensitive

KEY = "sk-proj-" + "aB3dE5gH7jK9mN1pQ2rS"
TOKEN = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"


@pytest.mark.parametrize(
    ("what", "found"),
    [
        ("an e-mail address", "anna.schmidt+oa@mail.firma.co.uk"),
        ("a telephone number", "+49 30 901820"),
        ("a card number", "4111 1111 1111 1111"),
        ("a bank account number (IBAN)", "DE89 3704 0044 0532 0130 00"),
        ("a social security number", "219-09-9999"),
        ("an IP address", "2001:4860:4860::8888"),
        ("a key", KEY),
        ("a key", TOKEN),
        ("a key", "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----"),
    ],
)
def test_what_must_not_be_learned_is_found_where_it_stands(what: str, found: str) -> None:
    for text in (f"Write to {found}, please.", f"Bitte „{found}“ … ﬁn"):
        assert [(one.what, text[one.start : one.end]) for one in sensitive(text)] == [(what, found)]


@pytest.mark.parametrize(
    "text",
    [
        "666-12-3456 and 123-00-4567 were never issued",
        "authorization: basic stuff about headers",
        "password: ******** or password=changeme or password: str",
        "the password is never shown",
        "sk-learn-and-other-libraries-for-python",
        "on 2023-03-12 at 12:30:45, version 1.2.3.4",
    ],
)
def test_ordinary_words_and_numbers_are_left_alone(text: str) -> None:
    assert sensitive(text) == []


def test_every_place_is_marked() -> None:
    text = "a@firma.org or b@firma.org, +49 30 901820, postgres://oa:Tr0ub4dor@db"
    assert redacted(text, sensitive(text)) == "[E-MAIL] or [E-MAIL], [PHONE NUMBER], postgres://oa:[PASSWORD]@db"


def test_every_kind_has_a_mark() -> None:
    assert set(MARKS) == {what for what, _ in (*KINDS, *SECRETS)}


@given(st.text("0123456789 @.-+:/aAbB()\n٣é", max_size=300))
def test_places_never_overlap(text: str) -> None:
    places = sensitive(text)
    assert all(a.end <= b.start for a, b in pairwise(places))
    assert all(0 <= one.start < one.end <= len(text) for one in places)


@pytest.mark.parametrize("piece", ["1", "1 ", "a.", "a@", "0:", "+1", "-----BEGIN PRIVATE KEY-----", "eyJa", "a-", "é"])
def test_no_text_makes_the_search_slow(piece: str) -> None:
    started = time.process_time()
    sensitive(piece * (50_000 // len(piece)))
    assert time.process_time() - started < 2
