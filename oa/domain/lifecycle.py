"""The life of a tree: its states, what moves it from one to the next, and the work that is open in each.

::

    (new) ─► initial_prompt_review ─► prompt_lottery_waiting ─► growing ─► ranking ─► ready_for_scoring
                       │                                                      ▲               │
                       ▼                                                      │               ├─► ready_for_export
               aborted_low_grade ◄──────── nothing to rank ──────────── backlog_ranking       └─► scoring_failed

Any tree may be halted, by a moderator or because its prompt was deleted or (while it waits) its author is gone, and be
resumed again. Nothing here does I/O or knows the time.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from oa.domain.campaign import Campaign
from oa.domain.tasks import REPLIES, Slot, TaskKind, ranking_kind, reply_kind, review_kind
from oa.domain.tree import Node, Role, children_of, root_of


class TreeState(StrEnum):
    INITIAL_PROMPT_REVIEW = "initial_prompt_review"
    GROWING = "growing"
    RANKING = "ranking"
    READY_FOR_SCORING = "ready_for_scoring"
    READY_FOR_EXPORT = "ready_for_export"
    ABORTED_LOW_GRADE = "aborted_low_grade"
    SCORING_FAILED = "scoring_failed"
    HALTED_BY_MODERATOR = "halted_by_moderator"
    BACKLOG_RANKING = "backlog_ranking"
    PROMPT_LOTTERY_WAITING = "prompt_lottery_waiting"


ACTIVE = frozenset({TreeState.INITIAL_PROMPT_REVIEW, TreeState.GROWING, TreeState.RANKING, TreeState.READY_FOR_SCORING})
"""States in which a tree asks for something; a tree in any other state is at rest."""

MOVES_BY_ITSELF = frozenset(
    {TreeState.INITIAL_PROMPT_REVIEW, TreeState.PROMPT_LOTTERY_WAITING, TreeState.GROWING, TreeState.RANKING}
)
"""States that `next_state` may end."""

TAKES_REPLIES = frozenset(
    {TreeState.GROWING, TreeState.RANKING, TreeState.READY_FOR_SCORING, TreeState.READY_FOR_EXPORT}
)
"""States in which a reply that comes late is still kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """One tree's state and the sizes that held when it was planted."""

    id: UUID
    state: TreeState
    goal_tree_size: int
    max_depth: int
    max_children_count: int
    lang: str
    origin: str | None = None
    won_prompt_lottery_date: datetime | None = None
    tie_seed: int = 0
    """Breaks ties in the consensus, so that neither age nor id decides."""

    @property
    def active(self) -> bool:
        return self.state in ACTIVE


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that decides about a tree: its messages, and how many ballots each parent's replies have."""

    nodes: Sequence[Node]
    ballots: Mapping[UUID, int]


def planned_size(campaign: Campaign, rng: random.Random) -> int:
    """The goal of a new tree."""
    if campaign.random_goal_tree_size:
        return rng.randint(campaign.min_goal_tree_size, campaign.goal_tree_size)
    return campaign.goal_tree_size


def new_tree(tree_id: UUID, lang: str, campaign: Campaign, rng: random.Random, *, origin: str | None = None) -> Tree:
    """The tree that begins with a new prompt; later changes of the campaign leave its sizes alone."""
    return Tree(
        id=tree_id,
        state=TreeState.INITIAL_PROMPT_REVIEW,
        goal_tree_size=planned_size(campaign, rng),
        max_depth=campaign.max_tree_depth,
        max_children_count=campaign.max_children_count,
        lang=lang,
        origin=origin,
        tie_seed=rng.getrandbits(31),  # what every database takes for an integer
    )


def required_reviews(node: Node, campaign: Campaign) -> int:
    return campaign.num_reviews_initial_prompt if node.parent_id is None else campaign.num_reviews_reply


def missing_reviews(node: Node, campaign: Campaign) -> int:
    """Reviews that a message still waits for.

    An undecided message waits for one at least, even where the campaign has come to ask for fewer than it has: the
    next review brings the verdict.
    """
    if node.deleted or node.review_result is True:
        return 0
    missing = required_reviews(node, campaign) - node.review_count
    return max(missing, 1) if node.review_result is None else max(missing, 0)


def standing(nodes: Iterable[Node]) -> list[tuple[Node, Sequence[Node]]]:
    """The messages whose ancestors are all accepted, parents first, each with its replies if it is accepted itself.

    Nobody can be shown anything below a message that is deleted or rejected, so it neither counts nor asks for work.
    """
    children = children_of(nodes)
    found: list[tuple[Node, Sequence[Node]]] = []
    level = children.get(None, [])
    while level:
        below: list[Node] = []
        for node in level:
            replies = children.get(node.id, ()) if node.is_accepted() else ()
            found.append((node, replies))
            below.extend(replies)
        level = below
    return found


def size(nodes: Iterable[Node]) -> int:
    """Messages that count towards the goal: accepted ones, the prompt included."""
    return sum(node.is_accepted() for node, _ in standing(nodes))


def live_size(nodes: Iterable[Node], campaign: Campaign) -> int:
    """Messages that may come to count towards the goal: the accepted prompt and every live reply."""
    return sum(_may_count(node, campaign) for node, _ in standing(nodes))


def _may_count(node: Node, campaign: Campaign) -> bool:
    return node.is_accepted() if node.parent_id is None else node.is_live(campaign.num_reviews_reply)


def awaiting_review(nodes: Iterable[Node], campaign: Campaign) -> list[Node]:
    """Messages about which too few people have decided."""
    return [node for node, _ in standing(nodes) if missing_reviews(node, campaign)]


# --- transitions -----------------------------------------------------------------------------------------------------


def next_state(tree: Tree, facts: Facts, campaign: Campaign) -> TreeState | None:
    """Where the tree goes by itself now, or None while it stays. Ask again after each step.

    A tree whose prompt was deleted is halted, whatever it was at. Rejected replies free their place for others and
    never end a tree. Scoring is not decided here: it needs the ballots themselves (`oa.domain.consensus`).

    Raises:
        BrokenConversation: the tree has lost its prompt.
    """
    if tree.state not in MOVES_BY_ITSELF:
        return None
    root = root_of(facts.nodes)
    if root.deleted:
        return TreeState.HALTED_BY_MODERATOR
    match tree.state:
        case TreeState.INITIAL_PROMPT_REVIEW:
            return TreeState.PROMPT_LOTTERY_WAITING if root.is_accepted() else _after_rejection(root, campaign)
        case TreeState.GROWING:
            return _after_growth(tree, facts, campaign) if root.is_accepted() else _after_rejection(root, campaign)
        case TreeState.RANKING if not missing_rankings(facts, campaign):
            return TreeState.READY_FOR_SCORING
        case _:
            return None


def _after_rejection(root: Node, campaign: Campaign) -> TreeState | None:
    return None if missing_reviews(root, campaign) else TreeState.ABORTED_LOW_GRADE


def _after_growth(tree: Tree, facts: Facts, campaign: Campaign) -> TreeState | None:
    threads = standing(facts.nodes)
    if any(missing_reviews(node, campaign) for node, _ in threads):
        return None
    if sum(node.is_accepted() for node, _ in threads) >= tree.goal_tree_size:
        return TreeState.RANKING
    return None if any(_room(tree, node, replies, campaign) for node, replies in threads) else TreeState.RANKING


def rankable(nodes: Iterable[Node], campaign: Campaign) -> dict[UUID, list[Node]]:
    """The replies that are to be ranked, by the id of their parent: two accepted ones at least."""
    return {parent.id: replies for parent, replies in _rankable(nodes, campaign)}


def _rankable(nodes: Iterable[Node], campaign: Campaign) -> Iterator[tuple[Node, list[Node]]]:
    for parent, children in standing(nodes):
        if len(children) > 1:
            replies = [child for child in children if child.is_accepted() and _is_ranked(child, campaign)]
            if len(replies) > 1:
                yield parent, replies


def _is_ranked(node: Node, campaign: Campaign) -> bool:
    return campaign.rank_prompter_replies or node.role is Role.ASSISTANT


def missing_rankings(facts: Facts, campaign: Campaign) -> dict[UUID, int]:
    """Messages whose replies have too few ballots, by id, with how many are missing."""
    required = campaign.num_required_rankings
    missing = {parent: required - facts.ballots.get(parent, 0) for parent in rankable(facts.nodes, campaign)}
    return {parent: ballots for parent, ballots in missing.items() if ballots > 0}


def woken_state(facts: Facts, campaign: Campaign) -> TreeState:
    """Where a tree from the backlog goes when it is its turn."""
    return TreeState.RANKING if rankable(facts.nodes, campaign) else TreeState.ABORTED_LOW_GRADE


def resumed_state(tree: Tree, nodes: Iterable[Node]) -> TreeState:
    """Where a tree that was halted or failed starts again; `next_state` carries it forward from there.

    A tree with replies grows on even if it never won a draw: an imported one never took part in any.
    """
    match tree.state:
        case TreeState.PROMPT_LOTTERY_WAITING:
            return tree.state
        case TreeState.SCORING_FAILED:
            return TreeState.RANKING
        case _:
            grows = tree.won_prompt_lottery_date is not None or any(replies for _, replies in standing(nodes))
            return TreeState.GROWING if grows else TreeState.INITIAL_PROMPT_REVIEW


def wakes_backlog(campaign: Campaign, rng: random.Random, open_rankings: int) -> int:
    """How many trees of the backlog to wake when another tree of their language leaves the active states.

    An accepted prompt that goes to wait for the draw leaves them, too.

    Args:
        open_rankings: messages in this language whose replies still want ballots.
    """
    woken = int(rng.random() < campaign.p_activate_backlog_tree)
    # A tree that wakes has one ranking at least.
    return woken + int(open_rankings + woken < campaign.min_active_rankings_per_lang)


# --- open work -------------------------------------------------------------------------------------------------------

Held = Mapping[tuple[TaskKind, UUID], int]
"""How many people hold an unanswered recent task, by kind and message."""


def extendible(tree: Tree, nodes: Iterable[Node], campaign: Campaign) -> dict[UUID, int]:
    """Messages that may get another reply, by id, with how many each; the tree's goal is not asked.

    A parent whose replies were all rejected or deleted counts as one without replies.
    """
    rooms = {node.id: _room(tree, node, replies, campaign) for node, replies in standing(nodes)}
    return {message_id: room for message_id, room in rooms.items() if room}


def _room(tree: Tree, node: Node, replies: Sequence[Node], campaign: Campaign) -> int:
    """How many more replies a message may get."""
    if node.depth >= tree.max_depth or not node.is_accepted():
        return 0
    most = tree.max_children_count
    if node.role is Role.ASSISTANT:
        most = min(most, campaign.num_prompter_replies)
    return max(0, most - _live_count(replies, campaign))


def _live_count(replies: Sequence[Node], campaign: Campaign) -> int:
    return sum(reply.is_live(campaign.num_reviews_reply) for reply in replies)


def open_work(tree: Tree, facts: Facts, campaign: Campaign, held: Held) -> list[Slot]:
    """All the work that this tree asks for now.

    Reply slots share what the goal leaves: whoever takes one must ask again before giving out another of this tree.
    """
    match tree.state:
        case TreeState.INITIAL_PROMPT_REVIEW:
            return _reviews([root_of(facts.nodes)], campaign, held)
        case TreeState.GROWING:
            threads = standing(facts.nodes)
            reviews = _reviews((node for node, _ in threads), campaign, held)
            return reviews + _replies(tree, threads, campaign, held)
        case TreeState.RANKING:
            return _rankings(facts, campaign, held)
        case _:
            return []


def _reviews(nodes: Iterable[Node], campaign: Campaign, held: Held) -> list[Slot]:
    slots: list[Slot] = []
    for node in nodes:
        if wanted := missing_reviews(node, campaign):
            kind = review_kind(node.role, is_root=node.parent_id is None)
            slots.append(Slot(kind, node.id, node.lang, wanted, max(0, wanted - held.get((kind, node.id), 0))))
    return slots


def _replies(tree: Tree, threads: Sequence[tuple[Node, Sequence[Node]]], campaign: Campaign, held: Held) -> list[Slot]:
    missing = tree.goal_tree_size - sum(_may_count(node, campaign) for node, _ in threads)
    if missing <= 0:
        return []
    left = missing - sum(count for (kind, _), count in held.items() if kind in REPLIES)
    slots: list[Slot] = []
    for node, replies in threads:
        if room := _room(tree, node, replies, campaign):
            kind = reply_kind(node.role)
            free = max(0, min(room - held.get((kind, node.id), 0), left))
            lonely = node.role is Role.PROMPTER and 0 < _live_count(replies, campaign) < campaign.lonely_children_count
            slots.append(Slot(kind, node.id, node.lang, min(room, missing), free, lonely))
    return slots


def _rankings(facts: Facts, campaign: Campaign, held: Held) -> list[Slot]:
    slots: list[Slot] = []
    for parent, replies in _rankable(facts.nodes, campaign):
        wanted = campaign.num_required_rankings - facts.ballots.get(parent.id, 0)
        if wanted > 0:
            kind = ranking_kind(replies[0].role)
            slots.append(Slot(kind, parent.id, parent.lang, wanted, max(0, wanted - held.get((kind, parent.id), 0))))
    return slots
