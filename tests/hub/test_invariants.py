"""Whatever people do in whatever order, what the hub keeps for speed says what the facts say."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from community import SMALL, Community
from hypothesis import given, settings
from hypothesis import strategies as st
from recount import differences, wrong_work
from stage import HISTORIES, Stage, play

from oa.domain import lifecycle
from oa.domain.emoji import Emoji
from oa.domain.lifecycle import TreeState
from oa.domain.tasks import RANKINGS, REPLIES, REVIEWS, TaskKind
from oa.domain.views import Assignment
from oa.errors import OaError, TaskTypeNotAvailable, TooManyPending
from oa.hub import campaigns, growth
from oa.store import tasks, trees
from oa.store.database import Database, Transaction

PEOPLE = ("ada", "ben", "cleo", "dora", "emil", "fay")
LANGS = ("en", "de")
LABELS = (*[{"spam": 0.0}] * 10, {"spam": 1.0}, {"spam": 0.0, "lang_mismatch": 1.0})
EMOJIS = (Emoji.RED_FLAG, Emoji.SKIP_REPLY, Emoji.SKIP_LABELING, Emoji.SKIP_RANKING, Emoji.THUMBS_UP, Emoji.CLAP)
KINDS = (
    frozenset(TaskKind),
    REVIEWS,
    REVIEWS,
    REVIEWS,
    REPLIES,
    REPLIES,
    RANKINGS,
    RANKINGS,
    {TaskKind.INITIAL_PROMPT},
)

CAMPAIGN = {
    "goal_tree_size": 3,
    "max_tree_depth": 2,
    "max_children_count": 2,
    "max_active_trees": 2,
    "num_reviews_initial_prompt": 2,
    "num_reviews_reply": 2,
    "num_required_rankings": 2,
    "min_active_rankings_per_lang": 1,
    "auto_mod_red_flags": 3,
    "auto_mod_max_skip_reply": 3,
    "max_pending_tasks_per_user": 5,
}
CHANGES = (
    {"num_reviews_reply": 1},
    {"num_reviews_reply": 3, "num_reviews_initial_prompt": 1},
    {"num_required_rankings": 1},
    {"num_required_rankings": 3},
    {"max_active_trees": 0},
    {"max_active_trees": 3},
    {"num_prompter_replies": 2, "rank_prompter_replies": True},
    {"lonely_children_count": 0, "p_activate_backlog_tree": 1},
    {"recent_tasks_span_sec": 60},
    {"allow_duplicate_tasks": True},
    {"allow_self_labeling": True, "allow_self_ranking": True, "allow_self_replies": True},
    {"goal_tree_size": 5},
)

ACTIONS = ["work"] * 24 + ["ask"] * 6 + ["answer"] * 4 + ["skip", "react", "delete", "wait", "remark"]
ACTIONS += ["skip", "react", "halt", "resume", "resume", "resume", "tidy", "change", "shelve", "close"]

steps = st.lists(
    st.tuples(st.sampled_from(ACTIONS), st.integers(0, 5), st.integers(0, 2**16)), min_size=80, max_size=160
)


class Play:
    """Carries out one step after the other; a step that cannot be done now is left out."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.community = Community(stage)  # type: ignore[arg-type]
        self.community.set(**SMALL)
        self.community.ranking("zoe", ("ada", "ben"))
        self.community.ranking("yan", ("cleo", "xia"))
        self.community.growing("ada", "de")
        self.community.set(**CAMPAIGN)
        self.held: list[Assignment] = []

    def step(self, action: str, person: int, choice: int) -> None:
        self.choice = random.Random(choice)
        getattr(self, action)(PEOPLE[person])
        if action not in ("work", "ask") or choice % 8 == 0:
            assert wrong_work(self.stage) == [], action  # type: ignore[arg-type]
        self.stage.now += timedelta(seconds=1)

    # --- tasks -------------------------------------------------------------------------------------------------------

    def work(self, name: str) -> None:
        """What is handed out can be handed in."""
        task = self.given(name)
        if task is not None:
            self.community.ack(task.id)
            self.hand_in(name, task)

    def ask(self, name: str) -> None:
        task = self.given(name, collective=self.choice.random() < 0.2)
        if task is not None:
            self.held.append(task)
            self.community.ack(task.id)

    def given(self, name: str, *, collective: bool = False) -> Assignment | None:
        kinds, lang = self.choice.choice(KINDS), self.choice.choice(LANGS)
        try:
            task = self.community.ask(name, *kinds, lang=lang, collective=collective)
        except (TaskTypeNotAvailable, TooManyPending):
            return None
        self.check_given(name, task)
        return task

    def check_given(self, name: str, task: Assignment) -> None:
        """It was wanted, nobody else has its place, and it is not this person's own work."""
        if task.tree_id is None:
            return
        user_id, parent = self.community.user_id(name), task.conversation[-1]

        def check(tx: Transaction) -> None:
            assert task.tree_id is not None
            campaign, tree, held = campaigns.current(tx), trees.find(tx, task.tree_id), tasks.held(tx, task.tree_id)
            facts = growth.facts_of(tx, tree)
            slots = {(slot.kind, slot.message_id): slot for slot in lifecycle.open_work(tree, facts, campaign, {})}
            slot = slots[task.kind, parent.message.id]
            assert held.get((task.kind, parent.message.id), 0) <= slot.wanted
            mine = self.community.rows("task", user_id=user_id, kind=task.kind, parent_message_id=parent.message.id)
            assert sum(row["place_until"] is not None for row in mine) <= 1
            replying = sum(people for (kind, _), people in held.items() if kind in REPLIES)
            if task.kind in REPLIES and replying:
                assert lifecycle.live_size(facts.nodes, campaign) + replying <= tree.goal_tree_size
            if not campaign.allow_self_replies:
                judged = task.replies if task.kind in RANKINGS else (parent,)
                assert all(view.message.user_id != user_id for view in judged)

        self.stage.run(check)

    def hand_in(self, name: str, task: Assignment) -> None:
        if task.kind in REVIEWS:
            self.community.review(name, task, **self.choice.choice(LABELS))
        elif task.kind in RANKINGS:
            shown = [view.message.id for view in task.replies]
            self.choice.shuffle(shown)
            self.community.rank(name, task, *shown, not_rankable=self.choice.random() < 0.2)
        else:
            self.community.write(name, task)

    def answer(self, name: str) -> None:
        if self.held:
            task = self.choice.choice(self.held)
            holder = name if self.community.task(task.id).collective else self.holder(task)
            self.tried(lambda: self.hand_in(holder, task))

    def skip(self, name: str) -> None:
        if self.held:
            task = self.choice.choice(self.held)
            self.tried(lambda: self.community.skip(self.holder(task), task))

    def close(self, name: str) -> None:
        for task in self.held:
            kept = self.community.task(task.id)
            if kept.collective and not kept.done:
                self.community.put("task", task.id, done=True)

    def holder(self, task: Assignment) -> str:
        (user,) = self.community.rows("user", id=self.community.task(task.id).user_id)
        return str(user["username"])

    def tried(self, send: Callable[[], object]) -> None:
        """Something may have happened meanwhile, but then it is a failure that has a name."""
        with contextlib.suppress(OaError):
            send()

    # --- everything else ---------------------------------------------------------------------------------------------

    def message(self, *, of_last: int = 1000) -> UUID:
        found = sorted((row["created_date"], row["id"]) for row in self.community.rows("message"))
        return self.choice.choice(found[-of_last:])[1]

    def react(self, name: str) -> None:
        self.community.react(name, self.message(of_last=3), self.choice.choice(EMOJIS))

    def remark(self, name: str) -> None:
        message = self.message(of_last=3)
        self.community.remark(name, message, is_report=self.choice.random() < 0.5, **self.choice.choice(LABELS))

    def halt(self, name: str) -> None:
        self.community.halt(self.message())

    def resume(self, name: str) -> None:
        self.community.resume(self.message())

    def delete(self, name: str) -> None:
        self.community.delete(self.message())

    def wait(self, name: str) -> None:
        self.stage.now += self.choice.choice([timedelta(minutes=3), timedelta(minutes=6), timedelta(days=3)])

    def tidy(self, name: str) -> None:
        self.community.tidy()

    def change(self, name: str) -> None:
        self.community.set(**self.choice.choice(CHANGES))

    def shelve(self, name: str) -> None:
        """An import may leave a grown tree in the backlog."""
        tree = self.community.halt(self.message())
        self.community.put("message_tree", tree.id, state=TreeState.BACKLOG_RANKING.value)


@settings(HISTORIES, max_examples=30)
@given(steps=steps, seed=st.integers(0, 2**16))
def test_the_derived_tables_agree_with_the_facts_after_any_history(
    database: Database, steps: list[tuple[str, int, int]], seed: int
) -> None:
    def history(stage: Stage) -> None:
        game = Play(stage)
        for action, person, choice in steps:
            game.step(action, person, choice)
        assert differences(stage) == []  # type: ignore[arg-type]

    play(database, seed, history)
