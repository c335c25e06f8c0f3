"""A simulated community at work: volunteers and trolls who do what people do, through the public API only.

Time does not pass here. In every round each volunteer, in an order drawn anew, does something or not by lot; the seed
decides it all, as far as the hub gives out the same tasks. The community remembers what each of its texts is worth, and
its honest people see that when they review and rank, more or less clearly; nobody else is told.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from uuid import UUID, uuid4

from oa.client.hub import Hub
from oa.demo import texts
from oa.demo.texts import Written
from oa.demo.volunteers import Asked, Volunteer, effort, label, rank
from oa.domain.emoji import Emoji, EmojiOperation
from oa.domain.lifecycle import TreeState
from oa.errors import (
    ClientNotAuthorized,
    MessageDuplicated,
    OaError,
    TaskTypeNotAvailable,
    Unauthorized,
    Unavailable,
    UserDisabled,
)
from oa.protocol.tasks import (
    AnyTask,
    AssistantReplyTask,
    InitialPromptTask,
    LabelAssistantReplyTask,
    LabelInitialPromptTask,
    LabelPrompterReplyTask,
    PrompterReplyTask,
    RankAssistantRepliesTask,
    RankPrompterRepliesTask,
    ReviewTask,
)

P_DECLINE = 0.02
"""How often somebody gives a task back."""

P_FLAG_SPAM = 0.2
P_PRAISE = 0.1

PRAISED_ABOVE = 0.8
"""Texts of more quality than this are given a thumb up now and then."""

ATTEMPTS_TO_BE_NEW = 20
"""How often a writer starts again when the words that came have been said before."""

DEAD_ROUNDS = 3
"""After so many rounds in which nobody found anything to do, nobody will."""


HOPELESS = (ClientNotAuthorized, Unauthorized, Unavailable)
"""Refusals that concern not one volunteer but everybody."""


@dataclass(slots=True)
class Tally:
    """What a community has done so far."""

    rounds: int = 0
    done: Counter[str] = field(default_factory=Counter[str])
    """Answers that were taken, by kind of task."""
    declined: int = 0
    idle: int = 0
    """How often somebody wanted to work and there was nothing for them."""
    refused: Counter[str] = field(default_factory=Counter[str])
    """What the hub refused, by the code of the error."""
    trees: dict[UUID, TreeState] = field(default_factory=dict[UUID, TreeState])
    """The trees that the community worked on, in their latest known states."""

    @property
    def tasks(self) -> int:
        return self.done.total()

    def trees_in(self, state: TreeState) -> list[UUID]:
        return [tree for tree, known in self.trees.items() if known is state]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """When to stop; whatever comes first."""

    rounds: int
    tasks: int | None = None
    """Answers."""
    finished_trees: int | None = None
    """Trees that are ready for export."""

    def is_reached(self, tally: Tally) -> bool:
        if self.tasks is not None and tally.tasks >= self.tasks:
            return True
        finished = len(tally.trees_in(TreeState.READY_FOR_EXPORT))
        return self.finished_trees is not None and finished >= self.finished_trees


@dataclass(frozen=True, slots=True)
class _Turn:
    """One volunteer with one task."""

    volunteer: Volunteer
    hub: Hub
    lang: str
    name: str
    """Under which the task is acknowledged and answered."""


class Community:
    """People who share one seed and one memory of what they wrote."""

    def __init__(self, hub_for: Callable[[Volunteer], Hub], volunteers: Sequence[Volunteer], *, seed: int) -> None:
        """
        Args:
            hub_for: the hub as a volunteer uses it, for example `lambda v: hub.as_user(v.identity)`.
        """
        self._people = [(volunteer, hub_for(volunteer)) for volunteer in volunteers]
        self._rng = random.Random(seed)
        self._memory: dict[str, Written] = {}
        self._touched: set[UUID] = set()
        self.tally = Tally()

    def recall(self, text: str) -> Written | None:
        """What a text is worth, if the community wrote it."""
        return self._memory.get(text)

    async def work(self, target: Target, on_round: Callable[[Tally], None] = lambda _: None) -> Tally:
        """Work round after round until the target is reached or nobody finds anything to do.

        Raises:
            OaError: the hub cannot be reached, or does not let this program in.
        """
        dead = 0
        for _ in range(target.rounds):
            before = self.tally.tasks + self.tally.declined
            await self._round()
            self.tally.rounds += 1
            on_round(self.tally)
            dead = dead + 1 if self.tally.tasks + self.tally.declined == before else 0
            if target.is_reached(self.tally) or dead >= DEAD_ROUNDS:
                break
        return self.tally

    async def _round(self) -> None:
        self._touched.clear()
        for volunteer, hub in self._rng.sample(self._people, k=len(self._people)):
            if self._rng.random() < volunteer.speed:
                await self._take_turn(volunteer, hub)
        _, hub = self._people[0]
        for tree in sorted(self._touched):
            self.tally.trees[tree] = (await hub.trees.state(tree)).state

    async def _take_turn(self, volunteer: Volunteer, hub: Hub) -> None:
        turn = _Turn(volunteer, hub, self._rng.choice(volunteer.languages), str(uuid4()))
        try:
            task = await hub.tasks.request(lang=turn.lang)
            if self._rng.random() < P_DECLINE:
                await hub.tasks.decline(task.id, "not today")
                self.tally.declined += 1
                return
            await hub.tasks.acknowledge(task.id, turn.name)
            await self._answer(turn, task)
        except TaskTypeNotAvailable:
            self.tally.idle += 1
        except OaError as error:
            if isinstance(error, HOPELESS) and not isinstance(error, UserDisabled):
                raise
            self.tally.refused[error.code] += 1

    async def _answer(self, turn: _Turn, task: AnyTask) -> None:
        match task:
            case InitialPromptTask():
                await self._write(turn, lambda quality: texts.write_prompt(turn.lang, quality, self._rng))
            case AssistantReplyTask() | PrompterReplyTask():
                write = texts.write_answer if isinstance(task, AssistantReplyTask) else texts.write_follow_up
                first = task.conversation.messages[0]
                topic = self._see(first.text, turn.lang).topic
                await self._write(turn, lambda quality: write(turn.lang, topic, quality, self._rng))
                self._touch(first.id)
            case LabelInitialPromptTask() | LabelPrompterReplyTask() | LabelAssistantReplyTask():
                await self._review(turn, task)
                self._touch(task.conversation.messages[0].id)
            case RankAssistantRepliesTask() | RankPrompterRepliesTask():
                replies = [self._see(reply.text, turn.lang) for reply in task.reply_messages]
                await turn.hub.tasks.rank(turn.name, rank(replies, turn.volunteer, self._rng))
                self._touch(task.message_tree_id)
            case _:
                await turn.hub.tasks.decline(task.id, "this community does not know how to do that")
                self.tally.declined += 1
                return
        self.tally.done[str(task.__struct_config__.tag)] += 1
        if isinstance(task, ReviewTask):
            await self._react(turn, task)

    async def _write(self, turn: _Turn, write: Callable[[float], Written]) -> None:
        """Hand in a text that nobody of this community has written before.

        Raises:
            MessageDuplicated: the words ran out.
        """
        for _ in range(ATTEMPTS_TO_BE_NEW):
            if turn.volunteer.troll is None:
                written = write(effort(turn.volunteer, self._rng))
            else:
                written = texts.write_spam(turn.lang, self._rng)
            if written.text in self._memory:
                continue
            self._memory[written.text] = written
            with suppress(MessageDuplicated):  # this person said it in an earlier run, of which nothing is remembered
                await turn.hub.tasks.reply(turn.name, written.text, user_message_id=str(uuid4()), lang=turn.lang)
                return
        raise MessageDuplicated("the simulated community has nothing new to say; give it another seed")

    async def _review(self, turn: _Turn, task: ReviewTask) -> None:
        written = self._see(task.conversation.messages[-1].text, turn.lang)
        asked = Asked(tuple(task.valid_labels), tuple(task.mandatory_labels or ()), turn.lang)
        await turn.hub.tasks.label(task, label(asked, written, turn.volunteer, self._rng))

    async def _react(self, turn: _Turn, task: ReviewTask) -> None:
        """What people do beside the work: flag what is bad, praise what is good."""
        written = self._see(task.conversation.messages[-1].text, turn.lang)
        if turn.volunteer.troll is not None:
            return
        if written.is_spam and self._rng.random() < P_FLAG_SPAM:
            await turn.hub.messages.react(task.message_id, Emoji.RED_FLAG, EmojiOperation.ADD)
        elif written.quality > PRAISED_ABOVE and self._rng.random() < P_PRAISE:
            await turn.hub.messages.react(task.message_id, Emoji.THUMBS_UP, EmojiOperation.ADD)

    def _see(self, text: str, lang: str) -> Written:
        return self._memory.get(text) or texts.appraise(text, lang)

    def _touch(self, tree: UUID | None) -> None:
        if tree is not None:
            self._touched.add(tree)
