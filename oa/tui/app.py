"""The terminal interface: it puts the parts together and goes from screen to screen."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import import_module
from typing import Any, cast
from uuid import UUID

import httpx
from textual import work
from textual.app import App, SystemCommand
from textual.command import CommandPalette
from textual.driver import Driver
from textual.filter import LineFilter, NoColor
from textual.screen import Screen
from textual.widgets import Input

from oa.errors import ClientNotAuthorized, InvalidSetting, OaError, Unauthorized
from oa.tui import clipboard
from oa.tui.actions import bindings
from oa.tui.hubs import HubBook, KnownHub, chosen_hub, read_hubs, write_hubs
from oa.tui.keys import read_keymap
from oa.tui.language import begin, choose, ntr, tr
from oa.tui.navigation import PLACES, Destinations
from oa.tui.places import Places
from oa.tui.preferences import Preferences, knows_unicode, read_preferences, usual_theme, write_preferences
from oa.tui.screens.connect import Connect
from oa.tui.screens.dialogs import Complaint
from oa.tui.screens.frame import Frame
from oa.tui.screens.help import Help
from oa.tui.screens.home import Home
from oa.tui.screens.task import TaskScreen
from oa.tui.session import Session, open_session
from oa.tui.signs import ASCII, UNICODE, plain, use_signs
from oa.tui.themes import THEMES

RETRY_AFTER_S = (1.0, 2.0, 5.0, 10.0, 30.0)
"""How long to wait before sending again what waits; the last for ever."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """What the program is started with."""

    places: Places
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    hub: str | None = None
    token: str | None = None
    theme: str | None = None
    language: str | None = None
    transport: httpx.AsyncBaseTransport | None = None
    """Another way to the hub than the network."""
    now: Callable[[], datetime] = lambda: datetime.now(UTC)


class OaApp(App[None]):
    CSS_PATH = "oa.tcss"
    TITLE = "OA"
    COMMANDS = {Destinations}  # noqa: RUF012  # the framework declares it so
    COMMAND_PALETTE_BINDING = "ctrl+p"
    BINDINGS = bindings("everywhere.palette", "everywhere.help", "everywhere.quit", "everywhere.redraw")

    def __init__(self, start: Start, driver_class: type[Driver] | None = None) -> None:
        self.start = start
        self.env = start.env
        self.places = start.places
        self.preferences = read_preferences(start.places.config)
        begin(choose(start.language or self.preferences.language, start.env))
        self.is_ascii = not knows_unicode(start.env)
        use_signs(ASCII if self.is_ascii else UNICODE)
        super().__init__(driver_class=driver_class)
        for theme in THEMES:
            self.register_theme(theme)
        usual = usual_theme(start.env)
        wanted = usual if usual == "oa-mono" else start.theme or self.preferences.theme or usual
        self.theme = wanted if wanted in self.available_themes else usual
        self.animation_level = "none"
        self.set_class(self.is_ascii, "-ascii")
        self._session: Session | None = None
        self._attempts = 0
        self._waiting = 0

    @property
    def session(self) -> Session:
        """The person and the hub. Screens that need it are shown only when it is there."""
        assert self._session is not None
        return self._session

    @property
    def has_session(self) -> bool:
        return self._session is not None

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        return ()  # everything is in the registry of actions

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Highlighted code brings its own colours; without colours they go, and the signs stay."""
        return [NoColor()] if self.theme == "oa-mono" else super().get_line_filters()

    # --- beginning ----------------------------------------------------------------------------------------------------

    def on_mount(self) -> None:
        try:
            self.set_keymap(read_keymap(self.places.config))
        except InvalidSetting as error:
            self.notify(plain(str(error)), severity="warning", markup=False, timeout=30)
        try:
            book = read_hubs(self.places.config)
        except OaError as error:
            self.notify(plain(str(error)), severity="error", markup=False, timeout=30)
            book = HubBook()
        known = chosen_hub(book, self.env, hub=self.start.hub, token=self.start.token)
        if known is None:
            self.push_screen(Connect(self.start.hub or self.env.get("OA_HUB") or ""))
        else:
            self.push_screen(Home())
            self.connect(known)

    @work(exclusive=True, group="connect")
    async def connect(self, known: KnownHub) -> None:
        """Go to a hub, and try again while it cannot be reached."""
        try:
            session = await open_session(known, self.places, self.start.now, self.start.transport)
        except (Unauthorized, ClientNotAuthorized) as error:
            await self.switch_to(Connect(known.address, str(error)))
        except OaError as error:
            self._attempts += 1
            if isinstance(self.screen, Home):
                self.screen.say_waiting(str(error), self._attempts)
            self.set_timer(self._pause(), lambda: self.connect(known))
        else:
            await self.enter(session)

    @work(exclusive=True, group="welcome")
    async def welcome(self, session: Session) -> None:
        """Begin to work at a hub. The screen that asked goes, and with it whatever it is still doing."""
        await self.enter(session)

    async def enter(self, session: Session) -> None:
        """Begin to work at a hub."""
        if self._session is not None:
            await self._session.hub.close()
        self._session, self._attempts = session, 0
        if session.known.token != (self.start.token or self.env.get("OA_TOKEN")):
            write_hubs(self.places.config, read_hubs(self.places.config).with_hub(session.known))
        if session.profile.must_accept_terms:
            self.push_screen(self.make("terms"))
        if isinstance(self.screen, Home):
            self.screen.load()
        else:
            await self.switch_to(Home())
        self.deliver()

    async def switch_to(self, screen: Screen[Any]) -> None:
        """Show a screen with nothing below it."""
        while len(self.screen_stack) > 2:
            await self.pop_screen()
        if len(self.screen_stack) == 2:
            await self.pop_screen()
        await self.push_screen(screen)

    def make(self, name: str) -> Screen[Any]:
        """The screen of a place by its name; its module is loaded now."""
        module, _, kind = PLACES[name].screen.partition(":")
        return cast(Screen[Any], getattr(import_module(f"oa.tui.screens.{module}"), kind)())

    def action_go(self, name: str) -> None:
        """Go to a place."""
        if self._session is None:
            self.notify(tr("Sign in at a hub first."), severity="warning", markup=False)
        elif name == "home":
            while len(self.screen_stack) > 2:
                self.pop_screen()
        else:
            self.push_screen(self.make(name))

    def action_work(self, name: str) -> None:
        """Begin some kind of work."""
        if self._session is not None:
            self.push_screen(TaskScreen(name, self.session.lang))

    # --- sending ------------------------------------------------------------------------------------------------------

    def deliver(self) -> None:
        """Send what waits, soon; whatever is begun already is finished first."""
        self._deliver()

    @work(exclusive=False, group="deliver")
    async def _deliver(self) -> None:
        session = self.session
        delivery = await session.deliver()
        for entry in delivery.refused:
            words = tr("The hub did not take it: {reason}. Your text is kept under “Waiting”.")
            self.notify(plain(words.format(reason=entry.refused)), severity="error", markup=False, timeout=15)
        self._waiting = delivery.waiting
        if not delivery.waiting:
            self._attempts = 0
        else:
            self._attempts += 1
            if self._attempts == 1:
                self.notify(plain(delivery.reason or ""), severity="warning", markup=False)
            self.set_timer(self._pause(), self._retry)
        self._show_standing()

    def _retry(self) -> None:
        if self._session is not None and self._waiting:
            self.deliver()

    def _pause(self) -> float:
        return RETRY_AFTER_S[min(max(self._attempts, 1), len(RETRY_AFTER_S)) - 1]

    def standing_words(self) -> str:
        """How things stand between here and the hub, in a few words; nothing where all is well."""
        if not self._waiting:
            return ""
        waiting = ntr("{count} to send", "{count} to send", self._waiting)
        return f"{tr('reconnecting')} ({self._attempts}) {waiting}"

    def _show_standing(self) -> None:
        for screen in self.screen_stack:
            if isinstance(screen, TaskScreen | Home):
                screen.refresh_head()

    @work(group="report")
    async def send_report(self, message_id: UUID, complaint: Complaint) -> None:
        """Tell the moderators. What cannot be sent is said, so that it can be repeated."""
        try:
            await self.session.hub.labels.remark(message_id, complaint.words, complaint.labels, is_report=True)
        except OaError as error:
            self.notify(
                plain(f"{error} {tr('Your words:')} {complaint.words}"),
                title=tr("Not reported"),
                severity="error",
                markup=False,
                timeout=30,
            )
        else:
            self.notify(tr("The moderators will look at it."), markup=False)

    # --- everywhere ---------------------------------------------------------------------------------------------------

    def action_help(self) -> None:
        if not isinstance(self.screen, Help):
            self.push_screen(Help(self.screen.active_bindings))

    def action_command_palette(self) -> None:
        if any(isinstance(screen, CommandPalette) for screen in self.screen_stack):
            return
        palette = CommandPalette(placeholder=tr("Find an action or a place"))
        self.push_screen(palette)
        self.call_after_refresh(self._steady_cursor, palette)

    def _steady_cursor(self, palette: Screen[Any]) -> None:
        for field_ in palette.query(Input):
            field_.cursor_blink = False

    def action_redraw(self) -> None:
        self.refresh(layout=True)

    async def action_quit(self) -> None:
        for screen in self.screen_stack:
            if isinstance(screen, TaskScreen):
                screen.keep_now()
        self.exit()

    async def on_unmount(self) -> None:
        if self._session is not None:
            await self._session.hub.close()

    def simulate(self, key: str) -> None:
        self.simulate_key(key)

    def send_to_clipboard(self, text: str) -> None:
        """Give a text to the terminal, which never says what it did with it."""
        clipboard.send(text, self.env, self.copy_to_clipboard)
        self.notify(tr("Sent to your terminal."), markup=False)

    def prefer(self, preferences: Preferences) -> None:
        """Keep what somebody likes, and follow it."""
        self.preferences = preferences
        write_preferences(self.places.config, preferences)
        if preferences.theme in self.available_themes:
            self.theme = preferences.theme
        begin_again = choose(preferences.language, self.env)
        self.speak(begin_again)

    def speak(self, lang: str) -> None:
        """Speak another language from now on; screens say it when they are shown the next time."""
        from oa.tui.language import speech

        speech().use(lang)
        for screen in self.screen_stack:
            if isinstance(screen, Frame):
                screen.refresh(recompose=False)


def start_app(start: Start, *, mouse: bool = True) -> None:
    """Run the terminal interface until somebody leaves it."""
    if start.env.get("SSH_CONNECTION"):
        os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
    app = OaApp(start)
    app.run(mouse=mouse and app.preferences.mouse)
