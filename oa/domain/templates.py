"""How a conversation is written down for a model: what stands before, behind and between the turns.

One description serves both sides: `jinja` is the chat template that a model takes along, training writes the same text
and knows which part of it is learned.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from oa.domain.samples import Speaker

END = "{end}"
"""Stands for the tokenizer's own end token."""

NAME = "{name}"
"""Stands for the name of who speaks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatFormat:
    """A way of writing conversations down. A turn is `opening`, `lead`, its text, `closing`, `gap`."""

    name: str
    openings: Mapping[Speaker, str]
    """By who speaks; whoever is missing cannot take part. The assistant's is what a model goes on from."""
    closings: Mapping[Speaker, str]
    lead: str = ""
    gap: str = ""
    """Behind every turn; never learned."""
    final: str = ""
    """Closes the assistant's last turn as well, where `closings` has no token of its own for that."""
    hands_over: bool = False
    """A model also learns the opening of the turn after its own: there it stops."""
    special_tokens: tuple[str, ...] = ()
    """Added to a tokenizer that lacks them, in this order, so that ids are the same everywhere."""
    end_token: str | None = None
    """With which an answer ends; None for the tokenizer's own."""
    assistant_name: str = "Bot"

    def opening(self, speaker: Speaker, name: str | None = None) -> str:
        """
        Raises:
            KeyError: the format has no such speaker.
        """
        return self.openings[speaker].replace(NAME, name or self.assistant_name)

    def closing(self, speaker: Speaker, end: str) -> str:
        return self.closings[speaker].replace(END, end)

    @property
    def jinja(self) -> str:
        """The chat template, as Hugging Face models bring it."""
        end = "{% set end = eos_token or '<|endoftext|>' %}" if END in "".join(self.closings.values()) else ""
        cases: list[str] = []
        for at, speaker in enumerate(self._speakers()):
            test = f"if message['role'] == '{speaker}'" if at == 0 else f"elif message['role'] == '{speaker}'"
            cases.append(f"{{% {'else' if speaker is Speaker.USER else test} %}}{{{{ {self._turn(speaker)} }}}}")
        opening = self.opening(Speaker.ASSISTANT)
        return (
            f"{end}{{% for message in messages %}}{''.join(cases)}{{% endif %}}{{% endfor %}}"
            f"{{% if add_generation_prompt %}}{{{{ {_quoted(opening)} }}}}{{% endif %}}"
        )

    def _speakers(self) -> Sequence[Speaker]:
        """The user last: whoever the template does not know is taken for one."""
        return [*(speaker for speaker in self.openings if speaker is not Speaker.USER), Speaker.USER]

    def _turn(self, speaker: Speaker) -> str:
        lead = self.lead if self.openings[speaker] else ""
        before = self.opening(speaker) + lead
        after = self.closings[speaker] + self.gap
        parts = [_quoted(before), "message['content']"] if before else ["message['content']"]
        for at, text in enumerate(after.split(END)):
            parts += ["end"] if at else []
            parts += [_quoted(text)] if text else []
        return " + ".join(parts)


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n") + "'"


# --- the formats -----------------------------------------------------------------------------------------------------

S, U, A, T = Speaker.SYSTEM, Speaker.USER, Speaker.ASSISTANT, Speaker.TOOL

PROMPTER, ASSISTANT, SYSTEM = "<|prompter|>", "<|assistant|>", "<|system|>"
PREFIX_BEGIN, PREFIX_END = "<|prefix_begin|>", "<|prefix_end|>"

OASST_TOKENS = (PROMPTER, ASSISTANT, SYSTEM, PREFIX_BEGIN, PREFIX_END)

CHATML = ChatFormat(
    name="chatml",
    openings={speaker: f"<|im_start|>{speaker}\n" for speaker in Speaker},
    closings=dict.fromkeys(Speaker, "<|im_end|>"),
    gap="\n",
    special_tokens=("<|im_start|>", "<|im_end|>"),
    end_token="<|im_end|>",
)

OASST_V2_5 = ChatFormat(
    name="oasst-v2.5",
    openings={S: PREFIX_BEGIN, A: ASSISTANT, U: PROMPTER},
    closings={S: PREFIX_END, A: END, U: END},
    hands_over=True,
    special_tokens=OASST_TOKENS,
)
"""The checkpoints sft-1 to sft-8 of Open-Assistant and its reward models."""

OASST_V2_NEW = ChatFormat(
    name="oasst-v2-new",
    openings={S: SYSTEM, A: ASSISTANT, U: PROMPTER},
    closings={S: END, A: END, U: END},
    hands_over=True,
    special_tokens=OASST_TOKENS,
)
"""Open-Assistant's models with system messages: those on Llama 2 and Falcon."""

METHARME = ChatFormat(
    name="metharme",
    openings={S: "<|system|>", A: "<|model|>", U: "<|user|>"},
    closings={S: "", A: "", U: ""},
    final=END,
    hands_over=True,
    special_tokens=("<|system|>", "<|user|>", "<|model|>"),
)

PYGMALION = ChatFormat(
    name="pygmalion",
    openings={S: "", A: f"{NAME}:", U: "You:"},
    closings={S: "\n<START>", A: "", U: ""},
    lead=" ",
    gap="\n",
    final=END,
    hands_over=True,
)
"""Persona and scenario are the system message."""

PLAIN = ChatFormat(
    name="plain",
    openings={S: "", A: "Assistant:", U: "User:"},
    closings={S: "", A: "", U: ""},
    lead=" ",
    gap="\n\n",
    final=END,
    hands_over=True,
)
"""For models that know no roles."""

FORMATS: Mapping[str, ChatFormat] = MappingProxyType(
    {one.name: one for one in (CHATML, OASST_V2_5, OASST_V2_NEW, METHARME, PYGMALION, PLAIN)}
)


# --- conditions on an answer -----------------------------------------------------------------------------------------

TAG_LABELS = ("quality", "humor", "creativity")
"""Reviewers' labels that an answer can be asked for."""

WORDS_PER_LENGTH = 5


def length_of(answer: str) -> int:
    """How long an answer is, as system tags count: 1 for up to four words, and one more for every five."""
    return len(re.findall(r"\w+", answer)) // WORDS_PER_LENGTH + 1


def system_tag(properties: Sequence[tuple[str, str | float | int]], end: str, context: str | None = None) -> str:
    """What an answer is asked to be like, to stand right before the assistant's opening; empty for nothing.

    Args:
        properties: names and values in order; shares are 0..1 and are written with one decimal.
        context: more for the assistant to know; always last.
    """
    lines = [f"{name}: {value:.1f}" if isinstance(value, float) else f"{name}: {value}" for name, value in properties]
    if context:
        lines.append(f"context: {context}")
    return f"{SYSTEM}{chr(10).join(lines)}\n{end}" if lines else ""
