"""One kind of sample out of another, where that loses nothing but what the other kind has no place for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import combinations
from uuid import UUID, uuid5

from oa.domain.extraction import Choice, Purpose, extract
from oa.domain.records import MessageRecord, TreeRecord
from oa.domain.samples import (
    About,
    Conversation,
    Kind,
    PlainText,
    Preference,
    Prompt,
    RankedGroup,
    Sample,
    Speaker,
    Turn,
    Verdict,
    kind_of,
)
from oa.domain.tree import Role

CONVERSATION_IDS = UUID("5a0b4c5e-6d0f-5d0a-9d6a-0f3c1f0e7b11")
"""The namespace of the ids that messages get which come without one."""

EVERYTHING = Choice(synthetic=True)


def can_become(given: Kind, wanted: Kind) -> bool:
    return given is wanted or (given, wanted) in CONVERSIONS


def converted(sample: Sample, wanted: Kind) -> Iterator[Sample]:
    """The samples of a kind that a sample gives; none where it has nothing of that kind.

    Raises:
        KeyError: there is no way from one kind to the other (`can_become`).
    """
    given = kind_of(sample)
    if given is wanted:
        yield sample
    else:
        yield from CONVERSIONS[given, wanted](sample)


# --- from trees ------------------------------------------------------------------------------------------------------


def _demonstrations(tree: TreeRecord) -> Iterator[Sample]:
    yield from extract(tree, Purpose.SFT, EVERYTHING)


def _rankings(tree: TreeRecord) -> Iterator[Sample]:
    yield from extract(tree, Purpose.REWARD, EVERYTHING)


def _prompts(tree: TreeRecord) -> Iterator[Sample]:
    yield from extract(tree, Purpose.RL, EVERYTHING)


def _tree_pairs(tree: TreeRecord) -> Iterator[Sample]:
    for group in _rankings(tree):
        assert isinstance(group, RankedGroup)
        yield from _pairs(group)


def _messages(tree: TreeRecord) -> Iterator[Sample]:
    for message in tree.messages:
        yield PlainText(message.text, About(id=message.id, tree=tree.id, lang=message.lang))


# --- between the others ----------------------------------------------------------------------------------------------


def _pairs(group: RankedGroup) -> Iterator[Sample]:
    """Every two replies of which one is better; a tie gives no pair."""
    for better, worse in combinations(range(len(group.replies)), 2):
        if group.ranks[better] < group.ranks[worse]:
            yield Preference(group.prompt, group.replies[better], group.replies[worse], group.about)


def _best(group: RankedGroup) -> Iterator[Sample]:
    yield Conversation((*group.prompt, group.replies[0]), about=group.about)


def _group(pair: Preference) -> Iterator[Sample]:
    yield RankedGroup(pair.prompt, (pair.chosen, pair.rejected), (0, 1), pair.about)


def _chosen(pair: Preference) -> Iterator[Sample]:
    yield Conversation((*pair.prompt, pair.chosen), about=pair.about)


def _verdicts(pair: Preference) -> Iterator[Sample]:
    yield Verdict(pair.prompt, pair.chosen, True, pair.about)
    yield Verdict(pair.prompt, pair.rejected, False, pair.about)


def _wanted(verdict: Verdict) -> Iterator[Sample]:
    if verdict.is_good:
        yield Conversation((*verdict.prompt, verdict.reply), about=verdict.about)


def _question(sample: Conversation) -> Iterator[Sample]:
    turns = sample.turns[:-1] if sample.turns[-1].speaker is Speaker.ASSISTANT else sample.turns
    if turns:
        yield Prompt(turns, sample.about)


def _prompt_of(sample: Preference | RankedGroup | Verdict) -> Iterator[Sample]:
    yield Prompt(sample.prompt, sample.about)


def _texts(sample: Conversation) -> Iterator[Sample]:
    yield PlainText("\n\n".join(turn.text for turn in sample.turns), sample.about)


# --- to trees --------------------------------------------------------------------------------------------------------

ROLES = {Speaker.USER: Role.PROMPTER, Speaker.ASSISTANT: Role.ASSISTANT}


def _tree(sample: Conversation) -> Iterator[Sample]:
    """A tree of one thread; nothing for a conversation with other speakers than a tree has."""
    if sample.turns[0].speaker is not Speaker.USER or any(turn.speaker not in ROLES for turn in sample.turns):
        return
    messages: list[MessageRecord] = []
    for turn in sample.turns:
        if messages and messages[-1].role is ROLES[turn.speaker]:
            return
        messages.append(_message(turn, messages[-1].id if messages else None, sample.about))
    yield TreeRecord(id=messages[0].id, origin=sample.about.source, messages=tuple(messages))


def _message(turn: Turn, parent_id: str | None, about: About) -> MessageRecord:
    """The same conversation always gets the same ids, so that it can be imported again."""
    name = f"{about.id}\n{parent_id}\n{turn.text}"
    return MessageRecord(
        id=str(uuid5(CONVERSATION_IDS, name)),
        parent_id=parent_id,
        text=turn.text,
        role=ROLES[turn.speaker],
        lang=about.lang,
    )


CONVERSIONS: Mapping[tuple[Kind, Kind], Callable[..., Iterator[Sample]]] = {
    (Kind.TREE, Kind.CONVERSATION): _demonstrations,
    (Kind.TREE, Kind.RANKED): _rankings,
    (Kind.TREE, Kind.PREFERENCE): _tree_pairs,
    (Kind.TREE, Kind.PROMPT): _prompts,
    (Kind.TREE, Kind.TEXT): _messages,
    (Kind.RANKED, Kind.PREFERENCE): _pairs,
    (Kind.RANKED, Kind.CONVERSATION): _best,
    (Kind.RANKED, Kind.PROMPT): _prompt_of,
    (Kind.PREFERENCE, Kind.RANKED): _group,
    (Kind.PREFERENCE, Kind.CONVERSATION): _chosen,
    (Kind.PREFERENCE, Kind.VERDICT): _verdicts,
    (Kind.PREFERENCE, Kind.PROMPT): _prompt_of,
    (Kind.VERDICT, Kind.CONVERSATION): _wanted,
    (Kind.VERDICT, Kind.PROMPT): _prompt_of,
    (Kind.CONVERSATION, Kind.PROMPT): _question,
    (Kind.CONVERSATION, Kind.TEXT): _texts,
    (Kind.CONVERSATION, Kind.TREE): _tree,
}
"""What can become what, and how."""
