from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from oa.inference.engine import Token
from oa.inference.stopping import StopScanner

pieces = st.lists(st.text(alphabet="abc", max_size=3), max_size=12)
stops = st.lists(st.text(alphabet="abc", min_size=1, max_size=4), max_size=3)


def scan(texts: list[str], stops: list[str]) -> tuple[str, bool]:
    scanner = StopScanner(stops)
    shown: list[Token] = []
    for text in texts:
        shown += scanner.push(Token(text))
        if scanner.has_stopped:
            return "".join(token.text for token in shown), True
    return "".join(token.text for token in [*shown, *scanner.flush()]), False


@given(pieces, stops)
def test_what_is_shown_ends_where_the_first_stop_string_that_is_whole_begins(
    texts: list[str], stops: list[str]
) -> None:
    shown, has_stopped = scan(texts, stops)
    text = ""
    for piece in texts:
        text += piece
        found = [text.find(stop) for stop in stops if stop in text]
        if found:
            assert (shown, has_stopped) == (text[: min(found)], True)
            return
    assert (shown, has_stopped) == (text, False)


@given(pieces, stops)
def test_nothing_is_shown_that_a_stop_string_might_begin_in(texts: list[str], stops: list[str]) -> None:
    scanner = StopScanner(stops)
    shown = ""
    for text in texts:
        shown += "".join(token.text for token in scanner.push(Token(text)))
        assert not any(stop in shown for stop in stops)
        if scanner.has_stopped:
            break


def test_tokens_keep_what_is_known_of_them() -> None:
    scanner = StopScanner(["stop"])
    assert scanner.push(Token("a", 1, -0.5)) == [Token("a", 1, -0.5)]
    assert scanner.push(Token("bs", 2, -0.6)) == []
    assert scanner.push(Token("top", 3, -0.7)) == [Token("b", 2, -0.6)]
    assert scanner.has_stopped


def test_an_empty_stop_string_stops_nothing() -> None:
    assert scan(["a", "b"], [""]) == ("ab", False)
