"""How models write calls, each as their own templates teach it."""

from __future__ import annotations

import json
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oa.inference.tools.formats import CallReader, ForcedReader, forcing_schema

NAMES = ("weather", "add")

WEATHER = ("weather", {"city": "Łódź"})
ADD = ("add", {"a": 1, "b": 2})

WRITTEN = {
    "Hermes": ('<tool_call>\n{"name": "weather", "arguments": {"city": "Łódź"}}\n</tool_call>', [WEATHER]),
    "Hermes, two": (
        '<tool_call>{"name": "weather", "arguments": {"city": "Łódź"}}</tool_call>\n'
        '<tool_call>{"name": "add", "arguments": {"a": 1, "b": 2}}</tool_call>',
        [WEATHER, ADD],
    ),
    "Hermes, cut before its end mark": ('<tool_call>{"name": "add", "arguments": {"a": 1, "b": 2}}', [ADD]),
    "Qwen 3 Coder": (
        "<tool_call>\n<function=add>\n<parameter=a>\n1\n</parameter>\n<parameter=b>\n2\n</parameter>\n"
        "</function>\n</tool_call>",
        [ADD],
    ),
    "Llama 3.1, bare": ('{"name": "weather", "parameters": {"city": "Łódź"}}', [WEATHER]),
    "Llama 3.1, two": (
        '{"name": "weather", "parameters": {"city": "Łódź"}}; {"name": "add", "parameters": {"a": 1, "b": 2}}',
        [WEATHER, ADD],
    ),
    "Llama 3.1, tag": ('<|python_tag|>{"name": "add", "parameters": {"a": 1, "b": 2}}<|eom_id|>', [ADD]),
    "Llama 3.1, function": ('<function=add>{"a": 1, "b": 2}</function>', [ADD]),
    "Mistral": ('[TOOL_CALLS] [{"name": "add", "arguments": {"a": 1, "b": 2}}]', [ADD]),
    "Mistral 11": ('[TOOL_CALLS]weather[ARGS]{"city": "Łódź"}[TOOL_CALLS]add[ARGS]{"a": 1, "b": 2}', [WEATHER, ADD]),
    "Mistral with an id": ('[TOOL_CALLS]add[CALL_ID]a1b2c3d4e[ARGS]{"a": 1, "b": 2}', [ADD]),
    "a list of objects": ('[{"name": "add", "arguments": {"a": 1, "b": 2}}]', [ADD]),
    "OpenAI's own shape": (
        '{"type": "function", "function": {"name": "add", "arguments": "{\\"a\\": 1, \\"b\\": 2}"}}',
        [ADD],
    ),
}

TEXTS = {
    "plain": "It is 3 < 4, and <tool> is no call.",
    "JSON of another kind": '{"answer": 3}',
    "JSON that names no tool": '{"name": "Ada", "arguments": {"age": 36}}',
    "a list": "[1, 2, 3] are numbers",
    "half a mark at the end": "see <tool_ca",
    "a mark and no call": "<tool_call>",
    "white space": "  \n ",
}


def read(text: str, sizes: list[int]) -> tuple[str, list[tuple[str, Any]]]:
    """Feed a text in pieces of these sizes, and the rest at once."""
    numbers = count(1)
    reader = CallReader(NAMES, lambda: f"call_{next(numbers)}")
    shown, at = "", 0
    for size in [*sizes, len(text)]:
        shown += reader.feed(text[at : at + size])
        at += size
    rest, calls = reader.end()
    assert [call.id for call in calls] == [f"call_{number + 1}" for number in range(len(calls))]
    return shown + rest, [(call.name, json.loads(call.arguments)) for call in calls]


sizes = st.lists(st.integers(1, 9), max_size=40)


@pytest.mark.parametrize("form", WRITTEN)
@given(sizes=sizes)
def test_every_form_is_understood_however_it_is_cut(form: str, sizes: list[int]) -> None:
    text, calls = WRITTEN[form]
    assert read(text, sizes) == ("", calls)


@pytest.mark.parametrize("form", [name for name in WRITTEN if not WRITTEN[name][0].startswith(("{", "[{"))])
def test_what_comes_before_a_call_is_text(form: str) -> None:
    text, calls = WRITTEN[form]
    assert read(f"Let me see. {text}", [3] * 100) == ("Let me see. ", calls)


@pytest.mark.parametrize("kind", TEXTS)
@given(sizes=sizes)
def test_what_is_no_call_is_shown_as_it_is(kind: str, sizes: list[int]) -> None:
    shown, calls = read(TEXTS[kind], sizes)
    assert (shown.strip(), calls) == (TEXTS[kind].strip(), [])


def test_text_is_not_held_back_longer_than_it_may_become_a_mark() -> None:
    reader = CallReader(NAMES)
    assert reader.feed("So") == "So"
    assert reader.feed(" <to") == " "
    assert reader.feed("ol> it is") == "<tool> it is"


@given(text=st.text())
def test_whatever_a_model_writes_it_is_read(text: str) -> None:
    shown, calls = read(text, [1] * len(text))
    assert calls or shown.strip() == text.strip()


def test_a_forced_call_is_read_from_what_the_schema_allows() -> None:
    reader = ForcedReader(lambda: "call_1")
    assert reader.feed('{"name": "add", "argu') == ""
    reader.feed('ments": {"a": 1}}')
    text, (call,) = reader.end()
    assert (text, call.id, call.name, json.loads(call.arguments)) == ("", "call_1", "add", {"a": 1})


def test_a_forced_call_that_was_cut_off_is_text() -> None:
    reader = ForcedReader()
    reader.feed('{"name": "add", "argu')
    assert reader.end() == ('{"name": "add", "argu', ())


def test_several_tools_make_a_schema_with_a_choice() -> None:
    schema = forcing_schema({"add": {"type": "object"}, "now": {}})
    assert [kind["properties"]["name"] for kind in schema["anyOf"]] == [{"const": "add"}, {"const": "now"}]
    assert forcing_schema({"now": {}})["properties"]["arguments"] == {"type": "object"}
