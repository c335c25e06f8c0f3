"""What there is to do, and how one stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text
from textual import events, work
from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Static

from oa.domain.standing import TimeFrame
from oa.errors import OaError
from oa.protocol.community import Announcement, Goal
from oa.protocol.oneself import ProfileChanges
from oa.protocol.standing import LeaderboardStats, UserScore
from oa.tui.actions import bindings
from oa.tui.language import mark, ntr, tr
from oa.tui.screens.frame import Frame
from oa.tui.screens.languages import Languages
from oa.tui.signs import cut, gauge, pad, plain, signs
from oa.tui.words import word

OFFERS = (
    ("review", mark("Review messages")),
    ("rank", mark("Rank replies")),
    ("assist", mark("Answer as the assistant")),
    ("prompt", mark("Go on as the prompter")),
    ("first", mark("Write a first prompt")),
    ("any", mark("Surprise me")),
)


class Menu(Widget):
    """The kinds of work with how much there is of each."""

    cursor: reactive[int] = reactive(0)
    counts: reactive[dict[str, int] | None] = reactive(None)

    def render(self) -> Text:
        lines: list[Text] = []
        for row, (name, text) in enumerate(OFFERS):
            is_here = row == self.cursor
            line = Text(f"{signs().here if is_here else ' '} {row + 1} ", style="bold")
            line.append(pad(tr(text), 26), Style(bold=is_here, reverse=is_here))
            line.append(f" {self._count(name):>6}")
            lines.append(line)
        return Text("\n", no_wrap=True).join(lines)

    def _count(self, name: str) -> str:
        if self.counts is None or name == "any":
            return ""
        return str(self.counts.get(name, 0) or signs().dash)

    def on_click(self, event: events.Click) -> None:
        if 0 <= event.y < len(OFFERS):
            self.cursor = event.y
            self.screen.post_message(Home.Chosen())


@dataclass(frozen=True, slots=True)
class Standing:
    """What the right side of home tells."""

    own: dict[TimeFrame, UserScore]
    around: LeaderboardStats | None
    goals: Sequence[Goal]
    announcements: Sequence[Announcement]


class Home(Frame[None]):
    BINDINGS = bindings("home.*")

    class Chosen(events.Event):
        """Something was clicked."""

    def __init__(self) -> None:
        super().__init__()
        self._waits_because = ""

    def body(self) -> ComposeResult:
        with Horizontal(id="home"):
            with VerticalScroll(id="left", can_focus=False):
                yield Static(tr("What would you like to do?"), markup=False, classes="heading")
                yield Menu(id="menu")
                yield Static(id="working", markup=False)
                yield Static(id="notices", markup=False)
            with VerticalScroll(id="right", can_focus=False):
                yield Static(id="standing", markup=False)

    def on_mount(self) -> None:
        self.refresh_head()

    def on_screen_resume(self) -> None:
        self.load()

    def say_waiting(self, reason: str, attempt: int) -> None:
        """The hub cannot be reached yet."""
        self.head("OA", f"{tr('reconnecting')} ({attempt})")
        words = tr("It is tried again by itself. What you wrote is kept.")
        self.query_one("#working", Static).update(f"{plain(reason)}\n\n{words}")

    def refresh_head(self) -> None:
        if not self.oa.has_session:
            self.head("OA", tr("connecting"))
            return
        session = self.session
        who = plain(session.profile.display_name, keep_lines=False)
        self.head(f"OA {signs().dot} {session.known.address.partition('://')[2]}", self.oa.standing_words() or who)

    @work(exclusive=True, group="load")
    async def load(self) -> None:
        """Ask the hub how things stand."""
        if not self.oa.has_session:
            return
        session = self.session
        self._show_drafts()
        try:
            self.query_one(Menu).counts = await self.ask(session.counts())
            own = await self.ask(session.hub.standings.own(session.profile.user_id))
            around = await self.ask(session.hub.standings.neighbours(session.profile.user_id, TimeFrame.WEEK, size=1))
            goals = await self.ask(session.hub.standings.goals())
            told = await self.ask(session.hub.standings.announcements(session.lang))
        except OaError as error:
            self.complain(error)
            return
        self.refresh_head()
        self._show(Standing(own, around, goals, told))

    def _show_drafts(self) -> None:
        session = self.session
        lines = [f"{tr('Working in:')} {', '.join(session.profile.languages or [session.lang])}  (g)"]
        drafts = sum(draft.progress.text != "" for draft in session.drafts.all())
        refused = len(session.outbox.refused())
        if drafts:
            lines.append(ntr("{count} draft is kept (o)", "{count} drafts are kept (o)", drafts))
        if refused:
            lines.append("! " + ntr("{count} answer was not taken (o)", "{count} answers were not taken (o)", refused))
        self.query_one("#working", Static).update("\n".join(lines))

    def _show(self, standing: Standing) -> None:
        notices = [f"{tr('Notice')}  {plain(one.text)}" for one in standing.announcements[:3]]
        self.query_one("#notices", Static).update("\n\n".join(notices))
        lines = [*_own(standing.own), *_place(standing.around), "", *_goals(standing.goals)]
        self.query_one("#standing", Static).update("\n".join(lines).rstrip())

    # --- keys ---------------------------------------------------------------------------------------------------------

    def action_back(self) -> None:
        """There is nothing behind home."""

    def action_move(self, step: int) -> None:
        menu = self.query_one(Menu)
        menu.cursor = (menu.cursor + step) % len(OFFERS)

    def action_start(self) -> None:
        self.action_begin(OFFERS[self.query_one(Menu).cursor][0])

    def on_home_chosen(self) -> None:
        self.action_start()

    def action_begin(self, name: str) -> None:
        if not self.oa.has_session:
            self.say(tr("The hub cannot be reached yet."))
            return
        self.query_one(Menu).cursor = [offer for offer, _ in OFFERS].index(name)
        self.oa.action_work(name)

    def action_go(self, name: str) -> None:
        self.oa.action_go(name)

    def action_refresh(self) -> None:
        self.load()

    def action_help(self) -> None:
        self.oa.action_help()

    def action_languages(self) -> None:
        if self.oa.has_session:
            self.oa.push_screen(Languages(self.session.profile.languages or [self.session.lang]), self._work_in)

    def _work_in(self, langs: list[str] | None) -> None:
        if langs:
            self.change_languages(langs)

    @work(exclusive=True, group="languages")
    async def change_languages(self, langs: list[str]) -> None:
        try:
            self.session.profile = await self.ask(self.session.hub.me.change(ProfileChanges(languages=langs)))
        except OaError as error:
            self.complain(error)
        else:
            self.session.lang = langs[0]
            self.load()


def answers(score: UserScore) -> int:
    """How much somebody has done."""
    texts = score.prompts + score.replies_assistant + score.replies_prompter
    return texts + score.labels_simple + score.labels_full + score.rankings_total


def _own(own: dict[TimeFrame, UserScore]) -> list[str]:
    week, total = own[TimeFrame.WEEK], own[TimeFrame.TOTAL]
    lines = [f"{pad(tr('This week'), 14)} {ntr('{count} answer', '{count} answers', answers(week))}"]
    lines.append(f"{pad(tr('Points'), 14)} {total.leader_score}")
    reach = total.leader_score - total.level_begins_at
    span = (total.next_level_at or total.leader_score) - total.level_begins_at
    lines.append(f"{pad(tr('Level'), 14)} {total.level} {gauge(reach / span if span else float(total.level > 0), 8)}")
    if total.streak_days:
        days = ntr("{count} day", "{count} days", total.streak_days)
        lines.append(f"{pad(tr('Streak'), 14)} {days} {signs().done}")
    return lines


def _place(around: LeaderboardStats | None) -> list[str]:
    places = [] if around is None else around.leaderboard
    mine = next((one for one in places if one.highlighted), None)
    if mine is None or mine.rank is None:
        return []
    lines = [f"{pad(tr('Place'), 14)} {mine.rank}"]
    ahead = next((one for one in places if one.rank is not None and one.rank < mine.rank), None)
    if ahead is not None:
        gap = ntr("{count} point behind", "{count} points behind", ahead.leader_score - mine.leader_score)
        lines.append(f"{pad('', 14)} {gap} {cut(ahead.display_name, 14)}")
    return lines


def _goals(goals: Sequence[Goal]) -> list[str]:
    if not goals:
        return []
    wide = max(cell_len(goal.lang) for goal in goals)
    return [
        tr("Goals of the community"),
        *(
            f"{pad(goal.lang, wide)} {gauge(goal.progress, 10)} {round(goal.progress * 100):>3} % {word(goal.kind)}"
            for goal in goals[:6]
        ),
    ]
