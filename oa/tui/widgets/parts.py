"""The part of a task's screen in which one answers: a form for each kind of task."""

from __future__ import annotations

from dataclasses import dataclass

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Markdown, Static

from oa.protocol.tasks import InitialPromptTask, RankAssistantRepliesTask, RankPrompterRepliesTask, ReviewTask
from oa.tui.actions import ACTIONS, bindings
from oa.tui.drafts import NOTHING_YET, Doable, Draft, Progress
from oa.tui.language import ntr, tr
from oa.tui.session import RANKING_TASKS, REVIEW_TASKS
from oa.tui.signs import plain
from oa.tui.widgets.editor import Editor
from oa.tui.widgets.questions import Question, QuestionList, questions_of
from oa.tui.widgets.ranking import RankList

WITHOUT_UNDO = tuple(action.name for action in ACTIONS if action.group == "task" and action.name != "task.undo")
"""What letters do in every task but writing, where they are text. Undoing goes on when there is no task."""


class Part(Vertical):
    """One form. What it holds can be asked for at any time."""

    work = "any"
    """The name of the work, for the guideline."""

    @dataclass
    class Changed(Message):
        """There is progress that should be kept."""

        progress: Progress

    def progress(self) -> Progress:
        return NOTHING_YET

    def objection(self) -> str | None:
        """Why it cannot be handed in as it is; None where it can. What is objected to is pointed at."""
        return None

    def target(self) -> Widget:
        """What has the keys."""
        return self


class ReviewPart(Part):
    BINDINGS = bindings(*WITHOUT_UNDO)

    work = "review"

    def __init__(self, task: ReviewTask, progress: Progress) -> None:
        super().__init__()
        self._asked = questions_of(task.labels or [], task.mandatory_labels or [])
        self._progress = progress

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="question-scroll", can_focus=False):
            yield QuestionList(self._asked, self._progress.labels, id="questions")
        yield Static(self._definition(self._asked[0]) if self._asked else "", id="definition", markup=False)

    def progress(self) -> Progress:
        return Progress(labels=dict(self._list.values))

    def objection(self) -> str | None:
        missing = self._list.missing()
        if not missing:
            return None
        self._list.point_at_missing()
        return ntr("{count} question needs an answer", "{count} questions need an answer", len(missing))

    def target(self) -> Widget:
        return self._list

    @property
    def _list(self) -> QuestionList:
        return self.query_one(QuestionList)

    @on(QuestionList.Answered)
    def _answered(self, event: QuestionList.Answered) -> None:
        event.stop()
        self.post_message(self.Changed(self.progress()))

    @on(QuestionList.Moved)
    def _moved(self, event: QuestionList.Moved) -> None:
        event.stop()
        self.query_one("#definition", Static).update(self._definition(event.question))

    @staticmethod
    def _definition(question: Question) -> str:
        return f"? {tr(question.help)}"


class RankPart(Part):
    BINDINGS = bindings("rank.diff", "rank.side", *WITHOUT_UNDO)

    work = "rank"

    def __init__(self, task: RankAssistantRepliesTask | RankPrompterRepliesTask, progress: Progress) -> None:
        super().__init__()
        self.replies = [plain(reply.text) for reply in task.reply_messages]
        self.messages = task.reply_messages
        self._progress = progress
        self._was_touched = progress != NOTHING_YET

    def compose(self) -> ComposeResult:
        yield RankList(self.replies, self._progress.order, self._progress.not_rankable, id="ranking")
        yield Static(id="reply-heading", markup=False, classes="rule")
        with VerticalScroll(id="reply", can_focus=False):
            yield Markdown(open_links=False)

    async def on_mount(self) -> None:
        await self._show(self.list.reply)

    @property
    def list(self) -> RankList:
        return self.query_one(RankList)

    def progress(self) -> Progress:
        return Progress(order=list(self.list.order), not_rankable=self.list.not_rankable)

    def objection(self) -> str | None:
        if self._was_touched:
            return None
        self._was_touched = True
        return tr("The order is as it came. Enter once more hands it in like this.")

    def target(self) -> Widget:
        return self.list

    @on(RankList.Changed)
    def _changed(self, event: RankList.Changed) -> None:
        event.stop()
        self._was_touched = True
        self._head()
        self.post_message(self.Changed(self.progress()))

    @on(RankList.Moved)
    async def _moved(self, event: RankList.Moved) -> None:
        event.stop()
        await self._show(event.reply)

    async def _show(self, reply: int) -> None:
        self._head()
        await self.query_one(Markdown).update(self.replies[reply])
        self.query_one("#reply", VerticalScroll).scroll_home(animate=False)

    def _head(self) -> None:
        heading = tr("Reply at place {place}").format(place=self.list.cursor + 1)
        if self.list.not_rankable:
            heading += f"   {tr('none is acceptable')}"
        self.query_one("#reply-heading", Static).update(heading)


class WritePart(Part):
    BINDINGS = bindings("write.*")

    def __init__(self, draft: Draft, limit: int) -> None:
        super().__init__()
        self.work = {"initial_prompt": "first", "assistant_reply": "assist"}.get(_tag(draft.task), "prompt")
        self._draft = draft
        self._limit = limit

    def compose(self) -> ComposeResult:
        task = self._draft.task
        earlier = [] if isinstance(task, InitialPromptTask) else [one.text for one in task.conversation.messages]
        yield Static(tr("your text"), markup=False, classes="rule")
        yield Editor(self._draft.progress.text, lang=self._draft.lang, limit=self._limit, earlier=earlier)

    @property
    def editor(self) -> Editor:
        return self.query_one(Editor)

    def progress(self) -> Progress:
        return Progress(text=self.editor.text)

    def objection(self) -> str | None:
        if not self.editor.text.strip():
            return tr("There is no text yet. Write something, or skip the task.")
        if self.editor.remarks().is_too_long:
            return tr("The text is too long: {limit} characters are allowed.").format(limit=self._limit)
        return None

    def target(self) -> Widget:
        return self.editor.area

    @on(Editor.Settled)
    def _settled(self, event: Editor.Settled) -> None:
        event.stop()
        self.post_message(self.Changed(self.progress()))


def part_for(draft: Draft, limit: int) -> Part:
    """The form for a task."""
    task = draft.task
    if isinstance(task, REVIEW_TASKS):
        return ReviewPart(task, draft.progress)
    if isinstance(task, RANKING_TASKS):
        return RankPart(task, draft.progress)
    return WritePart(draft, limit)


def _tag(task: Doable) -> str:
    return str(type(task).__struct_config__.tag)
