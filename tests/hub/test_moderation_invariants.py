"""Whatever moderators do between people's work, every counter is what a recount finds."""

from __future__ import annotations

import contextlib
import random
from datetime import timedelta
from uuid import UUID

from community import SMALL, Community
from hypothesis import given, settings
from hypothesis import strategies as st
from order import Order
from recount import differences
from stage import HISTORIES, Stage, play

from oa.domain.emoji import Emoji
from oa.domain.people import AccountRole
from oa.domain.tasks import RANKINGS, REPLIES, REVIEWS
from oa.errors import OaError
from oa.hub.purging import Wanted
from oa.store.database import Database

PEOPLE = ("ada", "ben", "cleo", "dora", "emil", "fay")
EMOJIS = (Emoji.RED_FLAG, Emoji.SKIP_REPLY, Emoji.THUMBS_UP, Emoji.THUMBS_DOWN, Emoji.CLAP)
WORK = (("initial_prompt",), REVIEWS, REVIEWS, REPLIES, REPLIES, RANKINGS, RANKINGS)
ACTS = (
    *("delete", "restore", "restore_all", "undo", "undo", "edit", "halt", "resume"),
    *("stop", "ban", "enable", "enable", "purge", "purge_messages", "merge"),
)
CAMPAIGN = {"num_reviews_initial_prompt": 2, "num_reviews_reply": 2, "num_required_rankings": 2, "max_active_trees": 2}

DEEDS = ["work"] * 20 + ["take"] * 3 + ["react"] * 5 + ["wait", "tidy", "change", *ACTS]

steps = st.lists(st.tuples(st.sampled_from(DEEDS), st.integers(0, 2**16)), min_size=30, max_size=80)


class Play:
    """Carries out one step after the other; a step that cannot be done now is left out."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.community = Community(stage)  # type: ignore[arg-type]
        self.community.set(**SMALL)
        self.community.finished("ada")
        self.community.ranking("dora", ("ada", "emil"))
        self.community.set(**CAMPAIGN, max_tree_depth=2)
        self.order = Order(self.community).as_person("mo", AccountRole.MODERATOR)

    def step(self, action: str, choice: int) -> None:
        self.choice = random.Random(choice)
        with contextlib.suppress(OaError):
            getattr(self, action)()
        self.stage.now += timedelta(seconds=1)

    def message(self) -> UUID:
        found = sorted((row["created_date"], row["id"]) for row in self.community.rows("message"))
        return self.choice.choice(found)[1] if found else UUID(int=0)

    def user(self) -> UUID:
        known = sorted(row["id"] for row in self.community.rows("user") if row["username"] in PEOPLE)
        return self.choice.choice(known) if known else UUID(int=0)

    # --- people ------------------------------------------------------------------------------------------------------

    def work(self) -> None:
        name, kinds = self.choice.choice(PEOPLE), self.choice.choice(WORK)
        task = self.community.take(name, *kinds)
        if task.kind in REVIEWS:
            self.community.review(name, task, spam=float(self.choice.random() < 0.2))
        elif task.kind in RANKINGS:
            shown = [view.message.id for view in task.replies]
            self.choice.shuffle(shown)
            self.community.rank(name, task, *shown)
        else:
            self.community.write(name, task)

    def take(self) -> None:
        self.community.take(self.choice.choice(PEOPLE), *self.choice.choice(WORK))

    def react(self) -> None:
        self.community.react(self.choice.choice(PEOPLE), self.message(), self.choice.choice(EMOJIS))

    def wait(self) -> None:
        self.stage.now += self.choice.choice([timedelta(minutes=6), timedelta(hours=5), timedelta(days=3)])

    def tidy(self) -> None:
        self.community.tidy()

    def change(self) -> None:
        """Trees that were resumed ask for more rankings, or for fewer."""
        self.community.set(num_required_rankings=self.choice.randint(1, 3))

    # --- moderators --------------------------------------------------------------------------------------------------

    def delete(self) -> None:
        self.order.delete(self.message())

    def restore(self) -> None:
        self.order.restore(self.message())

    def restore_all(self) -> None:
        self.order.restore(self.message(), descendants=True)

    def edit(self) -> None:
        self.order.edit(self.message(), f"edited {self.choice.random()}")

    def halt(self) -> None:
        self.order.halt(self.message())

    def resume(self) -> None:
        self.order.resume(self.message())

    def undo(self) -> None:
        self.order.undo(self.choice.randint(max(1, self.order.last() - 6), self.order.last()))

    def stop(self) -> None:
        self.order.stop(self.user())

    def ban(self) -> None:
        self.order.ban(self.user())

    def enable(self) -> None:
        for row in self.community.rows("user", enabled=False):
            self.order.enable(row["id"])

    def purge(self) -> None:
        user = self.user()
        tried = self.order.purge(user, ban=False, preview=True)
        assert self.order.purge(user, ban=False) == tried

    def purge_messages(self) -> None:
        self.order.purge_messages(self.user(), Wanted(prompts=self.choice.random() < 0.5))

    def merge(self) -> None:
        self.order.merge(self.user(), self.user())


@settings(HISTORIES, max_examples=25)
@given(steps=steps, seed=st.integers(0, 2**16))
def test_every_counter_is_what_a_recount_finds_whatever_moderators_do(
    database: Database, steps: list[tuple[str, int]], seed: int
) -> None:
    def history(stage: Stage) -> None:
        game = Play(stage)
        for action, choice in steps:
            game.step(action, choice)
            if action in ACTS:
                assert differences(stage) == [], action  # type: ignore[arg-type]
        assert differences(stage) == []  # type: ignore[arg-type]

    play(database, seed, history)
