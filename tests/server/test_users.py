"""Users over HTTP, as Open-Assistant's front ends make them known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

if TYPE_CHECKING:
    from tests.conftest import Garden, RunningHub

PATH = "/frontend_users/"


async def make_known(hub: RunningHub, name: str, *, key: str | None = None, **changes: object) -> dict[str, Any]:
    answer = await hub.send("POST", PATH, {**hub.user(name), **changes}, key=key)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def refusal(hub: RunningHub, path: str, *, key: str | None = None) -> tuple[int, int]:
    answer = await hub.send("GET", path, key=key)
    return answer.status_code, answer.json()["error_code"]


async def test_a_user_is_made_known_with_all_fields(hub: RunningHub) -> None:
    made = await make_known(hub, "ada")
    assert made == {
        "id": "ada",
        "display_name": "Ada",
        "auth_method": "local",
        "user_id": made["user_id"],
        "enabled": True,
        "deleted": False,
        "notes": "",
        "created_date": "2026-11-20T12:00:00Z",
        "show_on_leaderboard": True,
        "streak_days": None,
        "streak_last_day_date": None,
        "last_activity_date": None,
        "tos_acceptance_date": None,
    }
    assert await make_known(hub, "ada") == made
    for path in ("/frontend_users/local/ada", f"/users/{made['user_id']}"):
        found = await hub.send("GET", path)
        assert (found.status_code, found.json()) == (200, made)


async def test_a_trusted_front_end_changes_a_user(hub: RunningHub) -> None:
    changes = {"enabled": False, "show_on_leaderboard": False, "tos_acceptance": True, "notes": "a troll"}
    made = await make_known(hub, "ada", key=hub.trusted_key, **changes)
    assert (made["enabled"], made["show_on_leaderboard"], made["notes"]) == (False, False, "a troll")
    assert made["tos_acceptance_date"] == "2026-11-20T12:00:00Z"


async def test_a_routine_upsert_leaves_a_banned_user_banned(hub: RunningHub) -> None:
    await make_known(hub, "ada", key=hub.trusted_key, enabled=False)
    assert not (await make_known(hub, "ada", key=hub.trusted_key, tos_acceptance=True))["enabled"]
    assert not (await make_known(hub, "ada", key=hub.trusted_key, enabled=None))["enabled"]
    assert (await make_known(hub, "ada", key=hub.trusted_key, enabled=True))["enabled"]


async def test_a_program_without_trust_is_refused_before_anybody_is_made(hub: RunningHub) -> None:
    answer = await hub.send("POST", PATH, {**hub.user("ada"), "enabled": False})
    assert (answer.status_code, answer.json()["error_code"]) == (403, 2)
    assert await refusal(hub, "/frontend_users/local/ada") == (404, 4002)


@pytest.mark.parametrize(
    "change",
    [
        {"auth_method": "carrier pigeon"},
        {"id": None},
        {"display_name": 5},
        {"enabled": "perhaps"},
        {"notes": "x" * 1025},
        {"id": "ada\0"},
    ],
    ids=lambda change: next(iter(change)),
)
async def test_users_that_nobody_can_be_are_refused(hub: RunningHub, change: dict[str, object]) -> None:
    answer = await hub.send("POST", PATH, {**hub.user("ada"), **change}, key=hub.trusted_key)
    assert answer.status_code == 422
    assert answer.json()["message"]


@pytest.mark.parametrize(
    ("change", "number"),
    [({"id": ""}, 2012), ({"id": "x" * 129}, 0), ({"display_name": "\x1b[2J"}, 0)],
    ids=["no name", "too long a name", "a name that commands terminals"],
)
async def test_names_that_the_hub_does_not_take_are_refused(
    hub: RunningHub, change: dict[str, object], number: int
) -> None:
    answer = await hub.send("POST", PATH, {**hub.user("ada"), **change})
    assert (answer.status_code, answer.json()["error_code"]) == (400, number)


async def test_a_program_sees_its_own_users_and_a_trusted_one_all(hub: RunningHub, garden: Garden) -> None:
    own = (await make_known(hub, "ada"))["user_id"]
    foreign = garden.add_user("ben")
    assert await refusal(hub, f"/users/{foreign}") == (404, 4002)
    assert await refusal(hub, f"/users/{foreign}?api_client_id={garden.client}") == (403, 2)
    assert await refusal(hub, f"/frontend_users/local/ben?api_client_id={garden.client}") == (403, 2)
    assert await refusal(hub, "/frontend_users/local/ben") == (404, 4002)
    for path in (
        f"/users/{own}",
        f"/users/{foreign}",
        f"/users/{foreign}?api_client_id={garden.client}",
        f"/frontend_users/local/ben?api_client_id={garden.client}",
    ):
        assert (await hub.send("GET", path, key=hub.trusted_key)).status_code == 200, path


async def test_users_that_do_not_exist_are_not_found(hub: RunningHub) -> None:
    assert await refusal(hub, f"/users/{uuid4()}") == (404, 4002)
    assert await refusal(hub, f"/users/{uuid4()}", key=hub.trusted_key) == (404, 4002)
    assert await refusal(hub, "/frontend_users/local/eve") == (404, 4002)
    assert (await refusal(hub, "/users/ada"))[0] == 422


async def test_without_a_key_no_user_is_made_or_read(hub: RunningHub) -> None:
    made = await make_known(hub, "ada")
    for path in ("/frontend_users/local/ada", f"/users/{made['user_id']}"):
        assert await refusal(hub, path, key="guessed") == (403, 2)
    answer = await hub.send("POST", PATH, hub.user("ben"), key="guessed")
    assert (answer.status_code, answer.json()["error_code"]) == (403, 2)
