"""A community's whole past at once, in the proportions of a large one; pure, so that a seed gives it again.

The simulated community (`oa.demo.community`) lives through its days one answer at a time, which takes as long as the
hub takes. This makes up what a hub holds after months: people, trees in every state, reviews, ballots and ranks that
go together as the rules of the domain want it.

Source: Köpf et al. 2023, "OpenAssistant Conversations", https://arxiv.org/abs/2304.07327: 161,443 messages in 66,497
trees by 13,500 people, with 461,292 ratings.
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

from oa.demo import texts
from oa.demo.chance import Chance
from oa.demo.texts import Written
from oa.domain import lifecycle
from oa.domain.campaign import Campaign
from oa.domain.consensus import Ballot, consensus
from oa.domain.labels import DEFAULT_LABELS, Label, Position
from oa.domain.lifecycle import Tree, TreeState
from oa.domain.people import User
from oa.domain.review import decide
from oa.domain.tasks import TaskKind, ranking_kind, review_kind
from oa.domain.tree import Message, Role

T = TypeVar("T")

PEOPLE_PER_MESSAGE = 13_500 / 161_443
SHARE_OF_LANG = {"en": 0.5, "es": 0.3, "de": 0.1, "ru": 0.1}
SHARE_OF_STATE = {
    TreeState.PROMPT_LOTTERY_WAITING: 0.68,
    TreeState.READY_FOR_EXPORT: 0.17,
    TreeState.ABORTED_LOW_GRADE: 0.11,
    TreeState.HALTED_BY_MODERATOR: 0.03,
    TreeState.BACKLOG_RANKING: 0.01,
}
"""Of the trees that rest."""

MESSAGES_PER_ACTIVE_TREE = 1000
"""Of the trees under way there are as many of a state as the campaign lets grow, and fewer in a small past."""

SPAN = timedelta(days=240)
TEN_MINUTES = timedelta(minutes=10)
SMALLEST_GOAL = 6
P_REPLY_IS_SPAM, P_REPLY_DELETED = 0.08, 0.01

GROWN = frozenset({TreeState.RANKING, TreeState.READY_FOR_EXPORT, TreeState.BACKLOG_RANKING})

LIKERT = (0.0, 0.25, 0.5, 0.75, 1.0)
P_FLAG = 0.01
FLAGS = frozenset({Label.PII, Label.NOT_APPROPRIATE, Label.HATE_SPEECH, Label.SEXUAL_CONTENT, Label.FAILS_TASK})
"""Raised now and then. That of a wrong language is not, for every text is in the one that was asked for."""
SCALES = frozenset({Label.QUALITY, Label.CREATIVITY, Label.HUMOR, Label.TOXICITY, Label.VIOLENCE, Label.HELPFULNESS})


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """One person's labels on a message, asked for by a task."""

    task_id: UUID
    user_id: UUID
    message_id: UUID
    tree_id: UUID
    kind: TaskKind
    lang: str
    date: datetime
    valid_labels: tuple[str, ...]
    labels: dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """One person's order of the replies to a message, asked for by a task."""

    task_id: UUID
    user_id: UUID
    parent_id: UUID
    tree_id: UUID
    kind: TaskKind
    lang: str
    date: datetime
    shown: tuple[UUID, ...]
    best_first: tuple[UUID, ...]
    first_user_id: UUID


@dataclass(frozen=True, slots=True)
class PastTree:
    """A tree with everything that people did to it."""

    tree: Tree
    messages: Sequence[Message]
    """Parents before their replies."""
    reviews: Sequence[Review]
    votes: Sequence[Vote]


class Past:
    """Makes up what happened until now."""

    def __init__(self, messages: int, *, seed: int, until: datetime, client_id: UUID) -> None:
        """
        Args:
            messages: how many there are to be; the last tree may bring a few more.
            until: when it all ends; it began eight months before.
            client_id: the program through which everybody acts.
        """
        self._wanted = messages
        self._chance = Chance(random.Random(seed), until, SPAN)
        self._client_id = client_id
        self._campaign = Campaign()
        self.people = [self._person(number) for number in range(max(20, round(messages * PEOPLE_PER_MESSAGE)))]
        self._chance.invite(self.people)

    def trees(self) -> Iterator[PastTree]:
        """The trees, those under way first, until there are enough messages."""
        made = 0
        for state, lang in self._plan():
            if made >= self._wanted:
                return
            tree = _Growth(self._chance, self._campaign, self._client_id, lang).come_to(state)
            made += len(tree.messages)
            yield tree

    def _plan(self) -> Iterator[tuple[TreeState, str]]:
        active = min(self._campaign.max_active_trees, max(1, self._wanted // MESSAGES_PER_ACTIVE_TREE))
        for lang in SHARE_OF_LANG:
            for state in (TreeState.GROWING, TreeState.RANKING, TreeState.INITIAL_PROMPT_REVIEW):
                yield from ((state, lang) for _ in range(active))
        while True:
            yield self._chance.one_of(SHARE_OF_STATE), self._chance.one_of(SHARE_OF_LANG)

    def _person(self, number: int) -> User:
        joined = self._chance.moment() - SPAN
        return User(
            id=self._chance.new_id(),
            username=f"volunteer-{number}",
            auth_method="local",
            display_name=f"Volunteer {number}",
            api_client_id=self._client_id,
            created_date=joined,
            tos_acceptance_date=joined,
        )


@dataclass(slots=True, kw_only=True)
class _Sketch:
    """A message in the making."""

    id: UUID
    parent: _Sketch | None
    role: Role
    depth: int
    written: Written
    user_id: UUID
    date: datetime
    votes: list[dict[str, float]] = field(default_factory=list[dict[str, float]])
    result: bool | None = None
    deleted: bool = False
    rank: int | None = None
    ballots: int = 0
    replies: list[_Sketch] = field(default_factory=list["_Sketch"])

    @property
    def is_accepted(self) -> bool:
        return self.result is True and not self.deleted

    @property
    def position(self) -> Position:
        if self.parent is None:
            return Position.INITIAL_PROMPT
        return Position.ASSISTANT_REPLY if self.role is Role.ASSISTANT else Position.PROMPTER_REPLY


class _Growth:
    """One tree, from its prompt on."""

    def __init__(self, chance: Chance, campaign: Campaign, client_id: UUID, lang: str) -> None:
        self._chance = chance
        self._rng = chance.rng
        self._campaign = campaign
        self._client_id = client_id
        self._lang = lang
        self._now = chance.moment()
        self._sketches: list[_Sketch] = []
        self._reviews: list[Review] = []
        self._votes: list[Vote] = []

    def come_to(self, state: TreeState) -> PastTree:
        """The tree with as much of its life behind it as brings it into this state."""
        root = self._write(None, is_spam=state is TreeState.ABORTED_LOW_GRADE)
        self._review(root, self._rng.randrange(3) if state is TreeState.INITIAL_PROMPT_REVIEW else 3)
        tree = lifecycle.new_tree(root.id, self._lang, self._campaign, self._rng)
        goal = self._rng.randint(SMALLEST_GOAL, self._campaign.goal_tree_size)
        won = root.date + timedelta(hours=1) if state is TreeState.GROWING or state in GROWN else None
        tree = dataclasses.replace(tree, state=state, goal_tree_size=goal, won_prompt_lottery_date=won)
        if state is TreeState.GROWING:
            self._grow(root, self._rng.randint(2, SMALLEST_GOAL - 1))
            self._leave_undecided()
        elif state in GROWN:
            self._grow(root, goal)
            self._rank(tree)
        return PastTree(tree, [self._message(sketch) for sketch in self._sketches], self._reviews, self._votes)

    # --- texts -------------------------------------------------------------------------------------------------------

    def _write(self, parent: _Sketch | None, *, is_spam: bool) -> _Sketch:
        self._pass_time()
        sketch = _Sketch(
            id=self._chance.new_id(),
            parent=parent,
            role=Role.PROMPTER if parent is None else parent.role.other,
            depth=0 if parent is None else parent.depth + 1,
            written=self._text(parent, is_spam=is_spam),
            user_id=self._chance.somebody(self._busy_at(parent)),
            date=self._now,
        )
        if parent is not None:
            parent.replies.append(sketch)
        self._sketches.append(sketch)
        return sketch

    def _text(self, parent: _Sketch | None, *, is_spam: bool) -> Written:
        if is_spam:
            return texts.write_spam(self._lang, self._rng)
        quality = self._rng.random()
        if parent is None:
            return texts.write_prompt(self._lang, quality, self._rng)
        write = texts.write_answer if parent.role is Role.PROMPTER else texts.write_follow_up
        return write(self._lang, parent.written.topic, quality, self._rng)

    def _busy_at(self, parent: _Sketch | None) -> set[UUID]:
        """Those who do not answer a message: whoever wrote it, and who has answered it."""
        return set() if parent is None else {parent.user_id, *(reply.user_id for reply in parent.replies)}

    def _pass_time(self) -> None:
        self._now += self._rng.random() * TEN_MINUTES

    def _grow(self, root: _Sketch, goal: int) -> None:
        """Let people answer until there are enough accepted messages, or there is no place left."""
        accepted, places = 1, [root]
        while places and accepted < goal:
            parent = places.pop(0)
            most = self._campaign.num_prompter_replies if parent.role is Role.ASSISTANT else self._rng.randint(2, 3)
            for _ in range(most):
                reply = self._write(parent, is_spam=self._rng.random() < P_REPLY_IS_SPAM)
                self._review(reply, self._campaign.num_reviews_reply)
                reply.deleted = self._rng.random() < P_REPLY_DELETED
                accepted += reply.is_accepted
                if reply.is_accepted and reply.depth < self._campaign.max_tree_depth:
                    places.append(reply)

    def _leave_undecided(self) -> None:
        """Answers that have just come in."""
        empty = [sketch for sketch in self._sketches if sketch.is_accepted and not sketch.replies]
        for parent in empty[:2]:
            if parent.depth < self._campaign.max_tree_depth:
                self._review(self._write(parent, is_spam=False), self._rng.randrange(3))

    # --- reviews -----------------------------------------------------------------------------------------------------

    def _review(self, sketch: _Sketch, count: int) -> None:
        valid = DEFAULT_LABELS[sketch.position]
        taken = {sketch.user_id}
        root = self._sketches[0]
        for _ in range(count):
            self._pass_time()
            labels = self._labels(valid, sketch.written)
            sketch.votes.append(labels)
            self._reviews.append(
                Review(
                    task_id=self._chance.new_id(),
                    user_id=self._chance.somebody(taken),
                    message_id=sketch.id,
                    tree_id=root.id,
                    kind=review_kind(sketch.role, is_root=sketch is root),
                    lang=self._lang,
                    date=self._now,
                    valid_labels=valid,
                    labels=labels,
                )
            )
        sketch.result = decide(
            sketch.votes,
            current=None,
            required=self._campaign.num_reviews_reply,
            threshold=self._campaign.acceptance_threshold_reply,
        )

    def _labels(self, asked: Sequence[Label], written: Written) -> dict[str, float]:
        """What somebody answers, who sees about how good the text is."""
        chance = self._rng.random
        labels: dict[str, float] = {}
        for label in asked:
            if label in SCALES:
                labels[label] = LIKERT[min(4, max(0, round(4 * written.quality + 2 * chance() - 1)))]
            else:
                labels[label] = float(label in FLAGS and chance() < P_FLAG)
        labels[Label.SPAM] = float(written.is_spam)
        return labels

    # --- rankings ----------------------------------------------------------------------------------------------------

    def _rank(self, tree: Tree) -> None:
        for parent in self._sketches:
            replies = [reply for reply in parent.replies if reply.is_accepted and reply.role is Role.ASSISTANT]
            if len(replies) < 2 or not parent.is_accepted:
                continue
            required = self._campaign.num_required_rankings
            match tree.state:
                case TreeState.READY_FOR_EXPORT:
                    self._settle(tree, parent, replies, [self._vote(parent, replies) for _ in range(required)])
                case TreeState.RANKING:
                    for _ in range(self._rng.randrange(required)):
                        self._vote(parent, replies)
                case _:
                    pass

    def _vote(self, parent: _Sketch, replies: Sequence[_Sketch]) -> Vote:
        self._pass_time()
        taken = {reply.user_id for reply in replies}
        taken |= {vote.user_id for vote in self._votes if vote.parent_id == parent.id}
        shown = self._rng.sample(replies, len(replies))
        order = sorted(shown, key=lambda reply: -reply.written.quality + self._rng.gauss(0, 0.2))
        for reply in replies:
            reply.ballots += 1
        vote = Vote(
            task_id=self._chance.new_id(),
            user_id=self._chance.somebody(taken),
            parent_id=parent.id,
            tree_id=self._sketches[0].id,
            kind=ranking_kind(replies[0].role),
            lang=self._lang,
            date=self._now,
            shown=tuple(reply.id for reply in shown),
            best_first=tuple(reply.id for reply in order),
            first_user_id=order[0].user_id,
        )
        self._votes.append(vote)
        return vote

    def _settle(self, tree: Tree, parent: _Sketch, replies: Sequence[_Sketch], votes: Sequence[Vote]) -> None:
        ballots = [Ballot(vote.best_first) for vote in votes]
        order = consensus(ballots, [reply.id for reply in replies], seed=f"{tree.tie_seed}:{parent.id}") or []
        for reply in replies:
            reply.rank = order.index(reply.id)

    # --- what comes of it --------------------------------------------------------------------------------------------

    def _message(self, sketch: _Sketch) -> Message:
        return Message(
            id=sketch.id,
            parent_id=None if sketch.parent is None else sketch.parent.id,
            tree_id=self._sketches[0].id,
            user_id=sketch.user_id,
            api_client_id=self._client_id,
            frontend_message_id=str(sketch.id),
            role=sketch.role,
            text=sketch.written.text,
            lang=self._lang,
            depth=sketch.depth,
            created_date=sketch.date,
            children_count=sum(not reply.deleted for reply in sketch.replies),
            deleted=sketch.deleted,
            review_count=len(sketch.votes),
            review_result=sketch.result,
            ranking_count=sketch.ballots,
            rank=sketch.rank,
        )
