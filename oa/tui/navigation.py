"""The places one can go to, and the palette that finds them and every action by its name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider

from oa.tui.actions import BY_NAME
from oa.tui.guidelines import HEADINGS
from oa.tui.language import mark, tr
from oa.tui.widgets.bars import key_name

if TYPE_CHECKING:
    from oa.tui.app import OaApp


@dataclass(frozen=True, slots=True)
class Place:
    """A screen that can be reached from anywhere."""

    screen: str
    """Its module in `oa.tui.screens`, a colon, its class; loaded when it is shown first."""
    text: str
    for_moderators: bool = False
    is_listed: bool = True


PLACES: Mapping[str, Place] = MappingProxyType(
    {
        "home": Place("home:Home", mark("Home")),
        "leaders": Place("leaders:Leaders", mark("Leaderboard")),
        "statistics": Place("statistics:Statistics", mark("My statistics")),
        "messages": Place("messages:OwnMessages", mark("My messages and their fate")),
        "browse": Place("browse:Browse", mark("Messages and trees")),
        "outbox": Place("outbox:Waiting", mark("Waiting: drafts and unsent answers")),
        "account": Place("account:Account", mark("Account")),
        "settings": Place("settings:Settings", mark("Settings")),
        "terms": Place("terms:TermsOfService", mark("Terms of service")),
        "users": Place("users:Users", mark("People"), for_moderators=True),
        "reports": Place("reports:Reports", mark("Reports"), for_moderators=True),
        "trolls": Place("trolls:Trolls", mark("Trollboard"), for_moderators=True),
        "journal": Place("journal:Journal", mark("Journal"), for_moderators=True),
        "status": Place("status:Status", mark("Status of the hub"), for_moderators=True),
    }
)
"""By the names that `go('…')` uses. The palette lists what is in here, so a new part of the program is entered here."""


@dataclass(frozen=True, slots=True)
class Command:
    text: str
    run: Callable[[], object]
    key: str = ""


class Destinations(Provider):
    """Everything that can be done now, each with its key."""

    async def discover(self) -> Hits:
        for command in self._commands():
            yield DiscoveryHit(self._shown(command), command.run, text=command.text)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for command in self._commands():
            score = matcher.match(command.text)
            if score > 0:
                shown = matcher.highlight(command.text)
                if command.key:
                    shown = shown + f"  {command.key}"
                yield Hit(score, shown, command.run, text=command.text)

    @staticmethod
    def _shown(command: Command) -> str:
        return f"{command.text}  {command.key}".rstrip()

    def _commands(self) -> Iterator[Command]:
        yield from self._actions()
        app = cast("OaApp", self.app)
        if not app.has_session:
            return
        for name, text in HEADINGS.items():
            yield Command(tr(text), partial(app.action_work, name))
        for name, place in PLACES.items():
            if place.is_listed and (app.session.is_moderator or not place.for_moderators):
                yield Command(tr(place.text), partial(app.action_go, name))

    def _actions(self) -> Iterator[Command]:
        seen: set[str] = set()
        for active in self.screen.active_bindings.values():
            name = active.binding.id or ""
            if name not in BY_NAME or name in seen or not active.enabled or name == "everywhere.palette":
                continue
            seen.add(name)
            action = BY_NAME[name]
            run = partial(self._run, active.binding.action, active.node)
            yield Command(tr(action.help or action.text), run, key_name(active.binding.key))

    async def _run(self, action: str, node: object) -> None:
        await self.app.run_action(action, default_namespace=cast("OaApp", node))
