"""What training is made of: conversations, preferences, ranked replies, verdicts, prompts and plain text.

Every file format is read into these and written from them; conversation trees (`oa.domain.records`) are one more kind.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from oa.domain.records import TreeRecord


class Kind(StrEnum):
    """What a sample is; the names are those of the command line."""

    TREE = "tree"
    CONVERSATION = "conversation"
    PREFERENCE = "preference"
    RANKED = "ranked"
    VERDICT = "verdict"
    PROMPT = "prompt"
    TEXT = "text"


class Speaker(StrEnum):
    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"


@dataclass(frozen=True, slots=True)
class Turn:
    """What one side says at a time."""

    speaker: Speaker
    text: str
    name: str | None = None
    """Who speaks, where several share a role; the tool, where one answers."""
    tool_calls: tuple[Mapping[str, Any], ...] = ()
    """Calls of tools, in the form of the OpenAI API."""
    labels: Mapping[str, float] = field(default_factory=dict[str, float])
    """Means of what reviewers said of this message, 0..1, by label."""


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """Where a sample is from; None where its file says nothing."""

    id: str | None = None
    tree: str | None = None
    """Samples of one tree belong to the same side of every split."""
    lang: str | None = None
    source: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What else the file says of it, kept where the format that is written has room."""


NOTHING_KNOWN = About()


@dataclass(frozen=True, slots=True)
class Conversation:
    """Turns in order, to be learned from."""

    turns: tuple[Turn, ...]
    tools: tuple[Mapping[str, Any], ...] = ()
    """What the assistant could have called, in the form of the OpenAI API."""
    about: About = NOTHING_KNOWN


@dataclass(frozen=True, slots=True)
class Preference:
    """Two replies to the same turns, of which one is better."""

    prompt: tuple[Turn, ...]
    chosen: Turn
    rejected: Turn
    about: About = NOTHING_KNOWN


@dataclass(frozen=True, slots=True)
class RankedGroup:
    """Several replies to the same turns, the best first."""

    prompt: tuple[Turn, ...]
    replies: tuple[Turn, ...]
    ranks: tuple[int, ...]
    """One for each reply, never falling; replies of the same rank are equally good."""
    about: About = NOTHING_KNOWN


@dataclass(frozen=True, slots=True)
class Verdict:
    """One reply, and whether it is wanted."""

    prompt: tuple[Turn, ...]
    reply: Turn
    is_good: bool
    about: About = NOTHING_KNOWN


@dataclass(frozen=True, slots=True)
class Prompt:
    """Turns that wait for an answer."""

    turns: tuple[Turn, ...]
    about: About = NOTHING_KNOWN


@dataclass(frozen=True, slots=True)
class PlainText:
    """Text without roles."""

    text: str
    about: About = NOTHING_KNOWN


Sample = TreeRecord | Conversation | Preference | RankedGroup | Verdict | Prompt | PlainText

KINDS: Mapping[type, Kind] = {
    TreeRecord: Kind.TREE,
    Conversation: Kind.CONVERSATION,
    Preference: Kind.PREFERENCE,
    RankedGroup: Kind.RANKED,
    Verdict: Kind.VERDICT,
    Prompt: Kind.PROMPT,
    PlainText: Kind.TEXT,
}


def kind_of(sample: Sample) -> Kind:
    return KINDS[type(sample)]


def about(sample: Sample) -> About:
    """Where a sample is from; a tree's language is its prompt's."""
    if not isinstance(sample, TreeRecord):
        return sample.about
    root = next((message for message in sample.messages if message.parent_id is None), sample.messages[0])
    return About(id=sample.id, tree=sample.id, lang=root.lang, source=sample.origin)


def turns_of(sample: Sample) -> Sequence[Turn]:
    """Everything that is said in a sample, replies after what they answer; empty for trees and plain text."""
    match sample:
        case Conversation(turns=turns) | Prompt(turns=turns):
            return turns
        case Preference():
            return (*sample.prompt, sample.chosen, sample.rejected)
        case RankedGroup():
            return (*sample.prompt, *sample.replies)
        case Verdict():
            return (*sample.prompt, sample.reply)
        case _:
            return ()


def texts_of(sample: Sample) -> Iterator[str]:
    """Every text in a sample, in order."""
    match sample:
        case TreeRecord():
            yield from (message.text for message in sample.messages)
        case PlainText():
            yield sample.text
        case _:
            yield from (turn.text for turn in turns_of(sample))


def replies_of(sample: Sample) -> Iterator[str]:
    """Every text that an assistant says."""
    match sample:
        case TreeRecord():
            yield from (message.text for message in sample.messages if message.role == "assistant")
        case PlainText():
            return
        case _:
            yield from (turn.text for turn in turns_of(sample) if turn.speaker is Speaker.ASSISTANT)
