"""Which threads of a tree are learned from: demonstrations, ranked replies, and prompts for reinforcement learning.

Source: Open-Assistant's `load_oasst_export`; what differs stands in the functions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from oa.domain.lifecycle import TreeState
from oa.domain.records import MessageRecord, TreeRecord, implied_state, is_taken_on_trust
from oa.domain.samples import About, Conversation, Prompt, RankedGroup, Speaker, Turn
from oa.domain.tree import Role

Thread = tuple[MessageRecord, ...]
"""A path from the prompt down."""


class Purpose(StrEnum):
    SFT = "sft"
    REWARD = "reward"
    RL = "rl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What is taken of the trees."""

    langs: frozenset[str] | None = None
    """Languages of prompts; None for all."""
    top_k: int | None = None
    """Only replies that are among so many best of their siblings; an only reply needs no rank. None for all."""
    synthetic: bool = False
    """Threads in which a machine wrote, too."""


@dataclass(frozen=True, slots=True)
class _Shape:
    """A tree by who answers whom."""

    root: MessageRecord
    replies: Mapping[str, Sequence[MessageRecord]]

    def threads(self) -> Iterator[Thread]:
        """Every path that begins at the prompt, shorter ones before those that they begin."""
        waiting: list[Thread] = [(self.root,)]
        while waiting:
            thread = waiting.pop()
            yield thread
            waiting.extend((*thread, reply) for reply in reversed(self.replies.get(thread[-1].id, ())))


def why_not(tree: TreeRecord, choice: Choice) -> str | None:
    """Why nothing is taken of a tree, in a few words; None when something may be."""
    root = next((message for message in tree.messages if message.parent_id is None), None)
    if root is None:
        return "without a prompt"
    if (tree.state or implied_state(tree)) is not TreeState.READY_FOR_EXPORT:
        return "not finished"
    if not root.review_result and not is_taken_on_trust(tree):
        return "prompt not accepted"
    if choice.langs is not None and root.lang not in choice.langs:
        return "another language"
    return None


def extract(tree: TreeRecord, purpose: Purpose, choice: Choice) -> Iterator[Conversation | RankedGroup | Prompt]:
    """Everything that a tree gives for a purpose; nothing when `why_not` has a reason."""
    if why_not(tree, choice) is None:
        yield from EXTRACTORS[purpose](_shape(tree), choice)


def _shape(tree: TreeRecord) -> _Shape:
    replies: dict[str, list[MessageRecord]] = {}
    for message in tree.messages:
        if message.parent_id is not None:
            replies.setdefault(message.parent_id, []).append(message)
    return _Shape(next(message for message in tree.messages if message.parent_id is None), replies)


def demonstrations(tree: _Shape, choice: Choice) -> Iterator[Conversation]:
    """Every path to a leaf. One that ends with a prompter counts without that message, if it is the first reply: the
    others would give the same once more."""
    for thread in tree.threads():
        leaf = thread[-1]
        if tree.replies.get(leaf.id) or not _is_taken(thread, tree, choice):
            continue
        if leaf.role is Role.PROMPTER:
            if len(thread) == 1 or tree.replies[thread[-2].id][0] is not leaf:
                continue
            thread = thread[:-1]
        yield Conversation(_turns(thread), about=_about(thread))


def rankings(tree: _Shape, choice: Choice) -> Iterator[RankedGroup]:
    """Every place where at least two replies have ranks.

    The original let deleted and synthetic replies in here, and rankings of a single reply.
    """
    for thread in tree.threads():
        if thread[-1].role is not Role.PROMPTER or not _is_taken(thread, tree, choice):
            continue
        ranked = sorted(
            (reply.rank, place, reply)
            for place, reply in enumerate(tree.replies.get(thread[-1].id, ()))
            if reply.rank is not None and not _is_unwanted(reply, choice)
        )
        if len(ranked) > 1:
            replies = tuple(_turn(reply) for _, _, reply in ranked)
            ranks = tuple(rank for rank, _, _ in ranked)
            yield RankedGroup(_turns(thread), replies, ranks, _about(thread))


def prompts(tree: _Shape, choice: Choice) -> Iterator[Prompt]:
    """Every path that ends with a prompter."""
    for thread in tree.threads():
        if thread[-1].role is Role.PROMPTER and _is_taken(thread, tree, choice):
            yield Prompt(_turns(thread), _about(thread))


EXTRACTORS: Mapping[Purpose, Callable[[_Shape, Choice], Iterator[Conversation | RankedGroup | Prompt]]] = {
    Purpose.SFT: demonstrations,
    Purpose.REWARD: rankings,
    Purpose.RL: prompts,
}


def _is_taken(thread: Thread, tree: _Shape, choice: Choice) -> bool:
    return not any(
        _is_unwanted(message, choice) or not _is_good_enough(message, tree, choice.top_k) for message in thread
    )


def _is_unwanted(message: MessageRecord, choice: Choice) -> bool:
    return message.deleted or (bool(message.synthetic) and not choice.synthetic)


def _is_good_enough(message: MessageRecord, tree: _Shape, top_k: int | None) -> bool:
    if top_k is None or message.role is not Role.ASSISTANT:
        return True
    if message.rank is None:
        return message.parent_id is None or len(tree.replies[message.parent_id]) == 1
    return message.rank < top_k


SPEAKERS = {Role.PROMPTER: Speaker.USER, Role.ASSISTANT: Speaker.ASSISTANT}


def _turns(thread: Sequence[MessageRecord]) -> tuple[Turn, ...]:
    return tuple(map(_turn, thread))


def _turn(message: MessageRecord) -> Turn:
    labels = {name: mean.value for name, mean in (message.labels or {}).items()}
    return Turn(SPEAKERS[message.role], message.text, labels=labels)


def _about(thread: Sequence[MessageRecord]) -> About:
    return About(id=thread[-1].id, tree=thread[0].id, lang=thread[0].lang)
