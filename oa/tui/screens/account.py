"""Oneself: name, what the leaderboards show, taking one's data along, leaving."""

from __future__ import annotations

from collections.abc import Callable

from textual import on, work
from textual.app import ComposeResult
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from oa.client.outbox import write_file
from oa.errors import OaError
from oa.protocol.oneself import ProfileChanges
from oa.tui.hubs import read_hubs, write_hubs
from oa.tui.language import tr
from oa.tui.screens.connect import Connect
from oa.tui.screens.dialogs import Ask, Read
from oa.tui.screens.frame import Frame
from oa.tui.screens.tables import dated
from oa.tui.signs import pad, plain
from oa.tui.words import word


class Account(Frame[None]):
    def body(self) -> ComposeResult:
        yield Static(id="facts", markup=False, classes="heading")
        yield OptionList(
            Option(tr("Change the name that others see"), id="name"),
            Option(tr("Be shown on leaderboards, or not"), id="shown"),
            Option(tr("Take my data along: write it to a file"), id="export"),
            Option(tr("Password, access tokens and SSH keys"), id="secrets"),
            Option(tr("Go to another hub"), id="hub"),
            Option(tr("Sign out on this machine"), id="out"),
            Option(tr("Delete my account"), id="leave"),
            id="choices",
            markup=False,
        )

    def on_mount(self) -> None:
        self.head(tr("Account"))
        self.query_one("#choices").focus()
        self._show()

    def _show(self) -> None:
        me = self.session.profile
        facts = (
            (tr("Name"), f"{plain(me.display_name)} ({plain(me.username)})"),
            (tr("Role"), word(me.role or "")),
            (tr("Since"), dated(me.created_date)),
            (tr("Languages you work in"), ", ".join(me.languages)),
            (tr("On leaderboards"), tr("yes") if me.show_on_leaderboard else tr("no")),
        )
        self.query_one("#facts", Static).update("\n".join(f"{pad(name, 24)} {value}" for name, value in facts))

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        acts: dict[str, Callable[[], object]] = {
            "name": self._ask_name,
            "shown": self._turn_shown,
            "export": self.export,
            "secrets": self._explain_secrets,
            "hub": lambda: self.oa.push_screen(Connect()),
            "out": self._sign_out,
            "leave": self._ask_leave,
        }
        acts[event.option_id or ""]()

    def _ask_name(self) -> None:
        def rename(name: str | None) -> None:
            if name and name.strip():
                self.change(ProfileChanges(display_name=name.strip()))

        self.oa.push_screen(Ask(tr("The name that others see"), value=self.session.profile.display_name), rename)

    def _turn_shown(self) -> None:
        self.change(ProfileChanges(show_on_leaderboard=not self.session.profile.show_on_leaderboard))

    @work(exclusive=True, group="account")
    async def change(self, changes: ProfileChanges) -> None:
        try:
            self.session.profile = await self.ask(self.session.hub.me.change(changes))
        except OaError as error:
            self.complain(error)
        else:
            self._show()

    @work(exclusive=True, group="account")
    async def export(self) -> None:
        """Everything that the hub knows about oneself, beside the drafts."""
        try:
            document = await self.ask(self.session.hub.me.export())
        except OaError as error:
            self.complain(error)
            return
        path = self.oa.places.state / f"export-{self.oa.start.now():%Y%m%d-%H%M%S}.json"
        write_file(path, document)
        self.say(tr("It is in {path}.").format(path=path))

    def _explain_secrets(self) -> None:
        words = tr(
            "This hub does not let them be changed from here yet. Whoever runs it has `oa users password NAME`,"
            " `oa token add NAME` and `oa token revoke NAME`."
        )
        self.oa.push_screen(Read(tr("Password, access tokens and SSH keys"), words))

    def _sign_out(self) -> None:
        config = self.oa.places.config
        write_hubs(config, read_hubs(config).without(self.session.known.address))
        self.oa.exit()

    def _ask_leave(self) -> None:
        fate = self.session.profile.deleted_account_messages
        words = {
            "keep": tr("Your messages stay, without your name."),
            "remove": tr("Your messages are removed, with the replies to them."),
        }[str(fate)]
        title = f"{tr('This cannot be undone.')} {words} {tr('Type your user name to delete the account.')}"

        def confirm(name: str | None) -> None:
            if name is None:
                return
            if self.session.profile.has_password:
                self.oa.push_screen(Ask(tr("Your password"), is_secret=True), lambda word: self._leave(name, word))
            else:
                self._leave(name, "")

        self.oa.push_screen(Ask(title), confirm)

    def _leave(self, name: str, password: str | None) -> None:
        if password is not None:
            self.leave(name, password or None)

    @work(exclusive=True, group="account")
    async def leave(self, name: str, password: str | None) -> None:
        try:
            await self.ask(self.session.hub.me.leave(name, password))
        except OaError as error:
            self.complain(error)
        else:
            self._sign_out()
