"""Work, one task after the other: read, answer, hand in, and the next is there already."""

from __future__ import annotations

from uuid import UUID

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Container
from textual.widgets import Static

from oa.client.outbox import write_file
from oa.errors import OaError, TaskTypeNotAvailable
from oa.protocol.conversations import ConversationMessage
from oa.protocol.tasks import InitialPromptTask
from oa.tui.actions import bindings
from oa.tui.drafts import Draft, kind_of
from oa.tui.editing import edited
from oa.tui.guidelines import GUIDELINES, HEADINGS
from oa.tui.language import ntr, tr
from oa.tui.screens.dialogs import Ask, Beside, Complaint, Diff, Read, Report
from oa.tui.screens.frame import Frame
from oa.tui.session import WORK, Wish
from oa.tui.signs import plain, signs
from oa.tui.widgets.conversation import Conversation, role_name
from oa.tui.widgets.editor import PlainTextArea
from oa.tui.widgets.parts import Part, RankPart, WritePart, part_for


class TaskScreen(Frame[None]):
    """One kind of work, or any, in one language."""

    BINDINGS = bindings("task.undo")

    def __init__(self, name: str, lang: str) -> None:
        super().__init__()
        self._work = name
        self._wish = Wish(WORK[name], lang)
        self._draft: Draft | None = None
        self._kept = ""

    def body(self) -> ComposeResult:
        with Container(id="work"):
            yield Conversation(id="conversation")
            yield Container(id="answer")
        yield Static(id="nothing", markup=False)

    def on_mount(self) -> None:
        self.fetch()

    # --- which keys ---------------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return not (action == "undo" and isinstance(self._part, WritePart))  # there a letter is text

    @property
    def _part(self) -> Part | None:
        found = list(self.query(Part)) if self.is_mounted else []
        return found[0] if found and self._draft is not None else None

    # --- fetching -----------------------------------------------------------------------------------------------------

    @work(exclusive=True, group="fetch")
    async def fetch(self) -> None:
        """Take what is next."""
        self._say_nothing(tr("Fetching a task"))
        try:
            draft = await self.ask(self.session.next(self._wish))
        except TaskTypeNotAvailable:
            await self._clear()
            self._say_nothing(tr("There is nothing of this kind to do now. Esc goes back; try another kind."))
        except OaError as error:
            await self._clear()
            self._say_nothing(f"{plain(str(error))}\n\n{tr('Esc goes back; nothing is lost.')}")
        else:
            await self.show(draft)

    async def show(self, draft: Draft) -> None:
        """Put a task on the screen, as far as it has come."""
        part = part_for(draft, self.session.message_limit)
        with self.oa.batch_update():
            answer = self.query_one("#answer", Container)
            await self.ask(answer.remove_children())
            self._draft, self._kept = draft, ""
            await self.ask(self.query_one(Conversation).show(self._messages()))
            self.query_one(Conversation).display = bool(self._messages())
            await self.ask(answer.mount(part))
            self._say_nothing("")
            self.set_class(isinstance(part, WritePart), "-writing")
            self.set_class(not self._messages(), "-alone")
        part.target().focus()
        self._head()
        self.refresh_bindings()
        self.look_ahead(draft)

    @work(exclusive=True, group="ahead")
    async def look_ahead(self, draft: Draft) -> None:
        await self.ask(self.session.look_ahead(self._wish, draft))

    async def _clear(self) -> None:
        self._draft = None
        await self.ask(self.query_one("#answer", Container).remove_children())
        self.query_one(Conversation).display = False
        self._head()
        self.refresh_bindings()

    def _say_nothing(self, text: str) -> None:
        notice = self.query_one("#nothing", Static)
        is_shown = bool(text) and self._draft is None
        notice.update(text)
        notice.display = is_shown
        self.query_one("#work").display = not is_shown

    def _messages(self) -> list[ConversationMessage]:
        task = self._draft.task if self._draft else None
        return [] if task is None or isinstance(task, InitialPromptTask) else task.conversation.messages

    def _head(self) -> None:
        part = self._part
        name = part.work if part else self._work
        where = f"{tr(HEADINGS[name])} {signs().dot} {self._wish.lang}"
        done = self.session.done_today
        state = self._kept or (ntr("{count} done", "{count} done", done) if done else "")
        self.head(where, "  ".join(filter(None, (state, self.oa.standing_words()))))

    def refresh_head(self) -> None:
        self._head()

    # --- keeping ------------------------------------------------------------------------------------------------------

    @on(Part.Changed)
    def _keep(self, event: Part.Changed) -> None:
        if self._draft is not None:
            self._draft = self.session.keep(self._draft, event.progress)
            if isinstance(self._part, WritePart):
                self._kept = f"{tr('draft kept')} {self._draft.saved.astimezone():%H:%M:%S} {signs().done}"
                self._head()

    def keep_now(self) -> None:
        """Keep what is on the screen, however short ago it was typed."""
        part = self._part
        if part is not None and self._draft is not None and part.progress() != self._draft.progress:
            self._draft = self.session.keep(self._draft, part.progress())

    def action_back(self) -> None:
        self.keep_now()
        self.dismiss(None)

    # --- handing in ---------------------------------------------------------------------------------------------------

    def action_submit(self) -> None:
        part = self._part
        if part is None or self._draft is None:
            return
        objection = part.objection()
        if objection is not None:
            self.say(objection, is_problem=True)
            return
        self.keep_now()
        self.session.hand_in(self._draft)
        self._go_on()

    def action_skip(self) -> None:
        self._skip(None)

    def action_skip_because(self) -> None:
        def skip(reason: str | None) -> None:
            if reason is not None:
                self._skip(reason or None)

        self.oa.push_screen(Ask(tr("Why do you skip this?")), skip)

    def _skip(self, reason: str | None) -> None:
        if self._draft is None:
            return
        self.keep_now()
        self.session.skip(self._draft, reason)
        self._go_on()

    def _go_on(self) -> None:
        self._draft = None
        self.oa.deliver()
        self.fetch()

    def action_undo(self) -> None:
        self.take_back()

    action_undo_now = action_undo

    @work(exclusive=True, group="fetch")
    async def take_back(self) -> None:
        """The last answer, back on the screen."""
        if not self.session.can_undo():
            self.say(tr("There is nothing to take back: it goes for ten seconds."))
            return
        self.keep_now()
        try:
            draft = await self.ask(self.session.undo())
        except OaError as error:
            self.complain(error, tr("It stays as it is"))
            return
        if draft is not None:
            self._wish = Wish((kind_of(draft.task),), draft.lang) if not self._wish.covers(draft) else self._wish
            await self.show(draft)
            self.oa.deliver()

    # --- reading ------------------------------------------------------------------------------------------------------

    def action_scroll(self, step: int) -> None:
        self.query_one(Conversation).turn_pages(step)

    def action_read(self) -> None:
        parts = [f"**{role_name(one)}**\n\n{one.text}" for one in self._messages()]
        part = self._part
        if isinstance(part, RankPart):
            parts.append(f"**{tr('Reply at place {place}').format(place=part.list.cursor + 1)}**")
            parts.append(part.replies[part.list.reply])
        self.oa.push_screen(Read(tr("The whole conversation"), "\n\n".join(parts)))

    def action_guide(self) -> None:
        part = self._part
        if part is not None:
            text = tr(GUIDELINES.get(part.work, GUIDELINES["review"]))
            self.oa.push_screen(Read(tr(HEADINGS[part.work]), text))

    def action_diff(self) -> None:
        if (pair := self._pair()) is not None:
            self.oa.push_screen(Diff(tr("From the one above to this one"), *pair))

    def action_side(self) -> None:
        if (pair := self._pair()) is not None and isinstance(part := self._part, RankPart):
            place = part.list.cursor
            names = (tr("Reply at place {place}").format(place=at) for at in (place, place + 1))
            self.oa.push_screen(Beside(tr("Side by side"), pair, (next(names), next(names))))

    def _pair(self) -> tuple[str, str] | None:
        part = self._part
        if not isinstance(part, RankPart):
            return None
        if part.list.above is None:
            self.say(tr("There is none above it: go down first."))
            return None
        return part.replies[part.list.above], part.replies[part.list.reply]

    # --- writing ------------------------------------------------------------------------------------------------------

    def action_line(self) -> None:
        if isinstance(part := self._part, WritePart):
            part.editor.area.insert("\n")

    def action_preview(self) -> None:
        if isinstance(part := self._part, WritePart):
            self.oa.push_screen(Read(tr("Preview"), part.editor.text))

    def action_editor(self) -> None:
        """Hand the text to the editor that the environment names, and take back what it leaves."""
        part = self._part
        if not isinstance(part, WritePart):
            return
        self.keep_now()
        try:
            with self.oa.suspend():
                part.editor.text = edited(self.oa.env, part.editor.text)
        except OaError as error:
            self.complain(error)
        self.keep_now()

    @on(PlainTextArea.PastedTooMuch)
    def _keep_paste(self, event: PlainTextArea.PastedTooMuch) -> None:
        path = self.oa.places.state / "pasted.txt"
        write_file(path, event.text.encode("utf-8", "replace"))
        words = tr("More was pasted than fits. Its beginning is here, all of it in {path}.")
        self.say(words.format(path=path), is_problem=True)

    # --- reporting ----------------------------------------------------------------------------------------------------

    def action_report(self) -> None:
        found = self._reported()
        if found is None:
            self.say(tr("There is no message here to report."))
            return
        message_id = found

        def send(complaint: Complaint | None) -> None:
            if complaint is not None:
                self.oa.send_report(message_id, complaint)

        self.oa.push_screen(Report(), send)

    def _reported(self) -> UUID | None:
        part = self._part
        if isinstance(part, RankPart):
            return part.messages[part.list.reply].id
        messages = self._messages()
        return messages[-1].id if messages else None
