"""From samples to token ids and labels: what a model sees, and which of it counts in the loss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any, cast

from oa.domain.samples import Conversation, PlainText, Speaker, Turn
from oa.domain.templates import FORMATS, TAG_LABELS, ChatFormat, length_of, system_tag
from oa.errors import BadTemplate, InvalidSetting
from oa.train.rendering import NO_BEGINNING, FormatRenderer, OwnRenderer, Rendered, Renderer, StandIns

IGNORED = -100
"""The label of a position that does not count."""

OWN_TEMPLATE = "own"
"""In place of the name of a format: the template that the model brings."""

SHORTEST_PREFIX = 256
"""Tokens of the turns before a reply that are kept at least when a reply is judged, where there is room for both."""

PAD_NAMES = ("<|padding|>", "<pad>", "<|pad|>", "[PAD]", "<|endoftext|>")
"""What a tokenizer may have for filling up, in the order in which it is taken."""

ROWS_MULTIPLE = 16
"""Rows of an embedding come in multiples of this, for the sake of the hardware."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """A sample as a model is trained on it."""

    ids: list[int]
    labels: list[int]
    """The ids themselves where they count, `IGNORED` elsewhere; a model shifts them by one itself."""
    is_truncated: bool = False

    @property
    def learned(self) -> int:
        """How many tokens count."""
        return sum(label != IGNORED for label in self.labels)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How samples are cut and varied."""

    max_length: int = 2048
    """Tokens at most."""
    random_offset: float = 0.0
    """How likely a sample that is too long is cut somewhere, not at its end. For training, never for evaluation."""
    tag_dropout: float | None = None
    """Ask for an answer like the one that follows by a system tag, each of its properties left out with this
    probability. None for no tags."""
    system: str | None = None
    """The system message of conversations that have none."""


class Encoder:
    """Turns samples into tokens, always in the same way.

    Args:
        tokenizer: of transformers, prepared by `prepare_tokenizer`; a fast one, which says where tokens stand.
        template: the name of a format, or `OWN_TEMPLATE`.

    Raises:
        InvalidSetting: there is no such format, or tags are asked for that it has no place for.
        BadTemplate: the model brings no template.
    """

    def __init__(self, tokenizer: Any, template: str, limits: Limits | None = None) -> None:
        self.tokenizer = tokenizer
        self.limits = limits or Limits()
        self.end_id: int = tokenizer.eos_token_id
        self.pad_id: int = tokenizer.pad_token_id
        self._renderer = _renderer(tokenizer, template)
        self._stand_ins = StandIns([str(token) for token in tokenizer.all_special_tokens])
        if self.limits.tag_dropout is not None and template != "oasst-v2.5":
            raise InvalidSetting('system tags need template = "oasst-v2.5"')

    # --- what is learned from ---

    def conversation(self, sample: Conversation, rng: Random | None = None) -> Encoded:
        """A conversation; of one that is too long, what fits.

        Whole turns go from the end first, so that the last answer that is left keeps its end token. A first exchange
        that is too long by itself is cut within, and its end token put behind the cut.

        Args:
            rng: the source of chance for system tags and random offsets; without, there are neither.

        Raises:
            BadTemplate: the template has no place for something in it.
        """
        turns = [self._stand_ins.put(turn) for turn in self._with_system(sample.turns)]
        rendered = self._renderer.render(turns, sample.tools, self._tag(sample, rng))
        encoded = self._encode(rendered)
        if len(encoded.ids) <= self.limits.max_length:
            return encoded
        if rng is not None and rng.random() < self.limits.random_offset:
            at = rng.randint(0, len(encoded.ids) - self.limits.max_length)
            return _window(encoded, at, self.limits.max_length)
        return self._shortened(turns, sample.tools) or self._cut(encoded)

    def text(self, sample: PlainText) -> Encoded:
        """Plain text, all of which is learned, with its end token."""
        ids = [*self._ids(self._stand_ins.put(Turn(Speaker.USER, sample.text)).text), self.end_id]
        kept = ids if len(ids) <= self.limits.max_length else ids[: self.limits.max_length]
        return Encoded(kept, list(kept), len(kept) < len(ids))

    # --- what is judged, and what is asked ---

    def reply(self, prompt: Sequence[Turn], reply: Turn) -> tuple[list[int], list[int]]:
        """A prompt, up to where the model goes on, and a reply to it with its end token; both together fit.

        The prompt gives way first, from its beginning, down to `SHORTEST_PREFIX` tokens; then the reply, which keeps
        its beginning and its end token. A reward model scores exactly these ids, one after the other.

        Raises:
            BadTemplate: the template has no place for something in it.
        """
        turns = [self._stand_ins.put(turn) for turn in self._with_system([*prompt, reply])]
        asked = self._renderer.question(turns[:-1])
        whole = self._renderer.render(turns)
        if not whole.text.startswith(asked):
            raise BadTemplate(NO_BEGINNING)
        ids, spans = self._spans(whole.text[: whole.learned[-1][1]])
        border = next((at for at, (_, end) in enumerate(spans) if end > len(asked)), len(ids))
        before, after = ids[:border], ids[border:]
        room = self.limits.max_length
        for_prompt = max(min(SHORTEST_PREFIX, room // 2), room - len(after))
        before = before[-for_prompt:]
        if len(before) + len(after) > room:
            after = [*after[: room - len(before) - 1], after[-1]]
        return before, after

    def prompt(self, turns: Sequence[Turn], room: int) -> list[int]:
        """A prompt up to where the model goes on, of at most `room` tokens.

        Of one that is too long, the oldest turns go, the system message last of all; if the last turn alone is too
        long, its beginning goes.

        Raises:
            BadTemplate: the template has no place for something in it.
        """
        left = [self._stand_ins.put(turn) for turn in self._with_system(turns)]
        first = 1 if left and left[0].speaker is Speaker.SYSTEM else 0
        ids = self._ids(self._renderer.question(left))
        while len(ids) > room and len(left) > first + 1:
            del left[first : first + (1 if len(left) == first + 2 else 2)]
            ids = self._ids(self._renderer.question(left))
        return ids[-room:]

    # --- how ---

    def _with_system(self, turns: Sequence[Turn]) -> Sequence[Turn]:
        if self.limits.system is None or (turns and turns[0].speaker is Speaker.SYSTEM):
            return turns
        return [Turn(Speaker.SYSTEM, self.limits.system), *turns]

    def _tag(self, sample: Conversation, rng: Random | None) -> str:
        if rng is None or self.limits.tag_dropout is None or sample.turns[-1].speaker is not Speaker.ASSISTANT:
            return ""
        answer = sample.turns[-1]
        properties: list[tuple[str, str | float | int]] = [
            (name, answer.labels[name]) for name in TAG_LABELS if name in answer.labels
        ]
        properties.append(("length", length_of(answer.text)))
        if sample.about.lang is not None:
            properties.append(("lang", sample.about.lang))
        kept = [one for one in properties if rng.random() >= self.limits.tag_dropout]
        rng.shuffle(kept)
        return system_tag(kept, str(self.tokenizer.eos_token))

    def _shortened(self, turns: Sequence[Turn], tools: Sequence[Mapping[str, Any]]) -> Encoded | None:
        """As many whole turns as fit, an answer last; None where not even one does."""
        for count in range(len(turns) - 1, 0, -1):
            if turns[count - 1].speaker is Speaker.ASSISTANT:
                encoded = self._encode(self._renderer.render(turns[:count], tools))
                if len(encoded.ids) <= self.limits.max_length and encoded.learned:
                    return replace(encoded, is_truncated=True)
        return None

    def _cut(self, encoded: Encoded) -> Encoded:
        cut = _window(encoded, 0, self.limits.max_length)
        if cut.labels[-1] != IGNORED:
            cut.ids[-1] = cut.labels[-1] = self.end_id
        return cut

    def _encode(self, rendered: Rendered) -> Encoded:
        ids, spans = self._spans(rendered.text)
        labels = [IGNORED] * len(ids)
        learned = iter(rendered.learned)
        begin, end = next(learned, (len(rendered.text), len(rendered.text)))
        for at, (start, stop) in enumerate(spans):
            while start >= end and end < len(rendered.text):
                begin, end = next(learned, (len(rendered.text), len(rendered.text)))
            if begin <= start < stop <= end:
                labels[at] = ids[at]
        return Encoded(ids, labels)

    def _ids(self, text: str) -> list[int]:
        return self._spans(text)[0]

    def _spans(self, text: str) -> tuple[list[int], list[tuple[int, int]]]:
        """The tokens of a text and where each stands in it; stand-ins are spelled out."""
        ids: list[int] = []
        spans: list[tuple[int, int]] = []
        at = 0
        for piece in self._stand_ins.letters.split(text):
            is_name = len(piece) == 1 and self._stand_ins.letters.fullmatch(piece) is not None
            if is_name:
                made = self._tokenised(self._stand_ins.name(piece), split_special_tokens=True)
                ids += made["input_ids"]
                spans += [(at, at + 1)] * len(made["input_ids"])
            elif piece:
                made = self._tokenised(piece, return_offsets_mapping=True)
                ids += made["input_ids"]
                spans += _untrimmed(made["offset_mapping"], at)
            at += len(piece)
        return ids, spans

    def _tokenised(self, text: str, **options: bool) -> Mapping[str, Any]:
        return cast(Mapping[str, Any], self.tokenizer(text, add_special_tokens=False, verbose=False, **options))


def _untrimmed(offsets: Sequence[tuple[int, int]], at: int) -> list[tuple[int, int]]:
    """Where tokens stand, moved by `at`, without gaps: some tokenizers do not count the spaces of a token to it."""
    spans: list[tuple[int, int]] = []
    last = 0
    for start, end in offsets:
        spans.append((at + min(start, last), at + end))
        last = max(last, end)
    return spans


def _renderer(tokenizer: Any, template: str) -> Renderer:
    if template != OWN_TEMPLATE:
        form = format_for(template)
        return FormatRenderer(form, str(tokenizer.eos_token))
    if not tokenizer.chat_template:
        raise BadTemplate('the model brings no chat template: choose a format, such as template = "chatml"')

    def apply(messages: list[dict[str, Any]], tools: list[dict[str, Any]] | None, asks: bool) -> str:
        return str(tokenizer.apply_chat_template(messages, tools=tools, add_generation_prompt=asks, tokenize=False))

    return OwnRenderer(apply)


def _window(encoded: Encoded, at: int, size: int) -> Encoded:
    return Encoded(encoded.ids[at : at + size], encoded.labels[at : at + size], is_truncated=True)


def format_for(template: str) -> ChatFormat:
    """
    Raises:
        InvalidSetting: there is no format of this name.
    """
    if template not in FORMATS:
        raise InvalidSetting(f"there is no template {template}: there are {', '.join(FORMATS)} and {OWN_TEMPLATE}")
    return FORMATS[template]


# --- tokenizers ------------------------------------------------------------------------------------------------------


def prepare_tokenizer(tokenizer: Any, template: str) -> list[str]:
    """Make a tokenizer fit for a template, in place, and give it the template to take along.

    Tokens that are missing are added in a fixed order. What fills up is never what ends an answer: otherwise a reward
    model would read its score one token too early.

    Returns:
        The tokens that were added: the model's embedding needs `embedding_rows` rows now.

    Raises:
        InvalidSetting: there is no such format.
        BadTemplate: the model's own is asked for, and there is none.
    """
    before = len(tokenizer)
    if template == OWN_TEMPLATE:
        if not tokenizer.chat_template:
            raise BadTemplate('the model brings no chat template: choose a format, such as template = "chatml"')
    else:
        form = format_for(template)
        _add(tokenizer, form.special_tokens)
        if form.end_token is not None:
            tokenizer.eos_token = form.end_token
        tokenizer.chat_template = form.jinja
    if tokenizer.eos_token is None:
        _add(tokenizer, ["<|endoftext|>"])
        tokenizer.eos_token = "<|endoftext|>"
    if tokenizer.pad_token is None or tokenizer.pad_token == tokenizer.eos_token:
        tokenizer.pad_token = _pad_token(tokenizer)
    added: dict[str, int] = tokenizer.get_added_vocab()
    return sorted((name for name, number in added.items() if number >= before), key=added.__getitem__)


def _pad_token(tokenizer: Any) -> str:
    known: Mapping[str, int] = tokenizer.get_vocab()
    for name in PAD_NAMES:
        if name in known and name != tokenizer.eos_token:
            return name
    _add(tokenizer, [PAD_NAMES[0]])
    return PAD_NAMES[0]


def _add(tokenizer: Any, names: Sequence[str]) -> None:
    missing = [name for name in names if name not in tokenizer.all_special_tokens]
    if missing:
        tokenizer.add_special_tokens({"additional_special_tokens": missing}, replace_extra_special_tokens=False)


def embedding_rows(tokenizer: Any) -> int:
    """How many rows a model's embedding needs for a tokenizer."""
    return -(-len(tokenizer) // ROWS_MULTIPLE) * ROWS_MULTIPLE
