# ruff: noqa: RUF001 - other scripts have signs that look like Latin ones

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oa.domain.checks import Check
from oa.domain.personal_data import has_iban_checksum, has_luhn_checksum, personal_data

EMAIL, PHONE, IBAN = "an e-mail address", "a telephone number", "a bank account number (IBAN)"
CARD, COMPUTER = "a card number", "an IP address"


def kinds(text: str) -> list[str]:
    found = list(personal_data(text))
    assert all(finding.check is Check.PERSONAL_DATA for finding in found)
    return [finding.what for finding in found]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Write to ada.lovelace+x@analytical.co.uk!", EMAIL),
        ("<ADA@ENGINE.ORG>", EMAIL),
        ("почта: ада@почта.рф", EMAIL),
        ("mailto:ada@engine.org", EMAIL),
        ("Call +49 171 1234567 now", PHONE),
        ("+1 (212) 736-5000", PHONE),
        ("0049 30 901820", PHONE),
        ("0171 1234567", PHONE),
        ("(030) 90 18 20 33", PHONE),
        ("030/901820-33", PHONE),
        ("01 42 68 53 00", PHONE),
        ("212-736-5000", PHONE),
        ("(212) 736-5000", PHONE),
        ("+٤٩ ١٧١ ١٢٣٤٥٦٧", PHONE),
        ("tel:+442072193000", PHONE),
        ("DE89 3704 0044 0532 0130 00", IBAN),
        ("my account is GB82WEST12345698765432.", IBAN),
        ("nl91abna0417164300", IBAN),
        ("NO93 8601 1117 947 BIC DNBANOKK", IBAN),
        ("4111 1111 1111 1111", CARD),
        ("card 5500-0055-5555-5559, exp 12/27", CARD),
        ("4012888888881881 12/27", CARD),
        ("378282246310005", CARD),
        ("93.184.216.34", COMPUTER),
        ("ping 93.184.216.34.", COMPUTER),
        ("2a00:1450:4001:81b::200e", COMPUTER),
    ],
)
def test_personal_data_is_found(text: str, kind: str) -> None:
    assert kinds(text) == [kind]


NONE = {
    "examples": "ada@example.com, bob@shop.example, root@localhost, https://user@example.org",
    "no addresses": "@ada, a@b, 3@5.2, git@github.com:oa/oa.git, name@1.2.3, @@x.com",
    "dates": "2026-11-20 14:05:33, 20.11.2026, 01-02-2023 10:15, 05/06/1999, 1990-2020, 2026-11-20T14:05:33+01:00",
    "sums": "1,234,567.89 and 1 000 000 000, 0.123456789, 3.14159265358979, -1234567890, +100000000, 1e10",
    "versions": "v1.2.3.4, version 10.4.1.2, 2.0.0-rc1, section 4.3.2.1",
    "books": "ISBN 978-3-16-148410-0, ISBN 0-306-40615-2",
    "years and pages": "1914-1918, pp. 123-456, 212-736",
    "numbers with a wrong checksum": "4111 1111 1111 1112, DE89 3704 0044 0532 0130 01, 378282246310006",
    "long numbers": "1234567890123456, 9999999999999999, 0000000000000000, 12345678901234567890123",
    "hexadecimal": "0x1234567890, deadbeef00112233, 550e8400-e29b-41d4-a716-446655440000",
    "films": "555-0123, (212) 555-0199, 212-555-0143",
    "private computers": "127.0.0.1, 192.168.1.1, 10.0.0.1, 0.0.0.0, 192.0.2.7, 2001:db8::1, ::1, 8.8.8.8",
    "no computers": "256.300.1.2, 1.2.3, std::vector, 12:30:45, a::b, 2000:1:2, face::cafe",
    "arithmetic": "12+34567890=34567902, x=+12345678.9, 5*0123 456",
    "a list of numbers": "200 300 4000 500 600 7000, 0 1 2 3 4 5 6 7 8 9 10 11",
    "codes": "Order 2024-000123-456, ticket #0171 1234567890123456789, PO-0049-1234-5678",
    "percent": "+12345678%",
    "nothing": "",
}


@pytest.mark.parametrize("text", NONE.values(), ids=NONE)
def test_what_is_no_personal_data_is_left_alone(text: str) -> None:
    assert kinds(text) == []


def test_what_is_one_thing_is_no_part_of_another() -> None:
    assert kinds("DE89 3704 0044 0532 0130 00 or ada@mail.93.184.216.com") == [IBAN, EMAIL]


def test_each_kind_is_named_once_and_the_data_never() -> None:
    text = "ada@engine.org bob@engine.org 93.184.216.34"
    assert kinds(text) == [COMPUTER, EMAIL]
    assert not any(part in finding.what for finding in personal_data(text) for part in text.split())


digits = st.text("0123456789", min_size=8, max_size=18)


@given(digits, st.integers(0, 9))
def test_exactly_one_last_digit_makes_a_card_number_right(number: str, digit: int) -> None:
    right = [last for last in "0123456789" if has_luhn_checksum(number + last)]
    assert len(right) == 1
    assert has_luhn_checksum(number + str(digit)) is (str(digit) in right)


@given(st.text("0123456789", min_size=18, max_size=18), st.integers(0, 17), st.integers(1, 9))
def test_a_wrong_digit_is_noticed_in_an_account_number(account: str, place: int, change: int) -> None:
    check = 98 - int(f"{account}131400") % 97  # D = 13, E = 14
    number = f"DE{check:02}{account}"
    assert has_iban_checksum(number)
    assert kinds(f"to {number} please") == [IBAN]
    wrong = account[:place] + str((int(account[place]) + change) % 10) + account[place + 1 :]
    assert not has_iban_checksum(f"DE{check:02}{wrong}")


@given(st.text(max_size=60))
def test_any_text_can_be_looked_through(text: str) -> None:
    kinds(text)
    assert kinds(f"{text} ada@engine.org {text}")


@given(st.dates(), st.times(), st.sampled_from(["%Y-%m-%d %H:%M:%S", "%d.%m.%Y, %H:%M", "%m/%d/%Y", "%d-%m-%Y %H"]))
def test_no_date_is_a_telephone_number(day: object, time: object, form: str) -> None:
    import datetime

    assert isinstance(day, datetime.date)
    assert isinstance(time, datetime.time)
    assert kinds(f"On {datetime.datetime.combine(day, time).strftime(form)} it began.") == []


@given(st.floats(-1e12, 1e12), st.integers(-(10**7), 10**7))
def test_no_number_that_is_reckoned_with_is_personal_data(number: float, whole: int) -> None:
    assert kinds(f"It is {number:.3f} or {number:,.2f} or {whole}.") == []


def test_a_long_text_takes_no_long_time() -> None:
    for text in ("1 " * 40_000, "a@" * 40_000, "a." * 40_000 + "@", "+1" * 40_000, "1:" * 40_000, "DE12" * 20_000):
        kinds(text + " 1")
