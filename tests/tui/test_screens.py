"""Every screen as a picture, at three sizes and without colours. `--snapshot-update` takes them anew."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Protocol
from uuid import UUID

import pytest
from community import Community
from desk import Desk, press, settle
from pytest_textual_snapshot import SVGImageExtension
from syrupy.assertion import SnapshotAssertion
from textual.pilot import Pilot
from textual.widgets import Static
from textual_plotext import PlotextPlot

from oa.domain.people import AccountRole
from oa.tui.app import OaApp

Variant = tuple[tuple[int, int], dict[str, Any]]
"""The size, and how the program is started."""

MINUTE = timedelta(minutes=1)

VARIANTS: dict[str, Variant] = {
    "80x24": ((80, 24), {}),
    "120x40": ((120, 40), {}),
    "mono": ((80, 24), {"env": {"NO_COLOR": "1"}}),
}

CODE = "A function that calls itself:\n\n```python\ndef f(n):\n    return 1 if n == 0 else n * f(n - 1)\n```\n\nAll."
DOLLS = "Recursion is like a set of Russian dolls: to open the smallest you open all that are around it, one by one."
WIDE = "再帰とは、自分自身を呼び出すことです。 🙂 وهذا نص عربي"


class Clock(Protocol):
    def advance(self, by: timedelta) -> None: ...


@pytest.fixture(autouse=True)
def _one_time_zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture(params=list(VARIANTS))
def variant(request: pytest.FixtureRequest) -> Variant:
    return VARIANTS[request.param]


@pytest.fixture
def pictures(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    return snapshot.use_extension(Svg)


class Svg(SVGImageExtension):
    file_extension = "svg"


class Camera:
    def __init__(self, app: OaApp, pilot: Pilot[None], pictures: SnapshotAssertion) -> None:
        self.app, self.pilot, self.pictures = app, pilot, pictures
        self.blurred: list[str] = []

    async def take(self, name: str, *pressed: str) -> None:
        await press(self.pilot, *pressed)
        self.app.clear_notifications()
        await settle(self.pilot)
        if self.app.export_screenshot(title=name) != self.pictures(name=name):
            self.blurred.append(name)

    def check(self) -> None:
        assert self.blurred == [], "these screens look different; see --snapshot-update"


def grown(community: Community, clock: Clock, *, is_ranked: bool = False) -> UUID:
    """A tree with two replies; they wait for a ballot, or have one. No two things happen at the same time."""
    community.set(num_reviews_initial_prompt=1, num_reviews_reply=1, num_required_rankings=1)
    prompt = community.write("ada", community.take("ada", "initial_prompt"), "Explain recursion to a ten-year-old.")
    clock.advance(MINUTE)
    community.review_everything("rita")
    replies: list[UUID] = []
    for name, text in (("ben", CODE), ("cleo", DOLLS)):
        clock.advance(MINUTE)
        replies.append(community.write(name, community.take(name, "assistant_reply"), text))
        community.review_everything("rita")
    clock.advance(MINUTE)
    if is_ranked:
        community.rank("rita", community.take("rita", "rank_assistant_replies"), *replies)
    return prompt


async def test_the_screens_of_work(
    desk: Desk, community: Community, clock: Clock, variant: Variant, pictures: SnapshotAssertion
) -> None:
    size, start = variant
    grown(community, clock)
    prompt = "How do I keep **balcony tomatoes** from splitting?\n\nThey get sun all day."
    community.write("dora", community.take("dora", "initial_prompt"), prompt)
    async with desk.sitting(desk.person("eve"), size=size, **start) as (app, pilot):
        camera = Camera(app, pilot, pictures)
        await camera.take("home")
        await camera.take("review", "1")
        await camera.take("review-answered", "n", "y", "down", "down", "down", "down", "4", "minus")
        await camera.take("report", "exclamation_mark", "space")
        await camera.take("guideline", "escape", "question_mark")
        await camera.take("ranking", "escape", "escape", "2", "down", "K")
        await camera.take("side-by-side", "down", "v")
        await camera.take("difference", "escape", "d")
        await camera.take("none-acceptable", "escape", "x")
        await camera.take("writing", "escape", "5", *"why")
        await camera.take("preview", "ctrl+r")
        await camera.take("palette", "escape", "escape", "ctrl+p")
        await camera.take("help", "escape", "f1")
        await camera.take("languages", "escape", "g")
        camera.check()


async def test_the_screens_of_the_community(
    desk: Desk, community: Community, clock: Clock, variant: Variant, pictures: SnapshotAssertion
) -> None:
    size, start = variant
    prompt = grown(community, clock, is_ranked=True)
    community.prompt("dora")
    clock.advance(MINUTE)
    community.remark("ben", prompt, text="It is an advertisement.", is_report=True, spam=1.0)
    token = desk.person("mia", AccountRole.MODERATOR)
    async with desk.sitting(token, size=size, **start) as (app, pilot):
        await press(pilot, "5", *"hello", "ctrl+s", "escape")
        camera = Camera(app, pilot, pictures)
        await camera.take("leaderboard", "l")
        await camera.take("own-messages", "escape", "m")
        await camera.take("messages", "escape", "t")
        await camera.take("search", "slash", *"dolls", "enter")
        await camera.take("tree", "enter")
        await camera.take("read", "enter")
        await camera.take("reaction", "escape", "e")
        await camera.take("waiting", "escape", "escape", "escape", "o")
        await camera.take("account", "escape", "a")
        await camera.take("settings", "escape", "comma")
        for name in ("users", "reports", "trolls", "journal", "status", "terms"):
            await press(pilot, "escape")
            app.action_go(name)
            await settle(pilot)
            await camera.take(name)
        camera.check()


async def test_statistics_stand_in_figures_and_in_a_plot(desk: Desk, community: Community) -> None:
    async with desk.sitting(desk.person("eve")) as (app, pilot):
        await press(pilot, "5", *"hello", "ctrl+s", "escape", "i")
        shown = str(app.screen.query_one("#figures", Static).render())
        assert any(line.split()[-4:] == ["1"] * 4 for line in shown.splitlines() if line.startswith("prompts"))
        assert app.screen.query_one(PlotextPlot).display


async def test_the_first_screen(desk: Desk, variant: Variant, pictures: SnapshotAssertion) -> None:
    size, start = variant
    async with desk.sitting(None, size=size, **start) as (app, pilot):
        camera = Camera(app, pilot, pictures)
        await camera.take("sign-in")
        camera.check()


@pytest.mark.parametrize("lang", ["ru", "de", "es"])
async def test_the_screens_in_other_languages(
    desk: Desk, community: Community, lang: str, pictures: SnapshotAssertion
) -> None:
    community.write("ada", community.take("ada", "initial_prompt"), WIDE)
    async with desk.sitting(desk.person("eve"), language=lang) as (app, pilot):
        camera = Camera(app, pilot, pictures)
        await camera.take("home")
        await camera.take("review", "1")
        camera.check()


async def test_the_screens_of_a_terminal_with_nothing_but_ascii(
    desk: Desk, community: Community, clock: Clock, pictures: SnapshotAssertion
) -> None:
    grown(community, clock)
    community.prompt("dora")
    async with desk.sitting(desk.person("eve"), env={"LANG": "C", "TERM": "linux"}) as (app, pilot):
        camera = Camera(app, pilot, pictures)
        await camera.take("home")
        await camera.take("review", "1", "n")
        await camera.take("ranking", "escape", "2")
        camera.check()


async def test_the_sentence_for_a_small_terminal(desk: Desk, pictures: SnapshotAssertion) -> None:
    async with desk.sitting(desk.person("eve"), size=(40, 10)) as (app, pilot):
        camera = Camera(app, pilot, pictures)
        await camera.take("too-small")
        camera.check()
