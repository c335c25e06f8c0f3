"""The same work line by line, without places on the screen: for screen readers, scripts and plain terminals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto

import msgspec

from oa.domain.labels import CATALOGUE, Label, Widget
from oa.errors import TaskTypeNotAvailable
from oa.protocol.conversations import ConversationMessage
from oa.protocol.labels import LabelDescription
from oa.protocol.tasks import InitialPromptTask
from oa.tui.drafts import Draft, Progress
from oa.tui.guidelines import GUIDELINES, HEADINGS
from oa.tui.language import ntr, tr
from oa.tui.session import RANKING_TASKS, REVIEW_TASKS, WORK, Session, Wish
from oa.tui.signs import plain
from oa.tui.words import word

STEPS = 5


class Out(Enum):
    """How somebody leaves a task without answering it."""

    SKIP = auto()
    QUIT = auto()


class _Left(Exception):
    def __init__(self, how: Out) -> None:
        super().__init__(how.name)
        self.how = how


@dataclass(frozen=True, slots=True)
class Lines:
    """A person at a keyboard, or a script."""

    session: Session
    ask: Callable[[str], str]
    """Prints a question and reads a line. EOFError: there are no more."""
    tell: Callable[[str], None]

    async def work(self, name: str, count: int | None = None) -> int:
        """Do tasks of some kind until there is nothing, or enough, or the person leaves; how many were handed in."""
        done = 0
        self.tell(tr("Type ? for the guideline, /skip to skip, /quit to leave; a draft is kept."))
        while count is None or done < count:
            try:
                draft = await self.session.next(Wish(WORK[name], self.session.lang))
            except TaskTypeNotAvailable:
                self.tell(tr("There is nothing of this kind to do now."))
                break
            try:
                self.session.hand_in(self._answered(draft))
                done += 1
            except _Left as left:
                if left.how is Out.QUIT:
                    break
                self.session.skip(draft)
            await self._deliver()
        self.tell(ntr("{count} answer handed in", "{count} answers handed in", done))
        return done

    async def _deliver(self) -> None:
        delivery = await self.session.deliver()
        for entry in delivery.refused:
            self.tell(f"! {plain(entry.refused or '')}")
        if delivery.waiting:
            waiting = ntr("{count} answer waits to be sent", "{count} answers wait to be sent", delivery.waiting)
            self.tell(f"! {plain(delivery.reason or '')} {waiting}")

    def _answered(self, draft: Draft) -> Draft:
        task = draft.task
        if isinstance(task, REVIEW_TASKS):
            self._show("review", task.conversation.messages)
            labels = self._labels(task.labels or [], task.mandatory_labels or [])
            return msgspec.structs.replace(draft, progress=Progress(labels=labels))
        if isinstance(task, RANKING_TASKS):
            self._show("rank", task.conversation.messages)
            return msgspec.structs.replace(draft, progress=self._ranking([one.text for one in task.reply_messages]))
        messages = [] if isinstance(task, InitialPromptTask) else task.conversation.messages
        work = "first" if not messages else "prompt" if messages[-1].is_assistant else "assist"
        self._show(work, messages)
        return self._text(draft, work)

    def _show(self, work: str, messages: Sequence[ConversationMessage]) -> None:
        self.tell("")
        self.tell(tr(HEADINGS[work]))
        for message in messages:
            role = word("assistant" if message.is_assistant else "prompter")
            self.tell(f"{role}: {plain(message.text)}")

    def _ask(self, question: str, work: str) -> str:
        """A line that is no command."""
        while True:
            try:
                said = self.ask(question).strip()
            except EOFError:
                raise _Left(Out.QUIT) from None
            match said:
                case "/skip":
                    raise _Left(Out.SKIP)
                case "/quit":
                    raise _Left(Out.QUIT)
                case "?":
                    self.tell(tr(GUIDELINES[work]))
                case _:
                    return said

    # --- reviews ------------------------------------------------------------------------------------------------------

    def _labels(self, labels: Sequence[LabelDescription], required: Sequence[str]) -> dict[str, float]:
        values: dict[str, float] = {}
        for label in sorted(labels, key=lambda one: one.widget == Widget.LIKERT):
            value = self._label(label, label.name in required)
            if value is not None:
                values[label.name] = value
        return values

    def _label(self, label: LabelDescription, is_required: bool) -> float | None:
        known = CATALOGUE[Label(label.name)] if label.name in CATALOGUE else None
        self.tell(tr(label.help_text or ""))
        if label.widget == Widget.LIKERT:
            left, right = known.ends if known else (None, None)
            choice = f"1 {tr(left or '')} .. {STEPS} {tr(right or '')}"
        else:
            choice = f"y {tr('yes')}, n {tr('no')}"
        question = f"{tr(label.display_text)} ({choice}{'' if is_required else ', - ' + tr('cannot say')}): "
        while True:
            said = self._ask(question, "review")
            if said in ("", "-") and not is_required:
                return None
            if label.widget != Widget.LIKERT and said in ("y", "n"):
                return float(said == "y")
            if label.widget == Widget.LIKERT and said in ("1", "2", "3", "4", "5"):
                shown = (int(said) - 1) / (STEPS - 1)
                return known.mirrored(shown) if known else shown
            self.tell(tr("That is no answer to this question."))

    # --- rankings -----------------------------------------------------------------------------------------------------

    def _ranking(self, replies: Sequence[str]) -> Progress:
        for number, reply in enumerate(replies, 1):
            self.tell(f"{number}: {plain(reply)}")
        while True:
            said = self._ask(tr("Best first, such as 2 1 3; or none, if none is acceptable: "), "rank")
            if said == "none":
                return Progress(order=list(range(len(replies))), not_rankable=True)
            order = [int(part) - 1 for part in said.replace(",", " ").split() if part.isdecimal()]
            if sorted(order) == list(range(len(replies))):
                return Progress(order=order)
            self.tell(tr("Name every reply once."))

    # --- texts --------------------------------------------------------------------------------------------------------

    def _text(self, draft: Draft, work: str) -> Draft:
        if draft.progress.text:
            self.tell(f"{tr('What you had written:')}\n{draft.progress.text}")
        self.tell(tr("Write; a line with only a dot hands it in."))
        lines = [draft.progress.text] if draft.progress.text else []
        while True:
            said = self._ask("", work)
            if said != ".":
                lines.append(said)
                draft = self.session.keep(draft, Progress(text="\n".join(lines)))
            elif not "".join(lines).strip():
                self.tell(tr("There is no text yet. Write something, or skip the task."))
            elif len(draft.progress.text) > self.session.message_limit:
                limit = self.session.message_limit
                self.tell(tr("The text is too long: {limit} characters are allowed.").format(limit=limit))
                lines = []
            else:
                return draft
