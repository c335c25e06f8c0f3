"""Every kind of task by keys alone, against a real hub in this process."""

from __future__ import annotations

from datetime import timedelta
from typing import Protocol

import pytest
from community import Community
from desk import Desk, press, settle
from textual.pilot import Pilot

from oa.errors import Unavailable
from oa.tui.editing import edited
from oa.tui.screens.dialogs import Beside, Diff, Read
from oa.tui.screens.home import Home, Menu
from oa.tui.screens.task import TaskScreen
from oa.tui.widgets.parts import RankPart, ReviewPart, WritePart
from oa.tui.widgets.questions import QuestionList
from oa.tui.widgets.ranking import RankList


class Clock(Protocol):
    def advance(self, by: timedelta) -> None: ...


def work_of(community: Community, kind: str) -> None:
    """Something to do of the kind that home starts with this name."""
    match kind:
        case "review":
            community.prompt("ada")
        case "assist":
            community.growing()
        case "rank":
            community.ranking()


async def write(pilot: Pilot[None], text: str) -> None:
    await pilot.press(*("space" if letter == " " else letter for letter in text))
    await settle(pilot)


async def test_home_says_how_much_there_is_to_do(desk: Desk, community: Community) -> None:
    community.prompt("ada")
    async with desk.sitting(desk.person("eve")) as (app, _):
        assert isinstance(app.screen, Home)
        assert (app.screen.query_one(Menu).counts or {})["review"] == 1


async def test_a_review_sends_what_was_answered_and_nothing_else(desk: Desk, community: Community) -> None:
    prompt = community.prompt("ada")
    async with desk.sitting(desk.person("eve")) as (app, pilot):
        await press(pilot, "1", "n", "y")
        questions = app.screen.query_one(QuestionList)
        polite = next(at for at, one in enumerate(questions.questions) if one.name == "toxicity")
        await press(pilot, *["down"] * (polite - questions.cursor), "5", "enter")
    (given,) = community.rows("text_labels", message_id=prompt)
    assert given["labels"] == {"spam": 0.0, "lang_mismatch": 1.0, "toxicity": 0.0}


@pytest.mark.parametrize(
    ("name", "key", "stored"), [("toxicity", "1", 1.0), ("violence", "2", 0.75), ("quality", "1", 0)]
)
async def test_the_left_end_of_a_reversed_scale_is_stored_as_one(
    desk: Desk, community: Community, name: str, key: str, stored: float
) -> None:
    community.prompt("ada")
    async with desk.sitting(desk.person("eve")) as (app, pilot):
        await press(pilot, "1")
        questions = app.screen.query_one(QuestionList)
        questions.cursor = next(at for at, one in enumerate(questions.questions) if one.name == name)
        await press(pilot, key)
        assert questions.values == {name: stored}


async def test_what_must_be_answered_is_pointed_at(desk: Desk, community: Community) -> None:
    prompt = community.prompt("ada")
    async with desk.sitting(desk.person("eve")) as (app, pilot):
        await press(pilot, "1", "down", "down", "enter")
        assert app.screen.query_one(QuestionList).question.name == "spam"
    assert community.rows("text_labels", message_id=prompt) == []


async def test_an_answer_that_was_taken_away_is_not_sent(desk: Desk, community: Community) -> None:
    prompt = community.prompt("ada")
    async with desk.sitting(desk.person("eve")) as (_, pilot):
        await press(pilot, "1", "n", "y", "up", "minus", "enter")
    (given,) = community.rows("text_labels", message_id=prompt)
    assert given["labels"] == {"spam": 0.0}


async def test_a_ranking_follows_the_keys(desk: Desk, community: Community) -> None:
    _, replies = community.ranking()
    async with desk.sitting(desk.person("eve")) as (app, pilot):
        await press(pilot, "2")
        shown = [message.id for message in app.screen.query_one(RankPart).messages]
        await press(pilot, "J", "enter")
    (ballot,) = community.rows("ballot")
    assert ballot["ranking"] == [str(shown[1]), str(shown[0])]
    assert set(shown) == set(replies)


async def test_a_ranking_that_nobody_touched_needs_a_second_enter(desk: Desk, community: Community) -> None:
    community.ranking()
    async with desk.sitting(desk.person("eve")) as (_, pilot):
        await press(pilot, "2", "enter")
        assert community.rows("ballot") == []
        await press(pilot, "enter")
    assert len(community.rows("ballot")) == 1


async def test_replies_can_be_put_at_a_place_by_its_number(desk: Desk, community: Community) -> None:
    community.ranking()
    async with desk.sitting(desk.person("eve")) as (app, pilot):
        await press(pilot, "2", "down", "1")
        assert app.screen.query_one(RankList).order == [1, 0]


async def test_none_is_acceptable_is_sent(desk: Desk, community: Community) -> None:
    community.ranking()
    async with desk.sitting(desk.person("eve")) as (_, pilot):
        await press(pilot, "2", "x", "enter")
    (ballot,) = community.rows("ballot")
    assert ballot["not_rankable"] is True


@pytest.mark.parametrize(("key", "kind"), [("d", Diff), ("v", Beside), ("space", Read), ("question_mark", Read)])
async def test_replies_can_be_compared_and_read(
    desk: Desk, community: Community, key: str, kind: type[Diff | Beside | Read]
) -> None:
    community.ranking()
    async with desk.sitting(desk.person("eve")) as (app, pilot):
        await press(pilot, "2", "down", key)
        assert isinstance(app.screen, kind)
        await press(pilot, "escape")
        assert isinstance(app.screen, TaskScreen)


async def test_a_prompt_is_written_and_handed_in(desk: Desk, community: Community) -> None:
    async with desk.sitting(desk.person("eve")) as (app, pilot):
        await press(pilot, "5")
        await write(pilot, "why is q u s")
        await press(pilot, "ctrl+j", "b", "ctrl+s")
        assert app.screen.query_one(WritePart).editor.text == ""
    assert [row["text"] for row in community.rows("message")] == ["why is q u s\nb"]


async def test_a_reply_is_written_below_the_conversation(desk: Desk, community: Community) -> None:
    prompt = community.growing()
    async with desk.sitting(desk.person("eve")) as (_, pilot):
        await press(pilot, "3")
        await write(pilot, "so it is")
        await press(pilot, "ctrl+s")
    (reply,) = community.rows("message", parent_id=prompt)
    assert (reply["text"], reply["role"]) == ("so it is", "assistant")


async def test_an_empty_text_is_not_handed_in(desk: Desk, community: Community) -> None:
    async with desk.sitting(desk.person("eve")) as (app, pilot):
        await press(pilot, "5", "space", "ctrl+s")
        assert app.screen.query_one(WritePart).editor.text == " "
    assert community.rows("message") == []


@pytest.mark.parametrize("kind", ["review", "rank", "assist"])
async def test_a_skip_needs_one_key_and_no_reason(desk: Desk, community: Community, kind: str) -> None:
    work_of(community, kind)
    number, key = {"review": ("1", "s"), "rank": ("2", "s"), "assist": ("3", "f3")}[kind]
    token = desk.person("eve")
    async with desk.sitting(token) as (_, pilot):
        await press(pilot, number, key)
    assert [row["skip_reason"] for row in community.rows("task", skipped=True)] == [None]


async def test_a_skip_may_have_a_reason(desk: Desk, community: Community) -> None:
    community.prompt("ada")
    async with desk.sitting(desk.person("eve")) as (_, pilot):
        await press(pilot, "1", "S", "o", "d", "d", "enter")
    assert [row["skip_reason"] for row in community.rows("task", skipped=True)] == ["odd"]


async def test_the_last_answer_comes_back_as_it_was(desk: Desk, community: Community) -> None:
    prompt = community.prompt("ada")
    async with desk.sitting(desk.person("eve")) as (app, pilot):
        await press(pilot, "1", "n", "enter")
        assert len(community.rows("text_labels", message_id=prompt)) == 1
        await press(pilot, "u")
        assert app.screen.query_one(QuestionList).values == {"spam": 0.0}
        assert community.rows("text_labels", message_id=prompt) == []
        await press(pilot, "up", "up", "y", "enter")
    (given,) = community.rows("text_labels", message_id=prompt)
    assert given["labels"]["spam"] == 1.0


async def test_after_ten_seconds_nothing_comes_back(desk: Desk, community: Community, clock: Clock) -> None:
    prompt = community.prompt("ada")
    async with desk.sitting(desk.person("eve")) as (_, pilot):
        await press(pilot, "1", "n", "enter")
        clock.advance(timedelta(seconds=11))
        await press(pilot, "u")
    assert len(community.rows("text_labels", message_id=prompt)) == 1


async def test_a_skipped_task_comes_back_with_its_text(desk: Desk, community: Community) -> None:
    community.growing()
    async with desk.sitting(desk.person("eve")) as (app, pilot):
        await press(pilot, "3", "h", "i", "f3", "u")
        assert app.screen.query_one(WritePart).editor.text == "hi"


async def test_the_next_task_is_fetched_while_one_is_read(desk: Desk, community: Community) -> None:
    for author in ("ada", "ben"):
        community.prompt(author)
    async with desk.sitting(desk.person("eve")) as (app, pilot):
        await press(pilot, "1")
        assert desk.line.asked.count("POST /api/v1/tasks/") >= 2
        first = app.screen.query_one(ReviewPart)
        await press(pilot, "n", "enter")
        assert app.screen.query_one(ReviewPart) is not first
        await press(pilot, "n", "enter")
    assert len(community.rows("text_labels")) == 2


async def test_a_message_is_reported_from_a_task(desk: Desk, community: Community) -> None:
    prompt = community.prompt("ada")
    async with desk.sitting(desk.person("eve")) as (_, pilot):
        await press(pilot, "1", "exclamation_mark", "space", "tab", "b", "a", "d", "ctrl+s")
    assert [row["message_id"] for row in community.rows("flagged_message")] == [prompt]
    assert [(row["text"], row["labels"]) for row in community.rows("text_labels")] == [("bad", {"spam": 1.0})]


def test_the_editor_of_the_environment_is_used() -> None:
    assert edited({"EDITOR": "sed -i s/cat/dog/"}, "a cat") == "a dog"


def test_an_editor_that_fails_leaves_the_text() -> None:
    assert edited({"VISUAL": "false"}, "cat") == "cat"


def test_an_editor_that_is_not_there_is_named() -> None:
    with pytest.raises(Unavailable, match="no-such-editor cannot be started"):
        edited({"EDITOR": "no-such-editor -w"}, "cat")
