"""Whatever has happened before, an answer that is taken back leaves nothing behind."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from itertools import product
from uuid import UUID

from community import SMALL, Community, who
from hypothesis import given, settings
from hypothesis import strategies as st
from recount import differences
from stage import HISTORIES, Stage, play
from taken_back import contents, instead, labels, order, text, undo

from oa.domain.emoji import Emoji
from oa.domain.tasks import RANKINGS, REPLIES, REVIEWS, TaskKind
from oa.domain.views import Assignment
from oa.errors import (
    OaError,
    TaskExpired,
    TaskTypeNotAvailable,
    TooManyPending,
)
from oa.hub import answers
from oa.hub.answers import LabelAnswer, RankingAnswer, TextAnswer
from oa.hub.second_thoughts import Answer
from oa.store.database import Database, Transaction

PEOPLE = ("ada", "ben", "cleo", "dora", "emil")
ACTIONS = ["work"] * 16 + ["ask"] * 6 + ["react", "remark", "skip", "wait", "undo", "undo", "instead", "delete"]
EMOJIS = (Emoji.RED_FLAG, Emoji.THUMBS_UP, Emoji.CLAP)
CAMPAIGN = {
    "goal_tree_size": 4,
    "max_tree_depth": 2,
    "max_children_count": 2,
    "max_active_trees": 3,
    "num_required_rankings": 2,
    "num_reviews_reply": 2,
}
LABELS = ({"spam": 0.0}, {"spam": 0.0, "quality": 0.7}, {"spam": 1.0, "toxicity": 0.3})

steps = st.lists(
    st.tuples(st.sampled_from(ACTIONS), st.sampled_from(PEOPLE), st.integers(0, 2**16)), min_size=20, max_size=60
)


class Play:
    """Carries out one step after the other; one that cannot be done now is left out."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.community = Community(stage)  # type: ignore[arg-type]
        self.community.set(**SMALL)
        self.community.ranking("zoe", ("ada", "ben"))
        self.community.ranking("yan", ("cleo", "xia"))
        self.community.growing("wim")
        self.community.set(**CAMPAIGN)
        self.waiting: list[tuple[str, Assignment]] = []
        self.done: list[tuple[str, Assignment]] = []

    def step(self, action: str, name: str, choice: int) -> None:
        self.choice = random.Random(choice)
        with contextlib.suppress(OaError):
            getattr(self, action)(name)
        self.stage.now += timedelta(seconds=1)

    def work(self, name: str) -> None:
        self.ask(name)
        if self.waiting:
            self.hand_in(*self.waiting.pop())

    def ask(self, name: str, kinds: frozenset[TaskKind] | None = None) -> None:
        kinds = kinds or self.choice.choice([frozenset(TaskKind), REVIEWS, REVIEWS, REPLIES, RANKINGS])
        with contextlib.suppress(TaskTypeNotAvailable, TooManyPending):
            self.waiting.append((name, self.community.take(name, *kinds)))

    def hand_in(self, name: str, task: Assignment) -> None:
        self.community_answer(name, task)
        self.done.append((name, task))

    def community_answer(self, name: str, task: Assignment) -> None:
        if self.choice.random() < 0.2:
            self.community.skip(name, task)
        elif task.kind in REVIEWS:
            is_report = self.choice.random() < 0.2
            self.community.review(name, task, is_report=is_report, **self.choice.choice(LABELS))
        elif task.kind in RANKINGS:
            self.community.rank(name, task, not_rankable=self.choice.random() < 0.2)
        else:
            self.community.write(name, task)

    def skip(self, name: str) -> None:
        if self.waiting:
            self.done.append(self.waiting.pop())
            self.community.skip(*self.done[-1])

    def undo(self, name: str) -> None:
        if self.done:
            undo(self.community, *self.done.pop(self.choice.randrange(len(self.done))))

    def instead(self, name: str) -> None:
        if self.done:
            author, task = self.choice.choice(self.done)
            instead(self.community, author, task, another(task, self.choice.random()))

    def message(self) -> UUID:
        return self.choice.choice(sorted(row["id"] for row in self.community.rows("message")))

    def react(self, name: str) -> None:
        self.community.react(name, self.message(), self.choice.choice(EMOJIS))

    def remark(self, name: str) -> None:
        self.community.remark(name, self.message(), **self.choice.choice(LABELS))

    def delete(self, name: str) -> None:
        self.community.delete(self.message())

    def wait(self, name: str) -> None:
        self.stage.now += self.choice.choice([timedelta(minutes=3), timedelta(hours=5), timedelta(days=1)])


def another(task: Assignment, number: float) -> Answer:
    if task.kind in REVIEWS:
        return labels(task)
    return order(task) if task.kind in RANKINGS else text(task, f"Words {number}")


FEW_HISTORIES = settings(HISTORIES, max_examples=10)


def check_at_end(
    database: Database, steps: list[tuple[str, str, int]], seed: int, check: Callable[[Play], None]
) -> None:
    """Let people do something at random, and check what holds then."""

    def history(stage: Stage) -> None:
        stage.now += timedelta(hours=22)  # so that a few hours lead into the next day
        game = Play(stage)
        for step in steps:
            game.step(*step)
        game.community.tidy()  # what time alone changes has happened
        check(game)

    play(database, seed, history)


@FEW_HISTORIES
@given(steps=steps, seed=st.integers(0, 2**16))
def test_undo_leaves_the_database_as_if_the_answer_had_never_been(
    database: Database, steps: list[tuple[str, str, int]], seed: int
) -> None:
    def check(game: Play) -> None:
        for name, kinds in product(PEOPLE[:3], (REPLIES, REVIEWS, RANKINGS)):
            game.ask(name, kinds)
        for name, task in game.waiting:
            before = contents(game.community)
            try:
                game.community_answer(name, task)
                undo(game.community, name, task)
            except OaError:
                continue  # it cannot be answered any more, or what it brought about closed it
            assert contents(game.community) == before

    check_at_end(database, steps, seed, check)


@FEW_HISTORIES
@given(steps=steps, seed=st.integers(0, 2**16))
def test_what_is_kept_agrees_with_the_facts_whatever_is_taken_back(
    database: Database, steps: list[tuple[str, str, int]], seed: int
) -> None:
    def check(game: Play) -> None:
        for name, task in game.done:
            with contextlib.suppress(OaError):
                undo(game.community, name, task)
        assert differences(game.stage) == []  # type: ignore[arg-type]

    check_at_end(database, steps, seed, check)


@FEW_HISTORIES
@given(steps=steps, seed=st.integers(0, 2**16))
def test_a_replacement_is_an_undo_and_an_answer_in_one(
    database: Database, steps: list[tuple[str, str, int]], seed: int
) -> None:
    def check(game: Play) -> None:
        for name, task in game.done:
            answer = another(task, 0.5)
            at_once = partial(instead, game.community, name, task, answer)
            in_two_steps = partial(undone_and_answered, game.community, name, task, answer)
            whole, parts = (outcome(game, act, seed) for act in (at_once, in_two_steps))
            assert whole == parts or parts is TaskExpired

    check_at_end(database, steps, seed, check)


def outcome(game: Play, act: Callable[[], UUID], seed: int) -> object:
    """What confirms an act and what the database is by it, or which error it ends with; the act is undone."""

    def tried() -> object:
        try:
            return act(), contents(game.community)
        except OaError as error:
            return type(error)

    return game.stage.tried_out(tried, seed)


def undone_and_answered(community: Community, name: str, task: Assignment, answer: Answer) -> UUID:
    undo(community, name, task)
    return handed_in(community, name, answer)


def handed_in(community: Community, name: str, answer: Answer) -> UUID:
    """Hand in an answer in the ordinary way."""

    def send(tx: Transaction) -> UUID:
        match answer:
            case TextAnswer():
                return answers.answer_text(tx, community.caller, who(name), answer)
            case LabelAnswer():
                return answers.answer_labels(tx, community.caller, who(name), answer)
            case RankingAnswer():
                return answers.answer_ranking(tx, community.caller, who(name), answer)

    return community.database.run(send)
