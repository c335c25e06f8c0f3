"""Goals, announcements and badges over HTTP."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from oa.hub import standing
from oa.store import tables

if TYPE_CHECKING:
    from tests.conftest import Clock, Garden, RunningHub

GOAL = {"kind": "initial_prompt", "lang": "en", "wanted": 4}


async def ask(hub: RunningHub, method: str, path: str, body: object = None, *, status: int = 200) -> Any:
    """A request of the trusted program."""
    answer = await hub.send(method, path, body, key=hub.trusted_key)
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else None


async def journalled(hub: RunningHub, event: str) -> list[dict[str, Any]]:
    events = select(tables.journal.c.event_payload).where(tables.journal.c.event_type == event)
    return await hub.database.read(lambda tx: list(tx.connection.execute(events).scalars()))


# --- goals -----------------------------------------------------------------------------------------------------------


async def test_a_goal_is_set_changed_and_given_up(hub: RunningHub) -> None:
    made = await ask(hub, "POST", "/goals", GOAL)
    assert made == {**GOAL, "collected": 0, "progress": 0.0}
    assert await ask(hub, "POST", "/goals", GOAL) == made
    changed = await ask(hub, "POST", "/goals", {**GOAL, "wanted": 8})
    assert await ask(hub, "GET", "/goals") == [changed]
    await ask(hub, "DELETE", "/goals/initial_prompt/en", status=204)
    assert await ask(hub, "GET", "/goals") == []
    await ask(hub, "DELETE", "/goals/initial_prompt/en", status=404)
    steps = [(event.get("before"), event["after"]) for event in await journalled(hub, "goal_changed")]
    assert steps == [(None, 4), (4, 8), (None, None)]


async def test_progress_is_what_reviews_have_accepted(hub: RunningHub) -> None:
    await ask(hub, "POST", "/goals", GOAL)
    await hub.write_prompt("ada")
    for name in ("ben", "cleo", "dan"):
        (goal,) = await ask(hub, "GET", "/goals")
        assert goal["collected"] == 0
        await hub.answer(name, await hub.take(name, "label_initial_prompt"))
    (goal,) = await ask(hub, "GET", "/goals")
    assert (goal["collected"], goal["progress"]) == (1, 0.25)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({**GOAL, "wanted": 0}, 422),
        ({**GOAL, "wanted": -3}, 422),
        ({**GOAL, "kind": "poem"}, 422),
        ({**GOAL, "lang": "not a language"}, 400),
        ({**GOAL, "lang": "en\n"}, 400),
    ],
    ids=["none", "negative", "a poem", "no language", "a line break"],
)
async def test_what_is_no_goal_is_refused(hub: RunningHub, body: dict[str, object], status: int) -> None:
    await ask(hub, "POST", "/goals", body, status=status)
    assert await ask(hub, "GET", "/goals") == []


# --- announcements ---------------------------------------------------------------------------------------------------


async def told(hub: RunningHub, query: str = "") -> list[str]:
    answer = await hub.send("GET", f"/announcements{query}")
    assert answer.status_code == 200, answer.text
    return [one["text"] for one in answer.json()]


async def test_something_is_told_for_a_while(hub: RunningHub, clock: Clock) -> None:
    now = clock.now
    period = {"from_date": (now + timedelta(hours=1)).isoformat(), "until_date": (now + timedelta(hours=2)).isoformat()}
    await ask(hub, "POST", "/announcements", {"text": "Tea at one", **period}, status=201)
    seen: list[list[str]] = []
    for _ in range(3):
        seen.append(await told(hub))
        clock.advance(timedelta(hours=1))
    assert seen == [[], ["Tea at one"], []]
    assert len(await ask(hub, "GET", "/announcements?everything=true")) == 1


async def test_it_is_told_until_somebody_ends_it(hub: RunningHub, clock: Clock) -> None:
    made = await ask(hub, "POST", "/announcements", {"text": "  Welcome  "}, status=201)
    assert (made["text"], made["from_date"], made["until_date"]) == ("Welcome", "2026-11-20T12:00:00Z", None)
    clock.advance(timedelta(days=100))
    assert await told(hub) == ["Welcome"]
    for _ in range(2):
        await ask(hub, "DELETE", f"/announcements/{made['id']}", status=204)
        assert await told(hub) == []
    assert len(await journalled(hub, "announcement_ended")) == 1


async def test_it_may_concern_those_who_work_in_one_language(hub: RunningHub) -> None:
    await ask(hub, "POST", "/announcements", {"text": "Hallo", "lang": "de"}, status=201)
    assert [await told(hub, query) for query in ("", "?lang=de", "?lang=en")] == [["Hallo"], ["Hallo"], []]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"text": ""}, 422),
        ({"text": "   "}, 400),
        ({"text": "x" * 4001}, 422),
        ({"text": "x", "until_date": "2026-11-20T11:00:00Z"}, 400),
        ({"text": "x", "from_date": "0001-01-01T00:00:00+14:00"}, 400),
        ({"text": "x", "from_date": "tomorrow"}, 422),
    ],
    ids=["nothing", "blank", "too much", "over already", "before all time", "no date"],
)
async def test_what_cannot_be_told_is_refused(hub: RunningHub, body: dict[str, object], status: int) -> None:
    await ask(hub, "POST", "/announcements", body, status=status)
    assert await ask(hub, "GET", "/announcements?everything=true") == []


async def test_what_is_over_is_for_moderators(hub: RunningHub) -> None:
    answer = await hub.send("GET", "/announcements?everything=true")
    assert (answer.status_code, answer.json()["error_code"]) == (403, 2)


async def test_what_was_never_announced_cannot_be_ended(hub: RunningHub) -> None:
    await ask(hub, "DELETE", f"/announcements/{uuid4()}", status=404)


# --- badges ----------------------------------------------------------------------------------------------------------


async def badges(hub: RunningHub, name: str) -> list[tuple[str, str]]:
    answer = await hub.send("GET", "/me/badges", x_oasst_user=f"local:{name}")
    assert answer.status_code == 200, answer.text
    return [(badge["name"], badge["earned_date"]) for badge in answer.json()]


async def test_badges_are_earned_by_what_was_done(hub: RunningHub, clock: Clock) -> None:
    prompt = await hub.write_prompt("ada")
    assert await badges(hub, "ada") == []
    for name in ("ben", "cleo", "dan"):
        clock.advance(timedelta(minutes=1))
        await hub.answer(name, await hub.take(name, "label_initial_prompt"))
    assert await badges(hub, "ada") == [("first_prompt", "2026-11-20T12:00:00Z")]
    assert await badges(hub, "ben") == [("first_review", "2026-11-20T12:01:00Z")]
    found = await hub.send("GET", f"/messages/{prompt}")
    ada = await hub.database.read(lambda tx: tx.connection.execute(select(tables.messages.c.user_id)).scalar_one())
    assert found.status_code == 200
    (badge,) = (await hub.send("GET", f"/users/{ada}/badges")).json()
    assert badge == {
        "name": "first_prompt",
        "text": "wrote a prompt that was accepted",
        "earned_date": "2026-11-20T12:00:00Z",
    }


async def test_a_badge_goes_with_what_earned_it(hub: RunningHub, garden: Garden) -> None:
    ada = garden.add_user("ada")
    message = garden.add_message(user_id=ada, review_result=True)
    garden.add_tree(message)
    await hub.database.write(standing.recount)
    path = f"/users/{ada}/badges"
    assert [badge["name"] for badge in (await hub.send("GET", path)).json()] == ["first_prompt"]
    await hub.database.write(lambda tx: tx.connection.execute(tables.messages.update().values(deleted=True)))
    assert (await hub.send("GET", path)).json() == []


async def test_nobody_has_no_badges(hub: RunningHub, garden: Garden) -> None:
    gone = garden.add_user("gone", deleted=True)
    for user in (gone, uuid4()):
        answer = await hub.send("GET", f"/users/{user}/badges")
        assert (answer.status_code, answer.json()["error_code"]) == (404, 4002)
    answer = await hub.send("GET", "/me/badges")
    assert (answer.status_code, answer.json()["error_code"]) == (400, 4000)
