"""The labels that a reviewer can give a message: one catalogue for the API, the terminal interface and the docs.

A label's value lies in 0..1. A yes-or-no question and a flag are 0 or 1 (a flag that is not raised is usually left
out), a scale is anything between. An unanswered label is absent, not 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from oa.errors import Invalid, InvalidLabel, MandatoryLabelMissing


class Label(StrEnum):
    SPAM = "spam"
    FAILS_TASK = "fails_task"
    LANG_MISMATCH = "lang_mismatch"
    PII = "pii"
    NOT_APPROPRIATE = "not_appropriate"
    HATE_SPEECH = "hate_speech"
    SEXUAL_CONTENT = "sexual_content"
    MORAL_JUDGEMENT = "moral_judgement"
    POLITICAL_CONTENT = "political_content"
    QUALITY = "quality"
    TOXICITY = "toxicity"
    HUMOR = "humor"
    HELPFULNESS = "helpfulness"
    CREATIVITY = "creativity"
    VIOLENCE = "violence"


class Widget(StrEnum):
    """How a label is asked for."""

    YES_NO = "yes_no"
    FLAG = "flag"
    LIKERT = "likert"


class Position(StrEnum):
    """Where in a tree the message under review stands."""

    INITIAL_PROMPT = "initial_prompt"
    PROMPTER_REPLY = "prompter_reply"
    ASSISTANT_REPLY = "assistant_reply"


class Disposition(StrEnum):
    """What a review is mainly for."""

    QUALITY = "quality"
    SPAM = "spam"


class ReviewMode(StrEnum):
    """How much a review asks for: everything, or only what acceptance needs."""

    FULL = "full"
    SIMPLE = "simple"

    @property
    def disposition(self) -> Disposition:
        return Disposition.QUALITY if self is ReviewMode.FULL else Disposition.SPAM


@dataclass(frozen=True, slots=True)
class LabelDescription:
    """What a reviewer is shown for one label."""

    name: Label
    widget: Widget
    display_text: str
    help_text: str
    low: str | None = None
    """What a value of 0.0 means, in a word; None for a flag."""
    high: str | None = None
    """What a value of 1.0 means, in a word; None for a flag."""
    shown_reversed: bool = False
    """The scale is shown from `high` on the left to `low` on the right, so that the kinder end is always the right."""

    @property
    def ends(self) -> tuple[str | None, str | None]:
        """The words at the left and at the right end of the scale as it is shown."""
        return (self.high, self.low) if self.shown_reversed else (self.low, self.high)

    def mirrored(self, value: float) -> float:
        """Turn a place on the shown scale (0 left, 1 right) into the stored value, or back: it is its own inverse."""
        return 1 - value if self.shown_reversed else value


def _question(name: Label, display_text: str, help_text: str) -> LabelDescription:
    return LabelDescription(name, Widget.YES_NO, display_text, help_text, low="no", high="yes")


def _flag(name: Label, display_text: str, help_text: str) -> LabelDescription:
    return LabelDescription(name, Widget.FLAG, display_text, help_text)


_DESCRIPTIONS = (
    _question(
        Label.SPAM,
        "Is this spam?",
        "Yes for text that nobody meant seriously: random keys, advertising, something unrelated to the conversation."
        " An honest attempt that came out weak is not spam.",
    ),
    _question(
        Label.FAILS_TASK,
        "Does it miss what was asked?",
        "Yes when it answers another question, answers wrongly, or leaves out a part that matters."
        " If you cannot tell whether it is right, skip this review; that is fine.",
    ),
    _flag(
        Label.LANG_MISMATCH,
        "Wrong language",
        "The message is not in the language you are working in."
        " Code, quotations, names and a few borrowed words are all right.",
    ),
    _flag(
        Label.PII,
        "Personal data",
        "It gives away who or where a private person is: an address, a phone number, an e-mail, an account."
        " Public figures and invented people do not count.",
    ),
    _flag(
        Label.NOT_APPROPRIATE,
        "Not appropriate",
        "It does not belong in a conversation with a helpful assistant."
        " Raise it for a first prompt, too, when you cannot find a clear request in it.",
    ),
    _flag(
        Label.HATE_SPEECH,
        "Hate speech",
        "It insults, threatens or belittles people for their origin, religion, gender, orientation or disability."
        " Quoting such words in order to discuss them is not hate speech.",
    ),
    _flag(
        Label.SEXUAL_CONTENT,
        "Sexual content",
        "It describes sex or is meant to arouse. Plain medical or educational information does not need this flag.",
    ),
    _flag(
        Label.MORAL_JUDGEMENT,
        "Moralising",
        "It lectures the reader or judges somebody's way of life where nobody asked for an opinion.",
    ),
    _flag(
        Label.POLITICAL_CONTENT,
        "Political",
        "It takes a side on parties, elections or policies. Explaining several views evenly is not taking a side.",
    ),
    LabelDescription(
        Label.QUALITY,
        Widget.LIKERT,
        "How good is it?",
        "Look first at whether it is correct and helpful, then at whether it keeps to the guidelines."
        " Neither length nor your own opinion on the subject should count.",
        low="low",
        high="high",
    ),
    LabelDescription(
        Label.TOXICITY,
        Widget.LIKERT,
        "How polite is it?",
        "Judge the tone and not the subject: one can speak kindly about hard things.",
        low="polite",
        high="rude",
        shown_reversed=True,
    ),
    LabelDescription(
        Label.HUMOR,
        Widget.LIKERT,
        "How humorous is it?",
        "Is it meant to make people smile? Neither end is better; just say what it is like.",
        low="serious",
        high="humorous",
    ),
    LabelDescription(
        Label.HELPFULNESS,
        Widget.LIKERT,
        "How helpful is it?",
        "Imagine that you had asked: does it get you further?"
        " Saying honestly that something is unknown helps more than a wrong answer.",
        low="unhelpful",
        high="helpful",
    ),
    LabelDescription(
        Label.CREATIVITY,
        Widget.LIKERT,
        "How creative is it?",
        "Does it bring an idea or a wording that you would not have expected? A plain answer can still be a good one.",
        low="ordinary",
        high="creative",
    ),
    LabelDescription(
        Label.VIOLENCE,
        Widget.LIKERT,
        "How harmless is it?",
        "Does it describe, praise or encourage hurting people or animals?"
        " A sober report of a violent event lies in the middle.",
        low="harmless",
        high="violent",
        shown_reversed=True,
    ),
)

CATALOGUE: Mapping[Label, LabelDescription] = MappingProxyType({entry.name: entry for entry in _DESCRIPTIONS})
"""Every label's description, in the order of `Label`."""

ALL_LABELS: tuple[Label, ...] = tuple(Label)
"""Every label there is: what an unprompted label vote may contain."""

LABELS_WITHOUT_MESSAGE: tuple[Label, ...] = tuple(label for label in Label if label is not Label.FAILS_TASK)
"""What is listed when no message is named; whether a task was failed depends on the message."""

REPORT_LABELS: tuple[Label, ...] = (
    Label.SPAM,
    Label.NOT_APPROPRIATE,
    Label.PII,
    Label.HATE_SPEECH,
    Label.SEXUAL_CONTENT,
    Label.MORAL_JUDGEMENT,
    Label.POLITICAL_CONTENT,
    Label.TOXICITY,
    Label.VIOLENCE,
    Label.QUALITY,
)
"""The reasons offered to somebody who reports a message, in the order shown."""

DEFAULT_LABELS_INITIAL_PROMPT: tuple[Label, ...] = (
    Label.SPAM,
    Label.LANG_MISMATCH,
    Label.QUALITY,
    Label.CREATIVITY,
    Label.HUMOR,
    Label.TOXICITY,
    Label.VIOLENCE,
    Label.NOT_APPROPRIATE,
    Label.PII,
    Label.HATE_SPEECH,
    Label.SEXUAL_CONTENT,
)
"""What a full review of a first prompt asks, in the order shown, unless the campaign says otherwise."""

DEFAULT_LABELS_PROMPTER_REPLY: tuple[Label, ...] = DEFAULT_LABELS_INITIAL_PROMPT

DEFAULT_LABELS_ASSISTANT_REPLY: tuple[Label, ...] = (
    Label.SPAM,
    Label.LANG_MISMATCH,
    Label.FAILS_TASK,
    Label.QUALITY,
    Label.HELPFULNESS,
    Label.CREATIVITY,
    Label.HUMOR,
    Label.TOXICITY,
    Label.VIOLENCE,
    Label.NOT_APPROPRIATE,
    Label.PII,
    Label.HATE_SPEECH,
    Label.SEXUAL_CONTENT,
)

DEFAULT_MANDATORY_LABELS: tuple[Label, ...] = (Label.SPAM,)
"""What every review must answer, whatever the position, unless the campaign says otherwise."""

DEFAULT_LABELS: Mapping[Position, tuple[Label, ...]] = MappingProxyType(
    {
        Position.INITIAL_PROMPT: DEFAULT_LABELS_INITIAL_PROMPT,
        Position.PROMPTER_REPLY: DEFAULT_LABELS_PROMPTER_REPLY,
        Position.ASSISTANT_REPLY: DEFAULT_LABELS_ASSISTANT_REPLY,
    }
)


def valid_labels(
    position: Position,
    mode: ReviewMode = ReviewMode.FULL,
    *,
    full: Iterable[str] | None = None,
    mandatory: Iterable[str] = DEFAULT_MANDATORY_LABELS,
) -> tuple[Label, ...]:
    """What a review of a message may answer, in the order in which it is asked.

    Args:
        position: where the message stands.
        mode: a simple review asks only for what is mandatory, the language and, for a reply, the quality.
        full: the campaign's labels for a full review at this position; `DEFAULT_LABELS` when None.
        mandatory: the campaign's mandatory labels at this position. They may always be answered, even where `full`
            forgets them: otherwise no answer could ever be right.

    Raises:
        InvalidLabel: `full` or `mandatory` names a label that does not exist.
    """
    if mode is ReviewMode.FULL:
        wanted = DEFAULT_LABELS[position] if full is None else full
        return _known((*wanted, *mandatory))
    quality = () if position is Position.INITIAL_PROMPT else (Label.QUALITY,)
    return _known((*mandatory, Label.LANG_MISMATCH, *quality))


def check_labels(values: Mapping[str, float], valid: Iterable[str], mandatory: Iterable[str] = ()) -> None:
    """Refuse an answer that has a label it may not have, lacks one that it must have, or has a value out of range.

    Raises:
        InvalidLabel: a label that is unknown or not asked for here.
        MandatoryLabelMissing: one that must be answered is not there.
        Invalid: a value is below 0, above 1, or no number at all (NaN).
    """
    allowed = tuple(valid)
    unknown = [name for name in values if name not in allowed]
    if unknown:
        raise InvalidLabel(f"these labels cannot be given here: {_listed(unknown)}; possible are {_listed(allowed)}")
    missing = [name for name in mandatory if name not in values]
    if missing:
        raise MandatoryLabelMissing(f"these labels need an answer: {_listed(missing)}")
    outside = [name for name, value in values.items() if not 0 <= value <= 1]  # NaN compares false with everything
    if outside:
        raise Invalid(f"the value of a label must lie between 0 and 1; look again at {_listed(outside)}")


def _known(names: Iterable[str]) -> tuple[Label, ...]:
    distinct = tuple(dict.fromkeys(str(name) for name in names))
    unknown = [name for name in distinct if name not in CATALOGUE]
    if unknown:
        raise InvalidLabel(f"there are no such labels: {_listed(unknown)}; possible are {_listed(ALL_LABELS)}")
    return tuple(Label(name) for name in distinct)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
