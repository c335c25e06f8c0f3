"""What is not at the hub yet: drafts, answers that wait, and answers that it did not take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from oa.client.outbox import Entry, Labelled, Ranked, Written
from oa.tui.actions import bindings
from oa.tui.drafts import NOTHING_YET, Draft, kind_of
from oa.tui.language import mark, tr
from oa.tui.screens.dialogs import Read
from oa.tui.screens.tables import Chunk, TableScreen, dated
from oa.tui.session import WORK
from oa.tui.signs import signs
from oa.tui.words import word


@dataclass(frozen=True, slots=True)
class Kept:
    """One thing that is kept on this machine."""

    state: str
    date: str
    text: str
    reason: str = ""
    draft: Draft | None = None
    entry: Entry | None = None


class Waiting(TableScreen[Kept]):
    BINDINGS = bindings("list.remove")
    COLUMNS = ((mark("what"), 18), (mark("date"), 16), (mark("text"), 0))

    def title_text(self) -> str:
        return tr("Waiting: drafts and unsent answers")

    async def fetch(self, after: str | None) -> Chunk[Kept]:
        session = self.session
        refused = [
            Kept(f"! {tr('not taken')}", dated(entry.created), _text(entry), entry.refused or "", entry=entry)
            for entry in session.outbox.refused()
        ]
        waiting = [
            Kept(f"{signs().more} {tr('to be sent')}", dated(entry.created), _text(entry))
            for entry in session.outbox.waiting()
        ]
        drafts = [
            Kept(tr("draft"), dated(draft.saved), draft.progress.text or word(kind_of(draft.task).value), draft=draft)
            for draft in session.drafts.all()
            if draft.progress != NOTHING_YET
        ]
        return Chunk([*refused, *waiting, *drafts])

    def row(self, item: Kept) -> Sequence[str]:
        return (item.state, item.date, item.text)

    def detail(self, item: Kept) -> str:
        return "\n".join(filter(None, (item.reason, item.text[:600])))

    def open_item(self, item: Kept) -> None:
        if item.draft is not None:
            kind = kind_of(item.draft.task)
            name = next((name for name, kinds in WORK.items() if kind in kinds), "any")
            self.session.lang = item.draft.lang
            self.dismiss(None)
            self.oa.action_work(name)
        else:
            self.oa.push_screen(Read(item.state, f"{item.reason}\n\n{item.text}"))

    def action_remove(self) -> None:
        """Only what the hub refused can go: a draft is skipped in its task, and what waits is sent."""
        item = self.item
        if item is None or item.entry is None:
            self.say(tr("Only answers that were not taken can be removed here."))
            return
        self.session.outbox.forget(item.entry)
        self.load()


def _text(entry: Entry) -> str:
    match entry.answer:
        case Written(text=text):
            return text
        case Labelled(labels=labels):
            return ", ".join(f"{name} {value:g}" for name, value in labels.items())
        case Ranked(order=order):
            return " ".join(str(place + 1) for place in order)
        case _:
            return tr("skip")
