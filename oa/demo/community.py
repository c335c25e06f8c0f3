"""A simulated community at work: volunteers and trolls who do what people do, through the public API only.

In every round each volunteer, in an order drawn anew, does something or not by lot; the seed decides it all, as far as
the hub gives out the same tasks. Time passes only where somebody says how (`spend`), for one person after the other.
The community remembers what each of its texts is worth, and its honest people see that when they review and rank, more
or less clearly; nobody else is told.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from uuid import UUID, uuid4

from oa.client.hub import Hub
from oa.demo import texts
from oa.demo.texts import Written
from oa.demo.volunteers import Abuse, Asked, Volunteer, effort, label, rank, seconds_for
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

P_FLAG_SPAM, P_DISLIKE_SPAM = 0.4, 0.4
"""How often somebody who has reviewed spam raises a red flag for it, or at least gives it a thumb down."""

P_PRAISE = 0.1

PRAISED_ABOVE = 0.8
"""Texts of more quality than this are given a thumb up now and then."""

ATTEMPTS_TO_BE_NEW = 20
"""How often a writer starts again when the words that came have been said before."""

DEAD_ROUNDS = 3
"""After so many rounds in which nobody found anything to do, nobody will."""


ENOUGH_TO_COPY = 3
"""Texts of others that somebody must have seen before they copy one."""

BETWEEN_PUPPETS_S = 2.0
"""How long somebody with several accounts takes from one window to the next."""

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


WritingTask = InitialPromptTask | AssistantReplyTask | PrompterReplyTask


@dataclass(frozen=True, slots=True)
class _Turn:
    """One volunteer with one task."""

    volunteer: Volunteer
    hub: Hub
    lang: str
    name: str
    """Under which the task is acknowledged and answered."""
    is_ready: bool = False
    """The answer was made in another window, while the first one was."""


Desk = list[tuple[Volunteer, Hub]]
"""One person: nearly always one account, and the hub as it uses it."""


def _at_desks(people: Sequence[tuple[Volunteer, Hub]]) -> list[Desk]:
    """The accounts that belong to one person together; everybody else alone."""
    desks: dict[str, Desk] = {}
    for volunteer, hub in people:
        is_puppet = volunteer.abuse is Abuse.PUPPET
        desks.setdefault(volunteer.ring if is_puppet else volunteer.identity.username, []).append((volunteer, hub))
    return list(desks.values())


class Community:
    """People who share one seed and one memory of what they wrote."""

    def __init__(
        self,
        hub_for: Callable[[Volunteer], Hub],
        volunteers: Sequence[Volunteer],
        *,
        seed: int,
        spend: Callable[[float], None] = lambda _: None,
    ) -> None:
        """
        Args:
            hub_for: the hub as a volunteer uses it, for example `lambda v: hub.as_user(v.identity)`.
            spend: lets so many seconds pass; without it everybody answers at once.
        """
        people = [(volunteer, hub_for(volunteer)) for volunteer in volunteers]
        self._desks = _at_desks(people)
        self._onlooker = people[0][1]
        self._rng = random.Random(seed)
        self._pace = random.Random(f"pace {seed}")
        self._spend = spend
        self._memory: dict[str, Written] = {}
        self._said: dict[tuple[str, str], list[Written]] = {}
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
        for desk in self._rng.sample(self._desks, k=len(self._desks)):
            if self._rng.random() < desk[0][0].speed:
                await self._sit_down(desk)
        for tree in sorted(self._touched):
            self.tally.trees[tree] = (await self._onlooker.trees.state(tree)).state

    async def _sit_down(self, desk: Desk) -> None:
        """One person at work: takes a task, or one with each account, and then answers."""
        begun = [await self._begin(volunteer, hub) for volunteer, hub in desk]
        for place, (turn, task) in enumerate(pair for pair in begun if pair is not None):
            with self._counting_refusals():
                await self._answer(replace(turn, is_ready=place > 0), task)

    async def _begin(self, volunteer: Volunteer, hub: Hub) -> tuple[_Turn, AnyTask] | None:
        """Get something to do; None where there is nothing, or where it was given back."""
        turn = _Turn(volunteer, hub, self._rng.choice(volunteer.languages), str(uuid4()))
        with self._counting_refusals():
            task = await hub.tasks.request(lang=turn.lang)
            if self._rng.random() < P_DECLINE:
                await hub.tasks.decline(task.id, "not today")
                self.tally.declined += 1
                return None
            await hub.tasks.acknowledge(task.id, turn.name)
            return turn, task
        return None

    @contextmanager
    def _counting_refusals(self) -> Generator[None]:
        try:
            yield
        except TaskTypeNotAvailable:
            self.tally.idle += 1
        except OaError as error:
            if isinstance(error, HOPELESS) and not isinstance(error, UserDisabled):
                raise
            self.tally.refused[error.code] += 1

    async def _answer(self, turn: _Turn, task: AnyTask) -> None:
        match task:
            case InitialPromptTask():
                await self._write(turn, task, lambda quality: texts.write_prompt(turn.lang, quality, self._rng))
            case AssistantReplyTask() | PrompterReplyTask():
                write = texts.write_answer if isinstance(task, AssistantReplyTask) else texts.write_follow_up
                first = task.conversation.messages[0]
                topic = self._see(first.text, turn.lang).topic
                await self._write(turn, task, lambda quality: write(turn.lang, topic, quality, self._rng))
                self._touch(first.id)
            case LabelInitialPromptTask() | LabelPrompterReplyTask() | LabelAssistantReplyTask():
                await self._review(turn, task)
                self._touch(task.conversation.messages[0].id)
            case RankAssistantRepliesTask() | RankPrompterRepliesTask():
                replies = [self._see(reply.text, turn.lang) for reply in task.reply_messages]
                self._take_time(turn, read=sum(len(reply.text) for reply in replies))
                await turn.hub.tasks.rank(turn.name, rank(replies, turn.volunteer, self._rng))
                self._touch(task.message_tree_id)
            case _:
                await turn.hub.tasks.decline(task.id, "this community does not know how to do that")
                self.tally.declined += 1
                return
        self.tally.done[str(task.__struct_config__.tag)] += 1
        if isinstance(task, ReviewTask):
            await self._react(turn, task)

    async def _write(self, turn: _Turn, task: WritingTask, write: Callable[[float], Written]) -> None:
        """Hand in a text that nobody of this community has written before, unless somebody copies.

        Raises:
            MessageDuplicated: the words ran out.
        """
        read = 0 if isinstance(task, InitialPromptTask) else len(task.conversation.messages[-1].text)
        said = self._said.setdefault((str(task.__struct_config__.tag), turn.lang), [])
        for _ in range(ATTEMPTS_TO_BE_NEW):
            is_copy = turn.volunteer.abuse is Abuse.COPIER and len(said) >= ENOUGH_TO_COPY
            written = texts.copied(self._rng.choice(said), self._rng) if is_copy else self._new(turn, write)
            if written.text in self._memory and not is_copy:
                continue
            self._memory.setdefault(written.text, written)
            self._take_time(turn, read=read, written=len(written.text))
            with suppress(MessageDuplicated):  # this person said it in an earlier run, of which nothing is remembered
                await turn.hub.tasks.reply(turn.name, written.text, user_message_id=str(uuid4()), lang=turn.lang)
                if not is_copy:
                    said.append(written)
                return
        raise MessageDuplicated("the simulated community has nothing new to say; give it another seed")

    def _new(self, turn: _Turn, write: Callable[[float], Written]) -> Written:
        if turn.volunteer.troll is not None:
            return texts.write_spam(turn.lang, self._rng)
        return write(effort(turn.volunteer, self._rng))

    def _take_time(self, turn: _Turn, *, read: int, written: int = 0) -> None:
        """Let the time pass that this person needs to read and write so many characters."""
        pace = seconds_for(turn.volunteer, read, written, self._pace)
        self._spend(BETWEEN_PUPPETS_S if turn.is_ready else pace)

    async def _review(self, turn: _Turn, task: ReviewTask) -> None:
        written = self._see(task.conversation.messages[-1].text, turn.lang)
        asked = Asked(tuple(task.valid_labels), tuple(task.mandatory_labels or ()), turn.lang)
        self._take_time(turn, read=len(written.text))
        await turn.hub.tasks.label(task, label(asked, written, turn.volunteer, self._rng))

    async def _react(self, turn: _Turn, task: ReviewTask) -> None:
        """What people do beside the work: flag what is bad, praise what is good."""
        if turn.volunteer.troll is not None:
            return
        written = self._see(task.conversation.messages[-1].text, turn.lang)
        if (emoji := self._reaction(written, self._rng.random())) is not None:
            await turn.hub.messages.react(task.message_id, emoji, EmojiOperation.ADD)

    @staticmethod
    def _reaction(written: Written, chance: float) -> Emoji | None:
        if written.is_spam:
            flags, dislikes = chance < P_FLAG_SPAM, chance < P_FLAG_SPAM + P_DISLIKE_SPAM
            return Emoji.RED_FLAG if flags else Emoji.THUMBS_DOWN if dislikes else None
        return Emoji.THUMBS_UP if written.quality > PRAISED_ABOVE and chance < P_PRAISE else None

    def _see(self, text: str, lang: str) -> Written:
        return self._memory.get(text) or texts.appraise(text, lang)

    def _touch(self, tree: UUID | None) -> None:
        if tree is not None:
            self._touched.add(tree)
