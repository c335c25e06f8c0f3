"""Leaderboards, trollboards and people's statistics over HTTP."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest

from oa.hub import standing
from oa.store import standing as sums
from oa.store import tables

if TYPE_CHECKING:
    from tests.conftest import Clock, Garden, RunningHub

NOBODY = UUID(int=1, version=4)
FRAMES = ("day", "week", "month", "total")


async def get(hub: RunningHub, path: str, *, trusted: bool = False, **headers: str) -> Any:
    answer = await hub.send("GET", path, key=hub.trusted_key if trusted else None, **headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def refusal(hub: RunningHub, method: str, path: str, key: str | None = None) -> tuple[int, int]:
    answer = await hub.send(method, path, key=key)
    return answer.status_code, answer.json().get("error_code", 0)


def names(board: dict[str, Any], kind: str = "leaderboard") -> list[tuple[int, str]]:
    return [(one["rank"], one["username"]) for one in board[kind]]


async def give(hub: RunningHub, garden: Garden, **points: int) -> dict[str, UUID]:
    """People who have reviewed so much, in every frame."""
    ids = {name: garden.add_user(name) for name in points}

    def add(tx: Any) -> None:
        standing.roll(tx)
        for name, count in points.items():
            sums.add(tx, ids[name], {"labels_simple": count}, narrowest=3)

    await hub.database.write(add)
    return ids


async def test_the_leaderboard_has_everybody_who_has_done_something(hub: RunningHub) -> None:
    await hub.write_prompt("ada")
    for name in ("ben", "cleo", "dan"):
        assert (await hub.answer(name, await hub.take(name, "label_initial_prompt"))).status_code == 200
    for frame in FRAMES:
        board = await get(hub, f"/leaderboards/{frame}")
        assert board["time_frame"] == frame
        assert board["last_updated"] == "2026-11-20T12:00:00Z"
        scores = {one["username"]: one["leader_score"] for one in board["leaderboard"]}
        assert scores == {"ben": 2, "cleo": 2, "dan": 2, "ada": 0}
        assert [one["rank"] for one in board["leaderboard"]] == [1, 2, 3, 4]
        assert board["leaderboard"][-1]["username"] == "ada"


async def test_a_score_has_all_fields(hub: RunningHub) -> None:
    await hub.write_prompt("ada")
    (ada,) = (await get(hub, "/leaderboards/day", x_oasst_user="local:ada"))["leaderboard"]
    counters = ("replies_assistant replies_prompter labels_simple labels_full rankings_total rankings_good "
                "accepted_prompts accepted_replies_assistant accepted_replies_prompter reply_ranked_1 reply_ranked_2 "
                "reply_ranked_3")  # fmt: skip
    assert ada == {
        "rank": 1,
        "user_id": ada["user_id"],
        "highlighted": True,
        "username": "ada",
        "auth_method": "local",
        "display_name": "Ada",
        "leader_score": 0,
        "level": 1,
        "level_begins_at": 0,
        "next_level_at": 4,
        "base_date": "2026-11-19T12:00:00Z",
        "modified_date": "2026-11-20T12:00:00Z",
        "prompts": 1,
        **dict.fromkeys(counters.split(), 0),
        "streak_last_day_date": "2026-11-20T00:00:00Z",
        "streak_days": 1,
        "last_activity_date": "2026-11-20T12:00:00Z",
    }
    total = await get(hub, f"/users/{ada['user_id']}/stats/total")
    assert total == {**ada, "highlighted": False, "base_date": None}


async def test_equal_scores_are_ordered_by_id_and_lists_are_cut(hub: RunningHub, garden: Garden) -> None:
    ids = await give(hub, garden, ada=3, ben=3, cleo=3, dan=9)
    order = ["dan", *sorted(("ada", "ben", "cleo"), key=lambda name: ids[name].hex)]
    assert names(await get(hub, "/leaderboards/total")) == list(enumerate(order, start=1))
    assert names(await get(hub, "/leaderboards/total?max_count=2")) == list(enumerate(order[:2], start=1))


@pytest.mark.parametrize("facts", [{"enabled": False}, {"deleted": True}, {"show_on_leaderboard": False}])
async def test_who_is_hidden_has_no_place_and_takes_none(
    hub: RunningHub, garden: Garden, facts: dict[str, bool]
) -> None:
    ids = await give(hub, garden, ada=5, ben=4, cleo=3)
    hidden = tables.users.update().where(tables.users.c.id == ids["ben"]).values(facts)
    await hub.database.write(lambda tx: tx.connection.execute(hidden))
    assert names(await get(hub, "/leaderboards/week")) == [(1, "ada"), (2, "cleo")]
    assert (await get(hub, f"/users/{ids['cleo']}/stats/week"))["rank"] == 2
    assert names(await get(hub, f"/users/{ids['cleo']}/stats/week/window")) == [(1, "ada"), (2, "cleo")]
    answer = await hub.send("GET", f"/users/{ids['ben']}/stats/week", key=hub.trusted_key)
    window = await hub.send("GET", f"/users/{ids['ben']}/stats/week/window", key=hub.trusted_key)
    if "deleted" in facts:
        assert [one.json()["error_code"] for one in (answer, window)] == [4002, 4002]
    else:
        assert (answer.json()["rank"], answer.json()["leader_score"], window.json()) == (None, 4, None)


async def test_somebody_without_anything_has_four_empty_frames(hub: RunningHub, garden: Garden) -> None:
    found = await get(hub, f"/users/{garden.add_user('ada')}/stats")
    assert list(found) == list(FRAMES)
    assert {(one["rank"], one["level"], one["leader_score"]) for one in found.values()} == {(None, 0, 0)}


async def test_a_frame_in_which_nothing_counts_is_empty_and_no_error(hub: RunningHub, clock: Clock) -> None:
    await hub.write_prompt("ada")
    clock.advance(timedelta(days=3))
    (ada,) = (await get(hub, "/leaderboards/week"))["leaderboard"]
    assert (await get(hub, "/leaderboards/day"))["leaderboard"] == []
    assert (await get(hub, f"/users/{ada['user_id']}/stats/day"))["prompts"] == 0
    assert (await get(hub, f"/users/{ada['user_id']}/stats"))["week"]["prompts"] == 1
    assert await get(hub, f"/users/{ada['user_id']}/stats/day/window") is None
    assert ada["streak_days"] == 0


@pytest.mark.parametrize(
    ("rank", "size", "expected"), [(1, 5, (1, 5)), (10, 5, (8, 13)), (20, 4, (18, 20)), (5, 1, (5, 6))]
)
async def test_a_window_shows_the_places_around_somebody(
    hub: RunningHub, garden: Garden, rank: int, size: int, expected: tuple[int, int]
) -> None:
    ids = await give(hub, garden, **{f"user{place}": 100 - place for place in range(1, 21)})
    found = await get(hub, f"/users/{ids[f'user{rank}']}/stats/month/window?window_size={size}")
    places = range(expected[0], expected[1] + 1)
    assert names(found) == [(place, f"user{place}") for place in places]
    assert [one["username"] for one in found["leaderboard"] if one["highlighted"]] == [f"user{rank}"]


@pytest.mark.parametrize("path", ["stats", "stats/total", "stats/total/window"])
async def test_nobody_has_no_standing(hub: RunningHub, path: str) -> None:
    assert await refusal(hub, "GET", f"/users/{uuid4()}/{path}") == (404, 4002)


@pytest.mark.parametrize(
    "path",
    [
        "/leaderboards/year",
        "/leaderboards/day?max_count=0",
        "/leaderboards/day?max_count=10001",
        "/trollboards/day?enabled=perhaps",
        f"/users/{NOBODY}/stats/year",
        f"/users/{NOBODY}/stats/day/window?window_size=0",
        f"/users/{NOBODY}/stats/day/window?window_size=101",
        "/users/ada/stats",
    ],
)
async def test_what_cannot_be_read_is_refused(hub: RunningHub, path: str) -> None:
    assert (await refusal(hub, "GET", path, hub.trusted_key))[0] == 422


async def test_the_trollboard_is_for_moderators_and_has_the_worst_on_top(hub: RunningHub, garden: Garden) -> None:
    troll, rude = garden.add_user("troll", enabled=False), garden.add_user("rude")
    garden.add_user("ada")

    def judge(tx: Any) -> None:
        standing.roll(tx)
        sums.add(tx, troll, {"red_flags": 4, "spam": 2, "quality_votes": 2, "quality_sum": 500_000}, narrowest=3)
        sums.add(tx, rude, {"lang_mismatch": 1, "downvotes": 1}, narrowest=3)

    await hub.database.write(judge)
    assert await refusal(hub, "GET", "/trollboards/day") == (403, 2)
    board = await get(hub, "/trollboards/day", trusted=True)
    assert names(board, "trollboard") == [(1, "troll"), (2, "rude")]
    worst, other = board["trollboard"]
    assert (worst["troll_score"], worst["enabled"], worst["spam"], worst["quality"]) == (12, False, 2, 0.25)
    assert (worst["humor"], other["lang_mismach"], other["troll_score"]) == (None, 1, 2)
    assert names(await get(hub, "/trollboards/day?enabled=true", trusted=True), "trollboard") == [(2, "rude")]
    assert names(await get(hub, "/trollboards/day?enabled=false", trusted=True), "trollboard") == [(1, "troll")]


async def test_deleted_people_are_on_no_board(hub: RunningHub, garden: Garden) -> None:
    gone = garden.add_user("gone", deleted=True)
    await hub.database.write(lambda tx: sums.add(tx, gone, {"red_flags": 4, "labels_full": 9}, narrowest=0))
    assert names(await get(hub, "/leaderboards/total")) == []
    assert names(await get(hub, "/trollboards/total", trusted=True), "trollboard") == []


@pytest.mark.parametrize("path", ["/leaderboards/update", "/leaderboards/update/day"])
async def test_asking_for_an_update_is_for_moderators_and_needs_nothing(hub: RunningHub, path: str) -> None:
    assert await refusal(hub, "POST", path) == (403, 2)
    answer = await hub.send("POST", path, key=hub.trusted_key)
    assert (answer.status_code, answer.content) == (204, b"")


async def test_without_a_key_nothing_is_shown(hub: RunningHub) -> None:
    for path in ("/leaderboards/day", "/trollboards/day", f"/users/{uuid4()}/stats"):
        assert await refusal(hub, "GET", path, "guessed") == (403, 2)


async def test_somebody_unknown_cannot_be_highlighted(hub: RunningHub) -> None:
    answer = await hub.send("GET", "/leaderboards/day", x_oasst_user="local:eve")
    assert (answer.status_code, answer.json()["error_code"]) == (404, 4002)


# --- who sees whom ---------------------------------------------------------------------------------------------------


async def test_ones_own_statistics_are_there_in_every_frame(hub: RunningHub) -> None:
    await hub.write_prompt("ada")
    await hub.answer("ben", await hub.take("ben", "label_initial_prompt"))
    own = await get(hub, "/me/stats", x_oasst_user="local:ben")
    assert list(own) == list(FRAMES)
    assert {one["leader_score"] for one in own.values()} == {2}
    assert all(one["highlighted"] for one in own.values())


async def test_statistics_of_nobody_are_nobodys_own(hub: RunningHub) -> None:
    assert await refusal(hub, "GET", "/me/stats") == (400, 4000)
    answer = await hub.send("GET", "/me/stats", x_oasst_user="local:nobody")
    assert (answer.status_code, answer.json()["error_code"]) == (404, 4002)


@pytest.mark.parametrize("what", ["stats", "stats/week", "stats/week/window", "badges"])
async def test_whom_no_leaderboard_shows_is_seen_by_themselves_their_program_and_moderators(
    hub: RunningHub, token: str, admin_token: str, what: str
) -> None:
    await hub.write_prompt("ada")
    me = (await hub.send("GET", "/me", key=token)).json()["user_id"]
    ada = (await hub.send("GET", "/frontend_users/local/ada")).json()["user_id"]
    everybody = (hub.key, hub.trusted_key, token, admin_token)

    async def seen(user_id: str) -> list[int]:
        return [(await hub.send("GET", f"/users/{user_id}/{what}", key=key)).status_code for key in everybody]

    assert await seen(ada) == await seen(me) == [200] * 4
    await hub.send("PUT", f"/users/{ada}?show_on_leaderboard=false", key=hub.trusted_key)
    await hub.send("PATCH", "/me", {"show_on_leaderboard": False}, key=token)
    assert await seen(ada) == [200, 200, 403, 200]
    assert await seen(me) == [403, 200, 200, 200]
    answer = await hub.send("GET", f"/users/{ada}/{what}", key=token)
    assert answer.json()["code"] == "client_not_authorized"
    assert "leaderboard" in answer.json()["message"]
