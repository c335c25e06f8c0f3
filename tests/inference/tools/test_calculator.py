from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oa.errors import Invalid
from oa.inference.tools.calculator import CALCULATOR, calculate


@pytest.mark.parametrize(
    ("sum_", "value"),
    [
        ("1 + 2 * 3", "7"),
        ("(2 + 3) \N{MULTIPLICATION SIGN} 4", "20"),
        ("2 ^ 10", "1024"),
        ("7 \N{DIVISION SIGN} 2", "3.5"),
        ("0.1 + 0.2", "0.3"),
        ("-5 // 2", "-3"),
        ("sqrt(16) + abs(-1)", "5"),
        ("round(2 * pi, 3)", "6.283"),
        ("max(1, 2, 3)", "3"),
        ("factorial(20)", "2432902008176640000"),
        ("2 ** -2", "0.25"),
        ("1e300 * 10", "1e+301"),
        ("6 / 3", "2"),
    ],
)
def test_sums_have_their_value(sum_: str, value: str) -> None:
    assert calculate(sum_) == value


@pytest.mark.parametrize(
    ("sum_", "why"),
    [
        ("1 / 0", "divides by zero"),
        ("sqrt(-1)", "no value"),
        ("(-8) ** 0.5", "no value"),
        ("exp(10000)", "no value"),
        ("9 ** 9 ** 9", "too large"),
        ("factorial(10000)", "factorial takes"),
        ("factorial(0.5)", "factorial takes"),
        ("1 +", "no sum"),
        ("", "no sum"),
        ("True + 1", "no sum"),
        ("'a' * 3", "no sum"),
        ("[1, 2]", "no sum"),
        ("__import__('os').system('true')", "no sum"),
        ("(1).__class__", "no sum"),
        ("open('x')", "no sum"),
        ("evil(1)", "no function 'evil'"),
        ("round(1, ndigits=2)", "no sum"),
        ("lambda: 1", "no sum"),
        ("1 " * 200, "more than 200"),
        ("-" * 199 + "1" + "(" * 50, "characters"),
        ("(" * 150 + "1", "no sum"),
    ],
)
def test_what_is_no_sum_or_has_no_value_says_why(sum_: str, why: str) -> None:
    with pytest.raises(Invalid, match=why):
        calculate(sum_)


@given(st.text(alphabet="0123456789+-*/%^(). epi", max_size=60))
def test_whatever_is_typed_there_is_a_number_or_a_sentence(text: str) -> None:
    try:
        value = calculate(text)
    except Invalid as error:
        value = str(error)
    assert value


@given(st.integers(-(10**6), 10**6), st.integers(-(10**6), 10**6))
def test_whole_numbers_are_exact(left: int, right: int) -> None:
    assert calculate(f"({left}) * ({right}) - ({right})") == str(left * right - right)


async def test_as_a_tool_it_takes_one_argument() -> None:
    assert await CALCULATOR.run({"expression": "1+1"}) == "2"
    with pytest.raises(Invalid, match="as text"):
        await CALCULATOR.run({"expression": 2})
