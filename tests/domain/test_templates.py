from __future__ import annotations

import jinja2
import pytest

from oa.domain.samples import Speaker
from oa.domain.templates import FORMATS, OASST_V2_5, length_of, system_tag

CHAT = [("system", "S"), ("user", "q"), ("assistant", "a"), ("user", "r")]


def written(name: str, *, asks: bool = True, **tokens: str) -> str:
    messages = [{"role": role, "content": text} for role, text in CHAT]
    template = jinja2.Environment().from_string(FORMATS[name].jinja)
    return template.render(messages=messages, add_generation_prompt=asks, **tokens)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "chatml",
            "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nq<|im_end|>\n<|im_start|>assistant\na<|im_end|>\n"
            "<|im_start|>user\nr<|im_end|>\n<|im_start|>assistant\n",
        ),
        (
            "oasst-v2.5",
            "<|prefix_begin|>S<|prefix_end|><|prompter|>q</s><|assistant|>a</s><|prompter|>r</s><|assistant|>",
        ),
        ("oasst-v2-new", "<|system|>S</s><|prompter|>q</s><|assistant|>a</s><|prompter|>r</s><|assistant|>"),
        ("metharme", "<|system|>S<|user|>q<|model|>a<|user|>r<|model|>"),
        ("pygmalion", "S\n<START>\nYou: q\nBot: a\nYou: r\nBot:"),
        ("plain", "S\n\nUser: q\n\nAssistant: a\n\nUser: r\n\nAssistant:"),
    ],
)
def test_every_format_is_written_exactly(name: str, text: str) -> None:
    assert written(name, eos_token="</s>") == text
    assert text.startswith(written(name, eos_token="</s>", asks=False))


def test_a_model_without_an_end_token_is_given_one() -> None:
    assert "q<|endoftext|>" in written("oasst-v2.5")


def test_the_order_of_new_tokens_is_fixed() -> None:
    assert OASST_V2_5.special_tokens == (
        "<|prompter|>", "<|assistant|>", "<|system|>", "<|prefix_begin|>", "<|prefix_end|>",
    )  # fmt: skip


def test_a_format_knows_who_may_speak() -> None:
    with pytest.raises(KeyError):
        OASST_V2_5.opening(Speaker.TOOL)
    assert FORMATS["pygmalion"].opening(Speaker.ASSISTANT, "Lisa") == "Lisa:"


@pytest.mark.parametrize(
    ("answer", "length"),
    [("", 1), ("one two three four", 1), ("a b c d e", 2), ("a b c d e f g h i", 2), ("1 2 3 4 5 6 7 8 9 10", 3)],
)
def test_length_counts_by_five_words(answer: str, length: int) -> None:
    assert length_of(answer) == length


def test_a_system_tag_has_a_line_for_each_property_and_the_context_last() -> None:
    tag = system_tag([("quality", 0.75), ("lang", "en"), ("length", 3)], "</s>", "It rains.")
    assert tag == "<|system|>quality: 0.8\nlang: en\nlength: 3\ncontext: It rains.\n</s>"
    assert system_tag([], "</s>") == ""
