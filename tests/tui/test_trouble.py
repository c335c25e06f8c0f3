"""What goes wrong between a person and the hub: the text is kept, the program lives, and it says what happened."""

from __future__ import annotations

from datetime import timedelta
from typing import Protocol

import pytest
from community import Community
from desk import Desk, press, settle
from textual import events

from oa.client.outbox import Outbox
from oa.hub import halting
from oa.hub.moderators import Moderator
from oa.store import tables
from oa.tui.app import OaApp
from oa.tui.screens.connect import Connect
from oa.tui.screens.home import Home
from oa.tui.screens.task import TaskScreen
from oa.tui.widgets.conversation import Conversation
from oa.tui.widgets.editor import PlainTextArea
from oa.tui.widgets.parts import WritePart
from oa.tui.widgets.questions import QuestionList


class Clock(Protocol):
    def advance(self, by: timedelta) -> None: ...


NUMBERS = {"review": ("1", "n", "enter"), "rank": ("2", "J", "enter"), "assist": ("3", "h", "i", "ctrl+s")}
TABLES = {"review": "text_labels", "rank": "ballot", "assist": "message"}


def begin(community: Community, kind: str) -> int:
    """Something to do of this kind; how many rows there are before it is done."""
    match kind:
        case "review":
            community.prompt("ada")
        case "rank":
            community.ranking()
        case _:
            community.growing()
    return len(community.rows(TABLES[kind]))


def notices(app: OaApp) -> list[str]:
    return [str(notice.message) for notice in app._notifications]


@pytest.mark.parametrize("kind", list(NUMBERS))
async def test_an_answer_that_cannot_be_sent_waits_and_is_sent_once(
    desk: Desk, community: Community, kind: str
) -> None:
    before = begin(community, kind)
    start, *rest = NUMBERS[kind]
    async with desk.sitting(desk.person("eve")) as (app, pilot):
        await press(pilot, start)
        desk.line.is_cut = True
        await press(pilot, *rest)
        assert len(app.session.outbox.waiting()) == 1
        assert len(community.rows(TABLES[kind])) == before
        assert "1" in app.standing_words()
        desk.line.is_cut = False
        app.deliver()
        app.deliver()
        await settle(pilot)
        assert app.session.outbox.waiting() == []
    assert len(community.rows(TABLES[kind])) == before + 1


@pytest.mark.parametrize("kind", list(NUMBERS))
async def test_what_was_begun_is_there_after_the_program_was_killed(
    desk: Desk, community: Community, kind: str
) -> None:
    before = begin(community, kind)
    start, *rest = NUMBERS[kind]
    token = desk.person("eve")
    async with desk.sitting(token) as (app, pilot):
        await press(pilot, start, *rest[:-1])
        assert isinstance(app.screen, TaskScreen)
        app.screen.keep_now()
    async with desk.sitting(token) as (_, pilot):
        await press(pilot, start, rest[-1])
    assert len(community.rows(TABLES[kind])) == before + 1


async def test_an_answer_that_waited_is_sent_by_the_next_start(desk: Desk, community: Community) -> None:
    community.growing()
    token = desk.person("eve")
    async with desk.sitting(token) as (_, pilot):
        await press(pilot, "3", "h", "i")
        desk.line.is_cut = True
        await press(pilot, "ctrl+s")
    desk.line.is_cut = False
    async with desk.sitting(token) as (app, _):
        assert app.session.outbox.waiting() == []
    assert "hi" in [row["text"] for row in community.rows("message")]


async def test_an_unsent_answer_can_be_taken_back_without_the_hub(desk: Desk, community: Community) -> None:
    community.prompt("ada")
    async with desk.sitting(desk.person("eve")) as (app, pilot):
        await press(pilot, "1")
        desk.line.is_cut = True
        await press(pilot, "n", "enter", "u")
        assert app.screen.query_one(QuestionList).values == {"spam": 0.0}
        assert app.session.outbox.waiting() == []


async def test_a_task_that_expired_while_writing_leaves_the_text(
    desk: Desk, community: Community, clock: Clock
) -> None:
    community.growing()
    async with desk.sitting(desk.person("eve")) as (app, pilot):
        await press(pilot, "3", "h", "i")
        clock.advance(timedelta(days=30))
        await press(pilot, "ctrl+s")
        (kept,) = app.session.outbox.refused()
        assert kept.refused is not None
        assert any(kept.refused in notice for notice in notices(app))
        await press(pilot, "escape", "o")
        assert app.screen.items[0].text == "hi"  # type: ignore[attr-defined]
        await press(pilot, "x")
        assert app.session.outbox.refused() == []


async def test_a_halted_tree_leaves_the_text(desk: Desk, community: Community) -> None:
    prompt = community.growing()
    async with desk.sitting(desk.person("eve")) as (app, pilot):
        await press(pilot, "3", "h", "i")
        community.database.run(lambda tx: halting.halt(tx, Moderator(community.moderator), prompt))
        community.delete(prompt)
        await press(pilot, "ctrl+s")
        assert len(app.session.outbox.refused()) + len(community.rows("message", parent_id=prompt)) == 1


async def test_a_revoked_token_keeps_the_answer_and_says_so(desk: Desk, community: Community) -> None:
    community.prompt("ada")
    token = desk.person("eve")
    async with desk.sitting(token) as (app, pilot):
        await press(pilot, "1", "n")
        desk.hub.database.run(lambda tx: tx.connection.execute(tables.metadata.tables["token"].delete()))
        await press(pilot, "enter")
        assert len(app.session.outbox.waiting()) == 1
        assert notices(app)


async def test_a_token_that_does_not_hold_leads_to_signing_in(desk: Desk) -> None:
    async with desk.sitting("oat_wrong") as (app, _):
        assert isinstance(app.screen, Connect)


@pytest.mark.parametrize("status", [500, 502])
async def test_a_hub_that_answers_nonsense_is_a_sentence(desk: Desk, community: Community, status: int) -> None:
    community.prompt("ada")
    async with desk.sitting(desk.person("eve")) as (app, pilot):
        await press(pilot, "1", "n")
        desk.line.answers = status
        await press(pilot, "enter")
        assert len(app.session.outbox.waiting()) == 1
        await press(pilot, "escape", "l", "escape", "m", "escape", "t", "escape")
        assert isinstance(app.screen, Home)


async def test_a_hub_that_is_down_at_the_start_is_waited_for(desk: Desk) -> None:
    token = desk.person("eve")
    desk.line.is_cut = True
    async with desk.sitting(token) as (app, pilot):
        assert isinstance(app.screen, Home)
        await press(pilot, "1", "l", "g")
        assert isinstance(app.screen, Home)


async def test_what_others_wrote_is_shown_and_obeyed_by_nobody(desk: Desk, community: Community) -> None:
    nasty = "[red]red[/red] \x1b[2J\x1b]0;title\x07 \u202egnp.exe [@click=app.quit]here[/] " + "x" * 500
    community.write("ada", community.take("ada", "initial_prompt"), nasty)
    async with desk.sitting(desk.person("eve")) as (app, pilot):
        await press(pilot, "1")
        shown = app.screen.query_one(Conversation).query("Markdown").first()._markdown  # type: ignore[attr-defined]
        assert "[red]red[/red]" in shown
        assert not {"\x1b", "\x07", "\u202e"} & set(shown)
        await press(pilot, "escape", "t", "enter")


async def test_a_megabyte_is_cut_and_kept_in_a_file(desk: Desk, community: Community) -> None:
    megabyte = "word " * 200_000
    async with desk.sitting(desk.person("eve")) as (app, pilot):
        await press(pilot, "5")
        area = app.screen.query_one(PlainTextArea)
        area.post_message(events.Paste(megabyte))
        await settle(pilot)
        assert 0 < len(area.text) < 100_000
        assert app.screen.query_one(WritePart).objection() is not None
    assert (desk.places.state / "pasted.txt").read_text() == megabyte


@pytest.mark.parametrize("size", [(1, 1), (20, 5), (59, 24), (80, 15)])
async def test_a_terminal_that_is_too_small_says_so_and_comes_back(
    desk: Desk, community: Community, size: tuple[int, int]
) -> None:
    community.prompt("ada")
    async with desk.sitting(desk.person("eve")) as (app, pilot):
        await press(pilot, "1", "n")
        await pilot.resize_terminal(*size)
        assert app.screen.query_one("#too-small").display
        await pilot.resize_terminal(80, 24)
        assert not app.screen.query_one("#too-small").display
        assert app.screen.query_one(QuestionList).values == {"spam": 0.0}


async def test_two_terminals_share_an_outbox(desk: Desk, community: Community) -> None:
    community.growing()
    async with desk.sitting(desk.person("eve")) as (app, pilot):
        await press(pilot, "3", "h", "i")
        desk.line.is_cut = True
        await press(pilot, "ctrl+s")
        (entry,) = app.session.outbox.waiting()
        path = next((desk.places.state).glob("*/outbox"))
        assert Outbox(path).waiting() == [entry]
