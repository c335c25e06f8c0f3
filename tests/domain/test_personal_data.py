from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oa.domain.personal_data import PersonalKind, find_personal_data, passes_luhn, redacted

KEY = "sk-proj-" + "aB3dE5gH7jK9mN1pQ2rS"
TOKEN = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        ("email", "anna.schmidt+oa@mail.example.co.uk"),
        ("email", "юля@пример.рф"),
        ("phone", "+49 30 901820"),
        ("phone", "+1 (555) 010-9999"),
        ("phone", "030 901820-14"),
        ("phone", "(020) 7946 0958"),
        ("phone", "415-555-2671"),
        ("phone", "0043 1 534540"),
        ("card", "4111 1111 1111 1111"),
        ("card", "378282246310005"),
        ("iban", "DE89 3704 0044 0532 0130 00"),
        ("iban", "GB29NWBK60161331926819"),
        ("social_security", "219-09-9999"),
        ("ip_address", "8.8.4.4"),
        ("ip_address", "2001:4860:4860::8888"),
        ("key", KEY),
        ("key", TOKEN),
        ("key", "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----"),
    ],
)
def test_what_says_who_somebody_is_is_found_where_it_stands(kind: str, found: str) -> None:
    text = f"Write to {found}, please."
    (finding,) = find_personal_data(text)
    assert (finding.kind, text[finding.start : finding.end]) == (kind, found)


@pytest.mark.parametrize(
    "text",
    [
        "4111 1111 1111 1112 fails the check digit",
        "DE89 3704 0044 0532 0130 01 fails the remainder",
        "666-12-3456 and 123-00-4567 were never issued",
        "192.168.1.1, 127.0.0.1 and ::1 are nobody's",
        "version 1.2.3.4.5, section 10.2.1 and 3.14159265358979",
        "on 2023-03-12 at 12:30:45 and 1939-1945",
        "authorization: basic stuff about headers",
        "password: ******** or password=changeme",
        "the password is never shown",
        "std::vector<int> and a::b::c",
        "@anna wrote to us @ home",
        "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16",
        "10000000000 and 0.1234567890123456",
        "sk-learn-and-other-libraries-for-python",
        "10.1000/182 is a DOI, ISBN 978-3-16-148410-0 a book",
    ],
)
def test_ordinary_numbers_and_words_are_left_alone(text: str) -> None:
    assert find_personal_data(text) == []


def test_every_place_is_found_from_left_to_right_and_redacted() -> None:
    text = "a@example.org or b@example.org, +49 30 901820, postgres://oa:Tr0ub4dor@db"
    findings = find_personal_data(text)
    assert [finding.kind for finding in findings] == ["email", "email", "phone", "password"]
    assert redacted(text, findings) == "[EMAIL] or [EMAIL], [PHONE], postgres://oa:[PASSWORD]@db"


def test_only_the_kinds_that_are_asked_for_are_found() -> None:
    assert find_personal_data("a@example.org, +49 30 901820", [PersonalKind.PHONE])[0].kind == "phone"


@given(st.text("0123456789 @.-+:/aAbB()\n", max_size=300))
def test_findings_never_overlap_and_a_redacted_text_still_has_the_rest(text: str) -> None:
    findings = find_personal_data(text)
    assert all(a.end <= b.start for a, b in pairwise(findings))
    assert all(0 <= finding.start < finding.end <= len(text) for finding in findings)
    hidden = sum(finding.end - finding.start for finding in findings)
    shown = sum(len(f"[{finding.kind.upper()}]") for finding in findings)
    assert len(redacted(text, findings)) == len(text) - hidden + shown


@given(st.from_regex(r"\A[0-9]{1,18}\Z"))
def test_exactly_one_check_digit_passes_and_every_wrong_digit_fails(number: str) -> None:
    (digit,) = [digit for digit in "0123456789" if passes_luhn(number + digit)]
    for place, right in enumerate(number):
        wrong = number[:place] + str((int(right) + 1) % 10) + number[place + 1 :]
        assert not passes_luhn(wrong + digit)


@pytest.mark.parametrize("piece", ["1", "1 ", "a.", "a@", "0:", "+1", "-----BEGIN PRIVATE KEY-----", "eyJa", "a-"])
def test_no_text_makes_the_search_slow(piece: str) -> None:
    started = time.process_time()
    find_personal_data(piece * (100_000 // len(piece)))
    assert time.process_time() - started < 2
