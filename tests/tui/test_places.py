"""What is around the work: signing in, trees, one's account, keeping order."""

from __future__ import annotations

import json
import stat

from community import Community
from desk import Desk, press, settle
from textual.widgets import Input

from oa.domain.people import AccountRole
from oa.tui.hubs import read_hubs
from oa.tui.language import tr
from oa.tui.preferences import read_preferences
from oa.tui.screens.connect import Connect
from oa.tui.screens.home import Home
from oa.tui.screens.leaders import Leaders
from oa.tui.screens.tree import TreeScreen


async def test_who_signs_in_once_is_known_from_then_on(desk: Desk) -> None:
    token = desk.person("eve")
    async with desk.sitting(None) as (app, pilot):
        assert isinstance(app.screen, Connect)
        await press(pilot, "ctrl+s")
        assert isinstance(app.screen, Connect)
        app.screen.query_one("#hub", Input).value = "http://hub.test"
        app.screen.query_one("#token", Input).value = token
        await press(pilot, "ctrl+s")
        assert isinstance(app.screen, Home)
    (known,) = read_hubs(desk.places.config).hubs
    assert (known.address, known.username, known.token) == ("http://hub.test", "eve", token)
    assert stat.S_IMODE((desk.places.config / "hubs.json").stat().st_mode) == 0o600
    async with desk.sitting(None) as (app, _):
        assert isinstance(app.screen, Home)


async def test_a_token_from_outside_is_not_written_down(desk: Desk) -> None:
    async with desk.sitting(None, env={"OA_TOKEN": desk.person("eve"), "OA_HUB": "http://hub.test"}) as (app, _):
        assert app.has_session
    assert read_hubs(desk.places.config).hubs == []


async def test_the_palette_goes_to_a_place_by_its_name(desk: Desk) -> None:
    async with desk.sitting(desk.person("eve")) as (app, pilot):
        await press(pilot, "ctrl+p", *"Leaderb", "enter", "enter")
        assert isinstance(app.screen, Leaders)


async def test_a_changed_key_does_what_the_usual_one_did(desk: Desk) -> None:
    desk.places.config.mkdir()
    (desk.places.config / "keys.toml").write_text('home.leaders = "w"\n')
    async with desk.sitting(desk.person("eve")) as (app, pilot):
        await press(pilot, "l")
        assert isinstance(app.screen, Home)
        await press(pilot, "w")
        assert isinstance(app.screen, Leaders)


async def test_language_and_colours_are_taken_at_once_and_kept(desk: Desk) -> None:
    async with desk.sitting(desk.person("eve")) as (app, pilot):
        await press(pilot, "comma", "down", "enter")
        assert app.theme == "oa-light"
        await press(pilot, *["down"] * 6, "enter")
        assert tr("yes") == "ja"
        await press(pilot, "escape")
    kept = read_preferences(desk.places.config)
    assert (kept.theme, kept.language) == ("oa-light", "de")


async def test_a_vote_is_given_and_taken_back(desk: Desk, community: Community) -> None:
    prompt = community.growing()
    async with desk.sitting(desk.person("eve")) as (app, pilot):
        app.push_screen(TreeScreen(prompt))
        await settle(pilot)
        await press(pilot, "plus")
        assert len(community.rows("message_emoji")) == 1
        await press(pilot, "plus")
        assert community.rows("message_emoji") == []


async def test_a_message_that_is_gone_is_a_sentence(desk: Desk, community: Community) -> None:
    prompt = community.growing()
    async with desk.sitting(desk.person("eve")) as (app, pilot):
        app.push_screen(TreeScreen(prompt))
        await settle(pilot)
        community.delete(prompt)
        await press(pilot, "plus", "r", "enter")
        assert app.is_running


async def test_ones_data_is_written_to_a_private_file(desk: Desk) -> None:
    async with desk.sitting(desk.person("eve")) as (_, pilot):
        await press(pilot, "a", "down", "down", "enter")
    (path,) = desk.places.state.glob("export-*.json")
    assert "eve" in json.dumps(json.loads(path.read_bytes()))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_the_name_that_others_see_is_changed(desk: Desk, community: Community) -> None:
    async with desk.sitting(desk.person("eve")) as (app, pilot):
        await press(pilot, "a", "enter")
        app.screen.query_one(Input).value = "Evelyn"
        await press(pilot, "enter")
        assert app.session.profile.display_name == "Evelyn"


async def test_a_moderator_shuts_somebody_out_and_lets_them_in(desk: Desk, community: Community) -> None:
    community.prompt("ada")
    async with desk.sitting(desk.person("mia", AccountRole.MODERATOR)) as (app, pilot):
        app.action_go("users")
        await settle(pilot)
        await press(pilot, "s")
        assert [row["enabled"] for row in community.rows("user", username="ada")] == [False]
        await press(pilot, "s")
        assert [row["enabled"] for row in community.rows("user", username="ada")] == [True]


async def test_a_moderator_dismisses_a_report(desk: Desk, community: Community) -> None:
    prompt = community.prompt("ada")
    community.remark("ben", prompt, text="No.", is_report=True)
    async with desk.sitting(desk.person("mia", AccountRole.MODERATOR)) as (app, pilot):
        app.action_go("reports")
        await settle(pilot)
        await press(pilot, "x")
    assert [row["processed"] for row in community.rows("flagged_message")] == [True]


async def test_a_moderator_halts_a_tree_and_lets_it_go_on(desk: Desk, community: Community) -> None:
    prompt = community.growing()
    async with desk.sitting(desk.person("mia", AccountRole.MODERATOR)) as (app, pilot):
        app.push_screen(TreeScreen(prompt))
        await settle(pilot)
        await press(pilot, "h")
        assert community.state(prompt) == "halted_by_moderator"
        await press(pilot, "h")
        assert community.state(prompt) == "growing"


async def test_a_volunteer_is_offered_nothing_that_only_moderators_do(desk: Desk, community: Community) -> None:
    prompt = community.growing()
    async with desk.sitting(desk.person("eve")) as (app, pilot):
        app.push_screen(TreeScreen(prompt))
        await settle(pilot)
        await press(pilot, "h", "D")
    assert community.state(prompt) == "growing"
    assert not community.message(prompt).deleted
