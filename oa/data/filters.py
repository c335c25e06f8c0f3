"""What of a data set is kept, and in which form: by language, length, labels, words, personal data and reviews."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from oa.domain.records import MessageRecord, TreeRecord, implied_state, is_taken_on_trust, user_uuid
from oa.domain.redaction import redacted, sensitive
from oa.domain.refusals import REFUSALS, phrase_in
from oa.domain.samples import (
    Conversation,
    PlainText,
    Preference,
    Prompt,
    RankedGroup,
    Sample,
    Turn,
    Verdict,
    about,
    replies_of,
    texts_of,
    turns_of,
)
from oa.domain.selection import Selection, Share, pruned
from oa.errors import InvalidSetting


class Privacy(StrEnum):
    """What becomes of personal data and secrets."""

    KEEP = "keep"
    REDACT = "redact"
    """Something else stands in its place."""
    DROP = "drop"
    """What holds it goes."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """A label and how high its mean must be."""

    label: str
    is_least: bool
    """The mean must be at least, else at most, this high."""
    value: float

    def holds(self, labels: Mapping[str, float]) -> bool:
        """Whether it holds where the label was given; what nobody judged passes."""
        mean = labels.get(self.label)
        return mean is None or (mean >= self.value if self.is_least else mean <= self.value)


def threshold(text: str) -> Threshold:
    """
    Raises:
        InvalidSetting: it is not of the form `quality>=0.5`.
    """
    found = re.fullmatch(r"\s*(\w+)\s*(>=|<=)\s*([0-9.]+)\s*", text)
    try:
        if found is None:
            raise ValueError
        return Threshold(found[1], found[2] == ">=", float(found[3]))
    except ValueError:
        raise InvalidSetting(f"a label is asked for like quality>=0.5 or toxicity<=0.2, not {text!r}") from None


@dataclass(frozen=True, slots=True)
class Edit:
    """What somebody decided about a message."""

    delete: bool = False
    text: str | None = None
    """Stands in place of the whole text."""
    find: str | None = None
    replace: str = ""
    """Stands in place of `find`, wherever that is in the text."""

    def applied(self, text: str) -> str:
        text = text if self.text is None else self.text
        return text.replace(self.find, self.replace) if self.find else text


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What is kept. A sample that is no tree stands or falls as a whole; of a tree, messages go with what answers
    them."""

    langs: frozenset[str] | None = None
    fewest_characters: int = 0
    most_characters: int | None = None
    """Of every single text."""
    fewest_turns: int = 0
    most_turns: int | None = None
    labels: tuple[Threshold, ...] = ()
    refusals: bool = True
    """Keep answers that decline or name their maker."""
    phrases: tuple[str, ...] = ()
    """Texts with one of these go; in lower case."""
    privacy: Privacy = Privacy.KEEP
    clean: bool = False
    """Take out what copying from elsewhere leaves: marks of footnotes, escaped asterisks."""
    selection: Selection | None = None
    """Of trees: by state and reviews."""
    edits: Mapping[str, Edit] = field(default_factory=dict[str, Edit])
    """Of trees: by the id of a message."""


@dataclass(slots=True)
class Filter:
    """Keeps what the rules allow, and counts what went and why."""

    rules: Rules
    dropped: Counter[str] = field(default_factory=Counter[str])
    changed: Counter[str] = field(default_factory=Counter[str])

    def kept(self, sample: Sample) -> Iterator[Sample]:
        """What is left of a sample; nothing where it goes."""
        if isinstance(sample, TreeRecord):
            yield from self._tree(sample)
            return
        reason = self._why_not(sample)
        if reason is not None:
            self.dropped[reason] += 1
            return
        yield with_texts(sample, self._tidied)

    # --- samples that are no trees ---

    def _why_not(self, sample: Sample) -> str | None:
        rules = self.rules
        if rules.langs is not None and about(sample).lang not in rules.langs:
            return "language"
        turns = turns_of(sample)
        if turns and not _within(len(turns), rules.fewest_turns, rules.most_turns):
            return "turns"
        if not all(one.holds(turn.labels) for turn in turns for one in rules.labels):
            return "labels"
        return self._why_not_these(list(texts_of(sample)), list(replies_of(sample)))

    def _why_not_these(self, texts: Sequence[str], replies: Sequence[str]) -> str | None:
        rules = self.rules
        if not all(_within(len(text), rules.fewest_characters, rules.most_characters) for text in texts):
            return "length"
        if not rules.refusals and phrase_in(replies, REFUSALS) is not None:
            return "refusal"
        if rules.phrases and phrase_in(texts, rules.phrases) is not None:
            return "phrase"
        if rules.privacy is Privacy.DROP and any(sensitive(text) for text in texts):
            return "personal data"
        return None

    def _tidied(self, text: str) -> str:
        if self.rules.clean and (cleaned := clean(text)) != text:
            self.changed["cleaned"] += 1
            text = cleaned
        if self.rules.privacy is Privacy.REDACT and (places := sensitive(text)):
            for place in places:
                self.changed[place.what] += 1
            text = redacted(text, places)
        return text

    # --- trees ---

    def _tree(self, tree: TreeRecord) -> Iterator[TreeRecord]:
        selection = self.rules.selection
        if selection is not None and (reason := _why_not_tree(tree, selection)) is not None:
            self.dropped[reason] += 1
            return
        if self.rules.langs is not None and about(tree).lang not in self.rules.langs:
            self.dropped["language"] += 1
            return
        whole = selection is None or selection.takes_trees_whole
        if is_taken_on_trust(tree):
            tree = dataclasses.replace(
                tree, messages=tuple(dataclasses.replace(one, review_result=True) for one in tree.messages)
            )
        messages = pruned(tree, self._takes, whole=whole)
        if not messages or (whole and messages[0].parent_id is not None):
            self.dropped["prompt"] += 1
            return
        yield dataclasses.replace(tree, messages=tuple(map(self._edited, messages)))

    def _takes(self, message: MessageRecord) -> bool:
        reason = self._why_not_message(message)
        if reason is not None:
            self.dropped[reason] += 1
        return reason is None

    def _why_not_message(self, message: MessageRecord) -> str | None:
        rules = self.rules
        edit = rules.edits.get(message.id)
        if edit is not None and edit.delete:
            return "edit"
        if rules.selection is not None and not _selected(message, rules.selection):
            return "review"
        means = {name: mean.value for name, mean in (message.labels or {}).items()}
        if not all(one.holds(means) for one in rules.labels):
            return "labels"
        is_reply = message.role == "assistant"
        return self._why_not_these([message.text], [message.text] if is_reply else [])

    def _edited(self, message: MessageRecord) -> MessageRecord:
        edit = self.rules.edits.get(message.id)
        text = message.text if edit is None else edit.applied(message.text)
        if text != message.text:
            self.changed["edited"] += 1
        text = self._tidied(text)
        return message if text == message.text else dataclasses.replace(message, text=text)


def _within(count: int, fewest: int, most: int | None) -> bool:
    return count >= fewest and (most is None or count <= most)


def _why_not_tree(tree: TreeRecord, selection: Selection) -> str | None:
    if selection.state is not None and (tree.state or implied_state(tree)) is not selection.state:
        return "state"
    has_synthetic = any(message.synthetic for message in tree.messages)
    if has_synthetic if selection.synthetic is Share.NONE else selection.synthetic is Share.ONLY and not has_synthetic:
        return "synthetic"
    return None


def _selected(message: MessageRecord, selection: Selection) -> bool:
    if selection.user_id is not None and (message.user_id is None or user_uuid(message.user_id) != selection.user_id):
        return False
    return selection.takes(message)


def with_texts(sample: Sample, change: Callable[[str], str]) -> Sample:
    """The sample with every text changed."""

    def turn(one: Turn) -> Turn:
        text = change(one.text)
        return one if text == one.text else dataclasses.replace(one, text=text)

    def turns(some: Sequence[Turn]) -> tuple[Turn, ...]:
        return tuple(map(turn, some))

    match sample:
        case Conversation() | Prompt():
            return dataclasses.replace(sample, turns=turns(sample.turns))
        case Preference():
            return dataclasses.replace(
                sample, prompt=turns(sample.prompt), chosen=turn(sample.chosen), rejected=turn(sample.rejected)
            )
        case RankedGroup():
            return dataclasses.replace(sample, prompt=turns(sample.prompt), replies=turns(sample.replies))
        case Verdict():
            return dataclasses.replace(sample, prompt=turns(sample.prompt), reply=turn(sample.reply))
        case PlainText():
            return dataclasses.replace(sample, text=change(sample.text))
        case TreeRecord():
            messages = (dataclasses.replace(one, text=change(one.text)) for one in sample.messages)
            return dataclasses.replace(sample, messages=tuple(messages))


_MARK = r"(?:\[\d{1,3}\]|\[\^\d{1,3}\^?\]|【\d+†[^】]{0,40}】)"
_FOOTNOTE = re.compile(rf"(?<=[\w.,;:!?)\"'])\s?{_MARK}+(?=[\s.,;:!?]|$)")
_ESCAPED = re.compile(r"\\([_*])")


def clean(text: str) -> str:
    """The text without marks of footnotes (`[1]`, `[^2^]`) behind words, and with `\\_` and `\\*` as `_` and `*`."""
    return _ESCAPED.sub(r"\1", _FOOTNOTE.sub("", text))
